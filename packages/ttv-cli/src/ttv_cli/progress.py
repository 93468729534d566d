"""How far a video is: a moving line on a terminal, sparse plain lines elsewhere, or nothing."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Self

from ttv_cli.terminal import note, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

    from ttv_core import JobEvent

__all__ = ["Board", "Clock", "Line", "Lines", "span"]

_ENDED = frozenset({"completed", "failed", "cancelled", "expired", "unknown", "detached"})
_MAKING = frozenset({"accepted", "queued", "running"})
"""States in which the time it takes can be foretold; the rest is quick, or nobody knows."""
_TROUBLE = frozenset({"waiting", "reconciling", "cancelling"})
"""States whose message says why it is not as it should be."""
_QUIET_SECONDS = 30.0
_TELLING = 0.02
"""Below this fraction nothing can be foretold."""


def span(seconds: float) -> str:
    """Return a time for people: "0:41", "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Clock:
    """How long a job has taken, and how long it will take if it goes on like this.

    Args:
        now: Seconds that only go forward.
        ago: Seconds for which the vendor has had the job already.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, *, ago: float = 0.0) -> None:
        self._now = now
        self._started = now() - ago
        self._making: float | None = self._started if ago else None
        self._state = ""
        self._expected: float | None = None

    def expect(self, seconds: float | None) -> None:
        """Note how long jobs of this kind take, from accepted to done."""
        self._expected = seconds

    def enter(self, state: str) -> None:
        """Note the state; loading and waiting to be accepted are not foretold, only counted."""
        self._state = state
        if state in _MAKING and self._making is None:
            self._making = self._now()

    def told(self, fraction: float | None) -> str:
        """Return "0:41 of about 1:05", or only the time passed while nothing can be foretold."""
        passed = self._now() - self._started
        if self._making is None or self._state not in _MAKING:
            return span(passed)
        before = self._making - self._started
        if fraction is not None and fraction >= _TELLING:
            return f"{span(passed)} of about {span(before + (passed - before) / fraction)}"
        if self._expected is None:
            return span(passed)
        whole = before + self._expected
        between = " of about" if passed <= whole else ", usually about"
        return f"{span(passed)}{between} {span(whole)}"


class Line:
    """Takes the events of one job; this one tells nothing.

    Args:
        clock: Its time.
        name: What tells it from others on the same board.

    Attributes:
        clock: Its time.
        accepted: Says what is told once a vendor has the job.
    """

    def __init__(self, clock: Clock | None = None, name: str = "") -> None:
        self.clock = clock or Clock()
        self.accepted: Callable[[], str] | None = None
        self._name = f"{name} " if name else ""
        self._lock = threading.RLock()
        self._kept: list[JobEvent] | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep events back meanwhile, so that what is said first stands first.

        Whoever tells them is not held up: at a vendor it is the one loop that does everything.
        """
        self._kept = []
        try:
            yield
        finally:
            with self._lock:
                kept, self._kept = self._kept, None
                for event in kept:
                    self._take(event)

    def hear(self, event: JobEvent) -> None:
        """Take an event; called in the thread that does the work."""
        with self._lock:
            if self._kept is None:
                self._take(event)
            else:
                self._kept.append(event)

    def _take(self, event: JobEvent) -> None:
        self.clock.enter(event.state)
        if event.state == "accepted" and self.accepted is not None:
            self._take_on(self.accepted())
        elif event.state not in _ENDED:
            self._tell(event)

    def _take_on(self, told: str) -> None:
        """Say that the vendor has the job."""
        self.say(told)

    def say(self, text: str) -> None:
        """Say something about the job that stays."""

    def _tell(self, event: JobEvent) -> None:
        """Tell an event."""

    def end(self) -> None:
        """Take away what moves: the job has ended."""


class Lines(Line):
    """Tells changes and every quarter, a line each: for logs."""

    def __init__(self, clock: Clock | None = None, name: str = "") -> None:
        super().__init__(clock, name)
        self._last: tuple[str, str, int] | None = None
        self._told_at = 0.0

    def say(self, text: str) -> None:
        """Say it in a line."""
        note(text)

    def _tell(self, event: JobEvent) -> None:
        step = (event.backend, event.state, int((event.fraction or 0) * 4))
        if step == self._last and event.at - self._told_at < _QUIET_SECONDS:
            return
        self._last, self._told_at = step, event.at
        done = "" if event.fraction is None else f" {event.fraction:.0%}".replace("%", " %")
        words = f"  {event.message}" if event.message else ""
        note(f"{self._name}{event.state}{done}  {self.clock.told(event.fraction)}{words}")


class _Bar(Line):
    """Tells it in one moving line: state, bar, percent, time passed of time expected."""

    def __init__(self, bars: Progress, clock: Clock | None = None, name: str = "") -> None:
        super().__init__(clock, name)
        self._bars = bars
        self._task = bars.add_task(f"{self._name}starting", total=None, clock=self.clock)

    def _take_on(self, told: str) -> None:
        self.say(told)
        self._bars.update(self._task, description=f"{self._name}accepted", total=None)

    def say(self, text: str) -> None:
        """Say it above the moving lines."""
        from rich.text import Text

        self._bars.console.print(Text(one_line(text)))

    def _tell(self, event: JobEvent) -> None:
        name = f"{self._name}{event.state}"
        changes: dict[str, Any] = {"description": name, "fraction": event.fraction}
        if event.fraction is not None:
            changes |= {"total": 1.0, "completed": event.fraction}
        elif event.state != "running":
            changes |= {"total": None}
        self._bars.update(self._task, **changes)
        if event.state in _TROUBLE and event.message:
            self.say(event.message)

    def end(self) -> None:
        """Take the line away."""
        self._bars.update(self._task, visible=False)


class Board(AbstractContextManager["Board"]):
    """Where jobs tell how far they are, as fits standard error.

    Args:
        quiet: Whether nothing is told.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bars: Progress | None = None
        if not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from ttv_cli.bar import make_bars

            self._bars = make_bars()

    def line(self, clock: Clock | None = None, name: str = "") -> Line:
        """Return what hears the events of one job."""
        if self._bars is not None:
            return _Bar(self._bars, clock, name)
        return Line(clock, name) if self._quiet else Lines(clock, name)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take what moves away meanwhile: something is written to the terminal."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Take what moves away, and give the cursor back."""
        if self._bars is not None:
            self._bars.stop()
