"""Keep a worker: `python -m ttv_diffusers.kept`, told what by its parent."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from ttv_core.errors import VideoGenerationError
from ttv_core.kept import Keeping
from ttv_diffusers.failures import failure_of
from ttv_diffusers.kept.keeper import Keeper
from ttv_diffusers.pipes import take_pipes
from ttv_diffusers.protocol import Keep, Kept

if TYPE_CHECKING:
    from ttv_diffusers.protocol import Channel

_LOOK = 1.0


def main() -> int:
    """Load, say so, and serve; return the exit code."""
    channel = take_pipes()
    try:
        order, _ = channel.receive()
    except EOFError:
        return 1
    assert isinstance(order, Keep)
    try:
        with Keeping(order.worker) as keeping:
            _keep(order, keeping, channel)
    except VideoGenerationError as error:
        channel.send(failure_of(error))
        return 1
    return 0


def _keep(order: Keep, keeping: Keeping, channel: Channel) -> None:
    keeper = Keeper(order, keeping)
    ready = threading.Event()

    def follow() -> None:
        """End with the parent: until it is ready, and after that if it is to."""
        try:
            channel.receive()
        except (EOFError, OSError, ValueError):
            if order.parent is not None or not ready.is_set():
                keeper.end()

    def watch() -> None:
        """See the end of the parent also where somebody else holds its end of the pipe."""
        while os.getppid() == order.parent:
            time.sleep(_LOOK)
        keeper.end()

    keeper.heed_signals()
    for work in (follow, *((watch,) if order.parent is not None else ())):
        threading.Thread(target=work, daemon=True).start()
    try:
        keeper.load()
        ready.set()
        channel.send(Kept())
        channel.hang_up()
        _open_log(keeping)
        keeper.serve()
    finally:
        keeper.close()


def _open_log(keeping: Keeping) -> None:
    """Close what the parent hears; what is still said goes to a file."""
    log = os.open(keeping.folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


if __name__ == "__main__":
    sys.exit(main())
