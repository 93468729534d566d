"""Backends that make videos on this machine: they load and render; the rest is done here."""

from __future__ import annotations

import contextlib
import time
from abc import abstractmethod
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core.errors import (
    BackendUnavailableError,
    GenerationFailedError,
    VideoGenerationError,
)
from ttv_core.executors import Needs, made_elsewhere
from ttv_core.interface import VideoGenerator
from ttv_core.job import Job, JobContext, new_job_id
from ttv_core.jobs.here import seen
from ttv_core.line import Line
from ttv_core.output import PendingFile, choose_target, sidecar_path
from ttv_core.results import Attempt, VideoResult
from ttv_core.sidecar import write_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from ttv_core.events import EventHandler
    from ttv_core.executors import Executor
    from ttv_core.kept import KeptWorker
    from ttv_core.media import Frame
    from ttv_core.planning import Plan

__all__ = ["LocalVideoGenerator"]

_USUAL_FPS = 24
_FRAMES_IN_FLIGHT = 3


class LocalVideoGenerator(VideoGenerator):
    """A backend that runs here. A subclass loads its engine and renders frames; no files, no loop.

    One video is made at a time, in the order that they were asked for; an executor makes more of
    them at once, each with an engine of its own. Frames go to the encoder as
    they come, so a clip is never held in memory; the file gets its name when it is whole and
    measured.

    Attributes:
        line: Who waits for the engine. Generators that share an engine share it.

    Example:
        >>> import numpy
        >>> from ttv_core import Capabilities, LocalVideoGenerator
        >>> class Grey(LocalVideoGenerator):
        ...     name = "grey"
        ...     models = Capabilities.model_validate({
        ...         "backend": "grey", "kind": "local", "models": [{
        ...             "id": "grey-1", "fps": 24, "prices": [{"basis": "free"}],
        ...             "durations": {"minimum": 0.1, "maximum": 10, "default": 2},
        ...             "canvas": {"sizes": ["128x72"]},
        ...         }],
        ...     })
        ...     def render(self, plan, context):
        ...         wanted = plan.expected
        ...         for i in range(wanted.num_frames):
        ...             context.progress(i, wanted.num_frames)
        ...             yield numpy.full((wanted.height, wanted.width, 3), i % 256, numpy.uint8)
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> video = Grey().generate("dusk", duration=0.5, output=folder + "/dusk.mp4")
        >>> video.width, video.height, video.info.num_frames
        (128, 72, 12)
    """

    def __init__(self, *settings: Any, **values: Any) -> None:
        """Take checked settings, or settings by name.

        Raises:
            ConfigurationError: If a setting is unknown or wrong.
        """
        super().__init__(*settings, **values)
        self.line = Line()
        self._loaded = False

    def load(self) -> None:
        """Load the engine; called once, before the first render."""

    @abstractmethod
    def render(self, plan: Plan, context: JobContext) -> Iterable[Frame] | Path:
        """Make the frames, or have an engine make the file.

        Args:
            plan: What to make: `plan.native` are the parameters that `native` returned.
            context: Call `context.progress(step, total)` at every step: it tells the user and
                raises when the job is to stop.

        Returns:
            Frames in order, best made as they are asked for: uint8 arrays of shape
            (height, width, 3), RGB. Or the path of a whole video, where the engine writes files:
            it is moved to its place as it is. Let the engine write into `context.folder`.
        """

    def unload(self) -> None:
        """Let go of the engine; called by `close`, and only after `load`."""

    def needs(self, plan: Plan) -> Needs:
        """Say what a machine must have free to make a plan, for executors that choose one.

        Unless a subclass knows better: a GPU where the capabilities say that it needs one, and a
        processor.

        Args:
            plan: What is to be made.
        """
        del plan
        return Needs(gpus=1 if self.capabilities.requires_gpu else 0)

    def make_planned(self, plan: Plan, file: Path, *, on_event: EventHandler | None = None) -> Job:
        """Start making what another process has planned and checked; for executors.

        Args:
            plan: What to make.
            file: Where the video is to be, whole, when the job is done; no other file is written.
            on_event: Hears every `JobEvent`, in the thread that does the work.

        Raises:
            OutputError: If the file is there already, or cannot be written.
        """
        plan = replace(plan, request=plan.request.with_(sidecar=False))
        context = JobContext(new_job_id(), self.name, on_event, self.plugins)
        pending = PendingFile(file, overwrite=True, path=file).create()
        return self._queued(plan, context, pending)

    def keep(
        self, model: str | None = None, *, idle: float = 1800.0, tied: bool = False
    ) -> KeptWorker:
        """Keep the engine loaded in a process of its own, for this and later commands to use.

        A backend whose engine takes long to load may do so; its `render` then uses such a process
        where the settings say the same.

        Args:
            model: What to load, if not the model that is usual.
            idle: Seconds without work after which it ends.
            tied: Whether it also ends with this process.

        Returns:
            The process, ready to work; the one that is there, if it was kept before.

        Raises:
            BackendUnavailableError: If this backend has nothing that could be kept, or cannot.
            VideoGenerationError: Whatever else stands in the way of loading it.
        """
        del model, idle, tied
        msg = f"{self.name} has no engine that could be kept loaded between commands"
        raise BackendUnavailableError(msg, backend=self.name, code="cannot_keep", charged="no")

    def close(self) -> None:
        """Wait for the video under way and let go of the engine; the next video loads it again."""
        with self.line.turn(self.line.join()):
            if self._loaded:
                self.unload()
            self._loaded = False

    def _make(self, plan: Plan, on_event: EventHandler | None, job_id: str) -> Job:
        context = JobContext(job_id, self.name, on_event, self.plugins)
        target = choose_target(plan, context.job_id, self.defaults.output_dir)
        # Made here and now: where the folder cannot be written to, the caller hears it at once.
        pending = PendingFile(target, overwrite=plan.request.overwrite)
        if self.executor is None:
            return self._queued(plan, context, pending.create(unnamed=True))
        # With a name: another process may write to it.
        made = partial(self._made_elsewhere, self.executor, plan, context, pending.create())
        work = partial(self._work, plan, context, pending, contextlib.nullcontext(), made)
        return Job(plan, context).run(work)

    def _queued(self, plan: Plan, context: JobContext, pending: PendingFile) -> Job:
        """Start the work in this process, where one video is made after the other."""
        place = self.line.join()
        turn = self.line.turn(place, context.check)
        made = partial(self._made_here, plan, context, pending)
        try:
            return Job(plan, context).run(partial(self._work, plan, context, pending, turn, made))
        except RuntimeError:  # no thread can be started
            self.line.leave(place)
            raise

    def _work(
        self,
        plan: Plan,
        context: JobContext,
        pending: PendingFile,
        turn: AbstractContextManager[None],
        made: Callable[[], VideoResult],
    ) -> VideoResult:
        started = time.perf_counter()
        with seen(plan, context), pending, turn, contextlib.closing(context):
            context.check()
            try:
                result = made()
                result.timings["total"] = round(time.perf_counter() - started, 3)
                context.check()
                pending.publish()
            except VideoGenerationError as error:
                raise self._signed(error, plan, context) from error.__cause__
            except MemoryError as error:
                msg = "the machine ran out of memory; ask for a smaller size or a shorter video"
                raise self._failed(msg, plan, context, "out_of_memory") from error
            except Exception as error:
                msg = f"{self.name} failed: {type(error).__name__}: {error}"
                raise self._failed(msg, plan, context, "engine_error") from error
        if result.sidecar is not None:
            write_sidecar(result, plan)
        return result

    def _made_here(self, plan: Plan, context: JobContext, pending: PendingFile) -> VideoResult:
        timings = self._render_to(pending, plan, context)
        context.emit("measuring")
        result = self._result(plan, context, pending)
        result.timings.update(timings)
        return result

    def _made_elsewhere(
        self, executor: Executor, plan: Plan, context: JobContext, pending: PendingFile
    ) -> VideoResult:
        result = made_elsewhere(executor, self, plan, pending.path, context)
        sidecar = sidecar_path(pending.target) if plan.request.sidecar else None
        return replace(result, path=pending.target, sidecar=sidecar)

    def _render_to(self, pending: PendingFile, plan: Plan, context: JobContext) -> dict[str, float]:
        timings: dict[str, float] = {}
        started = time.perf_counter()
        if not self._loaded:
            context.emit("loading")
            self.load()
            self._loaded = True
        timings["load"] = round(time.perf_counter() - started, 3)
        started = time.perf_counter()
        made = self.render(plan, context)
        if isinstance(made, Path):
            self._take(made, pending)
        else:
            frames = iter(made)
            try:
                self._encode(frames, pending.path, plan, context)
            finally:
                if close := getattr(frames, "close", None):
                    close()
        timings["render"] = round(time.perf_counter() - started, 3)
        return timings | context.timings

    def _take(self, made: Path, pending: PendingFile) -> None:
        """Take the file that an engine has written."""
        if not made.is_file() or not made.stat().st_size:
            msg = f"{self.name} ended without a video: {made.name} is not there, or empty"
            raise GenerationFailedError(msg, code="no_file", charged="no")
        pending.take(made)

    def _encode(self, frames: Iterator[Frame], path: Path, plan: Plan, context: JobContext) -> None:
        """Write frames while the next ones are rendered; only a few are held at a time."""
        from ttv_core.media import VideoWriter

        first = next(frames, None)
        if first is None:
            msg = f"{self.name} made no frames"
            raise GenerationFailedError(msg, code="no_frames", charged="no")
        height, width = first.shape[:2]
        fps = plan.expected.fps or _USUAL_FPS
        waiting: deque[Future[None]] = deque()
        with (
            VideoWriter(path, width=width, height=height, fps=fps) as video,
            ThreadPoolExecutor(1, thread_name_prefix="ttv-encoder") as encoder,
        ):
            for frame in chain((first,), frames):
                context.check()
                waiting.append(encoder.submit(video.write, frame))
                if len(waiting) > _FRAMES_IN_FLIGHT:
                    waiting.popleft().result()
            context.emit("encoding")
            for written in waiting:
                written.result()

    def _result(self, plan: Plan, context: JobContext, pending: PendingFile) -> VideoResult:
        from ttv_core.media import measure

        info = measure(pending.path)
        sidecar = sidecar_path(pending.target) if plan.request.sidecar else None
        reason = "a preview, not a generated video" if self.capabilities.kind == "preview" else ""
        return VideoResult(
            path=pending.target,
            info=info,
            backend=self.name,
            model=plan.model,
            mode=plan.mode,
            seed=plan.native.get("seed", plan.request.seed),
            adjustments=plan.adjustments,
            warnings=(*plan.warnings, *info.deviations(plan.expected)),
            cost=plan.cost,
            charged="no",
            attempts=(Attempt(self.name, "used", reason or "asked for", model=plan.model),),
            job_id=context.job_id,
            sidecar=sidecar,
        )

    def _signed(
        self, error: VideoGenerationError, plan: Plan, context: JobContext
    ) -> VideoGenerationError:
        """Fill in who failed at what; nothing is charged for work on one's own machine."""
        error.backend = error.backend or self.name
        error.model = error.model or plan.model
        error.job_id = error.job_id or context.job_id
        error.charged = "no"
        return error

    def _failed(
        self, message: str, plan: Plan, context: JobContext, code: str
    ) -> GenerationFailedError:
        return GenerationFailedError(
            message,
            backend=self.name,
            model=plan.model,
            job_id=context.job_id,
            code=code,
            charged="no",
        )
