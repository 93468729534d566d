"""Tables without lines: columns by their width, cut to the terminal's only on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from ttv_cli.terminal import is_plain, one_line, print_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Cell", "print_table"]

_WIDE = 10_000


class Cell(NamedTuple):
    """A cell with a style of rich's."""

    text: object
    style: str = ""


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    flexible: Sequence[int] = (),
    indent: int = 0,
) -> None:
    """Draw a table on standard output.

    Args:
        headings: One per column; all empty for no heading.
        rows: Cells: `Cell` or anything that has a text; what is in them may be by anybody.
        flexible: The columns that are broken into several lines where the terminal is narrow.
        indent: Spaces before every line.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(headings), expand=False
    )
    for place, heading in enumerate(headings):
        table.add_column(heading, no_wrap=place not in flexible, overflow="fold")
    for row in rows:
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        table.add_row(*(Text(one_line(cell.text), style=cell.style) for cell in cells))
    console = Console(
        file=sys.stdout,
        width=None if terminal else _WIDE,
        no_color=is_plain(sys.stdout),
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as drawn:
        console.print(Padding(table, (0, 0, 0, indent), expand=False))
    for line in drawn.get().splitlines():
        print_line(line.rstrip())
