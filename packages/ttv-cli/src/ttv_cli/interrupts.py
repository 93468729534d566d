"""Ctrl-C, SIGTERM, a closed terminal: the first stops in good order, the second leaves at once."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["exit_code", "held", "install"]

# The system's own names: Windows has no SIGHUP.
_STOPPING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_SHOW_CURSOR = b"\x1b[?25h"
_received: list[int] = []
_holding: list[bool] = []


def install() -> None:
    """Take over these signals, unless the parent process has them ignored."""
    _received.clear()
    for number in _STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _heard)


@contextmanager
def held() -> Iterator[None]:
    """Keep the first signal back meanwhile: what is begun in here must be known to be stopped."""
    _holding.append(True)
    try:
        yield
    finally:
        _holding.clear()
    if _received:
        raise KeyboardInterrupt


def _heard(number: int, frame: FrameType | None) -> None:
    del frame
    if _received:
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), _SHOW_CURSOR)
        os._exit(128 + number)
    _received.append(number)
    if not _holding:
        raise KeyboardInterrupt


def exit_code() -> int:
    """Return the exit code for the signal that came: 130 for Ctrl-C, 143 for SIGTERM, and so on."""
    return 128 + (_received[0] if _received else signal.SIGINT)
