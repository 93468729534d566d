"""The contract of a backend: five methods, and the generator that makes them views of one plan."""

from __future__ import annotations

import asyncio
import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ttv_core.errors import (
    GenerationTimeoutError,
    InvalidInputError,
    ModelNotFoundError,
    VideoGenerationError,
)
from ttv_core.job import check_waiting, new_job_id
from ttv_core.planning import Plan, find_model, make_plan
from ttv_core.request import VideoRequest
from ttv_core.results import Availability, VideoResult, Violation
from ttv_core.settings import BackendSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from pathlib import Path

    from pydantic import BaseModel

    from ttv_core.capabilities import Capabilities, ModelCapabilities
    from ttv_core.events import EventHandler
    from ttv_core.executors import Executor
    from ttv_core.job import Job
    from ttv_core.plugins import PluginManager
    from ttv_core.resolved import ResolvedRequest

__all__ = ["Defaults", "VideoGenerator", "VideoGeneratorInterface", "as_request"]

_ASK_AGAIN = 1.0
_OLDER_NAMES = {
    "input_image_path": "image",
    "last_image_path": "last_image",
    "output_path": "output",
}


class VideoGeneratorInterface(ABC):
    """The five methods that make a class a backend.

    A class that has them and takes its settings as keyword arguments works everywhere in ttv; it
    need not even derive from this one. This is a whole backend:

    Example:
        >>> import ttv_core
        >>> class CustomGenerator(ttv_core.VideoGeneratorInterface):
        ...     def __init__(self, **config):
        ...         self.config = config
        ...     def generate_video(self, prompt, **kwargs):
        ...         return make_a_video(prompt, self.config, kwargs["output_path"])
        ...     def get_capabilities(self):
        ...         return {"max_duration": 10, "max_resolution": "720p"}
        ...     def estimate_cost(self, **kwargs):
        ...         return 0.0
        ...     def validate_inputs(self, **kwargs):
        ...         return []
        ...     def is_available(self):
        ...         return True
        >>> ttv_core.GENERATOR_REGISTRY["custom"] = CustomGenerator
        >>> ttv_core.plan("a fox", backend="custom", duration=5).ok
        True
        >>> del ttv_core.GENERATOR_REGISTRY["custom"]
    """

    @abstractmethod
    def generate_video(self, prompt: str, **kwargs: Any) -> str:
        """Make a video and return the path of its file.

        Args:
            prompt: What to show.
            **kwargs: Fields of `VideoRequest`; an image to start from is also called
                `input_image_path`, the file to write `output_path`.

        Raises:
            VideoGenerationError: If it cannot be made.
        """

    @abstractmethod
    def get_capabilities(self) -> dict[str, Any]:
        """Return what it can do, as a JSON-able dictionary.

        Keys that are understood: `max_duration` (seconds), `max_resolution`,
        `supported_resolutions`, `supported_formats`, `supports_text_to_video`,
        `supports_image_to_video`, `requires_gpu`, `api_based`, `models`.
        """

    @abstractmethod
    def estimate_cost(self, **kwargs: Any) -> float:
        """Return the expected cost in US dollars; NaN when it is unknown.

        Args:
            **kwargs: As for `generate_video`.
        """

    @abstractmethod
    def validate_inputs(self, **kwargs: Any) -> list[str]:
        """Return what is wrong with a request, one sentence each; empty when it is fine.

        Args:
            **kwargs: As for `generate_video`, with `prompt`.
        """

    @abstractmethod
    def is_available(self) -> bool:
        """Return whether it can be used now: installed, configured, reachable."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the configuration says about every video.

    Attributes:
        output_dir: Where videos go when the request does not say.
        max_cost: US dollars per video.
    """

    output_dir: Path | None = None
    max_cost: Decimal | None = None


def as_request(request: VideoRequest | str | None, fields: Mapping[str, Any]) -> VideoRequest:
    """Return the request that a call means: a request, a prompt with fields, or both.

    Raises:
        InvalidInputError: If a field is unknown or wrong.
    """
    if isinstance(request, VideoRequest):
        return request.with_(**fields) if fields else request
    if request is not None and "prompt" in fields:
        message = "the prompt is given twice"
        raise InvalidInputError(violations=[Violation("prompt", "invalid", message)])
    return VideoRequest(**({} if request is None else {"prompt": request}), **fields)


