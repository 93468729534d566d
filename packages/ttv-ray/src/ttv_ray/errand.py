"""One video at one engine: sent there, listened to, stopped, and brought home."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Any

from ttv_core import DownloadError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ttv_core import JobContext, JobEvent, Plan, VideoResult
    from ttv_core.executors import Delivery
    from ttv_ray.engine import Made
    from ttv_ray.pool import Engine

__all__ = ["EngineDiedError", "EngineStuckError", "render"]

_LOOK = 0.1
"""Seconds after which it is looked whether the job is to stop."""
_STOP_SECONDS = 10.0
"""How long an engine has to come to its next step, before it is ended."""
_PIECE = 4 * 1024**2
_LAST = frozenset({"completed", "failed", "cancelled"})
_BECAUSE = "The actor is dead because "


class EngineDiedError(Exception):
    """The engine is not there any more, and whatever it was making neither."""


class EngineStuckError(Exception):
    """The engine does not stop."""


def render(engine: Engine, plan: Plan, delivery: Delivery, context: JobContext) -> VideoResult:
    """Have an engine make a video, and see that its file is delivered.

    Args:
        engine: Who makes it.
        plan: What to make.
        delivery: Where the file is to be.
        context: The job.

    Raises:
        EngineDiedError: If the engine died before the file was here.
        EngineStuckError: If the job is to stop and the engine does not.
        VideoGenerationError: If the video could not be made.
    """
    import ray

    number = secrets.token_hex(8)
    try:
        made = _made(engine, number, plan, delivery, context)
        _tell(made.events, context)
        if made.error is not None:
            raise made.error
        assert made.result is not None
        if made.size:
            _fetch(engine, number, made.size, delivery)
    except ray.exceptions.RayTaskError:
        raise  # it is alive, and wrong
    except ray.exceptions.RayError as error:
        raise EngineDiedError(_reason(error)) from error
    return made.result


def _made(engine: Engine, number: str, plan: Plan, delivery: Delivery, context: JobContext) -> Made:
    import ray

    actor = engine.actor
    where, mark = str(delivery.path.absolute()), delivery.mark()
    making = actor.make.remote(number, plan, where, mark)
    hearing = actor.hear.remote(number)
    deadline: float | None = None
    while True:
        done, _ = ray.wait([making, hearing], num_returns=1, timeout=_LOOK)
        if making in done:
            made: Made = ray.get(making)
            return made
        if hearing in done:
            _tell(ray.get(hearing), context)
            hearing = actor.hear.remote(number)
        if context.cancelled and deadline is None:
            actor.cancel.remote(number)
            deadline = time.monotonic() + _STOP_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            raise EngineStuckError


def _tell(events: Iterable[JobEvent], context: JobContext) -> None:
    """Tell what has happened there as what happens to the job here, which is not over by it."""
    for event in events:
        if event.state not in _LAST and not context.cancelled:
            context.emit(
                event.state,
                fraction=event.fraction,
                step=event.step,
                total=event.total,
                message=event.message,
            )


def _fetch(engine: Engine, number: str, size: int, delivery: Delivery) -> None:
    """Bring the file home in pieces: the next is on its way while one is written."""
    actor = engine.actor

    def ask(offset: int) -> Any:
        return asyncio.wrap_future(actor.piece.remote(number, offset, _PIECE).future())

    async def read() -> AsyncIterator[bytes]:
        coming = ask(0)
        for offset in range(_PIECE, size + _PIECE, _PIECE):
            piece = await coming
            if offset < size:
                coming = ask(offset)
            yield piece

    try:
        delivery.receive(read, size)
    except DownloadError as error:
        import ray

        if isinstance(error.__cause__, ray.exceptions.RayError):
            raise error.__cause__ from None
        raise
    finally:
        actor.drop.remote(number)


def _reason(error: Exception) -> str:
    """Return what Ray says of a death, in one sentence of the many."""
    text = " ".join(str(error).split())
    said = text.partition(_BECAUSE)[2] or text
    return said.partition(" Some common causes")[0][:300].rstrip(". ")
