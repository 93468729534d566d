"""Serve orders from the pipe until it is closed: `python -m ttv_diffusers.worker PARENT`."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from ttv_diffusers.pipes import take_pipes
from ttv_diffusers.protocol import Ask, Cancel, Generate, Load
from ttv_diffusers.worker.session import Session

if TYPE_CHECKING:
    from ttv_diffusers.protocol import Message

_LOOK = 1.0
"""Seconds after which it is looked whether the parent is still there."""


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
        elif isinstance(message, Load):
            session.load(message)
        elif isinstance(message, Ask):
            session.answer(message)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
