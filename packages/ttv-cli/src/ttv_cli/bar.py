"""The moving lines of generations, drawn by rich: one for each."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.text import Text

__all__ = ["make_bars"]


class _State(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.description)


class _Percent(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.percentage:.0f} %", style="bold")


class _Time(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.fields["clock"].told(task.fields.get("fraction")), style="dim")


def make_bars() -> Progress:
    """Return an area for moving lines that is not drawn yet, with no line in it."""
    console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
    return Progress(
        _State(),
        BarColumn(bar_width=30),
        _Percent(),
        _Time(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
