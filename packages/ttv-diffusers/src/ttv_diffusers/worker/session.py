"""One order after the other: load what it needs, run it, and tell how it went."""

from __future__ import annotations

import gc
import io
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from ttv_core.errors import (
    GenerationCancelledError,
    InvalidInputError,
)
from ttv_diffusers.failures import failure_of
from ttv_diffusers.protocol import Ask, Done, Facts, Failed, Generate, Load, Loaded, Loading
from ttv_diffusers.worker.parallel import Others, Quiet, agree, rank

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttv_diffusers.protocol import Teller
    from ttv_diffusers.worker.loading import Held

__all__ = ["Session"]


class Session:
    """What the worker holds, and what it is asked to stop.

    Args:
        channel: Where messages go to.
    """

    def __init__(self, channel: Teller) -> None:
        self._channel: Teller = Quiet(channel) if rank() else channel
        self._others: Others | None = None
        self._held: Held | None = None
        self._stopped: set[str] = set()

    def cancel(self, job: str) -> None:
        """Have a job stop at its next step; called from another thread."""
        self._stopped.add(job)

    def generate(self, order: Generate, payload: bytearray) -> None:
        """Make a video, and tell frames and end."""
        try:
            self._do(order, partial(self._generate, order, payload))
        finally:
            self._stopped.discard(order.job)

    def load(self, order: Load) -> None:
        """Load a pipeline, and tell when it is there."""

        def loaded() -> dict[str, float]:
            self._loaded(order, bytearray())
            return {}

        self._do(order, loaded)

    def _do(self, order: Generate | Load, work: Callable[[], dict[str, float]]) -> None:
        try:
            measures = work()
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits
            self._channel.send(failure_of(error))
            self._end_if_alone(order, error)
            error.__traceback__ = None  # it holds the tensors of the run
            gc.collect()
        else:
            self._channel.send(Done(measures))

    def _generate(self, order: Generate, payload: bytearray) -> dict[str, float]:
        pictures = _pictures(order, payload)
        held = self._loaded(order, payload)
        self._check(order, held)
        from ttv_diffusers.worker.running import run

        return run(held, order, pictures, self._channel, lambda: self._check(order, held))

    def _check(self, order: Generate, held: Held) -> None:
        stop = order.job in self._stopped
        if order.levers["gpus"] > 1:
            stop = agree(held.where, stop=stop)
        if stop:
            msg = f"job {order.job} was cancelled"
            raise GenerationCancelledError(msg)

    def _end_if_alone(self, order: Generate | Load, error: Exception) -> None:
        """End, with all that share the video, after an error that the others do not know of."""
        if order.levers.get("gpus", 1) > 1 and not isinstance(error, GenerationCancelledError):
            os._exit(0)

    def _loaded(self, order: Generate | Load, payload: bytearray) -> Held:
        started = time.perf_counter()
        self._channel.send(Loading())
        if order.levers["gpus"] > 1 and rank() == 0:
            self._others = self._others or Others(order.levers["gpus"])
            self._others.tell(order, payload)
        from ttv_diffusers.worker.loading import load, set_threads

        set_threads(order.levers["threads"])
        if self._held is None or not self._held.serves(order):
            self._held = None  # before the next is loaded: both need not fit
            gc.collect()
            self._held = load(order)
        held = self._held.for_class(order.pipeline)
        seconds = round(time.perf_counter() - started, 3)
        self._channel.send(Loaded(seconds, held.device, held.told))
        return held

    def answer(self, question: Ask) -> None:
        """Tell what torch finds on this machine."""
        try:
            from ttv_diffusers.worker.devices import facts

            found: Facts | Failed = facts(question.device)
        except Exception as error:  # noqa: BLE001 - it goes to whoever asked
            found = failure_of(error)
        self._channel.send(found)


def _pictures(order: Generate, payload: bytearray) -> dict[str, Any]:
    """Decode the pictures that came with an order.

    Raises:
        InvalidInputError: If one of them cannot be.
    """
    from PIL import Image, ImageOps

    found: dict[str, Any] = {}
    start = 0
    for name, size in order.pictures.items():
        data = bytes(payload[start : start + size])
        start += size
        try:
            picture = Image.open(io.BytesIO(data))
            found[name] = ImageOps.exif_transpose(picture).convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            msg = f"{name} cannot be decoded: {error}"
            raise InvalidInputError(msg, code="unreadable") from error
    return found
