"""A queue for something that only one can use at a time: served in the order of coming."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Line"]

_LOOK = 0.1
"""Seconds after which one that waits looks whether it still wants to."""


class Line:
    """Who is next. A lock lets in anybody; here it is the one that came first.

    Example:
        >>> line = Line()
        >>> place = line.join()
        >>> with line.turn(place):
        ...     "nobody else is here"
        'nobody else is here'
    """

    def __init__(self) -> None:
        self._waiting: deque[object] = deque()
        self._moved = threading.Condition()

    def join(self) -> object:
        """Return a place at the end of the line; `turn` or `leave` must be called for it."""
        place = object()
        with self._moved:
            self._waiting.append(place)
        return place

    def leave(self, place: object) -> None:
        """Give up a place."""
        with self._moved:
            self._waiting.remove(place)
            self._moved.notify_all()

    @contextmanager
    def turn(self, place: object, check: Callable[[], None] | None = None) -> Iterator[None]:
        """Wait until it is a place's turn, and leave the line at the end.

        Args:
            place: What `join` returned.
            check: Called while it waits; what it raises ends the wait.
        """
        try:
            with self._moved:
                while self._waiting[0] is not place:
                    self._moved.wait(_LOOK)
                    if check is not None:
                        check()
            yield
        finally:
            self.leave(place)
