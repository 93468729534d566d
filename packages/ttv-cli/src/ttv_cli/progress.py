"""How far a video is: a moving line on a terminal, sparse plain lines elsewhere, or nothing."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Self

from ttv_cli.terminal import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttv_core import JobEvent

__all__ = ["Clock", "Lines", "Silence", "progress", "span"]

_ENDED = frozenset({"completed", "failed", "cancelled"})
_QUIET_SECONDS = 30.0
_TELLING = 0.02
"""Below this fraction nothing can be foretold."""


def span(seconds: float) -> str:
    """Return a time for people: "0:41", "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Clock:
    """How long a job has taken, and how long it will take if it goes on like this."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._started = now()
        self._running: float | None = None

    def running(self) -> None:
        """Note that the part has begun whose progress is told: loading is not foretold."""
        if self._running is None:
            self._running = self._now()

    def told(self, fraction: float | None) -> str:
        """Return "0:41 of about 1:05", or only the time passed while nothing can be foretold."""
        now = self._now()
        passed = span(now - self._started)
        if fraction is None or fraction < _TELLING or self._running is None:
            return passed
        whole = (self._running - self._started) + (now - self._running) / fraction
        return f"{passed} of about {span(whole)}"


class Silence(AbstractContextManager["Silence"]):
    """Tells nothing."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep events back meanwhile, so that what is said first stands first."""
        with self._lock:
            yield

    def hear(self, event: JobEvent) -> None:
        """Take an event; called in the thread that does the work."""
        with self._lock:
            self._tell(event)

    def _tell(self, event: JobEvent) -> None:
        """Tell an event."""

    def __exit__(self, *error: object) -> None:
        """End."""


class Lines(Silence):
    """Tells changes and every quarter, a line each: for logs."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock or Clock()
        self._last: tuple[str, str, int] | None = None
        self._told_at = 0.0

    def _tell(self, event: JobEvent) -> None:
        if event.state in _ENDED:
            return
        if event.state == "running":
            self._clock.running()
        step = (event.backend, event.state, int((event.fraction or 0) * 4))
        if step == self._last and event.at - self._told_at < _QUIET_SECONDS:
            return
        self._last, self._told_at = step, event.at
        done = "" if event.fraction is None else f" {event.fraction:.0%}".replace("%", " %")
        words = f"  {event.message}" if event.message else ""
        note(f"{event.state}{done}  {self._clock.told(event.fraction)}{words}")


class Bar(Silence):
    """Tells it in one moving line: state, bar, percent, time passed of time expected."""

    def __init__(self) -> None:
        super().__init__()
        from ttv_cli.bar import make_bar

        self._clock = Clock()
        self._bar, self._task = make_bar(self._clock)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Take the line away, and give the cursor back."""
        self._bar.stop()

    def _tell(self, event: JobEvent) -> None:
        if event.state == "running":
            self._clock.running()
        changes: dict[str, Any] = {"description": event.state, "fraction": event.fraction}
        if event.fraction is not None:
            changes |= {"total": 1.0, "completed": event.fraction}
        elif event.state != "running":
            changes |= {"total": None}
        self._bar.update(self._task, **changes)


def progress(*, quiet: bool) -> Silence:
    """Return what tells the progress, as fits standard error."""
    if quiet:
        return Silence()
    moving = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Bar() if moving else Lines()
