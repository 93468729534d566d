"""Use a kept worker: find the one whose settings say the same, and hand a job in to it."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ttv_core.errors import GenerationFailedError, VideoGenerationError
from ttv_core.kept import kept_workers
from ttv_diffusers.inbox import Inbox
from ttv_diffusers.kept.identity import differences, identity, name_of
from ttv_diffusers.kept.sockets import connect
from ttv_diffusers.protocol import Channel, Queued

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttv_core.kept import KeptWorker
    from ttv_diffusers.checkpoint import Checkpoint
    from ttv_diffusers.protocol import Generate, Message
    from ttv_diffusers.settings import EngineSettings

__all__ = ["ENGINE", "Borrowed", "borrow", "find", "workers_of"]

ENGINE = "ttv-diffusers"
"""What the kept workers of this engine say they are."""
_SECONDS = 10.0
"""How long the process of a kept worker may take to answer; it does nothing else than that."""


def find(settings: EngineSettings, checkpoint: Checkpoint) -> tuple[KeptWorker | None, str]:
    """Return the kept worker that has loaded what these settings mean.

    Args:
        settings: The settings.
        checkpoint: What is to be run.

    Returns:
        The worker, or None; and why those that are there for the same folder are not used.
    """
    try:
        workers = _ours()
    except VideoGenerationError as error:
        return None, f"no kept worker is used: {error.message}"
    if not workers:
        return None, ""
    wanted = identity(settings, checkpoint)
    for worker in workers:
        if worker.id == name_of(wanted):
            return worker, ""
    return None, "; ".join(_why(workers, wanted))


def _ours() -> list[KeptWorker]:
    return [each for each in kept_workers() if each.facts.get("engine") == ENGINE]


def workers_of(place: str) -> list[KeptWorker]:
    """Return the kept workers that hold memory of a device.

    Args:
        place: The device, as `place_of` calls it.
    """
    try:
        return [worker for worker in _ours() if worker.facts.get("device") == place]
    except VideoGenerationError:  # they are not trusted, and so not used
        return []


def _why(workers: Sequence[KeptWorker], wanted: dict[str, Any]) -> list[str]:
    told = []
    for worker in workers:
        kept = worker.facts.get("identity", {})
        if kept.get("checkpoint") == wanted["checkpoint"]:
            unlike = ", ".join(differences(kept, wanted))
            told.append(f"the kept worker {worker.id} is not used: {unlike}")
    return told


def borrow(
    worker: KeptWorker, order: Generate, pictures: Sequence[bytes]
) -> tuple[Borrowed, int] | None:
    """Hand an order in to a kept worker.

    Args:
        worker: The worker.
        order: The order, for whatever worker.
        pictures: What follows it.

    Returns:
        The worker as this job sees it, and how many jobs come first; None if it has just ended, so
        that nothing was begun.
    """
    kept = worker.facts["identity"]
    levers = worker.facts["levers"] | {"threads": order.levers["threads"]}
    try:
        borrowed = Borrowed(worker)
    except OSError:
        return None
    try:
        borrowed.send(replace(order, checkpoint=kept["checkpoint"], levers=levers), *pictures)
        found = borrowed.next(_SECONDS)
    except GenerationFailedError:  # nobody has taken the order on
        found = None
    if found is None or not isinstance(found[0], Queued):
        borrowed.stop()
        return None
    return borrowed, found[0].ahead


class Borrowed:
    """A kept worker as one job sees it: spoken with as a worker of one's own, and let go after.

    Args:
        worker: Whose it is.

    Raises:
        OSError: If it cannot be reached.
    """

    def __init__(self, worker: KeptWorker) -> None:
        self._worker = worker
        self._socket = connect(worker.folder, seconds=_SECONDS)
        files = self._socket.makefile("rb"), self._socket.makefile("wb")
        self._channel = Channel(*(cast("BinaryIO", file) for file in files))
        self._inbox = Inbox(self._channel, "ttv-kept-inbox")
        self.alive = True

    def send(self, message: Message, *payload: Any) -> None:
        """Tell it something.

        Raises:
            GenerationFailedError: If it is gone.
        """
        try:
            self._channel.send(message, *payload)
        except (OSError, ValueError) as error:
            raise self._obituary() from error

    def next(self, timeout: float) -> tuple[Message, bytearray] | None:
        """Return what it says next, and the bytes behind it; None if it is silent for so long.

        Raises:
            GenerationFailedError: If it is gone.
        """
        try:
            return self._inbox.next(timeout)
        except EOFError:
            raise self._obituary() from None

    def _obituary(self) -> GenerationFailedError:
        self.alive = False
        return GenerationFailedError(
            f"the kept worker {self._worker.id} (process {self._worker.pid}) has ended",
            code="worker_died",
            charged="no",
            remedy="the same command again: it loads the model itself, or ttv worker start does",
        )

    def stop(self, patience: float = 0.0) -> None:
        """Have nothing more to do with it: what it does for this job, it stops at the next step."""
        del patience
        self.alive = False
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._inbox.leave()
        self._inbox.join(1.0)
        self._channel.close()
        self._socket.close()
