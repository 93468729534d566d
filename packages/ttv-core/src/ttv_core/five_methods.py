"""Make a class with just the five methods a full citizen: planned, measured, published whole."""

from __future__ import annotations

import inspect
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core.capabilities import Capabilities, ModelCapabilities
from ttv_core.domains import parse_size, tier_pixels
from ttv_core.errors import (
    BackendUnavailableError,
    GenerationFailedError,
    VideoGenerationError,
)
from ttv_core.interface import VideoGenerator, as_request
from ttv_core.job import Job, JobContext
from ttv_core.output import PendingFile, choose_target, sidecar_path, storage_error
from ttv_core.planning import cost_violation
from ttv_core.results import (
    Attempt,
    Availability,
    Charged,
    CostEstimate,
    ExpectedVideo,
    MediaInfo,
    VideoResult,
    Violation,
)
from ttv_core.sidecar import write_sidecar

if TYPE_CHECKING:
    from ttv_core.events import EventHandler
    from ttv_core.planning import Plan
    from ttv_core.request import VideoRequest
    from ttv_core.resolved import ResolvedRequest

__all__ = ["FiveMethodGenerator"]

_WIDE = 16 / 9


class FiveMethodGenerator(VideoGenerator):
    """Wraps an object with the five methods, of which nothing more is known.

    What its capabilities say is held against the request; what they do not say is passed on with
    a warning. A field is passed only if the signature of its `generate_video` takes it; a field
    that it does not take is a violation, so nothing is dropped.

    Args:
        name: Name of the backend.
        generator: The object.
    """

    def __init__(self, name: str, generator: Any) -> None:
        """Wrap the object."""
        super().__init__()
        self.name = name  # type: ignore[misc]  # the class serves many backends
        self.generator = generator
        self._takes = _taken(generator.generate_video)

    @property
    def capabilities(self) -> Capabilities:
        """What the object's dictionary says, in our words.

        Raises:
            GenerationFailedError: If it is no dictionary.
        """
        said = self._call(self.generator.get_capabilities)
        if not isinstance(said, Mapping):
            msg = f"get_capabilities returned {type(said).__name__}, not a dictionary"
            raise GenerationFailedError(msg, backend=self.name, code="contract", charged="no")
        return Capabilities(
            backend=self.name,
            kind="remote" if said.get("api_based") else "local",
            models=(_model(said),),
            requires_gpu=bool(said.get("requires_gpu")),
            formats=tuple(str(item) for item in said.get("supported_formats") or ("mp4",)),
        )

    def get_capabilities(self) -> dict[str, Any]:
        """Return the object's own dictionary, with the keys of the contract filled in."""
        return self.capabilities.to_dict() | dict(self.generator.get_capabilities())

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the keyword arguments for `generate_video`: what was set, and nothing else."""
        del model
        found: dict[str, Any] = {}
        for name, old, value in _arguments(request.asked):
            names = [n for n in dict.fromkeys((old, name)) if n is not None and n in self._takes]
            for taken in names:
                found[taken] = _legal(request, name, value)
        return found

    def plan(self, request: VideoRequest | str | None = None, /, **fields: Any) -> Plan:
        """Plan with what the object says of itself; see `VideoGenerator.plan`."""
        asked = as_request(request, fields)
        named = asked.model
        plan = super().plan(asked.with_(model=None) if named else asked)
        if named:
            plan = replace(plan, model=named, request=asked)
            if "model" in self._takes:
                plan = replace(plan, native=plan.native | {"model": named})
            else:
                message = f"model {named!r} was set, but {self.name} makes no use of it"
                plan = plan.refused(Violation("model", "unused", message))
        call = {"prompt": asked.prompt} | {k: v for k, v in plan.native.items() if k != "prompt"}
        plan = replace(
            plan,
            cost=self._cost(call),
            expected=ExpectedVideo(
                **{
                    name: getattr(plan.expected, name)
                    for name, wish in (
                        ("width", "size"),
                        ("height", "size"),
                        ("duration", "duration"),
                        ("fps", "fps"),
                    )
                    if wish in asked.wishes
                }
            ),
        )
        return _within_budget(plan, self.defaults.max_cost).refused(*self._objections(call))

    def availability(self, *, deep: bool = False) -> Availability:
        """Ask `is_available`."""
        del deep
        try:
            ok = bool(self._call(self.generator.is_available))
        except VideoGenerationError as error:
            return Availability(ok=False, reasons=(error.message,))
        return Availability(ok=ok, reasons=() if ok else ("is_available() says no",))

    def _cost(self, call: Mapping[str, Any]) -> CostEstimate:
        amount = self._call(partial(_call_with, self.generator.estimate_cost, call))
        source = f"{type(self.generator).__name__}.estimate_cost"
        if not isinstance(amount, int | float | Decimal) or not math.isfinite(amount):
            return CostEstimate(None, basis="not said", source=source)
        return CostEstimate(Decimal(str(amount)), basis="as it says", source=source)

    def _objections(self, call: Mapping[str, Any]) -> list[Violation]:
        said = self._call(partial(_call_with, self.generator.validate_inputs, call))
        return [Violation("request", "refused", str(message)) for message in said or ()]

    def _call(self, method: Callable[[], Any]) -> Any:
        """Call a method of the object, so that whatever it raises is ours."""
        try:
            return method()
        except VideoGenerationError:
            raise
        except Exception as error:
            msg = f"{self.name} failed: {type(error).__name__}: {error}"
            raise BackendUnavailableError(msg, backend=self.name, code="contract") from error

    def _make(self, plan: Plan, on_event: EventHandler | None, job_id: str) -> Job:
        self.availability().check(self.name)
        context = JobContext(job_id, self.name, on_event, self.plugins)
        target = choose_target(plan, context.job_id, self.defaults.output_dir)
        pending = PendingFile(target, overwrite=plan.request.overwrite).create()
        # It cannot be stopped from outside, so it must not keep the process alive either.
        work = partial(self._work, plan, context, pending)
        return Job(plan, context).run(work, daemon=True)

    def _stop(self, job: Job) -> None:
        job.cancel()

    def _work(self, plan: Plan, context: JobContext, pending: PendingFile) -> VideoResult:
        started = time.perf_counter()
        with pending:
            context.emit("running")
            made = self._generated(plan, context, pending)
            context.check()
            if made.resolve() != pending.path.resolve():
                try:
                    shutil.copyfile(made, pending.path)
                except OSError as error:
                    raise storage_error(error, pending.target) from error
            context.emit("measuring")
            result = self._result(plan, context, pending)
            result.timings["total"] = round(time.perf_counter() - started, 3)
            pending.publish()
        if result.sidecar is not None:
            write_sidecar(result, plan)
        return result

    def _generated(self, plan: Plan, context: JobContext, pending: PendingFile) -> Path:
        call = dict(plan.native)
        for name in ("output_path", "output"):
            if name in self._takes:
                call[name] = str(pending.path)
                # It was made to see that it can be; many a tool asks before it replaces a file.
                pending.path.unlink(missing_ok=True)
        prompt = call.pop("prompt", plan.request.prompt)
        for name in self._takes.required:
            call.setdefault(name, None)
        charged: Charged = "no" if plan.cost.amount == 0 else "unknown"
        facts: dict[str, Any] = {"backend": self.name, "job_id": context.job_id}
        try:
            made = Path(str(self.generator.generate_video(prompt, **call)))
        except VideoGenerationError as error:
            error.backend = error.backend or self.name
            error.job_id = error.job_id or context.job_id
            if error.charged == "unknown":
                error.charged = charged
            raise
        except Exception as error:
            msg = f"{self.name} failed: {type(error).__name__}: {error}"
            raise GenerationFailedError(
                msg, code="engine_error", charged=charged, **facts
            ) from error
        if not made.is_file() or made.stat().st_size == 0:
            msg = f"{self.name} returned {str(made)!r}, where there is no video"
            raise GenerationFailedError(msg, code="no_file", charged=charged, **facts)
        return made

    def _result(self, plan: Plan, context: JobContext, pending: PendingFile) -> VideoResult:
        from ttv_core.media import measure

        info: MediaInfo | None = None
        try:
            info = measure(pending.path)
        except BackendUnavailableError as error:  # the media extra is not installed
            notes: tuple[str, ...] = (f"the file was not measured: {error.message}",)
        else:
            notes = info.deviations(plan.expected)
        return VideoResult(
            path=pending.target,
            info=info,
            backend=self.name,
            model=plan.model,
            mode=plan.mode,
            seed=plan.request.seed,
            adjustments=plan.adjustments,
            warnings=(*plan.warnings, *notes),
            cost=plan.cost,
            charged="no" if plan.cost.amount == 0 else "yes",
            attempts=(Attempt(self.name, "used", "asked for", model=plan.model),),
            job_id=context.job_id,
            sidecar=sidecar_path(pending.target) if plan.request.sidecar else None,
        )


class _Taken:
    """The keyword arguments a method takes."""

    def __init__(self, names: set[str], required: tuple[str, ...], *, anything: bool) -> None:
        self.names = names
        self.required = required
        self.anything = anything

    def __contains__(self, name: str) -> bool:
        return self.anything or name in self.names


def _taken(method: Callable[..., Any]) -> _Taken:
    parameters = list(inspect.signature(method).parameters.values())
    named = [p for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}]
    required = tuple(p.name for p in named if p.default is p.empty and p.name != "prompt")
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return _Taken({p.name for p in named}, required, anything=anything)


def _call_with(method: Callable[..., Any], call: Mapping[str, Any]) -> Any:
    """Call a method with those of the arguments that it takes."""
    taken = _taken(method)
    arguments = {name: value for name, value in call.items() if name in taken}
    return method(**arguments)


def _arguments(request: VideoRequest) -> list[tuple[str, str | None, Any]]:
    """Return (our name, older name, value) of every wish that a call can carry."""
    single = {"first_frame": "image", "last_frame": "last_image", "source_video": "source_video"}
    older = {"image": "input_image_path", "last_image": "last_image_path"}
    found: list[tuple[str, str | None, Any]] = []
    plain = [wish for wish in request.wishes if wish not in {"inputs", "model", "options"}]
    found += [(wish, None, getattr(request, wish)) for wish in plain]
    for role, name in single.items():
        if given := request.by_role(role):
            found.append((name, older.get(name), given[0].source))
    if references := request.by_role("reference"):
        found.append(("reference_images", None, [item.source for item in references]))
    return found


def _legal(request: ResolvedRequest, name: str, asked: Any) -> Any:
    """Return the settled value of a wish, noting that it was read."""
    roles = {"image": "first_frame", "last_image": "last_frame", "reference_images": "references"}
    if name in roles or name == "source_video":
        getattr(request, roles.get(name, name))
        return str(asked) if isinstance(asked, Path) else asked
    if name == "size":
        return (request.width, request.height)
    return getattr(request, name)


def _model(said: Mapping[str, Any]) -> ModelCapabilities:
    """Turn a dictionary of capabilities into ours, as far as it says anything."""
    modes = []
    if said.get("supports_text_to_video", True):
        modes.append("text_to_video")
    inputs: dict[str, Any] = {}
    if said.get("supports_image_to_video", True):
        modes += ["image_to_video", "first_last_frame"]
        inputs = {role: {"formats": (), "urls": True} for role in ("first_frame", "last_frame")}
    longest = said.get("max_duration")
    return ModelCapabilities.model_validate(
        {
            "id": str(said.get("default_model") or "default"),
            "modes": modes or ["text_to_video"],
            "prompt": {"required": False},
            "durations": {"maximum": longest} if isinstance(longest, int | float) else None,
            "canvas": _canvas(said),
            "inputs": inputs,
            "negative_prompt": "unknown",
            "seed_unknown": True,
            "audio": "unknown",
            "enhance_prompt": "unknown",
        }
    )


def _canvas(said: Mapping[str, Any]) -> dict[str, Any]:
    listed = [str(item) for item in said.get("supported_resolutions") or ()]
    try:
        if listed:
            return {"sizes": ["x".join(str(edge) for edge in parse_size(item)) for item in listed]}
        if most := said.get("max_resolution"):
            width, height = _largest(str(most))
            edge = max(width, height)
            bounds = {"min_edge": 1, "max_edge": edge, "max_pixels": width * height}
            return {"range": bounds | {"multiple_of": 1}}
    except ValueError:
        pass  # said in words of its own; passed on with a warning
    return {}


def _largest(resolution: str) -> tuple[int, int]:
    try:
        return parse_size(resolution)
    except ValueError:
        short = tier_pixels(resolution)
        return round(short * _WIDE), short


def _within_budget(plan: Plan, configured: Decimal | None) -> Plan:
    """Hold the object's own estimate against the limits."""
    kept = tuple(v for v in plan.violations if v.code not in {"cost_limit", "cost_unknown"})
    found = cost_violation(plan.request, plan.cost, plan.model, configured)
    return replace(plan, violations=(*kept, *([found] if found else [])))
