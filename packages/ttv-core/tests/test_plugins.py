"""Plugins are found by metadata, imported when used, and kept apart from each other."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ttv_core.errors import BackendUnavailableError, PluginError
from ttv_core.loading import unmet_range
from ttv_core.plugins import default_manager, reset
from ttv_core.registry import GeneratorRegistry


def statuses(manager):
    return {record.qualified: record.status for record in manager.records}


def test_what_these_tests_install_changes_no_path_of_this_process(site):
    site.backend("acme")
    manager = site.manager()
    assert manager.load(manager.find("acme")).status == "loaded"
    assert str(site.folder) not in sys.path


# --- finding ------------------------------------------------------------------------------------


def test_listing_reads_metadata_and_imports_nothing(site):
    site.backend("acme", version="1.2.3")
    site.cross_cutting("policy", "raise SystemExit")

    acme, policy = site.manager().records

    assert (acme.name, acme.group, acme.status) == ("acme", "ttv.backends", "found")
    assert (acme.distribution, acme.version) == ("ttv-acme", "1.2.3")
    assert (acme.value, acme.aliases) == ("ttv_acme.plugin", ())
    assert (policy.name, policy.group, policy.status) == ("policy", "ttv.plugins", "found")
    assert site.imported() == []


def test_a_record_is_plain_data_for_people_and_programs(site):
    site.backend("acme")
    manager = site.manager()
    [record] = manager.records
    assert record.to_dict() == {
        "name": "acme",
        "group": "ttv.backends",
        "distribution": "ttv-acme",
        "version": "1.0",
        "value": "ttv_acme.plugin",
        "aliases": [],
        "status": "found",
        "reason": "",
        "remedy": "",
        "import_seconds": None,
    }
    manager.load(record)
    assert record.to_dict()["status"] == "loaded"
    assert 0 <= record.to_dict()["import_seconds"] < 10
    assert "lock" not in repr(record)


def test_distributions_without_our_entry_points_are_passed_over(site):
    site.install("other", entry_points="[console_scripts]\nother = other:main\n")
    site.install("none", entry_points="")
    assert site.manager().records == []
    assert site.manager().backends() == {}


def test_further_entry_points_of_the_same_value_are_aliases_and_the_distribution_names_it(site):
    points = {"a-wan": "ttv_wan.plugin", "wan": "ttv_wan.plugin", "wan2.1": "ttv_wan.plugin"}
    site.backend("wan", backends=points)
    manager = site.manager()

    [record] = manager.records

    assert (record.name, record.aliases) == ("wan", ("a-wan", "wan2.1"))
    assert manager.names() == {"wan", "wan2.1", "a-wan"}
    assert list(manager.backends()) == ["wan"]
    assert manager.find("wan2.1") is manager.find("wan") is record
    assert manager.find("wan2.1@ttv-wan") is record


def test_a_backend_may_describe_itself_by_any_of_its_names(site):
    points = {"wan": "ttv_wan.plugin", "wan2.1": "ttv_wan.plugin"}
    site.backend("wan", backends=points, spec="name='wan2.1'")
    manager = site.manager()
    assert manager.load(manager.find("wan")).spec.name == "wan2.1"


def test_a_name_that_nobody_has_is_none(site):
    site.backend("acme")
    manager = site.manager()
    assert manager.find("acne") is None
    assert manager.find("acme@ttv-other") is None


def test_a_distribution_met_twice_on_the_path_counts_once_and_the_first_counts(site, tmp_path):
    site.backend("acme", version="2.0")
    further = type(site)(tmp_path / "further")
    further.install("TTV_Acme", version="1.0", backends={"acme": "ttv_acme.plugin"})
    further.install("none", entry_points="")
    further.install("zebra", backends={"zebra": "zebra"})
    found = site.manager(folders=[site.folder, further.folder]).records
    assert [(record.name, record.version) for record in found] == [
        ("acme", "2.0"),
        ("zebra", "1.0"),
    ]


# --- loading ------------------------------------------------------------------------------------


def test_using_one_backend_imports_that_one_only(site):
    site.backend("acme")
    site.backend("other")
    registry = GeneratorRegistry(site.manager())

    assert registry["acme"].__name__ == "Generator"

    assert site.imported() == ["ttv_acme", "ttv_acme.generator", "ttv_acme.plugin"]
    assert statuses(registry.plugins) == {"acme@ttv-acme": "loaded", "other@ttv-other": "found"}


def test_learning_about_a_backend_does_not_import_its_generator(site):
    site.backend("acme", spec="priority=7")
    manager = site.manager()
    assert manager.load(manager.find("acme")).spec.priority == 7
    assert site.imported() == ["ttv_acme", "ttv_acme.plugin"]


def test_an_entry_point_may_name_a_class_with_the_five_methods(site):
    site.backend("acme", backends={"acme": "ttv_acme.generator:Generator"})
    registry = GeneratorRegistry(site.manager())

    cls = registry["acme"]

    spec = registry.plugins.find("acme").spec
    assert cls.__name__ == "Generator"
    assert (spec.name, spec.kind) == ("acme", "local")
    assert spec.summary == "Makes nothing, as a backend in five methods."


@pytest.mark.parametrize(("kind", "told"), [("remote", "remote"), ("cloud", "local")])
def test_a_class_tells_its_kind_if_it_is_one_of_ours(site, kind, told):
    source = (
        "class Generator:\n"
        f"    kind = {kind!r}\n"
        "    generate_video = get_capabilities = estimate_cost = validate_inputs = print\n"
        "    is_available = print\n"
    )
    site.backend("acme", generator=source, backends={"acme": "ttv_acme.generator:Generator"})
    manager = site.manager()
    spec = manager.load(manager.find("acme")).spec
    assert (spec.kind, spec.summary) == (told, "Generator")


def test_an_entry_point_may_name_an_object_inside_a_module(site):
    plugin = """
        from ttv_core.hookspecs import BackendSpec, hookimpl

        class Plugin:
            @hookimpl
            def ttv_backends(self):
                generator = "ttv_acme.generator:Generator"
                return [BackendSpec(name="acme", summary="", generator=generator, kind="local")]

        class inside:
            plugin = Plugin()
        """
    site.backend("acme", plugin=plugin, backends={"acme": "ttv_acme.plugin : inside.plugin [fast]"})
    assert GeneratorRegistry(site.manager())["acme"].__name__ == "Generator"


def test_sixteen_threads_import_a_plugin_once(site):
    plugin = """
        import threading
        from ttv_core.hookspecs import BackendSpec, hookimpl

        imports = globals().get("imports", 0) + 1
        calls = []

        @hookimpl
        def ttv_backends():
            calls.append(threading.get_ident())
            generator = "ttv_acme.generator:Generator"
            return [BackendSpec(name="acme", summary="", generator=generator, kind="local")]
        """
    site.backend("acme", plugin=plugin)
    registry = GeneratorRegistry(site.manager())
    together = threading.Barrier(16)

    def use(_):
        together.wait(60)
        return registry["acme"]

    with ThreadPoolExecutor(16) as pool:
        classes = set(pool.map(use, range(16)))

    import ttv_acme.plugin as imported  # it is there now

    assert len(classes) == 1
    assert (imported.imports, len(imported.calls)) == (1, 1)


def test_a_slow_import_holds_up_nobody_else(site, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(threading, "go_on", go_on, raising=False)
    slow = """
        import threading
        threading.go_on.daemon = threading.current_thread().daemon
        threading.go_on.wait(30)
        from ttv_core.hookspecs import BackendSpec, hookimpl

        @hookimpl
        def ttv_backends():
            generator = "ttv_slow.generator:Generator"
            return [BackendSpec(name="slow", summary="", generator=generator, kind="local")]
        """
    site.backend("slow", plugin=slow)
    site.backend("acme")
    registry = GeneratorRegistry(site.manager())
    manager = registry.plugins

    late = manager.load_within(manager.records, seconds=3)

    assert [record.name for record in late] == ["slow"]
    assert statuses(manager) == {"acme@ttv-acme": "loaded", "slow@ttv-slow": "found"}
    assert late[0].reason == "not imported after 3 s; its import is still running"
    assert registry["acme"].__name__ == "Generator"
    assert go_on.daemon  # nor does it hold up the end of the process
    go_on.set()
    assert registry["slow"].__name__ == "Generator"  # using it waits until it is there
    assert (late[0].status, late[0].reason) == ("loaded", "")


def test_a_backend_that_answers_slowly_holds_up_nobody_else(site, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(threading, "go_on", go_on, raising=False)
    plugin = """
        import threading
        from ttv_core.hookspecs import hookimpl

        @hookimpl
        def ttv_backends():
            threading.go_on.wait(30)
            return []
        """
    site.backend("slow", plugin=plugin)
    site.backend("acme")
    manager = site.manager()
    assert [record.name for record in manager.load_within(manager.records, 3)] == ["slow"]
    assert manager.find("acme").status == "loaded"
    go_on.set()


def test_the_wait_is_for_all_of_them_together(site, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(threading, "go_on", go_on, raising=False)
    for name in ("one", "two", "three", "four"):
        site.backend(name, plugin="import threading\nthreading.go_on.wait(30)")
    manager = site.manager()
    started = time.monotonic()
    late = manager.load_within(manager.records, 0.2)
    taken = time.monotonic() - started
    go_on.set()
    assert len(late) == 4
    assert taken < 25  # of the 30 that each of them would take


def test_an_import_that_has_just_ended_is_not_called_late(site):
    site.backend("acme")
    manager = site.manager()
    record = manager.load(manager.find("acme"))
    record.note_late("too late")
    assert (record.status, record.reason) == ("loaded", "")


def test_what_was_loaded_is_not_loaded_again(site):
    site.backend("acme")
    manager = site.manager()
    record = manager.load(manager.find("acme"))
    spec, seconds = record.spec, record.seconds
    assert manager.load_within(manager.records, 5) == []
    assert manager.load(record).spec is spec
    assert record.seconds == seconds


def test_an_interrupted_import_is_tried_again(site):
    plugin = """
        from pathlib import Path
        tried = Path(__file__).with_name("tried")
        if not tried.exists():
            tried.touch()
            raise KeyboardInterrupt
        from ttv_core.hookspecs import BackendSpec, hookimpl

        @hookimpl
        def ttv_backends():
            generator = "ttv_acme.generator:Generator"
            return [BackendSpec(name="acme", summary="", generator=generator, kind="local")]
        """
    site.backend("acme", plugin=plugin)
    registry = GeneratorRegistry(site.manager())
    with pytest.raises(KeyboardInterrupt):
        registry["acme"]
    assert registry["acme"].__name__ == "Generator"


def test_ctrl_c_while_a_generator_is_imported_is_no_fault_of_the_plugin(site):
    site.backend("acme", generator="raise KeyboardInterrupt")
    registry = GeneratorRegistry(site.manager())
    with pytest.raises(KeyboardInterrupt):
        registry["acme"]
    assert registry.plugins.find("acme").status == "loaded"


def test_a_generator_that_could_not_be_imported_is_tried_again(site):
    site.backend("acme", generator="import a_module_that_comes_later\n" + "class Generator: pass")
    registry = GeneratorRegistry(site.manager())
    with pytest.raises(PluginError, match="a_module_that_comes_later"):
        registry["acme"]
    assert registry.plugins.find("acme").status == "failed"

    site.write({"ttv_acme.generator": FIVE_METHODS})
    importlib.invalidate_caches()
    assert registry["acme"].__name__ == "Generator"
    assert registry.plugins.find("acme").status == "loaded"
    assert registry.plugins.find("acme").reason == ""
    assert registry.plugins.find("acme").remedy == ""


FIVE_METHODS = """
class Generator:
    generate_video = get_capabilities = estimate_cost = validate_inputs = is_available = print
