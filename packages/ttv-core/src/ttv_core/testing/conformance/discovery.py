"""Discovery is light: plugin and listing bring next to nothing, and a plan no engine."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import pytest

from ttv_core.testing.conformance.base import Conformance
from ttv_core.testing.conformance.elsewhere import Elsewhere, located
from ttv_core.testing.conformance.verdict import all_hold, broken, holds

__all__ = ["Discovery"]

_LIGHT = frozenset({"ttv_core", "pluggy", "packaging", "importlib_metadata"})
_PLUGIN = "ttv_core.hookspecs.ttv_backends"


@cache
def _discovered(module: str, backend: str) -> dict[str, Any]:
    return Elsewhere("discover", plugin=module, backend=backend).said()


class Discovery(Conformance):
    """Tests of what importing a backend brings, in processes of their own."""

    def plugin_module(self) -> str:
        """Return the module of the plugin."""
        if self.plugin is None:
            pytest.skip("this backend has no plugin: it is put into GENERATOR_REGISTRY")
        if self.plugin:
            return self.plugin
        found = entry_points(group="ttv.backends", name=self.name)
        modules = sorted({point.value for point in found})
        return (
            modules[0]
            if modules
            else broken(
                f"no entry point of the group ttv.backends is called {self.name!r}",
                mend=f'install your package with [project.entry-points."ttv.backends"] '
                f'{self.name} = "your_package.plugin"; or set `plugin` in your test class to the '
                "module, or to None if there is none",
                see=_PLUGIN,
            )
        )

    def test_discovery_imports_nothing_heavy(self) -> None:
        """Import the plugin and list all backends: of others, that may import pluggy only."""
        module = self.plugin_module()
        said = _discovered(module, self.name)
        own = module.partition(".")[0]
        brought = {name.partition(".")[0] for name in said["modules"]}
        heavy = sorted(brought - _LIGHT - {own} - set(sys.stdlib_module_names))
        more = sorted(
            name
            for name in said["modules"]
            if name.partition(".")[0] == own and not module.startswith(name)
        )
        all_hold(
            [
                *(f"importing {module} imports {name}" for name in heavy),
                *([f"importing {module} imports {', '.join(more)} too"] if heavy and more else []),
                *said["problems"],
            ],
            mend="import in plugin.py `BackendSpec` and `hookimpl` from ttv_core.hookspecs, and "
            "nothing else; name the generator by a string",
            see=_PLUGIN,
        )

    def test_the_plugin_describes_this_backend(self) -> None:
        """Hold the plugin's description against the generator."""
        module = self.plugin_module()
        said = _discovered(module, self.name)
        spec: dict[str, Any] = said["spec"] or broken(
            f"{module} describes no backend called {self.name!r}",
            mend="return a BackendSpec of that name from the hook ttv_backends",
            see=_PLUGIN,
        )
        described = located(spec["generator"])
        kind = self.made().capabilities.kind
        problems = []
        if not issubclass(self.generator, described):
            problems.append(f"it names {spec['generator']}, which is another generator")
        if spec["kind"] != kind and not self.five_methods:
            problems.append(f"it says {spec['kind']!r}, the capabilities say {kind!r}")
        if not spec["summary"].strip():
            problems.append("its summary is empty")
        all_hold(problems, mend="let both say the same", see=_PLUGIN)

    def test_planning_imports_no_engine(self) -> None:
        """Import the generator and plan, in a new process; see `heavy`."""
        payload = {"settings": self.ready_settings(), "asks": self.asks, "heavy": self.heavy}
        said = Elsewhere("plan", of=self.generator, **payload).said()
        holds(
            not said["heavy"],
            f"making the generator and a plan imports {', '.join(said['heavy'])}",
            mend="import SDKs and engines inside the functions that use them",
            see="ttv_core.VideoGenerator",
        )
