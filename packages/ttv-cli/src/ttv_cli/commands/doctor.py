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

Offline unless --deep is given. Of environment variables only the names are shown.

\b
Exit codes:
  0    at least one backend can be used, and nothing that is installed is broken
  3    none can, or something is broken: a plugin, the configuration, the journal of jobs, PyAV
"""


@click.command(epilog=EPILOG)
@click.option("--deep", is_flag=True, help="Ask the vendors, engines and clusters too.")
@options.config_option
@options.json_option
def doctor(deep: bool, config_file: str | None, as_json: bool) -> int:  # noqa: FBT001
    """Say for every backend whether it works, and the command or variable that mends it."""
    from ttv_cli.exits import UNAVAILABLE
    from ttv_cli.health import examine, examine_executors, examine_plugins
    from ttv_cli.terminal import print_json

    config, trouble = _configuration(config_file)
    found = {
        "backends": examine(config, deep=deep),
        "executors": examine_executors(config, deep=deep),
        "plugins": examine_plugins(),
    }
    around = _surroundings(config, trouble, found["backends"])
    broken = _broken(around, found)
    ok = not broken and any(health.available for health in found["backends"])
    if as_json:
        said = {group: [asdict(health) for health in each] for group, each in found.items()}
        print_json({"ok": ok, "broken": broken, **around, **said})
    else:
        _draw(around, found)
    return 0 if ok else UNAVAILABLE


def _broken(around: dict[str, Any], found: dict[str, list[Health]]) -> list[str]:
    """Name what is here and does not work; what is merely not set up is not broken."""
    named = [name for name in ("configuration", "jobs") if around[name]["error"]]
    named += [] if around["media"]["ok"] else ["media"]
    return named + [health.name for each in found.values() for health in each if health.broken]


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


def _draw(around: dict[str, Any], found: dict[str, list[Health]]) -> None:
    from ttv_cli.mending import print_mending
    from ttv_cli.tables import print_table
    from ttv_cli.terminal import one_line, print_line

    print_table(["", ""], _facts(around), flexible=[1])
    if not found["backends"]:
        print_line()
        print_line("no backend is installed")
    for group, states in found.items():
        if states:
            print_line()
            _draw_states(group.removesuffix("s"), states)
    for health in found["backends"]:
        for terms in health.terms:
            print_line()
            print_line(one_line(f"licence of {health.name}: {terms}"))
    print_mending(_mending(around, found))


def _draw_states(kind: str, states: list[Health]) -> None:
    from ttv_cli.tables import Cell, print_table

    words = {True: Cell("yes", "green"), False: Cell("no", "red"), None: Cell("–", "dim")}
    rows = []
    for health in states:
        style = "red" if health.broken else ""
        reasons = "; ".join(health.reasons) or ("a preview" if health.kind == "preview" else "")
        answers = (health.loads, health.configured, health.available)
        told = (words[answer] for answer in answers)
        rows.append((Cell(health.name, style), health.distribution, *told, Cell(reasons, style)))
    headings = [kind, "installed", "loads", "configured", "available", ""]
    print_table(headings, rows, flexible=[5])


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


def _mending(around: dict[str, Any], found: dict[str, list[Health]]) -> dict[str, list[str]]:
    """Return what is in trouble, and the commands for it."""
    mending: dict[str, list[str]] = {}
    if trouble := around["configuration"]["error"]:
        mending["configuration"] = [trouble.get("remedy", "ttv config check")]
    if not around["media"]["ok"]:
        mending["video files"] = [around["media"]["remedy"]]
    if around["jobs"]["error"]:
        mending["jobs"] = [around["jobs"]["error"].get("remedy", "ttv jobs")]
    for health in (health for each in found.values() for health in each):
        mending.setdefault(health.name, []).extend(health.remedies)
    if not found["backends"]:
        mending["no backend"] = ["ttv backends --known"]
    return mending
