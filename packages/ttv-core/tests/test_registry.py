"""The registry: a live mapping of what is installed and what was put in by hand."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ttv_core import VideoGenerator, VideoGeneratorInterface
from ttv_core.contract import FIVE_METHODS, missing_methods
from ttv_core.errors import BackendUnavailableError, PluginError
from ttv_core.plugins import PluginManager
from ttv_core.registry import GENERATOR_REGISTRY, GeneratorRegistry


class Custom:
    generate_video = get_capabilities = estimate_cost = validate_inputs = is_available = print


class Other(Custom):
    pass


@pytest.fixture
def empty():
    return GeneratorRegistry(PluginManager(distributions=list, environ={}))


# --- put in by hand -------------------------------------------------------------------------------


def test_a_class_with_the_five_methods_is_put_in_and_taken_out(empty):
    empty["custom"] = Custom
    assert empty["custom"] is empty.get("custom") is Custom
    assert "custom" in empty
    assert (list(empty), len(empty), dict(empty)) == (["custom"], 1, {"custom": Custom})
    empty["another"] = Other
    assert repr(empty) == "<GeneratorRegistry of another, custom>"
    del empty["another"]
    del empty["custom"]
    assert "custom" not in empty
    assert empty.get("custom") is None
    assert repr(empty) == "<GeneratorRegistry of nothing>"
    with pytest.raises(KeyError) as caught:
        del empty["custom"]
    assert caught.value.backend == "custom"


@pytest.mark.parametrize("missing", FIVE_METHODS)
def test_a_class_that_lacks_a_method_is_refused_and_the_method_is_named(empty, missing):
    methods = {name: print for name in FIVE_METHODS if name != missing}
    with pytest.raises(TypeError, match=f"is no backend: it lacks {missing}$"):
        empty["custom"] = type("Custom", (), methods)
    with pytest.raises(TypeError, match=f"lacks {missing}$"):
        empty["custom"] = type("Custom", (), {**methods, missing: "no method"})
    assert list(empty) == []


def test_what_can_never_be_made_is_refused(empty):
    with pytest.raises(TypeError, match="lacks estimate_cost, generate_video, get_cap"):
        empty["custom"] = VideoGeneratorInterface
    with pytest.raises(TypeError, match="lacks _make"):
        empty["custom"] = VideoGenerator
    for wrong in (Custom(), None, "module:Class"):
        with pytest.raises(TypeError, match="is no class"):
            empty["custom"] = wrong


def test_a_name_is_text(empty):
    with pytest.raises(TypeError, match="the name of a backend is text, not 5"):
        empty[5] = Custom
    assert 5 not in empty
    assert empty.get(5) is None
    with pytest.raises(KeyError):
        empty[5]
    with pytest.raises(KeyError):
        del empty[None]


def test_methods_may_come_from_anywhere():
    class Inherits(Other):
        pass

    class Made:
        def __class_getitem__(cls, item):
            return cls

    assert missing_methods(Inherits) == []
    assert missing_methods(Made) == list(FIVE_METHODS)


# --- installed ------------------------------------------------------------------------------------


def test_names_are_listed_without_importing_and_sorted(site):
    for name in ("zebra", "acme"):
        site.backend(name)
    registry = GeneratorRegistry(site.manager())
    registry["middle"] = Custom
    assert list(registry) == ["acme", "middle", "zebra"]
    assert len(registry) == 3
    assert "acme" in registry
    assert "acme@ttv-acme" in registry
    assert "acme@ttv-zebra" not in registry
    assert site.imported() == []


def test_what_is_put_in_goes_before_what_is_installed_even_when_that_is_broken(site):
    site.backend("acme", plugin="1 / 0")
    registry = GeneratorRegistry(site.manager())
    registry["acme"] = Custom
    assert registry["acme"] is Custom
    assert list(registry) == ["acme"]
    assert site.imported() == []


def test_an_unknown_name_is_told_as_the_error_that_is_documented(empty):
    with pytest.raises(KeyError) as caught:
        empty["nobody"]
    assert caught.value.to_dict()["type"] == "BackendUnavailableError"


def test_what_is_taken_out_stays_out_until_something_is_put_in(site):
    site.backend("wan", backends={"wan": "ttv_wan.plugin", "wan2.1": "ttv_wan.plugin"})
    registry = GeneratorRegistry(site.manager())
    del registry["wan"]
    assert "wan" not in registry
    assert list(registry) == []
    with pytest.raises(KeyError) as caught:
        registry["wan"]
    assert caught.value.backend == "wan"
    assert caught.value.remedy != "say 'wan'"
    assert registry["wan2.1"].__name__ == "Generator"  # only that name was taken out
    registry["wan"] = Custom
    assert registry["wan"] is Custom
    del registry["wan"]
    assert "wan" not in registry


def test_one_deletion_takes_out_both_what_was_put_in_and_what_is_installed(site):
    site.backend("acme")
    registry = GeneratorRegistry(site.manager())
    registry["acme"] = Custom
    del registry["acme"]
    assert "acme" not in registry


def test_a_name_in_conflict_is_there_but_not_listed_and_can_be_taken_out(site):
    site.backend("acme")
    site.backend("acme", distribution="squatter")
    registry = GeneratorRegistry(site.manager())
    assert "acme" in registry
    assert list(registry) == []
    with pytest.raises(PluginError):
        registry.get("acme")
    del registry["acme"]
    assert "acme" not in registry
    registry["acme"] = Custom
    assert registry["acme"] is Custom


def test_get_hides_what_is_absent_but_not_what_is_broken(site):
    site.backend("bad", plugin="1 / 0")
    site.backend("off")
    registry = GeneratorRegistry(site.manager(TTV_DISABLE_PLUGINS="off"))
    assert registry.get("absent", Custom) is Custom
    assert list(registry) == ["bad"]
    for name in ("bad", "off"):
        assert name in registry
        with pytest.raises(BackendUnavailableError) as caught:
            registry.get(name)
        assert not isinstance(caught.value, KeyError)


def test_the_registry_of_the_process_follows_the_plugins_of_the_process(installed):
    installed.backend("acme")
    installed.use()
    assert "acme" in GENERATOR_REGISTRY
    installed.use(TTV_DISABLE_PLUGINS="*")
    assert "acme" not in list(GENERATOR_REGISTRY)


# --- unknown --------------------------------------------------------------------------------------


def test_an_unknown_backend_is_unavailable_and_a_key_error(site):
    site.backend("acme")
    site.backend("zebra")
    registry = GeneratorRegistry(site.manager())
    with pytest.raises(KeyError) as caught:
        registry["nobody"]
    error = caught.value
    assert isinstance(error, BackendUnavailableError)
    assert not isinstance(error, PluginError)
    assert error.message == "there is no backend 'nobody'; installed: acme, zebra"
    assert (error.backend, error.code) == ("nobody", "unknown_backend")
    assert (error.charged, error.retryable) == ("no", False)


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ("acne", "say 'acme'"),
        ("film2", "say 'film'"),
        ("runway", "pip install ttv-runway"),
        ("runwya", "pip install ttv-runway"),
        ("runway_ml", "pip install ttv-runway"),
        ("veo3", "pip install ttv-veo"),
        ("wan2.1", "pip install ttv-wan"),
        ("minimaxx", "pip install ttv-minimax"),
        ("RunWay", "pip install ttv-runway"),
        ("ttv-wan", "pip install ttv-wan"),
        ("Hailuo", "pip install ttv-minimax"),
        ("google-veo", "pip install ttv-veo"),
        ("auto", "ttv backends --known lists what can be installed"),
        ("qqq", "ttv backends --known lists what can be installed"),
        ("q" * 100_000, "ttv backends --known lists what can be installed"),
    ],
)
def test_an_unknown_backend_names_the_nearest_or_what_to_install(site, asked, remedy):
    site.backend("acme", backends={"acme": "ttv_acme.plugin", "film": "ttv_acme.plugin"})
    with pytest.raises(KeyError) as caught:
        GeneratorRegistry(site.manager())[asked]
    assert caught.value.remedy == remedy
    assert remedy in str(caught.value)


def test_another_name_of_what_is_installed_is_told_rather_than_installed_again(site):
    site.backend("minimax")
    registry = GeneratorRegistry(site.manager())
    for asked in ("hailuo", "ttv-minimax", "MINIMAX"):
        with pytest.raises(KeyError) as caught:
            registry[asked]
        assert caught.value.remedy == "say 'minimax'"


def test_with_nothing_installed_the_error_says_so(empty):
    with pytest.raises(KeyError) as caught:
        empty["runway"]
    assert str(caught.value) == (
        "there is no backend 'runway'; installed: none\n  to mend it: pip install ttv-runway"
    )


def test_the_errors_survive_pickling(site):
    site.backend("bad", plugin="1 / 0")
    registry = GeneratorRegistry(site.manager())
    for name in ("runway", "bad"):
        with pytest.raises(BackendUnavailableError) as caught:
            registry[name]
        copy = pickle.loads(pickle.dumps(caught.value))
        assert type(copy) is type(caught.value)
        assert str(copy) == str(caught.value)
        assert copy.__dict__ == caught.value.__dict__


# --- as a mapping ---------------------------------------------------------------------------------

NAMES = st.sampled_from(["acme", "zebra", "custom", "more"])
CLASSES = st.sampled_from([Custom, Other])


class AsAMapping(RuleBasedStateMachine):
    """Whatever is done to it, it is a dictionary that began with what is installed."""

    site = None

    def __init__(self):
        super().__init__()
        self.registry = GeneratorRegistry(self.site.manager())
        self.model = {name: self.registry[name] for name in ("acme", "zebra")}

    @rule(name=NAMES, cls=CLASSES)
    def put(self, name, cls):
        self.registry[name] = self.model[name] = cls

    @rule(name=NAMES)
    def take(self, name):
        if name in self.model:
            del self.model[name]
            del self.registry[name]
            return
        with pytest.raises(KeyError):
            del self.registry[name]

    @rule(name=NAMES, cls=CLASSES)
    def put_if_absent(self, name, cls):
        assert self.registry.setdefault(name, cls) is self.model.setdefault(name, cls)

    @rule(name=NAMES)
    def pop(self, name):
        assert self.registry.pop(name, None) is self.model.pop(name, None)

    @rule()
    def clear(self):
        self.registry.clear()
        self.model.clear()

    @invariant()
    def they_agree(self):
        assert dict(self.registry) == self.model
        assert list(self.registry) == sorted(self.model)
        assert len(self.registry) == len(self.model)
        for name in ("acme", "zebra", "custom", "more"):
            assert (name in self.registry) == (name in self.model)
            assert self.registry.get(name) is self.model.get(name)


def test_it_behaves_as_a_mapping(site):
    site.backend("acme")
    site.backend("zebra")

    class Machine(AsAMapping):
        pass

    Machine.site = site
    case = Machine.TestCase
    case.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
    case("runTest").runTest()
