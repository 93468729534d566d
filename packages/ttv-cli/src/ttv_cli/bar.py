"""The moving line of a generation, drawn by rich."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID
from rich.text import Text

if TYPE_CHECKING:
    from ttv_cli.progress import Clock

__all__ = ["make_bar"]


class _State(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.description)


class _Percent(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.percentage:.0f} %", style="bold")


class _Time(ProgressColumn):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def render(self, task: Task) -> Text:
        return Text(self._clock.told(task.fields.get("fraction")), style="dim")


def make_bar(clock: Clock) -> tuple[Progress, TaskID]:
    """Return a line that is not drawn yet, and its one task."""
    console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
    bar = Progress(
        _State(),
        BarColumn(bar_width=30),
        _Percent(),
        _Time(clock),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    return bar, bar.add_task("starting", total=None)
