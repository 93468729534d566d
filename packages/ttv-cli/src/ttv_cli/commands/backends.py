"""`ttv backends`: what is installed, and what one of them can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ttv_cli import options
from ttv_cli.completing import complete_backends

if TYPE_CHECKING:
    from ttv_core.plugins import PluginRecord

EPILOG = """\b
Examples:
  ttv backends
  ttv backends animatic
  ttv backends runway --json | jq '.models[].durations'
  ttv backends --known

The list imports no engine: only the descriptions that the plugins bring.
"""
_SECONDS = 5.0
"""How long all descriptions together may take."""


@click.command(epilog=EPILOG)
@click.argument("name", required=False, shell_complete=complete_backends)
@click.option("--known", is_flag=True, help="List what can be installed, and the command for it.")
@options.config_option
@options.json_option
def backends(
    name: str | None,
    known: bool,  # noqa: FBT001
    config_file: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """List the installed backends, or show what the backend NAME can do."""
    if known and name:
        raise click.UsageError("--known lists all of them; leave the name out")
    if known:
        from ttv_cli.known_list import show_known

        return show_known(as_json=as_json)
    if not name:
        return _list(as_json=as_json)
    from ttv_cli.capability_tables import show

    return show(name, config_file, as_json=as_json)


def _list(*, as_json: bool) -> int:
    from ttv_cli.terminal import print_json
    from ttv_core.plugins import BACKENDS, default_manager

    manager = default_manager()
    records = [record for record in manager.records if record.group == BACKENDS]
    manager.load_within(records, _SECONDS)
    if as_json:
        print_json({"backends": [_facts(record) for record in records]})
    else:
        _draw(records)
    return 0


def _facts(record: PluginRecord) -> dict[str, object]:
    spec = record.spec
    said = {
        "kind": spec.kind if spec else None,
        "summary": spec.summary if spec else None,
        "setup": dict(spec.setup) if spec else {},
        "remedy": record.remedy or None,
    }
    return record.to_dict() | said


def _draw(records: list[PluginRecord]) -> None:
    from ttv_cli.tables import Cell, print_table
    from ttv_cli.terminal import note

    if not records:
        note("no backend is installed; ttv backends --known lists what can be")
        return
    rows: list[tuple[object, ...]] = []
    for record in records:
        known = record.spec is not None and record.status == "loaded"
        names = ", ".join((record.name, *record.aliases))
        rows.append(
            (
                names,
                record.spec.kind if record.spec and known else Cell(record.status, "red"),
                f"{record.distribution} {record.version}",
                record.spec.summary if record.spec and known else Cell(record.reason, "red"),
            )
        )
    print_table(["backend", "kind", "from", "what it is"], rows, flexible=[3])
    if any(record.status not in {"loaded", "found", "disabled"} for record in records):
        note("ttv plugins says what mends the broken ones")
