"""Run a pipeline once: steps and frames out, stopped within a step."""

from __future__ import annotations

import contextlib
import inspect
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from ttv_core.errors import GenerationFailedError, InvalidInputError
from ttv_diffusers.protocol import Denoised, Step
from ttv_diffusers.sizes import crop_box
from ttv_diffusers.worker.devices import peak_memory, start_counting
from ttv_diffusers.worker.frames import FrameSender, streaming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttv_diffusers.protocol import Generate, Teller
    from ttv_diffusers.worker.loading import Held

__all__ = ["run"]


def run(
    held: Held,
    order: Generate,
    pictures: dict[str, Any],
    channel: Teller,
    check: Callable[[], None],
) -> dict[str, float]:
    """Make the frames of an order and send them.

    Args:
        held: The pipeline.
        order: What to make.
        pictures: Argument of the call to the picture.
        channel: Where steps and frames go to.
        check: Raises when the job is to stop.

    Returns:
        What was measured.
    """
    import torch

    pipeline = held.pipeline
    guider = getattr(pipeline, "guider", None)
    call = _call(pipeline, order, pictures)
    call["generator"] = torch.Generator("cpu").manual_seed(order.seed)
    call["output_type"] = "pt"
    _set_shift(held, order.flow_shift)
    start_counting(held.where)
    clock = _Clock()
    sender = FrameSender(channel, check)
    pace = _Pace(channel, check, clock)
    try:
        with _stepwise(pipeline, call, pace), streaming(pipeline, sender), sender:
            video = pipeline(**call)[0]
            channel.send(Denoised())
            sender.rest(video[0])
    finally:
        if guider is not None:  # a guidance of this order is not the next one's
            pipeline.guider = guider
        # After a step was interrupted, what is offloaded has not gone back by itself.
        if hasattr(pipeline, "maybe_free_model_hooks"):
            pipeline.maybe_free_model_hooks()
    measures = pace.measures()
    peak = peak_memory(held.where)
    return measures if peak is None else measures | {"peak_memory_mb": peak}


def _call(pipeline: Any, order: Generate, pictures: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the call, all of which the pipeline must know."""
    call = dict(order.call)
    known = inspect.signature(type(pipeline).__call__).parameters
    if "guidance_scale" not in known and getattr(pipeline, "guider", None) is not None:
        scale = call.pop("guidance_scale", None)
        if scale is not None:
            pipeline.guider = pipeline.guider.new(guidance_scale=scale)
    call |= _fitted(pictures, call)
    unknown = sorted(call.keys() - known.keys())
    if unknown:
        takes = ", ".join(sorted(known.keys() - {"self"}))
        msg = f"{type(pipeline).__name__} takes no {', '.join(unknown)}; it takes {takes}"
        raise InvalidInputError(msg, code="unknown_argument", charged="no")
    return call


def _fitted(pictures: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    """Cut pictures to the shape of the video: pipelines would stretch them."""
    if "width" not in call:
        return pictures
    size = call["width"], call["height"]
    boxes = {name: crop_box(picture.size, size) for name, picture in pictures.items()}
    return {
        name: picture if boxes[name] is None else picture.crop(boxes[name])
        for name, picture in pictures.items()
    }


def _set_shift(held: Held, shift: float | None) -> None:
    """Make the schedule of the noise as the order wants it, or again as it was loaded."""
    scheduler = held.scheduler
    if shift is not None:
        name = "flow_shift" if "flow_shift" in scheduler.config else "shift"
        if name not in scheduler.config:
            msg = f"{type(scheduler).__name__} has no shift; leave shift out"
            raise InvalidInputError(msg, code="unknown_argument", charged="no")
        scheduler = type(scheduler).from_config(scheduler.config, **{name: shift})
    held.pipeline.scheduler = scheduler


class _Clock:
    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.steps: list[float] = []


class _Pace:
    """Tells steps, and how long they take."""

    def __init__(self, channel: Teller, check: Callable[[], None], clock: _Clock) -> None:
        self._channel = channel
        self._check = check
        self._clock = clock
        self.total = 0

    def begin(self, total: int) -> None:
        self.total = total
        self._check()
        self._channel.send(Step(0, total))

    def step(self) -> None:
        self._clock.steps.append(time.perf_counter())
        self._channel.send(Step(len(self._clock.steps), self.total, self.seconds))
        self._check()

    @property
    def seconds(self) -> float:
        """Seconds that a step takes; the first one warms up, and counts only if it is alone."""
        steps = self._clock.steps
        if len(steps) > 1:
            return (steps[-1] - steps[0]) / (len(steps) - 1)
        return steps[0] - self._clock.started if steps else 0.0

    def measures(self) -> dict[str, float]:
        steps = self._clock.steps
        last = steps[-1] if steps else self._clock.started
        return {
            "seconds_per_step": round(self.seconds, 4),
            "denoise": round(last - self._clock.started, 3),
            "decode": round(time.perf_counter() - last, 3),
        }


class _Bar:
    """What a pipeline takes for its progress bar.

    Args:
        pace: Told of its steps.
        iterable: What it goes through, where it is used so.
        total: How many steps there are.
        counts: Whether its steps count: not where the pipeline also calls back.
    """

    def __init__(
        self, pace: _Pace, iterable: Any = None, total: int | None = None, *, counts: bool
    ) -> None:
        self._pace = pace
        self._iterable = iterable
        self._counts = counts
        pace.begin((len(iterable) if iterable is not None else 0) if total is None else total)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, _: int = 1) -> None:
        if self._counts:
            self._pace.step()

    def __iter__(self) -> Iterator[Any]:
        for item in self._iterable:
            yield item
            self.update()


@contextlib.contextmanager
def _stepwise(pipeline: Any, call: dict[str, Any], pace: _Pace) -> Iterator[None]:
    """Hear of every step: from the callback where there is one, else from the progress bar."""
    known = inspect.signature(type(pipeline).__call__).parameters
    called_back = "callback_on_step_end" in known

    def step_end(_: Any, step: int, __: Any, values: dict[str, Any]) -> dict[str, Any]:
        del step
        pace.step()
        _check_finite(values.get("latents"))
        return values

    if called_back:
        call["callback_on_step_end"] = step_end
    pipeline.progress_bar = partial(_Bar, pace, counts=not called_back)
    try:
        yield
    finally:
        del pipeline.progress_bar


def _check_finite(latents: Any) -> None:
    import torch

    if latents is not None and not bool(torch.isfinite(latents).all()):
        raise not_finite()


def not_finite() -> GenerationFailedError:
    """Return the error for numbers that are none: they would be a black video."""
    return GenerationFailedError(
        "the model made numbers that are not finite (NaN), which would be a black video",
        code="not_finite",
        charged="no",
        remedy="dtype: bfloat16 or float32; without cache, attention and quantization",
    )
