"""Serve orders from the pipe until it is closed: `python -m ttv_diffusers.worker PARENT`."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from functools import partial
from typing import BinaryIO, cast

from ttv_diffusers.protocol import Ask, Cancel, Channel, Generate, Message
from ttv_diffusers.worker.session import Session

_LOOK = 1.0
"""Seconds after which it is looked whether the parent is still there."""


def take_pipes() -> Channel:
    """Keep the pipes for messages: what libraries print goes to standard error."""
    incoming = cast("BinaryIO", os.fdopen(os.dup(0), "rb"))
    outgoing = cast("BinaryIO", os.fdopen(os.dup(1), "wb"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return Channel(incoming, outgoing)


def watch(parent: int) -> None:
    """End when the parent is gone, also where somebody else holds its end of the pipe."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


def main(parent: int) -> int:
    """Serve one order after the other; the pipe's end is the end, whatever is under way."""
    channel = take_pipes()
    orders: queue.Queue[tuple[Message, bytearray]] = queue.Queue()
    session = Session(channel)

    def listen() -> None:
        while True:
            try:
                message, payload = channel.receive()
            except (EOFError, OSError):
                os._exit(0)
            if isinstance(message, Cancel):
                session.cancel(message.job)
            else:
                orders.put((message, payload))

    for work in (listen, partial(watch, parent)):
        threading.Thread(target=work, daemon=True).start()
    while True:
        message, payload = orders.get()
        if isinstance(message, Generate):
            session.generate(message, payload)
        elif isinstance(message, Ask):
            session.answer(message)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
