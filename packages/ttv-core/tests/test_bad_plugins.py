"""One bad plugin hurts nobody: each is listed with its reason, and the good ones work."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field

import pytest

from ttv_core.errors import BackendUnavailableError, PluginError
from ttv_core.registry import GeneratorRegistry

NAME = "NAME"
"""Stands for the backend's name below; letters only, so that its modules may be called so too."""

DESCRIBED = """
from ttv_core.hookspecs import BackendSpec, hookimpl

{decorator}
def {hook}({arguments}):
    return {answer}
"""


def spec(**given):
    """Return the text of a description."""
    facts = {
        "name": NAME,
        "summary": "",
        "generator": f"ttv_{NAME}.generator:Generator",
        "kind": "local",
    }
    return f"BackendSpec(**{facts | given!r})"


def describing(answer=None, *, decorator="@hookimpl", hook="ttv_backends", arguments=""):
    """Return the text of a plugin module."""
    answer = f"[{spec()}]" if answer is None else answer
    return DESCRIBED.format(answer=answer, decorator=decorator, hook=hook, arguments=arguments)


@dataclass
class Bad:
    """A way to be bad.

    Attributes:
        reason: What its record must say.
        cause: The class of the chained cause; None when there is no exception behind it.
        install: How it is installed.
        version: Which version its error must name.
    """

    reason: str
    cause: str | None
    install: dict = field(default_factory=dict)
    version: str = "1.0"

    def put(self, site, name):
        """Install it under a name."""
        site.backend(name, **filled(self.install, name))


def filled(value, name):
    """Return what is to be installed, with the name in the places that wait for one."""
    if isinstance(value, dict):
        return {filled(key, name): filled(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, name) for item in value]
    if isinstance(value, bytes):
        return value.replace(NAME.encode(), name.encode())
    return value.replace(NAME, name)


def plugin(source, reason, cause):
    return Bad(reason, cause, {"plugin": source})


def generator(source, reason, cause):
    return Bad(f"its generator is not usable: {reason}", cause, {"generator": source})


def entry_point(value, reason, cause=None):
    return Bad(reason, cause, {"backends": {NAME: value}})


NONE_OF_FIVE = (
    "lacks generate_video, get_capabilities, estimate_cost, validate_inputs, is_available"
)

