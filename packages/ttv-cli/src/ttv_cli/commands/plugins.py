"""`ttv plugins`: every plugin is loaded, and how that went is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ttv_cli import options

if TYPE_CHECKING:
    from ttv_core.plugins import PluginRecord

EPILOG = """\b
Examples:
  ttv plugins
  ttv plugins --check || echo "a plugin is broken"
  TTV_DISABLE_PLUGINS=acme ttv plugins

\b
Environment:
  TTV_DISABLE_PLUGINS   names or distributions, with commas between, or *
  TTV_STRICT_PLUGINS=1  a broken plugin is an error wherever it is met
  TTV_TRACE_PLUGINS=1   discovery and loading are told
"""


@click.command(epilog=EPILOG)
@click.option("--check", is_flag=True, help="End with exit code 3 if any is broken or slow.")
@click.option(
    "--seconds", type=float, default=10.0, show_default=True, help="How long to wait for all."
)
@options.json_option
def plugins(check: bool, seconds: float, as_json: bool) -> int:  # noqa: FBT001
    """Load every plugin, side by side, and say how that went."""
    from ttv_cli.exits import UNAVAILABLE
    from ttv_cli.terminal import print_json
    from ttv_core.plugins import BROKEN, default_manager

    manager = default_manager()
    records = manager.records
    late = manager.load_within(records, seconds)
    if as_json:
        print_json({"plugins": [record.to_dict() for record in records]})
    else:
        _draw(records)
    broken = bool(late) or any(record.status in BROKEN for record in records)
    return UNAVAILABLE if check and broken else 0


def _draw(records: list[PluginRecord]) -> None:
    from ttv_cli.mending import commands, print_mending
    from ttv_cli.tables import Cell, print_table
    from ttv_cli.terminal import note

    if not records:
        note("no plugin is installed")
        return
    styles = {"loaded": "green", "disabled": "dim", "found": "yellow"}
    rows = []
    for record in records:
        status = "slow" if record.status == "found" else record.status
        rows.append(
            (
                ", ".join((record.name, *record.aliases)),
                record.group.removeprefix("ttv."),
                f"{record.distribution} {record.version}",
                Cell(status, styles.get(record.status, "red")),
                "–" if record.seconds is None else f"{record.seconds * 1000:.0f} ms",
                record.reason,
            )
        )
    print_table(["plugin", "group", "from", "status", "import", "reason"], rows, flexible=[5])
    print_mending({record.qualified: commands(record) for record in records})
