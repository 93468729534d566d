# /// script
# requires-python = ">=3.11"
# dependencies = ["packaging>=24"]
# ///
"""Weigh each backend: what installing it alone brings, and what finding and importing it costs.

`python benchmarks/backend_weight.py [--package NAME ...] [--heavy] [--rounds N] [--check]`. Every
package under packages/ that brings a backend is installed from its wheel into an empty environment
of its own; megabytes are of the files there, bytecode included. Those that need torch are left out
unless `--heavy` is given. "found" is a process that lists the backends and loads the package's
plugin, "imported" one that imports the module of the generator too; both are less what Python takes
to start, the best of all rounds, and say how many modules they bring.

With --check, the exit status is 1 if an environment holds packages of a family (Google's, torch's,
media) that neither the package nor what it needs of ours declares; if finding or importing it loads
what is heavy, as an SDK or an HTTP client; or if finding it takes more than its budget.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.workspace import closure, packages

if TYPE_CHECKING:
    from tools.workspace import Package

GROUP = "ttv.backends"
BUDGET = 2.0
FAMILIES = {
    "Google": re.compile(r"google-.*|googleapis-.*|grpc.*|proto-plus|protobuf"),
    "torch": re.compile(r"torch|torchvision|diffusers|transformers|accelerate|safetensors"),
    "media": re.compile(r"av|numpy|pillow|opencv.*|imageio.*"),
}
HEAVY = {"google", "grpc", "torch", "diffusers", "av", "runwayml", "httpx", "aiohttp"}
LATE = {"found": HEAVY | {"numpy", "PIL", "pydantic"}, "imported": HEAVY}
"""What must not be there after a step."""

LISTED = "from ttv_core.plugins import PluginManager; m = PluginManager(); m.records"
FOUND = f"{LISTED}; r = m.load(m.find({{name!r}})); assert r.status == 'loaded', r"
IMPORTED = f"{FOUND}; m.generator(r)"
TELL = "; import sys, json; print(json.dumps(sorted(sys.modules)))"


def backends_of(package: Package) -> list[str]:
    """Return the names of a package's backends, and of their aliases."""
    return list(package.pyproject["project"].get("entry-points", {}).get(GROUP, {}))


def declared(package: Package) -> set[str]:
    """Return what a package and ours below it declare."""
    needed = closure([Requirement(package.name)]).values()
    return {canonicalize_name(each.name) for some in needed for each in some}


def families_of(names: set[str]) -> set[str]:
    """Return the families that some distributions belong to."""
    return {family for family, form in FAMILIES.items() if any(map(form.fullmatch, names))}


@dataclass(frozen=True)
class Installed:
    """An environment with one backend.

    Attributes:
        python: Its Python.
        site: Where its packages are.
        seconds: How long the installation took.
    """

    python: Path
    site: Path
    seconds: float

    @property
    def distributions(self) -> set[str]:
        """Names of what is installed."""
        found = (path.name.split("-")[0] for path in self.site.glob("*.dist-info"))
        return {canonicalize_name(name) for name in found}

    @property
    def megabytes(self) -> float:
        """Size of all files."""
        return sum(path.stat().st_size for path in self.site.rglob("*") if path.is_file()) / 1e6

    def run(self, code: str) -> tuple[float, list[str]]:
        """Return how long a process takes, in seconds, and the modules that it ends with."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TTV_")}
        environ.pop("PYTHONPATH", None)
        began = time.perf_counter()
        done = subprocess.run(
            [self.python, "-c", code + TELL],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
            cwd=self.site,
        )
        return time.perf_counter() - began, json.loads(done.stdout)


def install(package: Package, folder: Path, wheels: Path) -> Installed:
    """Install a package alone."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    words = ["install", "--quiet", "--find-links", wheels]
    if package.constraints:
        words += ["-c", package.constraints]
    (wheel,) = wheels.glob(f"{package.module}-*.whl")
    began = time.perf_counter()
    pip("--python", python, *words, wheel)
    seconds = time.perf_counter() - began
    (site,) = folder.glob("**/site-packages")
    return Installed(python, site, seconds)