BAD = {
    # at import
    "raises": plugin("raise ValueError('no')", "ValueError: no", "ValueError"),
    "exits": plugin("import sys; sys.exit(3)", "its import called sys.exit(3)", "SystemExit"),
    "syntax": plugin("def (:", "SyntaxError: invalid syntax", "SyntaxError"),
    "recursion": plugin("def f(): f()\nf()", "RecursionError: maximum", "RecursionError"),
    "out of memory": plugin("raise MemoryError", "MemoryError: no message", "MemoryError"),
    "base": plugin("class Odd(BaseException): ...\nraise Odd('very')", "Odd: very", "Odd"),
    "unprintable": plugin(
        "class Odd(Exception):\n    def __str__(self): raise RuntimeError\nraise Odd",
        "Odd: no message",
        "Odd",
    ),
    "many lines": plugin("raise ValueError('a\\n\\n b\\n')", "ValueError: a; b", "ValueError"),
    "escapes": plugin("raise ValueError('\\x1b[31m')", "ValueError: \\x1b[31m", "ValueError"),
    "dependency": plugin(
        "import no_such_sdk", "ModuleNotFoundError: No module named 'no_such_sdk'", "ModuleNotFound"
    ),
    "shadowed name": plugin("from ttv_core import no_such", "ImportError: cannot", "ImportError"),
    # what it says of itself
    "hook raises": plugin(describing("1 / 0"), "ZeroDivisionError: division", "ZeroDivisionError"),
    "nothing": plugin(describing("None"), "ttv_backends returned NoneType, not a list", "TypeErr"),
    "no list": plugin(
        describing(spec()),
        "ttv_backends returned BackendSpec, not a list",
        "TypeError",
    ),
    "no specs": plugin(describing("[{}]"), "returned dict, not BackendSpec", "TypeErr"),
    "a number": plugin(describing("7"), "'int' object is not iterable", "TypeError"),
    "empty": plugin(describing("[]"), "ttv_backends describes nothing", "LookupError"),
    "asynchronous": plugin(
        describing().replace("def ", "async def "),
        "its ttv_backends is asynchronous; hooks are plain functions",
        "TypeErr",
    ),
    "another name": plugin(
        describing(f"[{spec(name='good')}]"),
        "called 'NAME' but ttv_backends describes 'good'",
        "LookupError",
    ),
    "two backends": plugin(
        describing(f"[{spec()}, {spec(name='more')}]"),
        "ttv_backends describes 'NAME', 'more'; give each backend an entry point",
        "LookupError",
    ),
    "two functions": plugin(
        describing(f"[{spec(name='more')}]")
        + describing(hook="more", decorator="@hookimpl(specname='ttv_backends')"),
        "give each backend an entry point",
        "LookupError",
    ),
    "kind": plugin(
        describing(f"[{spec(kind='cloud')}]"),
        "kind is 'cloud'; allowed: local, remote, pre",
        "ValueErr",
    ),
    "no class named": plugin(
        describing(f"[{spec(generator='bad.generator')}]"), "write 'package.mod", "ValueError"
    ),
    "keys": plugin(
        describing(f"[{spec(legacy_keys='wan_dir')}]"),
        "legacy_keys is 'wan_dir'; write a",
        "TypeError",
    ),
    "unknown fact": plugin(
        describing(f"[{spec(colour='red')}]"), "unexpected keyword argument 'colour'", "TypeErr"
    ),
    "contract": plugin(
        describing(f"[{spec(api_version=99)}]"), "written for plugin API 99; this core has 1", None
    ),
    # hooks
    "misspelt": plugin(
        describing(hook="ttv_backend"),
        "unknown hook 'ttv_backend'; did you mean 'ttv_backends'?",
        "AttributeError",
    ),
    "unknown hook": plugin(
        describing(hook="configure"),
        "unknown hook 'configure'; known: ttv_backends, ttv_job_event, ttv_rank, ttv_review",
        "AttributeError",
    ),
    "unmarked": plugin(describing(decorator=""), "ttv_backends is not marked @hookimpl", "TypeErr"),
    "nothing at all": plugin("", "no function ttv_backends marked @hookimpl", "TypeError"),
    "arguments": plugin(
        describing(arguments="config"),
        "Argument(s) {'config'} are declared in the hookimpl but can not be found",
        "PluginValidationError",
    ),
    "wrapper": plugin(
        "from ttv_core.hookspecs import hookimpl\n"
        "@hookimpl(wrapper=True)\n"
        "def ttv_backends():\n    return (yield)",
        "its ttv_backends is a hook wrapper",
        "TypeError",
    ),
    "wrong group": plugin(
        describing() + "\n@hookimpl\ndef ttv_review(plan): ...",
        "implements ttv_review, which is asked only in the entry-point group ttv.plugins",
        "TypeError",
    ),
    # the generator
    "no module": Bad(
        "No module named 'ttv_nowhere'",
        "ModuleNotFoundError",
        {"spec": "generator='ttv_nowhere.generator:Generator'"},
    ),
    "no class": Bad(
        "module 'ttv_NAME.generator' has no attribute 'Gone'",
        "AttributeError",
        {"spec": "generator='ttv_NAME.generator:Gone'"},
    ),
    "nonsense class": Bad(
        "'ttv_NAME.generator:one two' names nothing that can be imported",
        "ImportError",
        {"spec": "generator='ttv_NAME.generator:one two'"},
    ),
    "function": generator(
        "def Generator(): ...", "TypeError: ttv_NAME.generator:Generator is no class", "TypeError"
    ),
    "no methods": generator(
        "class Generator: ...",
        f"TypeError: ttv_NAME.generator:Generator is no backend: it {NONE_OF_FIVE}",
        "TypeError",
    ),
    "abstract": generator(
        "from ttv_core import VideoGenerator\nclass Generator(VideoGenerator): ...",
        "TypeError: ttv_NAME.generator:Generator is no backend: it lacks _make",
        "TypeError",
    ),
    "generator exits": generator("raise SystemExit", "SystemExit: no message", "SystemExit"),
    "generator fails": generator("1 / 0", "ZeroDivisionError: division by zero", "ZeroDivision"),
    # the entry point
    "nonsense": entry_point("this is !!! nothing", "names 'this is !!! nothing', which is no mod"),
    "void": entry_point("", "names '', which is no module"),
    "relative": entry_point(".plugin", "names '.plugin', which is no module"),
    "missing": entry_point("ttv_nowhere", "No module named 'ttv_nowhere'", "ModuleNotFoundError"),
    "attribute": entry_point("ttv_NAME.plugin:gone", "no attribute 'gone'", "AttributeError"),
    "class": entry_point(
        "builtins:dict", f"builtins:dict is no backend: it {NONE_OF_FIVE}", "Type"
    ),
    # the metadata
    "old core": Bad("it needs ttv-core>=9; ttv-core 0.1.0", None, {"requires": ["ttv-core>=9"]}),
    "no name": Bad("its METADATA has no Name", None, {"metadata": "Version: 2.0\n"}, "2.0"),
    "no version": Bad(
        "its METADATA has no Version",
        None,
        {"metadata": "Name: ttv-NAME\n"},
        "(unknown version)",
    ),
    "no metadata": Bad("its METADATA has no Name", None, {"metadata": ""}, "(unknown version)"),
    "not text": Bad(
        "its entry_points.txt cannot be read: UnicodeDecodeError",
        "UnicodeDecodeError",
        {"entry_points": b"[ttv.backends]\nNAME = \xff\xfe"},
    ),
    "no pairs": Bad(
        "its entry_points.txt cannot be read: ",
        "Error",
        {"entry_points": "[ttv.backends]\njust words\n"},
    ),
    "twice": Bad(
        "its entry points name 'NAME' more than once",
        None,
        {"entry_points": "[ttv.backends]\nNAME = a\nNAME = b\n"},
    ),
}


