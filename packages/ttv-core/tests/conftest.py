"""Installed distributions for these tests: real ones, in folders of their own."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
import textwrap
import threading
from importlib.machinery import PathFinder
from importlib.metadata import DistributionFinder, MetadataPathFinder

import pytest

import ttv_core.plugins
from ttv_core.plugins import PluginManager

# A job in the background, as CI may be, has Ctrl-C ignored, and would hand that on to the processes
# that these tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

GENERATOR = '''
class Generator:
    """Makes nothing, as a backend in five methods."""

    def __init__(self, **config):
        self.config = config

    def generate_video(self, prompt, **kwargs):
        return prompt

    def get_capabilities(self):
        return {"max_duration": 10}

    def estimate_cost(self, **kwargs):
        return 0.0

    def validate_inputs(self, **kwargs):
        return []

    def is_available(self):
        return True
'''


class Site:
    """A folder of installed distributions, as pip would leave them.

    Modules carry a prefix of their own, so that no test sees another's.
    """

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def write(self, files):
        """Write modules: dotted name to source."""
        for name, source in files.items():
            path = self.folder / f"{name.replace('.', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source), encoding="utf-8")

    def install(
        self,
        distribution,
        *,
        version="1.0",
        backends=None,
        plugins=None,
        requires=("ttv-core",),
        files=None,
        metadata=None,
        entry_points=None,
    ):
        """Install a distribution with entry points, and return its metadata folder."""
        self.write(files or {})
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        if metadata is None:
            lines = [f"Name: {distribution}", f"Version: {version}"]
            lines += [f"Requires-Dist: {line}" for line in requires]
            metadata = "\n".join(["Metadata-Version: 2.1", *lines, ""])
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        if entry_points is None:
            groups = {"ttv.backends": backends or {}, "ttv.plugins": plugins or {}}
            entry_points = "\n".join(
                line
                for group, points in groups.items()
                for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
            )
        content = entry_points if isinstance(entry_points, bytes) else entry_points.encode()
        (info / "entry_points.txt").write_bytes(content)
        return info

    def backend(self, name, *, distribution=None, plugin=None, generator=None, spec="", **more):
        """Install a backend whose plugin module describes it as its author should."""
        distribution = distribution or f"ttv-{name}"
        module = distribution.replace("-", "_").replace(".", "_")
        described = f"name={name!r}, summary='Makes nothing', kind='local'"
        files = {
            f"{module}.__init__": "",
            f"{module}.plugin": plugin
            if plugin is not None
            else f"""
            from ttv_core.hookspecs import BackendSpec, hookimpl

            @hookimpl
            def ttv_backends():
                given = dict({described}, generator="{module}.generator:Generator")
                return [BackendSpec(**(given | dict({spec})))]
            """,
            f"{module}.generator": generator or GENERATOR,
        }
        points = {name: f"{module}.plugin"}
        return self.install(distribution, files=files, **({"backends": points} | more))

    def cross_cutting(self, name, source, **more):
        """Install a plugin of the group `ttv.plugins`."""
        module = name.replace("-", "_") + "_plugin"
        more = {"plugins": {name: module}} | more
        return self.install(f"ttv-{name}", files={module: source}, **more)

    def manager(self, *, folders=None, **environ):
        """Return the plugins of this folder alone, or of several."""
        path = [str(folder) for folder in folders or [self.folder]]
        return PluginManager(
            distributions=lambda: importlib.metadata.distributions(path=path), environ=environ
        )

    def imported(self):
        """Return the modules of this folder that have been imported."""
        return sorted(
            name
            for name, module in list(sys.modules.items())
            if str(getattr(module, "__file__", None) or "").startswith(str(self.folder))
        )

    def python(self, code, *, check=True, **environ):
        """Run code in a fresh interpreter that has these distributions on its path."""
        inherited = {name: v for name, v in os.environ.items() if not name.startswith("TTV_")}
        path = os.pathsep.join([str(self.folder), inherited.pop("PYTHONPATH", "")]).strip(
            os.pathsep
        )
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={**inherited, "PYTHONPATH": path, **environ},
            capture_output=True,
            text=True,
            check=check,
            timeout=60,
        )


class Finder:
    """Finds what is installed in one folder, and leaves `sys.path` as it is.

    Coverage looks at another `sys.path` anew in whichever thread it meets it, and takes out of
    `sys.modules` what other threads import meanwhile.
    """

    def __init__(self, folder):
        self.path = [str(folder)]

    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, self.path, target) if path is None else None

    def find_distributions(self, context):
        here = DistributionFinder.Context(name=context.name, path=self.path)
        return MetadataPathFinder.find_distributions(here)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Distributions that can be installed, and imported in this process."""
    made = Site(tmp_path / "site")
    monkeypatch.setattr(sys, "meta_path", [Finder(made.folder), *sys.meta_path])
    before = set(threading.enumerate())
    yield made
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=60)
    for name in made.imported():
        del sys.modules[name]


@pytest.fixture
def installed(site, monkeypatch):
    """As `site`, and this process's own plugins are those installed there, and no others."""

    def manager(**environ):
        made = site.manager(**environ)
        monkeypatch.setattr(ttv_core.plugins, "_default", made)
        return made

    site.use = manager
    manager()
    return site


@pytest.fixture
def bare_environment(tmp_path, monkeypatch):
    """A working folder and an environment that say nothing of ttv."""
    for name in list(os.environ):
        if name.startswith("TTV_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home-config"))
    return folder
