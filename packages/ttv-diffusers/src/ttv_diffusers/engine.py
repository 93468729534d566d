"""Have a worker make the frames of a plan: out goes an order, in come steps and frames."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ttv_core.errors import VideoGenerationError
from ttv_diffusers import protocol as told
from ttv_diffusers.desk import desk_of
from ttv_diffusers.failures import raise_failure
from ttv_diffusers.kept.borrowing import borrow, find
from ttv_diffusers.kept.identity import where_it_is
from ttv_diffusers.orders import PICTURES, call_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core import JobContext, Plan
    from ttv_core.media import Frame
    from ttv_diffusers.generator import PipelineGenerator
    from ttv_diffusers.protocol import Message

__all__ = ["render"]

_LOOK = 0.05
"""Seconds after which it is looked whether the job is to stop."""


def render(generator: PipelineGenerator, plan: Plan, context: JobContext) -> Iterator[Frame]:
    """Yield the frames of a plan as the worker tells them.

    Args:
        generator: Whose plan it is.
        plan: What to make.
        context: Where progress goes to, and cancellation comes from.

    Raises:
        VideoGenerationError: What went wrong there.
    """
    order, pictures = _order(generator, plan, context.job_id)
    with _lent(generator, plan, context, order, pictures) as worker:
        job = _Job(worker, context)
        try:
            yield from job.frames()
        finally:
            job.leave()


class Worker(Protocol):
    """What a job asks of a worker, whoever's it is."""

    @property
    def alive(self) -> bool:
        """Whether it can be spoken with."""

    def send(self, message: Message, *payload: Any) -> None:
        """Tell it something."""

    def next(self, timeout: float) -> tuple[Message, bytearray] | None:
        """Return what it says next; None if it is silent for so long."""

    def stop(self, patience: float) -> None:
        """Have no more to do with it."""


@contextlib.contextmanager
def _lent(
    generator: PipelineGenerator,
    plan: Plan,
    context: JobContext,
    order: told.Generate,
    pictures: list[bytes],
) -> Iterator[Worker]:
    """Lend a worker that has the order: one that is kept, or else this process's own."""
    checkpoint = generator.entry_of(plan.model).checkpoint
    assert checkpoint is not None
    kept, why = find(generator.settings, checkpoint)
    found = None if kept is None else borrow(kept, order, pictures)
    if kept is not None and found is not None:
        borrowed, ahead = found
        if ahead:
            before = f"{ahead} video{'s' * (ahead > 1)} before this one"
            context.emit("waiting", message=f"the kept worker {kept.id} makes {before}")
        try:
            yield borrowed
        finally:
            borrowed.stop()
        return
    if why:
        context.emit("waiting", message=why)
    with desk_of(generator.settings.device).working(generator, generator.settings) as worker:
        worker.send(order, *pictures)
        yield worker


def _order(
    generator: PipelineGenerator, plan: Plan, job_id: str
) -> tuple[told.Generate, list[bytes]]:
    native = plan.native
    entry = generator.entry_of(plan.model)
    assert entry.recipe is not None
    assert entry.checkpoint is not None
    pictures = {name: native[name].read() for name in PICTURES.values() if name in native}
    order = told.Generate(
        job=job_id,
        checkpoint=where_it_is(entry.checkpoint),
        pipeline=native["pipeline"],
        call=call_of(native, entry.recipe),
        levers=generator.settings.levers,
        seed=native["seed"],
        flow_shift=native.get("flow_shift"),
        pictures={name: len(data) for name, data in pictures.items()},
    )
    return order, list(pictures.values())


@dataclass
class _Job:
    """A job at the worker.

    Attributes:
        worker: Who does it.
        context: Whose it is.
        loading: Whether the weights are being loaded, which cannot be interrupted.
        ended: Whether the worker is done with it.
        told: Whether the worker knows that it is to stop.
    """

    worker: Worker
    context: JobContext
    loading: bool = False
    ended: bool = False
    told: bool = False

    def frames(self) -> Iterator[Frame]:
        import numpy as np

        while not self.ended:
            self._heed()
            found = self.worker.next(_LOOK)
            if found is None:
                continue
            message, payload = found
            if isinstance(message, told.Frames):
                shape = (message.count, message.height, message.width, 3)
                yield from np.frombuffer(payload, np.uint8).reshape(shape)
            else:
                self._hear(message)

    def _heed(self) -> None:
        """Pass on that the job is to stop; a worker that is loading is ended."""
        if not self.context.cancelled or self.told:
            return
        self.told = True
        if self.loading:
            self.ended = True
            self.worker.stop(0)
            self.context.check()
        self.worker.send(told.Cancel(self.context.job_id))

    def _hear(self, message: Message) -> None:
        match message:
            case told.Loading():
                self.loading = True
                self.context.emit("loading")
            case told.Loaded(seconds=seconds):
                self.loading = False
                self.context.timings["load"] = seconds
            case told.Step(step=step, total=total, seconds=seconds):
                left = _clock(seconds * (total - step))
                said = f"{seconds:.2f} s a step, {left} left" if step else ""
                self.context.progress(step, total, said)
            case told.Done(measures=measures):
                self.ended = True
                self.context.timings.update(measures)
            case told.Failed():
                self.ended = True
                self.context.check()
                raise_failure(message)
            case _:
                pass

    def leave(self) -> None:
        """See that the worker is free again, whatever ended the job on this side."""
        if self.ended or not self.worker.alive:
            return
        if self.loading:
            self.worker.stop(0)
            return
        with contextlib.suppress(VideoGenerationError):
            if not self.told:
                self.worker.send(told.Cancel(self.context.job_id))
            while not self.ended:
                found = self.worker.next(_LOOK)
                self.ended = found is not None and isinstance(found[0], told.Done | told.Failed)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
