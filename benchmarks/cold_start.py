# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Time how long `ttv` takes to start, beside what it is built on, in one run.

`python benchmarks/cold_start.py [--rounds N] [--check]`, in an environment where ttv-cli is
installed: `nox -s bench` makes a clean one. Every round runs every command once, so that a busy
moment of the machine falls on all of them; the medians are compared. With --check, the exit status
is 1 if a budget is not kept.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import time
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

TTV = str(Path(sysconfig.get_path("scripts"), "ttv"))
FEW, MANY, PLUGINS = 10, 500, 5


@dataclass(frozen=True)
class Command:
    """A command that is timed.

    Attributes:
        name: What is printed.
        words: The command line.
        site: A folder on `PYTHONPATH`; None for none.
        than: The command it is compared with; None for no comparison.
        budget: How many times the other's time it may take.
    """

    name: str
    words: tuple[str, ...]
    site: Path | None = None
    than: str | None = None
    budget: float = 0.0

    def run(self) -> float:
        """Return how many seconds the whole process takes."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("TTV_")}
        if self.site is not None:
            kept = env.get("PYTHONPATH")
            env["PYTHONPATH"] = os.pathsep.join([str(self.site), *([kept] if kept else [])])
        started = time.perf_counter()
        subprocess.run(self.words, check=True, env=env, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started


def python(code: str) -> tuple[str, ...]:
    """Return the command line that runs a line of Python."""
    return (sys.executable, "-c", code)


def install(site: Path, count: int) -> int:
    """Make distributions, some of them plugins, and return how many are there in all.

    Args:
        site: The folder they are put in.
        count: How many.
    """
    site.mkdir()
    for number in range(count):
        info = site / f"filler_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: filler-{number}\nVersion: 1\n"
        )
        (info / "RECORD").write_text("")
        if number < PLUGINS:
            plugin(site, info, f"bench{number}")
    return sum(1 for _ in distributions()) + count


def plugin(site: Path, info: Path, name: str) -> None:
    """Make a distribution a plugin that brings one backend."""
    (info / "entry_points.txt").write_text(f"[ttv.backends]\n{name} = {name}_plugin\n")
    source = f"""
        from ttv_core.hookspecs import BackendSpec, hookimpl

        @hookimpl
        def ttv_backends():
            return [BackendSpec(name="{name}", summary="for the benchmark", kind="remote",
                                generator="{name}_engine:Engine")]
    """
    (site / f"{name}_plugin.py").write_text(textwrap.dedent(source))


def commands(folder: Path) -> list[Command]:
    """Return what is timed."""
    few, many = folder / "few", folder / "many"
    there = sum(1 for _ in distributions())
    counted = [install(few, FEW), install(many, max(MANY - there, FEW))]
    listing = [f"ttv backends, {count} distributions" for count in counted]
    return [
        Command("python -c pass", python("pass")),
        Command("import pluggy", python("import pluggy")),
        Command("import ttv_core", python("import ttv_core"), None, "import pluggy", 1.3),
        Command("import click", python("import click")),
        Command("ttv --help", (TTV, "--help"), None, "import click", 1.5),
        Command(listing[0], (TTV, "backends"), few),
        Command(listing[1], (TTV, "backends"), many, listing[0], 1.5),
    ]


def main() -> int:
    """Time the commands, print the table and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21, help="runs of each command")
    parser.add_argument("--check", action="store_true", help="fail if a budget is not kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        timed = commands(Path(folder))
        taken: dict[str, list[float]] = {command.name: [] for command in timed}
        for round_number in range(options.rounds + 1):
            for command in timed:
                seconds = command.run()
                if round_number > 0:  # the first writes the bytecode
                    taken[command.name].append(seconds)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    kept = [report(command, medians, taken[command.name]) for command in timed]
    return 1 if options.check and not all(kept) else 0


def report(command: Command, medians: dict[str, float], times: list[float]) -> bool:
    """Print one line and return whether the budget is kept."""
    line = (
        f"{command.name:<34} {medians[command.name] * 1000:7.1f} ms (best {min(times) * 1000:.1f})"
    )
    if command.than is None:
        print(line)
        return True
    ratio = medians[command.name] / medians[command.than]
    kept = ratio <= command.budget
    verdict = "pass" if kept else "FAIL"
    print(f"{line}  {ratio:.2f}x of {command.than}, budget {command.budget}x: {verdict}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
