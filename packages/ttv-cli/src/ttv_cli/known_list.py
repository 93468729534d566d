"""The backends that can be installed, each with the command for it."""

from __future__ import annotations

from dataclasses import asdict

from ttv_cli.tables import Cell, print_table
from ttv_cli.terminal import one_line, print_json, print_line, styled
from ttv_core.known import KnownBackend, install_command, known_backends

__all__ = ["show_known"]

_OTHERS = "Any other package with an entry point in ttv.backends works as well."


def show_known(*, as_json: bool) -> int:
    """Print the known backends, and which of them are here.

    Args:
        as_json: Whether to print them as data.
    """
    here = _installed()
    known = known_backends()
    if as_json:
        print_json({"known": [_facts(backend, here) for backend in known]})
        return 0
    rows = [
        (
            ", ".join(backend.names),
            backend.kind,
            _state(backend, here),
            backend.by,
            backend.summary,
        )
        for backend in known
    ]
    print_table(["backend", "kind", "installed", "by", "what it is"], rows, flexible=[4])
    missing = [backend for backend in known if backend.name not in here]
    if missing:
        print_line()
        print_line("to install one:")
    for backend in missing:
        print_line(f"  {_command(backend)}")
    print_line()
    print_line(_OTHERS)
    return 0


def _installed() -> dict[str, str]:
    """Return the installed backends by name, with the distribution and version of each."""
    from ttv_core.plugins import BACKENDS, default_manager

    records = default_manager().records
    return {
        record.name: f"{record.distribution} {record.version}"
        for record in records
        if record.group == BACKENDS
    }


def _state(backend: KnownBackend, here: dict[str, str]) -> Cell:
    found = here.get(backend.name)
    return Cell(found, "green") if found else Cell("no", "dim")


def _command(backend: KnownBackend) -> str:
    import sys

    return styled(one_line(install_command(backend.distribution)), "bold", sys.stdout)


def _facts(backend: KnownBackend, here: dict[str, str]) -> dict[str, object]:
    said = asdict(backend) | {"installed": here.get(backend.name)}
    return said | {"install": install_command(backend.distribution)}
