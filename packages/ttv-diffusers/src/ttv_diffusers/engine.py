"""Have a worker make the frames of a plan: out goes an order, in come steps and frames."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ttv_core.errors
from ttv_core.errors import GenerationFailedError, VideoGenerationError
from ttv_diffusers import protocol as told
from ttv_diffusers.desk import desk_of
from ttv_diffusers.orders import PICTURES, call_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttv_core import JobContext, Plan
    from ttv_core.media import Frame
    from ttv_diffusers.generator import PipelineGenerator
    from ttv_diffusers.process import WorkerProcess
    from ttv_diffusers.protocol import Message
    from ttv_diffusers.settings import EngineSettings

__all__ = ["levers_of", "raise_failure", "render"]

_LOOK = 0.05
"""Seconds after which it is looked whether the job is to stop."""
_LEVERS = (
    "device",
    "dtype",
    "memory",
    "offload",
    "vae_tiling",
    "vae_slicing",
    "layerwise_casting",
    "quantization",
    "attention",
    "cache",
    "compile",
    "gpus",
    "threads",
    "allow_download",
)


def levers_of(settings: EngineSettings) -> dict[str, Any]:
    """Return the settings that the worker loads and runs a pipeline with."""
    return {name: getattr(settings, name) for name in _LEVERS}


def render(generator: PipelineGenerator, plan: Plan, context: JobContext) -> Iterator[Frame]:
    """Yield the frames of a plan as the worker tells them.

    Args:
        generator: Whose plan it is.
        plan: What to make.
        context: Where progress goes to, and cancellation comes from.

    Raises:
        VideoGenerationError: What went wrong there.
    """
    settings = generator.settings
    order, pictures = _order(generator, plan, context.job_id)
    with desk_of(settings.device).working(generator, settings) as worker:
        job = _Job(worker, context)
        try:
            job.worker.send(order, *pictures)
            yield from job.frames()
        finally:
            job.leave()


def _order(
    generator: PipelineGenerator, plan: Plan, job_id: str
) -> tuple[told.Generate, list[bytes]]:
    native = plan.native
    recipe = generator.entry_of(plan.model).recipe
    assert recipe is not None
    pictures = {name: native[name].read() for name in PICTURES.values() if name in native}
    order = told.Generate(
        job=job_id,
        checkpoint=native["checkpoint"],
        pipeline=native["pipeline"],
        call=call_of(native, recipe),
        levers=levers_of(generator.settings),
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

    worker: WorkerProcess
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
                fraction = min(step / total, 1.0) if total else None
                self.context.emit(
                    "running", fraction=fraction, step=step, total=total, message=said
                )
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


def raise_failure(failure: told.Failed) -> None:
    """Raise what the worker has told.

    Raises:
        VideoGenerationError: Of the class that it names.
    """
    kind = getattr(ttv_core.errors, failure.error, GenerationFailedError)
    if not (isinstance(kind, type) and issubclass(kind, VideoGenerationError)):
        kind = GenerationFailedError
    facts: Mapping[str, Any] = {"charged": "no"} | failure.facts
    raise kind(failure.message, **facts)