"""


# --- compatibility ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "requires",
    [
        ("ttv-core>=99",),
        ("ttv_core[media] >=0.1, <0.0.5",),
        ("numpy", "TTV.Core==99"),
        ("ttv-core>=99; python_version >= '3'",),
        ("ttv-core>=0.1", "ttv-core<0.1"),
        ("ttv-core>=0.1; extra == 'x'", "ttv-core>=99"),
    ],
)
def test_a_plugin_for_another_core_is_refused_before_it_is_imported(site, requires):
    site.backend("acme", requires=requires)
    manager = site.manager()
    with pytest.raises(PluginError) as caught:
        manager.load(manager.find("acme"))
    assert "ttv-acme 1.0: it needs ttv-core" in caught.value.message
    assert "0.1.0 is here" in caught.value.message
    assert caught.value.code == "plugin_incompatible"
    assert caught.value.remedy == "pip install --upgrade ttv-acme ttv-core"
    assert site.imported() == []


@pytest.mark.parametrize(
    "requires",
    [
        (),
        ("ttv-core",),
        ("ttv-core>=0.1,<1",),
        ("ttv-core>=99; extra == 'future'",),
        ("ttv-core>=99; python_version < '3'",),
        ("ttv-core-extras>=99",),
        ("ttv-core @ file:///somewhere",),
        ("!!! nonsense", "ttv-core>=0.1"),
    ],
)
def test_a_plugin_whose_range_holds_is_loaded(site, requires):
    site.backend("acme", requires=requires)
    manager = site.manager()
    assert manager.load(manager.find("acme")).status == "loaded"


@pytest.mark.parametrize(
    ("line", "installed", "met"),
    [
        ("ttv-core>=0.1", "0.2.0rc1", True),
        ("ttv-core>=0.2", "0.2.0rc1", False),
        ("ttv-core<0.2", "0.1.1.dev3+local", True),
    ],
)
def test_a_core_on_its_way_to_a_release_counts_as_what_it_is(line, installed, met):
    assert (unmet_range([line], installed) == "") is met


def test_a_core_that_was_never_installed_is_no_reason_against_a_plugin(site, monkeypatch):
    site.backend("acme", requires=("ttv-core>=99",))
    manager = site.manager()
    found = manager.find("acme")
    monkeypatch.setattr("importlib.metadata.MetadataPathFinder.find_distributions", lambda _: ())
    assert manager.load(found).status == "loaded"


def test_a_range_that_cannot_be_read_is_no_leave_to_import(site):
    site.backend("acme", requires=("ttv-core >= banana",))
    manager = site.manager()
    with pytest.raises(PluginError, match="its requirement 'ttv-core >= banana' cannot be read"):
        manager.load(manager.find("acme"))
    assert site.imported() == []


@pytest.mark.parametrize("version", [0, 2, 99, -1])
def test_a_plugin_of_another_contract_is_incompatible(site, version):
    site.backend("acme", spec=f"api_version={version}")
    manager = site.manager()
    with pytest.raises(PluginError) as caught:
        manager.load(manager.find("acme"))
    assert f"written for plugin API {version}; this core has 1" in caught.value.message
    assert manager.find("acme").status == "incompatible"
    assert caught.value.remedy == "pip install --upgrade ttv-acme ttv-core"


def test_the_version_before_is_still_taken(site, monkeypatch):
    monkeypatch.setattr("ttv_core.hookspecs.API_VERSION", 3)
    site.backend("acme", spec="api_version=2")
    site.backend("old", spec="api_version=1")
    manager = site.manager()
    assert manager.load(manager.find("acme")).status == "loaded"
    with pytest.raises(PluginError, match="API 1; this core has 2 or 3"):
        manager.load(manager.find("old"))


# --- names that two distributions claim -----------------------------------------------------------


@pytest.fixture
def contested(site):
    """Two distributions that bring `acme`, and a third that has nothing to do with it."""
    site.backend("acme", distribution="ttv-acme", version="1.0")
    site.backend("acme", distribution="squatter", version="6.6")
    site.backend("other")
    return site


def test_a_name_claimed_twice_is_used_by_neither_and_both_are_named(contested):
    registry = GeneratorRegistry(contested.manager())
    with pytest.raises(PluginError) as caught:
        registry["acme"]
    error = caught.value
    assert error.message == (
        "squatter 6.6 and ttv-acme 1.0 both bring a backend called 'acme'; neither is used"
    )
    assert error.remedy == "say acme@squatter or acme@ttv-acme, or uninstall one of them"
    assert (error.code, error.backend) == ("plugin_conflict", "acme")
    assert contested.imported() == []
    for record in registry.plugins.records[:2]:
        assert (record.status, record.reason) == ("conflict", error.message)
        assert record.remedy == error.remedy


def test_three_claimants_are_all_named(contested):
    contested.backend("acme", distribution="third", version="3.0")
    with pytest.raises(
        PluginError, match=r"third 3\.0 and ttv-acme 1\.0 all bring .* none is used"
    ):
        contested.manager().find("acme")


def test_everything_else_works_beside_a_conflict(contested):
    registry = GeneratorRegistry(contested.manager())
    assert list(registry) == ["other"]
    assert registry["other"].__module__ == "ttv_other.generator"


def test_a_contested_backend_is_used_when_it_is_named_in_full(contested):
    registry = GeneratorRegistry(contested.manager())

    assert registry["acme@ttv_ACME"].__module__ == "ttv_acme.generator"
    assert registry["acme@squatter"].__module__ == "squatter.generator"

    # That settles nothing for whoever says the bare name.
    assert list(registry) == ["other"]
    with pytest.raises(PluginError, match="both bring"):
        registry["acme"]
    assert statuses(registry.plugins)["acme@squatter"] == "conflict"


def test_an_alias_alone_may_collide(site):
    site.backend("wan", backends={"wan": "ttv_wan.plugin", "film": "ttv_wan.plugin"})
    site.backend("film")
    registry = GeneratorRegistry(site.manager())

    with pytest.raises(PluginError, match=r"ttv-film 1\.0 and ttv-wan 1\.0 both .* 'film'"):
        registry["film"]

    assert registry["wan"].__module__ == "ttv_wan.generator"
    assert registry["film@ttv-wan"] is registry["wan"]
    assert registry["film@ttv-film"].__module__ == "ttv_film.generator"
    assert list(registry) == ["wan"]
    wan = registry.plugins.find("wan")
    assert (wan.status, "'film'" in wan.reason) == ("loaded", True)


def test_a_name_and_an_alias_may_both_collide(site):
    for name in ("one", "two"):
        module = f"ttv_{name}.plugin"
        points = {"acme": module, "film": module}
        site.backend("acme", distribution=f"ttv-{name}", backends=points)
    manager = site.manager()
    for name in ("acme", "film"):
        with pytest.raises(PluginError, match=f"'{name}'"):
            manager.find(name)
    for record in manager.records:
        assert record.status == "conflict"
        assert "'acme'" in record.reason


def test_two_aliases_may_collide_and_both_backends_keep_their_names(site):
    site.backend("wan", backends={"wan": "ttv_wan.plugin", "video": "ttv_wan.plugin"})
    site.backend("film", backends={"film": "ttv_film.plugin", "video": "ttv_film.plugin"})
    registry = GeneratorRegistry(site.manager())
    assert list(registry) == ["film", "wan"]
    assert len({registry["film"], registry["wan"]}) == 2
    with pytest.raises(PluginError, match="'video'"):
        registry["video"]


def test_disabling_one_claimant_settles_the_conflict(contested):
    registry = GeneratorRegistry(contested.manager(TTV_DISABLE_PLUGINS="squatter"))
    assert registry["acme"].__module__ == "ttv_acme.generator"
    assert list(registry) == ["acme", "other"]


@pytest.mark.parametrize("off", ["acme@a-first", "acme@z-last"])
def test_of_two_that_cannot_be_used_the_broken_one_is_told(site, off):
    other = "z-last" if off.endswith("a-first") else "a-first"
    site.backend("acme", distribution=off.partition("@")[2])
    site.backend("acme", distribution=other, metadata=f"Name: {other}\n")
    manager = site.manager(TTV_DISABLE_PLUGINS=off)
    assert manager.find("acme").distribution == other
    assert manager.find("acme").status == "failed"


def test_a_claimant_broken_by_its_metadata_claims_nothing(site):
    site.backend("acme")
    site.install(
        "broken",
        metadata="Name: broken\n",
        entry_points="[ttv.backends]\nacme = broken\n",
    )
    registry = GeneratorRegistry(site.manager())
    assert registry["acme"].__module__ == "ttv_acme.generator"


# --- the environment ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "out"),
    [
        ("acme", {"acme"}),
        (" other , nobody", {"other"}),
        ("TTV_Acme", {"acme"}),
        ("acme@ttv-acme", {"acme"}),
        ("film", {"acme"}),
        ("acme,other", {"acme", "other"}),
        ("*", {"acme", "other", "policy"}),
        ("other,*", {"acme", "other", "policy"}),
        ("acme*", set()),
        ("", set()),
        (" , ", set()),
    ],
)
def test_plugins_can_be_switched_off_before_they_are_imported(site, listed, out):
    site.backend("acme", backends={"acme": "ttv_acme.plugin", "film": "ttv_acme.plugin"})
    site.backend("other")
    site.cross_cutting("policy", "raise RuntimeError")
    manager = site.manager(TTV_DISABLE_PLUGINS=listed)

    disabled = {record.name for record in manager.records if record.status == "disabled"}

    assert disabled == out
    assert manager.backends().keys() == {"acme", "other"} - out
    manager.load_within(manager.records, 5)
    assert {r.name for r in manager.records if r.status == "disabled"} == out
    assert not any(name.rpartition("_")[2] in out for name in site.imported())


def test_using_what_is_switched_off_says_what_switched_it_off(site):
    site.backend("acme", backends={"acme": "ttv_acme.plugin", "film": "ttv_acme.plugin"})
    registry = GeneratorRegistry(site.manager(TTV_DISABLE_PLUGINS="x,ttv-acme,film"))
    with pytest.raises(BackendUnavailableError) as caught:
        registry["acme"]
    assert not isinstance(caught.value, PluginError)
    assert (caught.value.code, caught.value.backend) == ("disabled", "acme")
    assert caught.value.message.endswith("is disabled: TTV_DISABLE_PLUGINS=x,ttv-acme,film")
    assert caught.value.remedy == "take film and ttv-acme out of TTV_DISABLE_PLUGINS"
    assert site.imported() == []


def test_strict_makes_a_broken_plugin_an_error_where_a_backend_is_chosen(site):
    site.backend("acme")
    site.backend("bad", plugin="1 / 0")
    manager = site.manager(TTV_STRICT_PLUGINS="1")
    assert manager.strict
    assert manager.backends().keys() == {"acme", "bad"}  # nobody knows yet
    manager.load_within(manager.records, 5)
    for choose in (manager.backends, manager.names):
        with pytest.raises(PluginError, match="ZeroDivisionError"):
            choose()
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        manager.rank(None, [])
    assert {r.name: r.status for r in manager.records} == {"acme": "loaded", "bad": "failed"}


def test_strict_makes_an_incompatible_plugin_an_error(site):
    site.backend("old", requires=["ttv-core>=99"])
    manager = site.manager(TTV_STRICT_PLUGINS="1")
    manager.load_within(manager.records, 5)
    with pytest.raises(PluginError, match="it needs ttv-core>=99"):
        manager.backends()


def test_strict_makes_a_conflict_an_error(contested):
    manager = contested.manager(TTV_STRICT_PLUGINS="1")
    with pytest.raises(PluginError, match="both bring a backend called 'acme'"):
        manager.backends()
    assert len(manager.records) == 3


@pytest.mark.parametrize("value", ["", "0", "false", "No", " off "])
def test_strict_can_be_switched_off_in_words(site, value):
    site.backend("bad", plugin="1 / 0")
    manager = site.manager(TTV_STRICT_PLUGINS=value)
    manager.load_within(manager.records, 5)
    assert not manager.strict
    assert list(manager.backends()) == ["bad"]


def test_tracing_tells_of_discovery_and_loading_on_stderr(contested, capsys):
    contested.backend("bad", plugin="1 / 0")
    trace = {"TTV_TRACE_PLUGINS": "1", "TTV_DISABLE_PLUGINS": "typo"}
    manager = contested.manager(**trace)
    manager.load_within(manager.records, 5)
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert all(line.startswith("ttv plugins: ") for line in lines)
    told = [line.removeprefix("ttv plugins: ") for line in lines]
    assert "TTV_DISABLE_PLUGINS names 'typo', which is not installed" in told
    assert "found other@ttv-other 1.0 in ttv.backends" in told
    assert any(line.startswith("conflict acme@squatter 6.6 in ttv.backends: ") for line in told)
    assert told.index("importing bad@ttv-bad") < told.index(
        "failed bad@ttv-bad: ZeroDivisionError: division by zero"
    )
    assert any(line.startswith("loaded other@ttv-other in 0.") for line in told)


def test_what_is_disabled_is_told_and_is_no_misspelt_name(site, capsys):
    site.backend("acme")
    site.backend("acme", distribution="another")
    assert site.manager(TTV_TRACE_PLUGINS="1", TTV_DISABLE_PLUGINS="acme").backends() == {}
    assert capsys.readouterr().err.splitlines() == [
        "ttv plugins: disabled acme@another 1.0 in ttv.backends: TTV_DISABLE_PLUGINS=acme",
        "ttv plugins: disabled acme@ttv-acme 1.0 in ttv.backends: TTV_DISABLE_PLUGINS=acme",
    ]


def test_without_tracing_nothing_is_told(contested, capsys):
    manager = contested.manager()
    manager.load_within(manager.records, 5)
    assert capsys.readouterr() == ("", "")


def test_this_process_finds_what_is_installed_once_and_again_after_a_reset(site, monkeypatch):
    monkeypatch.setattr("ttv_core.plugins._default", None)
    first = default_manager()
    assert default_manager() is first
    assert "acme" not in first.names()
    site.backend("acme")
    assert "acme" not in default_manager().names()
    reset()
    assert "acme" in default_manager().names()
