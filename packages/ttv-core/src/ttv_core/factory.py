"""The front door: make generators from configuration, and videos from prompts."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

from ttv_core.config import Config, backend_section, executor_section, load_config
from ttv_core.errors import BackendUnavailableError, ConfigurationError, InvalidInputError
from ttv_core.five_methods import FiveMethodGenerator
from ttv_core.interface import Defaults, VideoGenerator, VideoGeneratorInterface, as_request
from ttv_core.registry import GENERATOR_REGISTRY, GeneratorRegistry
from ttv_core.results import VideoResult, Violation
from ttv_core.routing import AutoGenerator, Candidate, survey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttv_core.events import EventHandler
    from ttv_core.executors import Executor
    from ttv_core.job import Job
    from ttv_core.planning import Plan
    from ttv_core.request import VideoRequest

    ConfigSource = Config | Mapping[str, Any] | str | os.PathLike[str] | None

__all__ = [
    "agenerate",
    "create_executor",
    "create_video_generator",
    "generate",
    "plan",
    "plan_all",
    "resume",
    "start",
]


def create_video_generator(
    config: ConfigSource = None,
    backend: str | None = None,
    *,
    fallback_backends: Sequence[str] | None = None,
    registry: GeneratorRegistry = GENERATOR_REGISTRY,
    **settings: Any,
) -> VideoGeneratorInterface:
    """Make a generator.

    Which one: the argument, else `TTV_BACKEND`, else `default_backend` of the configuration, else
    `auto`. With fallbacks, or `auto`, the generator chooses for each request.

    Args:
        config: A file, a mapping or a `Config`; looked for as `load_config` does when left out.
        backend: Name of the backend, "auto", or "name@distribution".
        fallback_backends: What to try next; those of the configuration when left out.
        registry: Where backends are looked up.
        **settings: Settings of the backend, over those of the configuration.

    Returns:
        An instance of the backend's own class, or a generator that chooses.

    Raises:
        BackendUnavailableError: If there is no such backend, or it is disabled.
        PluginError: If it is installed but broken, incompatible, or claimed twice.
        ConfigurationError: If a setting is wrong; quotes its full key path.

    Example:
        >>> import ttv_core
        >>> ttv_core.create_video_generator({"default_backend": "animatic"})
        <AnimaticGenerator 'animatic'>
    """
    read = _read(config, registry)
    name = _named(backend, read)
    if isinstance(fallback_backends, str):
        fallback_backends = (fallback_backends,)
    fallbacks = read.fallback_backends if fallback_backends is None else tuple(fallback_backends)
    fallbacks = tuple(other for other in fallbacks if other != name)
    if name != "auto" and not fallbacks:
        return _create(name, read, registry, settings)
    if settings and name == "auto":
        msg = f"settings {', '.join(sorted(settings))} need a backend by name, not auto"
        raise ConfigurationError(msg)
    if name != "auto":
        registry[name]  # an unknown name is an error, not a reason to fall back
    for other in fallbacks:
        if other not in registry and "@" not in other:
            registry[other]
    build = _Builder(read, registry, {name: settings})
    auto = AutoGenerator(
        build,
        read,
        list(registry) if name == "auto" else [name],
        fallbacks,
        ranked=name == "auto",
        priorities=partial(_priority, registry),
    )
    return _equipped(auto, read, registry)


def create_executor(
    config: ConfigSource = None,
    executor: str = "",
    *,
    registry: GeneratorRegistry = GENERATOR_REGISTRY,
) -> Executor:
    """Make an executor, with its settings from `executors.<name>` of the configuration.

    Args:
        config: As for `create_video_generator`.
        executor: Its name, as of the entry point.
        registry: Where plugins are looked up.

    Raises:
        BackendUnavailableError: If there is no such executor, or it is disabled.
        PluginError: If it is installed but broken, incompatible, or claimed twice.
        ConfigurationError: If a setting is wrong; quotes its full key path.
    """
    cls = cast("type[Executor]", registry.plugins.executor(executor))
    section = executor_section(load_config(config), executor)
    settings = cls.Settings.load(section.values, path=section.path, origins=section.origins)
    return cls(settings)


def plan(
    prompt: VideoRequest | str | None = None,
    /,
    *,
    backend: str | None = None,
    config: ConfigSource = None,
    fallback_backends: Sequence[str] | None = None,
    **fields: Any,
) -> Plan:
    """Say what would be sent, what it would cost, and what stands in the way. Nothing is sent.

    Args:
        prompt: What to show, or a whole `VideoRequest`.
        backend: Name of the backend; chosen as `create_video_generator` does when left out.
        config: As for `create_video_generator`.
        fallback_backends: What is tried next; those of the configuration when left out. Who was
            passed over, and why, is in the plan's `warnings`.
        **fields: Fields of `VideoRequest`.

    Raises:
        InvalidInputError: If a field is unknown or of the wrong kind. What the model cannot do is
            in the plan instead, as `violations`.
        VideoGenerationError: If no backend can be used; one of its kinds.

    Example:
        >>> import ttv_core
        >>> plan = ttv_core.plan("a red fox", backend="animatic", duration=5)
        >>> plan.ok, str(plan.cost), plan.expected.num_frames
        (True, 'free', 120)
    """
    request = as_request(prompt, fields)
    return _generator(request, config, backend, fallback_backends).plan(request)


def start(
    prompt: VideoRequest | str | None = None,
    /,
    *,
    backend: str | None = None,
    config: ConfigSource = None,
    fallback_backends: Sequence[str] | None = None,
    on_event: EventHandler | None = None,
    wait: bool = True,
    **fields: Any,
) -> Job:
    """Start making a video and return its job.

    Args:
        prompt: What to show, or a whole `VideoRequest`.
        backend: Name of the backend; chosen as `create_video_generator` does when left out.
        config: As for `create_video_generator`.
        fallback_backends: What to try next; those of the configuration when left out.
        on_event: Hears every `JobEvent`, in the thread that does the work.
        wait: Whether to return a vendor's job only once the vendor has it; `Job.accepted` waits
            for that later.
        **fields: Fields of `VideoRequest`.

    Raises:
        VideoGenerationError: If it cannot be started; one of its kinds.
    """
    request = as_request(prompt, fields)
    generator = _generator(request, config, backend, fallback_backends)
    if wait:
        return generator.start(request, on_event=on_event)
    return generator._launch(request, {}, on_event)  # noqa: SLF001 - it is one of us


def generate(
    prompt: VideoRequest | str | None = None,
    /,
    *,
    backend: str | None = None,
    config: ConfigSource = None,
    fallback_backends: Sequence[str] | None = None,
    timeout: float | None = None,
    on_timeout: Literal["keep", "cancel"] = "keep",
    on_event: EventHandler | None = None,
    **fields: Any,
) -> VideoResult:
    """Make a video and wait for it.

    Args:
        prompt: What to show, or a whole `VideoRequest`.
        backend: Name of the backend; chosen as `create_video_generator` does when left out.
        config: As for `create_video_generator`.
        fallback_backends: What to try next; those of the configuration when left out.
        timeout: Seconds to wait.
        on_timeout: Whether the job goes on after that ("keep"), or is cancelled.
        on_event: Hears every `JobEvent`, in the thread that does the work.
        **fields: Fields of `VideoRequest`.

    Returns:
        The finished video: complete, decodable, measured.

    Raises:
        VideoGenerationError: One of its kinds; see `ttv_core.errors`.

    Example:
        >>> import tempfile, ttv_core
        >>> video = ttv_core.generate(
        ...     "a red fox", backend="animatic", duration=0.5, size="256x144",
        ...     output=tempfile.mkdtemp() + "/fox.mp4",
        ... )
        >>> video.path.name, video.width, video.duration
        ('fox.mp4', 256, 0.5)
    """
    request = as_request(prompt, fields)
    generator = _generator(request, config, backend, fallback_backends)
    return generator.generate(request, timeout=timeout, on_timeout=on_timeout, on_event=on_event)


async def agenerate(
    prompt: VideoRequest | str | None = None,
    /,
    *,
    backend: str | None = None,
    config: ConfigSource = None,
    fallback_backends: Sequence[str] | None = None,
    timeout: float | None = None,  # noqa: ASYNC109 - it ends the wait, not the job
    on_timeout: Literal["keep", "cancel"] = "keep",
    on_event: EventHandler | None = None,
    **fields: Any,
) -> VideoResult:
    """Make a video without blocking the event loop; arguments and errors as for `generate`.

    Cancelling the task stops a job on this machine and leaves nothing behind; one at a vendor
    goes on.
    """
    request = as_request(prompt, fields)
    generator = _generator(request, config, backend, fallback_backends)
    return await generator.agenerate(
        request, timeout=timeout, on_timeout=on_timeout, on_event=on_event
    )


def resume(
    job: str | Mapping[str, Any],
    *,
    config: ConfigSource = None,
    on_event: EventHandler | None = None,
    check_identity: bool = True,
) -> Job:
    """Take up a job at a vendor again, in this process or after it: nothing is created twice.

    Args:
        job: Its id, a beginning or end of it that no other job has, or what `Job.to_dict` gave.
        config: As for `create_video_generator`; the settings must be those it was submitted with.
        on_event: Hears every `JobEvent`.
        check_identity: Whether to refuse other settings; off, for a key that was renewed.

    Returns:
        The job; `wait` gives its video.

    Raises:
        JobNotFoundError: If there is no such job, or several.
        BackendUnavailableError: If its backend is not installed; the job stays as it is.
        ConfigurationError: If endpoint, region or account are not those it was submitted with.
    """
    from ttv_core.jobs.verbs import get
    from ttv_core.remote import RemoteVideoGenerator

    record = get(str(job.get("id") if isinstance(job, Mapping) else job))
    read = load_config(config)
    try:
        made = create_video_generator(read, record.backend, fallback_backends=())
    except BackendUnavailableError as error:
        error.job_id = record.id
        if error.code == "unknown_backend" and record.plugin:
            error.remedy = f"pip install {record.plugin.split()[0]}, then ttv resume {record.id}"
        raise
    if not isinstance(made, RemoteVideoGenerator):
        msg = f"backend {record.backend!r} has no jobs that can be resumed"
        raise BackendUnavailableError(msg, backend=record.backend, job_id=record.id)
    return made.resume(record, on_event, check=check_identity)


def plan_all(
    request: VideoRequest,
    config: ConfigSource = None,
    *,
    registry: GeneratorRegistry = GENERATOR_REGISTRY,
    seconds: float = 5.0,
) -> list[Candidate]:
    """Plan a request with every installed backend, side by side and in bounded time.

    Args:
        request: What is asked.
        config: As for `create_video_generator`.
        registry: Where backends are looked up.
        seconds: How long all of them together may take.

    Returns:
        One candidate per backend, with its plan or the reason why it has none.
    """
    build = _Builder(load_config(config), registry, {})
    return survey(request, list(registry), build, seconds=seconds)


class _Builder:
    """Makes generators from names, each one once."""

    def __init__(
        self, config: Config, registry: GeneratorRegistry, settings: Mapping[str, dict[str, Any]]
    ) -> None:
        self._config = config
        self._registry = registry
        self._settings = settings
        self._made: dict[str, VideoGenerator] = {}

    def __call__(self, name: str) -> VideoGenerator:
        if name not in self._made:
            own = self._settings.get(name, {})
            made = _create(name, self._config, self._registry, own)
            self._made[name] = _as_generator(name, made, self._config, self._registry)
        return self._made[name]


def _generator(
    request: VideoRequest,
    config: ConfigSource,
    backend: str | None,
    fallbacks: Sequence[str] | None,
) -> VideoGenerator:
    made = generator_for(load_config(config), backend, fallbacks)
    check_option_names(request)
    return made


def generator_for(
    config: Config, backend: str | None, fallbacks: Sequence[str] | None
) -> VideoGenerator:
    """Make a generator as `create_video_generator` does; one of five methods is wrapped."""
    made = create_video_generator(config, backend, fallback_backends=fallbacks)
    return _as_generator(_named(backend, config), made, config, GENERATOR_REGISTRY)


def _read(config: ConfigSource, registry: GeneratorRegistry) -> Config:
    try:
        return load_config(config)
    except ConfigurationError as error:
        if isinstance(config, str) and config in registry:
            error.remedy = f"for the backend of that name, say backend={config!r}"
        raise


def _named(backend: str | None, config: Config) -> str:
    return backend or os.environ.get("TTV_BACKEND") or config.default_backend or "auto"


def _create(
    name: str, config: Config, registry: GeneratorRegistry, settings: Mapping[str, Any]
) -> VideoGeneratorInterface:
    cls = registry[name]
    section = backend_section(config, name)
    values = section.values | dict(settings)
    if issubclass(cls, VideoGenerator):
        checked = cls.Settings.load(values, path=section.path, origins=section.origins)
        return _equipped(cls(checked), config, registry)
    try:
        return cast("VideoGeneratorInterface", cls(**values))
    except TypeError as error:
        msg = f"{section.path}: {cls.__name__} does not take these settings: {error}"
        raise ConfigurationError(msg, key=section.path, backend=name) from error


def _as_generator(
    name: str, made: VideoGeneratorInterface, config: Config, registry: GeneratorRegistry
) -> VideoGenerator:
    if isinstance(made, VideoGenerator):
        return made
    return _equipped(FiveMethodGenerator(name, made), config, registry)


def _equipped(
    generator: VideoGenerator, config: Config, registry: GeneratorRegistry
) -> VideoGenerator:
    generator.defaults = Defaults(config.output_dir, config.max_cost_per_video)
    generator.plugins = registry.plugins
    return generator


def _priority(registry: GeneratorRegistry, name: str) -> int:
    record = registry.plugins.backends().get(name)
    return record.spec.priority if record is not None and record.spec is not None else 0


def check_option_names(request: VideoRequest) -> None:
    """Refuse options for a backend that is not there: they would go nowhere.

    Raises:
        InvalidInputError: If there are some.
    """
    if not request.options:
        return
    known = {*GENERATOR_REGISTRY, *GENERATOR_REGISTRY.plugins.names()}
    for name in request.options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = f"options are given for {name!r}, which is no backend here{hint}"
            raise InvalidInputError(
                violations=[Violation(f"options.{name}", "unknown_field", message)]
            )
