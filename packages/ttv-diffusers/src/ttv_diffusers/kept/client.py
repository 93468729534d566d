"""A process that uses a kept worker, as the kept worker sees it."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ttv_core.errors import GenerationCancelledError
from ttv_diffusers.kept.sockets import check_peer
from ttv_diffusers.protocol import Cancel, Channel, Generate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_diffusers.protocol import Message

__all__ = ["Client"]

_MOMENT = 1.0
"""Seconds in which a reader sees that there is nothing more to read."""


class Client:
    """One connection.

    Args:
        connection: Its socket.

    Raises:
        PermissionError: If it is another user's.

    Attributes:
        gone: Whether nobody is there any more.
    """

    def __init__(self, connection: socket.socket) -> None:
        check_peer(connection)
        self.gone = False
        self._socket = connection
        files = connection.makefile("rb"), connection.makefile("wb")
        self._channel = Channel(*(cast("BinaryIO", file) for file in files))
        self._stopped: set[str] = set()
        self._orders: queue.SimpleQueue[tuple[Generate, bytearray] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, name="kept-client", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            while True:
                message, payload = self._channel.receive()
                if isinstance(message, Generate):
                    self._orders.put((message, payload))
                elif isinstance(message, Cancel):
                    self._stopped.add(message.job)
        except Exception:  # noqa: BLE001 - it is gone, or speaks otherwise
            self.gone = True
            self._orders.put(None)

    def orders(self) -> Iterator[tuple[Generate, bytearray]]:
        """Yield its orders until it is gone."""
        while (order := self._orders.get()) is not None:
            yield order

    def wants_no_more(self, job: str) -> bool:
        """Tell whether a job of its is to stop."""
        return self.gone or job in self._stopped

    def check(self, job: str) -> None:
        """Raise if a job of its is to stop.

        Raises:
            GenerationCancelledError: If it is.
        """
        if self.wants_no_more(job):
            msg = f"job {job} was cancelled"
            raise GenerationCancelledError(msg)

    def tell(self, message: Message, *payload: Any) -> None:
        """Tell it something; whether it hears it is its own business."""
        try:
            if not self.gone:
                self._channel.send(message, *payload)
        except (OSError, ValueError):
            self.gone = True

    def leave(self) -> None:
        """End the connection, even while something is being told."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(_MOMENT)
        self._channel.close()
        self._socket.close()