@pytest.fixture
def crowd(site):
    """Every bad plugin under a name of its own, between two good ones."""
    site.backend("good")
    for name, bad in BAD.items():
        bad.put(site, f"bad{name.replace(' ', '')}")
    site.backend("zebra")
    return site


def test_the_good_ones_work_among_all_the_bad_ones(crowd):
    registry = GeneratorRegistry(crowd.manager())
    assert registry["good"].__module__ == "ttv_good.generator"
    assert registry["zebra"].__module__ == "ttv_zebra.generator"
    assert not [name for name in crowd.imported() if "bad" in name]


def test_the_good_ones_work_after_all_the_bad_ones_have_failed(crowd):
    before = set(threading.enumerate())  # other tests leave some, whichever ran here
    registry = GeneratorRegistry(crowd.manager())
    manager = registry.plugins
    assert manager.load_within(manager.records, 30) == []
    failed = 0
    for name in registry:
        if name in {"good", "zebra"}:
            assert registry[name].__module__ == f"ttv_{name}.generator"
            continue
        with pytest.raises(PluginError):
            registry[name]
        failed += 1
    assert failed == len(BAD)
    listed = {record.name: record for record in manager.records}
    assert all(record.reason for name, record in listed.items() if name.startswith("bad"))
    assert listed["good"].status == listed["zebra"].status == "loaded"
    assert len(set(threading.enumerate()) - before) < len(BAD)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_plugin_says_whose_it_is_what_is_wrong_and_what_mends_it(site, bad):
    bad.put(site, "bad")
    site.backend("good")
    registry = GeneratorRegistry(site.manager())

    assert "bad" in registry
    with pytest.raises(PluginError) as caught:
        registry["bad"]

    error = caught.value
    reason = bad.reason.replace(NAME, "bad") if "METADATA" not in bad.reason else bad.reason
    assert error.message.startswith(f"backend 'bad' from ttv-bad {bad.version}: ")
    assert reason in error.message
    assert "\n" not in error.message
    assert error.backend == "bad"
    assert not error.retryable
    assert error.charged == "no"
    record = next(record for record in registry.plugins.records if record.name == "bad")
    assert record.status in {"failed", "incompatible"}
    assert error.code == f"plugin_{record.status}"
    assert reason in record.reason
    if record.status == "failed":
        assert error.remedy == (
            "pip install --upgrade --force-reinstall ttv-bad, "
            "or leave it out with TTV_DISABLE_PLUGINS=bad"
        )
    if bad.cause is None:
        assert error.__cause__ is None
    else:
        assert bad.cause in type(error.__cause__).__name__
        assert error.__cause__ is record.error

    with pytest.raises(PluginError) as again:
        registry["bad"]
    assert again.value.message == error.message
    assert registry["good"].__module__ == "ttv_good.generator"


def test_a_long_reason_is_cut(site):
    site.backend("bad", plugin="raise ValueError('x' * 10_000)")
    manager = site.manager()
    with pytest.raises(PluginError):
        manager.load(manager.find("bad"))
    assert len(manager.find("bad").reason) == len("ValueError: ") + 300


