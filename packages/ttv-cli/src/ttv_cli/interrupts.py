"""Ctrl-C, SIGTERM, a closed terminal: the first stops in good order, the second leaves at once."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["Stopped", "counted", "exit_code", "install", "times"]

# The system's own names: Windows has no SIGHUP.
_STOPPING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_SHOW_CURSOR = b"\x1b[?25h"
_received: list[int] = []
_counting: list[Callable[[], int]] = []


class Stopped(KeyboardInterrupt):
    """The wait was ended by a signal, and what becomes of the job has been told.

    Args:
        message: What becomes of it.
        **facts: Further entries of the JSON document.
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


def install() -> None:
    """Take over these signals, unless the parent process has them ignored."""
    _received.clear()
    for number in _STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _heard)


@contextmanager
def counted(most: Callable[[], int]) -> Iterator[None]:
    """Only count the signals meanwhile: whoever waits in here looks at `times` again and again.

    Nothing is torn apart by an exception in its midst: what is begun is known to be stopped.

    Args:
        most: How many signals are counted; the next one leaves at once.
    """
    _counting.append(most)
    try:
        yield
    finally:
        _counting.pop()


def times() -> int:
    """Return how many signals have come."""
    return len(_received)


def _heard(number: int, frame: FrameType | None) -> None:
    del frame
    _received.append(number)
    if _counting and len(_received) <= _counting[-1]():
        return
    if len(_received) > 1:
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), _SHOW_CURSOR)
        os._exit(128 + number)
    raise KeyboardInterrupt


def exit_code() -> int:
    """Return the exit code for the signal that came: 130 for Ctrl-C, 143 for SIGTERM, and so on."""
    return 128 + (_received[0] if _received else signal.SIGINT)
