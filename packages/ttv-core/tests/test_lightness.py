"""The core is light: what is not used is not imported. Counted in modules, not in seconds."""

from __future__ import annotations

import inspect
import json
import sys

import pytest

import ttv_core

HEAVY = [
    "asyncio",
    "av",
    "httpx",
    "importlib.metadata",
    "numpy",
    "packaging",
    "PIL",
    "pluggy",
    "pydantic",
    "torch",
    "yaml",
]
BY_METADATA = [name for name in HEAVY if name != "importlib.metadata"]


def imported(site, code):
    """Return the modules that code imports, in a fresh interpreter."""
    report = f"""
import sys
before = set(sys.modules)
{code}
found = sorted(set(sys.modules) - before)
import json
print(json.dumps(found))
"""
    return json.loads(site.python(report).stdout.splitlines()[-1])


def heavy(modules, names=HEAVY):
    return [name for name in names if name in modules]


def test_importing_the_package_imports_nothing_else(site):
    assert imported(site, "import ttv_core") == ["ttv_core"]


def test_the_errors_import_nothing_else(site):
    found = imported(site, "import ttv_core.errors")
    assert set(found) - {"__future__"} == {"ttv_core", "ttv_core.errors"}
    assert not heavy(imported(site, "import ttv_core; ttv_core.PluginError; dir(ttv_core)"))


def test_what_a_plugin_imports_is_pluggy_and_next_to_nothing(site):
    modules = imported(site, "from ttv_core.hookspecs import BackendSpec, hookimpl")
    assert heavy(modules) == ["pluggy"]
    assert {name for name in modules if name.startswith("ttv_core")} == {
        "ttv_core",
        "ttv_core.hookspecs",
    }
    outside = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    assert outside == {"pluggy", "ttv_core"}


def test_having_the_registry_reads_nothing(site):
    assert not heavy(imported(site, "from ttv_core import GENERATOR_REGISTRY"))


@pytest.mark.parametrize(
    "use",
    [
        "list(GENERATOR_REGISTRY)",
        "assert 'acme' in GENERATOR_REGISTRY",
        "assert 'acme@ttv-acme' in GENERATOR_REGISTRY",
        "repr(GENERATOR_REGISTRY)",
        "GENERATOR_REGISTRY.get('nobody')",
        "[r.to_dict() for r in GENERATOR_REGISTRY.plugins.records]",
    ],
)
def test_listing_backends_imports_none_of_them(site, use):
    site.backend("acme")
    site.backend("broken", plugin="1 / 0")
    site.cross_cutting("policy", "1 / 0")
    modules = imported(site, f"from ttv_core import GENERATOR_REGISTRY\n{use}")
    assert not heavy(modules, BY_METADATA)
    assert not [name for name in modules if name.startswith(("ttv_acme", "ttv_broken", "policy"))]


def test_learning_about_a_backend_needs_no_pydantic(site):
    site.backend("acme")
    modules = imported(
        site,
        """
from ttv_core.plugins import default_manager
manager = default_manager()
manager.load(manager.find("acme"))
""",
    )
    assert "ttv_acme.plugin" in modules
    assert "ttv_acme.generator" not in modules
    assert not heavy(modules, ["pydantic", "yaml", "torch", "numpy", "av", "asyncio"])


def test_using_a_backend_of_five_methods_needs_no_pydantic(site):
    site.backend("acme")
    modules = imported(site, "import ttv_core; ttv_core.GENERATOR_REGISTRY['acme']")
    assert "ttv_acme.generator" in modules
    assert not heavy(modules, ["pydantic", "yaml", "torch", "numpy", "av", "asyncio"])


def test_reading_the_configuration_imports_no_plugin_and_no_engine(site):
    site.backend("acme")
    modules = imported(site, "import ttv_core; ttv_core.load_config({'default_backend': 'acme'})")
    assert not heavy(modules, ["torch", "numpy", "av", "httpx", "asyncio", "PIL"])
    assert not [name for name in modules if name.startswith("ttv_acme")]


@pytest.mark.parametrize("name", ttv_core.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name):
    thing = getattr(ttv_core, name)
    assert name in dir(ttv_core)
    assert inspect.getdoc(thing)
    if hasattr(thing, "__module__"):
        assert thing.__module__.startswith(("ttv_core", "pluggy"))


def test_the_public_names_are_sorted_and_are_those_that_load_lazily():
    assert list(ttv_core.__all__) == sorted(
        ttv_core.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    assert len(set(ttv_core.__all__)) == len(ttv_core.__all__)
    assert set(ttv_core.__all__) == set(ttv_core._MODULE_OF)
    for names in ttv_core._HOME.values():
        assert list(names) == sorted(names)
    assert list(ttv_core._HOME) == sorted(ttv_core._HOME)


def test_a_public_name_is_the_same_object_in_its_own_module():
    for name, module in ttv_core._MODULE_OF.items():
        __import__(f"ttv_core.{module}")
        assert getattr(sys.modules[f"ttv_core.{module}"], name) is getattr(ttv_core, name)


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ttv_core' has no attribute 'nonsense'"):
        ttv_core.nonsense  # noqa: B018 - asking is the test
    assert ttv_core.__version__ == "0.1.0"