def test_a_name_that_cannot_be_told_from_others_is_refused(site):
    for i, name in enumerate(("auto", "a@b", "-x", "a b", "Ünique")):
        site.install(f"ttv-{i}", backends={name: "ttv_bad.plugin"})
    reasons = {record.name: record.reason for record in site.manager().records}
    assert reasons["auto"] == "its entry point is called 'auto', which ttv itself uses"
    for name in ("a@b", "-x", "a b", "Ünique"):
        assert reasons[name] == (
            f"its entry point is called {name!r}; a name is letters, digits, '.', '_', '-'"
        )


def test_metadata_cannot_write_to_the_terminal(site):
    site.install(
        "ttv-bad",
        metadata="Name: evil\x1b[2J\nVersion: 1\x07\n",
        entry_points="[ttv.backends]\nba\x1b[31md = x\x1b[31m\n",
    )
    [record] = site.manager().records
    shown = json.dumps(list(record.to_dict().values()), ensure_ascii=False)
    assert "\\\\x1b[31m" in shown
    assert shown.isprintable()


def test_a_broken_file_of_a_distribution_that_is_none_of_ours_is_not_our_matter(site):
    site.install("other", entry_points=b"[console_scripts]\n\xff = x")
    site.backend("good")
    assert [record.name for record in site.manager().records] == ["good"]


def test_metadata_that_cannot_be_had_at_all_is_a_reason_too(site):
    class Stubborn:
        def read_text(self, name):
            return "[ttv.backends]\nbad = bad"

        @property
        def metadata(self):
            raise OSError("the disk is gone")

        @property
        def entry_points(self):
            raise OSError("the disk is gone")

    class Mute:
        def read_text(self, name):
            raise PermissionError

    mute = site.manager()
    mute._distributions = lambda: [Mute()]
    assert mute.records == []
    manager = site.manager()
    manager._distributions = lambda: [Mute(), Stubborn()]
    [record] = manager.records
    assert (record.name, record.distribution, record.status) == ("unnamed", "unnamed", "failed")
    assert record.value == ""
    assert record.reason == "its METADATA has no Name"


def test_a_plugin_that_uses_itself_while_it_is_imported_fails_alone(installed):
    installed.backend("bad", plugin="import ttv_core\nttv_core.GENERATOR_REGISTRY['bad']")
    installed.backend("good")
    registry = GeneratorRegistry(installed.use())
    with pytest.raises(BackendUnavailableError, match="ttv-bad"):
        registry["bad"]
    assert registry["good"].__module__ == "ttv_good.generator"


def test_a_plugin_that_prints_at_import_works_and_listing_stays_silent(site):
    noisy = "print('hello from the plugin')\n" + describing().replace(NAME, "noisy")
    site.backend("noisy", plugin=noisy)
    listed = site.python(
        """
        from ttv_core.registry import GENERATOR_REGISTRY
        assert "noisy" in GENERATOR_REGISTRY
        print(list(GENERATOR_REGISTRY))
        """,
        TTV_DISABLE_PLUGINS="ttv-animatic",
    )
    assert "hello" not in listed.stdout
    assert "noisy" in listed.stdout
    used = site.python("import ttv_core; print(ttv_core.GENERATOR_REGISTRY['noisy'].__name__)")
    assert used.stdout.splitlines() == ["hello from the plugin", "Generator"]


def test_a_real_process_with_all_of_them_installed_works(crowd):
    found = crowd.python(
        """
        import json, ttv_core
        from ttv_core.plugins import default_manager
        manager = default_manager()
        late = manager.load_within(manager.records, 30)
        good = ttv_core.GENERATOR_REGISTRY["good"]().generate_video("a fox")
        records = {r.name: [r.status, r.reason, r.remedy] for r in manager.records}
        print(json.dumps([good, len(late), records]))
        """
    )
    good, late, records = json.loads(found.stdout)
    bad = {name: facts for name, facts in records.items() if name.startswith("bad")}
    assert (good, late, len(bad)) == ("a fox", 0, len(BAD))
    assert records["good"][0] == records["zebra"][0] == "loaded"
    for status, reason, remedy in bad.values():
        # A generator that is not usable shows only when it is used.
        assert status == "loaded" or (status in {"failed", "incompatible"} and reason and remedy)
