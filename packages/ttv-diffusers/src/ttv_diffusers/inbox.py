"""What the other end of a channel says, read as it comes and kept until somebody asks."""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttv_diffusers.protocol import Channel, Message

__all__ = ["Inbox"]

_IN_FLIGHT = 8
"""Messages that wait to be read: what the other end makes faster than that, it waits with."""


class Inbox:
    """Reads a channel in a thread of its own.

    Args:
        channel: What is read.
        name: Of the thread.
    """

    def __init__(self, channel: Channel, name: str) -> None:
        self._channel = channel
        self._queue: queue.Queue[tuple[Message, bytearray] | None] = queue.Queue(_IN_FLIGHT)
        self._left = False
        self._thread = threading.Thread(target=self._listen, name=name, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            while not self._left:
                self._queue.put(self._channel.receive())
        except (EOFError, OSError, ValueError):
            pass
        finally:
            self._put_end()

    def _put_end(self) -> None:
        while True:
            try:
                self._queue.put_nowait(None)
            except queue.Full:  # nobody reads any more, or there is room soon
                if self._left:
                    return
                self._queue.put(None)
            return

    def next(self, timeout: float) -> tuple[Message, bytearray] | None:
        """Return what is said next, and the bytes behind it; None if it is silent for so long.

        Raises:
            EOFError: If the other end is gone, and all that it said has been read.
        """
        try:
            found = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        if found is None:
            self._queue.put(None)
            raise EOFError
        return found

    def leave(self) -> None:
        """Ask for nothing more: a reader that waits for room is let go."""
        self._left = True
        with contextlib.suppress(queue.Empty):  # somebody else may take what is there
            while True:
                self._queue.get_nowait()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, which it does with the channel."""
        self._thread.join(timeout)
