"""What mends things, as commands: each on a line of its own, to be copied whole."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ttv_cli.terminal import one_line, print_line, styled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core.plugins import PluginRecord

__all__ = ["commands", "print_mending"]


def commands(record: PluginRecord) -> tuple[str, ...]:
    """Return the commands that mend a plugin, any of which will do; none where nothing is wrong."""
    best = {
        "failed": f"pip install --upgrade --force-reinstall {record.distribution}",
        "incompatible": f"pip install --upgrade {record.distribution} ttv-core",
        "conflict": f"pip uninstall {record.distribution}",
    }.get(record.status)
    if best is not None:
        return best, _leaving_out(record)
    return (record.remedy,) if record.remedy and record.status != "loaded" else ()


def _leaving_out(record: PluginRecord) -> str:
    # Both of a conflict have the same name; leaving that out would leave out both.
    own = record.distribution if record.status == "conflict" else record.name
    listed = os.environ.get("TTV_DISABLE_PLUGINS", "").strip(" ,")
    return f"export TTV_DISABLE_PLUGINS={f'{listed},' if listed else ''}{own}"


def print_mending(mending: Mapping[str, Sequence[str]]) -> None:
    """Print what mends what.

    Args:
        mending: What is in trouble, to the commands for it.
    """
    if not any(mending.values()):
        return
    print_line()
    print_line("to mend it:")
    for what, lines in mending.items():
        if lines:
            print_line(f"  {styled(one_line(what), 'yellow', sys.stdout)}")
        # A remedy may name a second way; each gets a line of its own.
        for line in (way for text in lines for way in text.split(", or ")):
            print_line(f"    {styled(one_line(line), 'bold', sys.stdout)}")
