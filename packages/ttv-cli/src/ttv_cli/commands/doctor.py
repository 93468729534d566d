"""`ttv doctor`: what works here, and what mends the rest."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ttv_cli import options

if TYPE_CHECKING:
    from ttv_cli.health import Health
    from ttv_core import Config

EPILOG = """\b
Examples:
  ttv doctor
  ttv doctor --deep
  ttv doctor --json | jq -r '.backends[].remedies[]'

Offline unless --deep is given. Of environment variables only the names are shown. The exit code is
0 if at least one backend can be used, 3 if none can.
"""


@click.command(epilog=EPILOG)
@click.option("--deep", is_flag=True, help="Ask the vendors, engines and clusters too.")
@options.config_option
@options.json_option
def doctor(deep: bool, config_file: str | None, as_json: bool) -> int:  # noqa: FBT001
    """Say for every backend whether it works, and the command or variable that mends it."""
    from ttv_cli.exits import UNAVAILABLE
    from ttv_cli.health import examine, examine_executors
    from ttv_cli.terminal import print_json

    config, trouble = _configuration(config_file)
    backends = examine(config, deep=deep)
    executors = examine_executors(config, deep=deep)
    around = _surroundings(config, trouble, backends)
    usable = trouble is None and any(health.available for health in backends)
    if as_json:
        said = {
            "backends": [asdict(health) for health in backends],
            "executors": [asdict(health) for health in executors],
        }
        print_json({"ok": usable, **around, **said})
    else:
        _draw(around, backends, executors)
    return 0 if usable else UNAVAILABLE


def _configuration(file: str | None) -> tuple[Config, dict[str, Any] | None]:
    """Return the configuration, or an empty one and what is wrong with the file."""
    import ttv_core
    from ttv_cli.failures import describe

    try:
        return ttv_core.load_config(file), None
    except ttv_core.ConfigurationError as error:
        return ttv_core.Config(), describe(error)


def _surroundings(
    config: Config, trouble: dict[str, Any] | None, backends: list[Health]
) -> dict[str, Any]:
    from importlib.metadata import version

    wanted = {name for health in backends for name in health.variables}
    ours = {name for name in os.environ if name.startswith("TTV_")}
    return {
        "python": platform.python_version(),
        "ttv": {name: version(name) for name in ("ttv-cli", "ttv-core")},
        "configuration": {
            "file": str(config.source) if config.source else None,
            "error": trouble,
        },
        "media": _media(),
        "jobs": _jobs(),
        "variables": {name: bool(os.environ.get(name)) for name in sorted(wanted | ours)},
    }


def _media() -> dict[str, Any]:
    """Say whether video files can be read and written."""
    import importlib
    from importlib.metadata import PackageNotFoundError, version

    mend = 'pip install --upgrade "ttv-core[media]"'
    found = None
    try:
        found = version("av")
        importlib.import_module("av").Codec("libx264", "w")
    except PackageNotFoundError:
        return {"ok": False, "version": found, "reason": "not installed", "remedy": mend}
    except Exception as error:  # noqa: BLE001 - a broken library raises anything
        reason = f"{type(error).__name__}: {error}"
        return {"ok": False, "version": found, "reason": reason, "remedy": mend}
    return {"ok": True, "version": found}


def _jobs() -> dict[str, Any]:
    """Say where the journal of jobs is, and how many wait for somebody; nothing is written."""
    from ttv_cli.failures import describe
    from ttv_cli.job_words import UNFINISHED, is_doubtful
    from ttv_core import VideoGenerationError, jobs

    file = jobs.state_folder() / "jobs.db"
    found: dict[str, Any] = {"file": str(file), "unfinished": 0, "unknown": 0, "error": None}
    if not os.path.lexists(file):
        return found
    try:
        records = jobs.select(states=UNFINISHED)
    except VideoGenerationError as error:
        return found | {"error": describe(error)}
    doubtful = sum(is_doubtful(record) for record in records)
    return found | {"unfinished": len(records), "unknown": doubtful}


def _draw(around: dict[str, Any], backends: list[Health], executors: list[Health]) -> None:
    from ttv_cli.tables import print_table
    from ttv_cli.terminal import one_line, print_line

    print_table(["", ""], _facts(around), flexible=[1])
    print_line()
    if backends:
        _draw_states("backend", backends)
    else:
        print_line("no backend is installed")
    if executors:
        print_line()
        _draw_states("executor", executors)
    for health in backends:
        for terms in health.terms:
            print_line()
            print_line(one_line(f"licence of {health.name}: {terms}"))
    if mending := list(_mending(around, backends, executors)):
        print_line()
        print_line("to mend it:")
        for line in mending:
            print_line(f"  {one_line(line)}")


def _draw_states(kind: str, states: list[Health]) -> None:
    from ttv_cli.tables import Cell, print_table

    words = {True: Cell("yes", "green"), False: Cell("no", "red"), None: Cell("–", "dim")}
    print_table(
        [kind, "installed", "loads", "configured", "available", ""],
        [
            (
                health.name,
                health.distribution,
                words[health.loads],
                words[health.configured],
                words[health.available],
                "; ".join(health.reasons) or ("a preview" if health.kind == "preview" else ""),
            )
            for health in states
        ],
        flexible=[5],
    )


def _facts(around: dict[str, Any]) -> list[tuple[str, object]]:
    from ttv_cli.tables import Cell

    trouble = around["configuration"]["error"]
    media = around["media"]
    file = around["configuration"]["file"] or "no file (ttv config init writes one)"
    names = [name if there else f"{name} (not set)" for name, there in around["variables"].items()]
    versions = " · ".join(f"{name} {number}" for name, number in around["ttv"].items())
    return [
        ("versions", f"{versions} · Python {around['python']}"),
        ("configuration", Cell(trouble["message"], "red") if trouble else file),
        (
            "video files",
            f"PyAV {media['version']}" if media["ok"] else Cell(f"PyAV: {media['reason']}", "red"),
        ),
        ("jobs", _journal(around["jobs"])),
        ("variables", ", ".join(names) or "none"),
    ]


def _journal(jobs: dict[str, Any]) -> object:
    from ttv_cli.tables import Cell

    if jobs["error"]:
        return Cell(jobs["error"]["message"], "red")
    told = f"{jobs['file']} · {jobs['unfinished'] or 'none'} unfinished"
    if jobs["unknown"]:
        return Cell(f"{told}, {jobs['unknown']} of them unknown (ttv jobs)", "yellow")
    return f"{told} (ttv jobs)" if jobs["unfinished"] else told


def _mending(around: dict[str, Any], backends: list[Health], executors: list[Health]) -> list[str]:
    found = []
    trouble = around["configuration"]["error"]
    if trouble:
        found.append(f"configuration: {trouble.get('remedy', 'ttv config check')}")
    if not around["media"]["ok"]:
        found.append(f"video files: {around['media']['remedy']}")
    if around["jobs"]["error"]:
        found.append(f"jobs: {around['jobs']['error'].get('remedy', 'ttv jobs')}")
    every = [*backends, *executors]
    found += [f"{health.name}: {remedy}" for health in every for remedy in health.remedies]
    if not backends:
        found.append("pip install ttv-animatic")
    return found