def pip(*words: Any) -> None:
    """Run pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    subprocess.run(command, check=True)


@dataclass(frozen=True)
class Weight:
    """What a backend weighs; seconds are the best of all rounds, as the machine may be busy."""

    installed: Installed
    listed: float
    found: float
    imported: float
    modules: dict[str, set[str]]


def weigh(installed: Installed, backend: str, rounds: int) -> Weight:
    """Time the steps, all of them once in every round."""
    steps = {
        "nothing": "pass",
        "listed": LISTED,
        "found": FOUND.format(name=backend),
        "imported": IMPORTED.format(name=backend),
    }
    taken: dict[str, list[float]] = {step: [] for step in steps}
    modules: dict[str, set[str]] = {}
    for turn in range(rounds + 1):
        for step, code in steps.items():
            seconds, names = installed.run(code)
            modules[step] = set(names)
            if turn:  # the first writes the bytecode
                taken[step].append(seconds)
    best = {step: min(times) for step, times in taken.items()}
    for step in ("listed", "found", "imported"):
        modules[step] -= modules["nothing"]
    net = {step: seconds - best["nothing"] for step, seconds in best.items()}
    return Weight(installed, net["listed"], net["found"], net["imported"], modules)


def problems(package: Package, weight: Weight) -> list[str]:
    """Return which promises are not kept."""
    wrong = []
    there, allowed = weight.installed.distributions, declared(package)
    if undeclared := families_of(there) - families_of(allowed):
        wrong.append(f"it brings packages of {', '.join(sorted(undeclared))}")
    if strangers := sorted((there & packages().keys()) - allowed - {package.name}):
        wrong.append(f"it brings {', '.join(strangers)}")
    for step in ("found", "imported"):
        tops = {name.partition(".")[0] for name in weight.modules[step]}
        if early := sorted(tops & LATE[step]):
            wrong.append(f"{', '.join(early)} is imported when it is {step}")
    if weight.found > BUDGET * weight.listed:
        wrong.append(f"finding it takes over {BUDGET:g}x of listing")
    return wrong


def report(package: Package, wheels: Path, rounds: int) -> bool:
    """Weigh one package, print its line, and return whether all is kept."""
    with tempfile.TemporaryDirectory() as temporary:
        installed = install(package, Path(temporary) / "alone", wheels)
        weight = weigh(installed, backends_of(package)[0], rounds)
        wrong = problems(package, weight)
        brought = families_of(installed.distributions)
        print(
            f"{package.name:<14} {len(installed.distributions):>5} {installed.megabytes:>7.1f} "
            f"{installed.seconds:>7.1f} {weight.listed * 1000:>7.0f} "
            f"{weight.found * 1000:>7.0f} {len(weight.modules['found']):>7} "
            f"{weight.imported * 1000:>8.0f} {len(weight.modules['imported']):>7}  "
            f"{', '.join(sorted(brought)) or '-'}",
            flush=True,
        )
    for problem in wrong:
        print(f"    {package.name}: {problem}: FAIL")
    if not wrong:
        none = sorted(FAMILIES.keys() - brought)
        print(f"    {package.name}: nothing of {', '.join(none)}; all lazy: pass")
    return not wrong


def main() -> int:
    """Weigh the backends and return the exit status."""
    members = packages()
    names = [name for name, package in members.items() if backends_of(package)]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--package", nargs="+", default=names, choices=names)
    parser.add_argument("--heavy", action="store_true", help="also those that need torch")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each process")
    parser.add_argument("--check", action="store_true", help="fail if a promise is not kept")
    options = parser.parse_args()
    kept = True
    with tempfile.TemporaryDirectory() as temporary:
        wheels = Path(temporary)
        folders = [package.folder for package in members.values()]
        pip("wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, *folders)
        print(
            f"{'':<14} {'':>5} {'':>7} {'install':>7} {'listed':>7} {'found':>7} {'':>7} "
            f"{'imported':>8}\n{'package':<14} {'dists':>5} {'MB':>7} {'s':>7} {'ms':>7} {'ms':>7} "
            f"{'modules':>7} {'ms':>8} {'modules':>7}  brings",
            flush=True,
        )
        for name in options.package:
            if "torch" in families_of(declared(members[name])) and not options.heavy:
                print(f"{name:<14} left out: it needs torch (--heavy)", flush=True)
                continue
            kept &= report(members[name], wheels, options.rounds)
    return 1 if options.check and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