class VideoGenerator(VideoGeneratorInterface):
    """A backend whose five methods are views of one plan.

    A subclass gives its `name`, `Settings`, `Options` and `models` as data, maps a resolved
    request in `native`, and makes videos in `_make`; `LocalVideoGenerator` has the latter done.

    Attributes:
        name: Name of the backend.
        Settings: Its settings.
        Options: Its own options of a request; None when it takes none.
        models: What it can do. A backend that reads this from disk overrides `capabilities`.
        settings: The checked settings of this instance.
        defaults: What the configuration says about every video.
        plugins: The plugins that hear of its jobs and review its plans.
        executor: Who does the work of local videos elsewhere; None where it is done here.
    """

    name: ClassVar[str]
    Settings: ClassVar[type[BackendSettings]] = BackendSettings
    Options: ClassVar[type[BaseModel] | None] = None
    models: ClassVar[Capabilities]

    def __init__(self, settings: BackendSettings | None = None, /, **values: Any) -> None:
        """Take checked settings, or settings by name.

        Raises:
            ConfigurationError: If a setting is unknown or wrong.
        """
        path = f"backends.{getattr(self, 'name', type(self).__name__)}"
        self.settings = settings or self.Settings.load(values, path=path)
        self.defaults = Defaults()
        self.plugins: PluginManager | None = None
        self.executor: Executor | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self.models

    @property
    def default_model(self) -> str | None:
        """The model the settings ask for; None leaves it to the capabilities."""
        return getattr(self.settings, "model", None)

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> Mapping[str, Any]:
        """Map a request to the engine's own parameters. Pure: it is called to plan.

        Args:
            request: Legal values with defaults filled in. Reads are noted; a field that the user
                set and that is never read becomes a violation. `refuse`, `adjust` and `warn`
                record what the data cannot express.
            model: The model's data.

        Returns:
            Exactly what goes to the engine.
        """
        del model
        return request.canonical()

    def plan(self, request: VideoRequest | str | None = None, /, **fields: Any) -> Plan:
        """Say what would be sent, what it would cost, and what stands in the way.

        Args:
            request: A request, or a prompt.
            **fields: Fields of `VideoRequest`.

        Raises:
            InvalidInputError: If a field is unknown or of the wrong kind. What the model cannot
                do is in the plan instead, as `violations`.
            ModelNotFoundError: If the model is unknown or retired.
        """
        asked = as_request(request, fields)
        model = find_model(self.capabilities, asked.model or self.default_model)
        return make_plan(
            asked,
            model,
            self.native,
            backend=self.name,
            options=self.Options,
            max_cost=self.defaults.max_cost,
        )

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether it can be used now, why not, and what mends it.

        Args:
            deep: Whether to ask the network or the engine; without it, this is offline and quick.
        """
        del deep
        return Availability(ok=True)

    def start(
        self,
        request: VideoRequest | str | None = None,
        /,
        *,
        on_event: EventHandler | None = None,
        **fields: Any,
    ) -> Job:
        """Start making a video and return its job.

        Args:
            request: A request, or a prompt.
            on_event: Hears every `JobEvent`, in the thread that does the work.
            **fields: Fields of `VideoRequest`.

        Raises:
            InvalidInputError: If the request cannot be served.
            ModelNotFoundError: If the model is unknown or retired.
            OutputError: If the video cannot be written where it was asked for.
        """
        return self._launch(request, fields, on_event)

    def _launch(
        self,
        request: VideoRequest | str | None,
        fields: Mapping[str, Any],
        on_event: EventHandler | None,
        job_id: str = "",
    ) -> Job:
        """Plan, and start the work, without waiting for anything; under an id, if one is given."""
        plan = self._checked_plan(request, fields)
        return self._make(plan, on_event, job_id or new_job_id())

    def _checked_plan(self, request: VideoRequest | str | None, fields: Mapping[str, Any]) -> Plan:
        """Return a plan that nothing stands in the way of, policies included."""
        plan = self.plan(request, **fields)
        if self.plugins is not None:
            plan = self.plugins.review(plan)
        plan.check()
        return plan

    @abstractmethod
    def _make(self, plan: Plan, on_event: EventHandler | None, job_id: str) -> Job:
        """Start the work of a plan that has been checked, as the job of that id."""

    def generate(
        self,
        request: VideoRequest | str | None = None,
        /,
        *,
        timeout: float | None = None,
        on_timeout: Literal["keep", "cancel"] = "keep",
        on_event: EventHandler | None = None,
        **fields: Any,
    ) -> VideoResult:
        """Make a video and wait for it.

        Ctrl-C stops a job on this machine and leaves nothing behind. A job at a vendor goes on, and
        `ttv_core.resume` brings its video home.

        Args:
            request: A request, or a prompt.
            timeout: Seconds to wait.
            on_timeout: Whether the job goes on after that, or is cancelled.
            on_event: Hears every `JobEvent`, in the thread that does the work.
            **fields: Fields of `VideoRequest`.

        Raises:
            VideoGenerationError: One of its kinds; see `ttv_core.errors`.
        """
        check_waiting(timeout, on_timeout)
        job = self._launch(request, fields, on_event)
        try:
            return job.wait_as_set() if timeout is None else job.wait(timeout)
        except GenerationTimeoutError:
            self._timed_out(job, on_timeout)
            if not job.done:
                raise
            return job.wait()
        except KeyboardInterrupt:
            self._interrupted(job)
            raise

    async def agenerate(
        self,
        request: VideoRequest | str | None = None,
        /,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the wait, not the job
        on_timeout: Literal["keep", "cancel"] = "keep",
        on_event: EventHandler | None = None,
        **fields: Any,
    ) -> VideoResult:
        """Make a video without blocking the event loop.

        Cancelling the task stops a job on this machine; a job at a vendor goes on.

        Args:
            request: A request, or a prompt.
            timeout: Seconds to wait.
            on_timeout: Whether the job goes on after that, or is cancelled.
            on_event: Hears every `JobEvent`, in the thread that does the work.
            **fields: Fields of `VideoRequest`.

        Raises:
            VideoGenerationError: One of its kinds; see `ttv_core.errors`.
        """
        check_waiting(timeout, on_timeout)
        starting = asyncio.ensure_future(self._begun(request, fields, on_event))
        try:
            job = await asyncio.shield(starting)
            ended = asyncio.wrap_future(job.future)
            # `job.wait` raises it; asyncio would log this copy of it as one that nobody saw.
            ended.add_done_callback(lambda done: done.cancelled() or done.exception())
            limit = await _until(ended, job, timeout)
        except asyncio.CancelledError:
            # The job may be on its way already: it is known once it has begun.
            await asyncio.to_thread(self._interrupted, await starting)
            raise
        if not ended.done():
            await asyncio.to_thread(self._timed_out, job, on_timeout)
            if not job.done:
                raise job.overdue(limit)
        return job.wait()

    async def _begun(
        self,
        request: VideoRequest | str | None,
        fields: Mapping[str, Any],
        on_event: EventHandler | None,
    ) -> Job:
        """Return a job that has been begun, without blocking the event loop meanwhile."""
        return await asyncio.to_thread(self._launch, request, fields, on_event)

    def _timed_out(self, job: Job, on_timeout: Literal["keep", "cancel"]) -> None:
        """Do what the caller wants of a job that took longer than it would wait."""
        if on_timeout == "cancel":
            self._stop(job)

    def _stop(self, job: Job) -> None:
        """Cancel a job and wait until it has cleaned up; one that cannot be stopped goes on."""
        try:
            job.cancel()
        except VideoGenerationError as error:
            if error.code == "cannot_cancel":
                return
            raise
        job.await_stop()

    def _interrupted(self, job: Job) -> None:
        """Do what is right when somebody ends the wait with Ctrl-C."""
        self._stop(job)

    def generate_video(self, prompt: str, **kwargs: Any) -> str:
        """Make a video and return the path of its file; see `generate`.

        Args:
            prompt: What to show.
            **kwargs: Fields of `VideoRequest`; `input_image_path` is also taken for `image`,
                `last_image_path` for `last_image` and `output_path` for `output`.

        Raises:
            VideoGenerationError: One of its kinds; see `ttv_core.errors`.
        """
        return str(self.generate(prompt, **_newer_names(kwargs)).path)

    def get_capabilities(self) -> dict[str, Any]:
        """Return the capabilities as a JSON-able dictionary."""
        return self.capabilities.to_dict()

    def estimate_cost(self, **kwargs: Any) -> float:
        """Return the expected cost in US dollars; NaN when it is unknown.

        Args:
            **kwargs: Fields of `VideoRequest`; those that do not bear on the cost may be left out.

        Raises:
            InvalidInputError: If a field that was given cannot be served.
        """
        given = _newer_names(kwargs)
        plan = self.plan(**({"prompt": "any"} | given))
        wrong = [v for v in plan.violations if v.field in given and v.field != "max_cost"]
        if wrong:
            raise InvalidInputError(violations=wrong, backend=self.name, model=plan.model)
        return math.nan if plan.cost.amount is None else float(plan.cost.amount)

    def validate_inputs(self, **kwargs: Any) -> list[str]:
        """Return what is wrong with a request, one sentence each; empty when it is fine.

        Args:
            **kwargs: Fields of `VideoRequest`.
        """
        try:
            return [v.message for v in self.plan(**_newer_names(kwargs)).violations]
        except InvalidInputError as error:
            return [v.message for v in error.violations]
        except ModelNotFoundError as error:
            return [error.message]

    def is_available(self) -> bool:
        """Return whether it can be used now; `availability` says why not."""
        return self.availability().ok

    def __repr__(self) -> str:
        """Name the backend; settings may hold secrets and are not shown."""
        return f"<{type(self).__name__} {getattr(self, 'name', '')!r}>"


async def _until(ended: asyncio.Future[Any], job: Job, seconds: float | None) -> float | None:
    """Wait for the end of a job as long as the caller wants, or its settings; return how long."""
    started = time.monotonic()
    while True:
        limit = job.patience if seconds is None else seconds
        left = None if limit is None else started + limit - time.monotonic()
        if ended.done() or (left is not None and left <= 0):
            return limit
        if job.changes_hands and seconds is None:
            left = _ASK_AGAIN if left is None else min(_ASK_AGAIN, left)
        await asyncio.wait([ended], timeout=left)


def _newer_names(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return keyword arguments under the names of `VideoRequest`."""
    fields: dict[str, Any] = {}
    for name, value in kwargs.items():
        newer = _OLDER_NAMES.get(name, name)
        if newer in fields:
            message = f"{name} and {newer} are two names of one field; give one of them"
            raise InvalidInputError(violations=[Violation(newer, "invalid", message)])
        fields[newer] = value
    resolution = fields.get("resolution")
    if isinstance(resolution, str) and "x" in resolution.lower() and "size" not in fields:
        fields["size"] = fields.pop("resolution")  # the older contract says "1280x720" there
    return fields
