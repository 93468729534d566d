"""Decide, before anything is sent, exactly what would be sent.

`make_plan` is pure: it reads the request, the model's data and the headers of local input files,
and touches no network. Validation, cost, dry runs and submission all read the same plan, so they
cannot disagree.

Fields are settled in a fixed order (mode, inputs, audio, canvas, fps, length, n, the rest); each
is held against the model's data, narrowed by the combination rules that apply so far. What is not
legal becomes a violation, or, where the user allowed it, an adjustment to the nearest legal value.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from ttv_core.canvas import settle_canvas
from ttv_core.capabilities import Capabilities, ModelCapabilities, Rule
from ttv_core.domains import Numbers
from ttv_core.errors import CostLimitError, InvalidInputError, ModelNotFoundError
from ttv_core.modes import settle_inputs, settle_mode
from ttv_core.pricing import estimate
from ttv_core.resolved import ResolvedRequest
from ttv_core.results import Adjustment, CostEstimate, ExpectedVideo, Violation, plain, plain_record

if TYPE_CHECKING:
    from decimal import Decimal

    from ttv_core.request import VideoRequest

__all__ = ["Draft", "Plan", "cost_violation", "find_model", "make_plan"]

NativeMap = Callable[[ResolvedRequest, ModelCapabilities], Mapping[str, Any]]

_ROLE_FIELDS = {
    "first_frame": "first_frame",
    "last_frame": "last_frame",
    "references": "reference",
    "source_video": "source_video",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent for a request, what it would cost, and what stands in the way.

    Attributes:
        backend: Who would make it.
        model: With which model.
        mode: "text_to_video", "image_to_video", …
        native: Exactly what goes to the engine.
        adjustments: Wishes changed to the nearest legal value.
        violations: Wishes that cannot be served; nothing is sent while there is one.
        warnings: What the user should know.
        cost: The expected cost.
        expected: What the file should turn out to be.
        request: What was asked.
    """

    backend: str
    model: str
    mode: str
    native: dict[str, Any]
    adjustments: tuple[Adjustment, ...]
    violations: tuple[Violation, ...]
    warnings: tuple[str, ...]
    cost: CostEstimate
    expected: ExpectedVideo
    request: VideoRequest

    @property
    def ok(self) -> bool:
        """Whether the request can be served."""
        return not self.violations

    def refused(self, *violations: Violation) -> Plan:
        """Return the plan with further violations."""
        return replace(self, violations=(*self.violations, *violations))

    def check(self) -> None:
        """Raise if the request cannot be served.

        Raises:
            CostLimitError: If only the cost stands in the way.
            InvalidInputError: If anything else does.
        """
        if self.ok:
            return
        costly = all(v.code in {"cost_limit", "cost_unknown"} for v in self.violations)
        kind = CostLimitError if costly else InvalidInputError
        raise kind(violations=self.violations, backend=self.backend, model=self.model)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; bytes are given as their count."""
        return {
            "backend": self.backend,
            "model": self.model,
            "mode": self.mode,
            "ok": self.ok,
            "native": plain(self.native),
            "adjustments": plain_record(self.adjustments),
            "violations": plain_record(self.violations),
            "warnings": list(self.warnings),
            "cost": self.cost.to_dict(),
            "expected": self.expected.to_dict(),
        }


@dataclass
class Draft:
    """A plan in the making: the request, the model, and what has been found so far."""

    request: VideoRequest
    model: ModelCapabilities
    backend: str
    settled: dict[str, Any] = field(default_factory=dict)
    exempt: set[str] = field(default_factory=set)
    adjustments: list[Adjustment] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, name: str, code: str, message: str, allowed: str = "") -> None:
        """Record a violation."""
        self.violations.append(Violation(name, code, message, allowed))

    def warn(self, message: str) -> None:
        """Record a warning, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def change(
        self, name: str, asked: Any, used: Any, allowed: str, code: str = "out_of_range"
    ) -> Any:
        """Record that another value is used, as the user allows it: adjustment or violation."""
        self.exempt.add(name)
        if self.request.on_unsupported == "adjust":
            self.adjustments.append(Adjustment(name, asked, used, f"allowed: {allowed}"))
        else:
            message = f"{name} {_quoted(asked)} is not possible with {self.model.id}"
            self.refuse(name, code, f"{message}; allowed: {allowed}", allowed)
        return used

    def drop(self, name: str, asked: Any, why: str) -> None:
        """Record that a wish the model does not know is left out."""
        self.exempt.add(name)
        if self.request.on_unsupported == "adjust":
            self.adjustments.append(Adjustment(name, asked, None, why))
        else:
            self.refuse(name, "unsupported", f"{name} {_quoted(asked)}: {why}")

    def rules_for(self, name: str) -> list[Rule]:
        """Return the rules that narrow a field, as far as fields are settled."""
        return [r for r in self.model.rules if name in r.then and r.applies(self.settled)]

    def narrowed(self, name: str, numbers: Numbers) -> Numbers:
        """Return a domain of numbers narrowed by the rules that apply."""
        for rule in self.rules_for(name):
            try:
                numbers = numbers.within(Numbers(choices=rule.then[name]))
            except ValueError as error:
                self.refuse(name, "combination", f"{name}: {error}: {rule.why}")
        return numbers

    def number(self, name: str, asked: float | None, domain: Numbers | None) -> float | None:
        """Settle a number: the user's, the nearest legal one, or the default."""
        if domain is None:
            if asked is not None:
                self.warn(f"{self.model.id} does not say which {name} it takes; {asked:g} is sent")
            return asked
        domain = self.narrowed(name, domain)
        if asked is None:
            return domain.default if domain.default is not None else domain.only
        if domain.only == asked:
            self.exempt.add(name)
        if domain.allows(asked):
            return domain.nearest(asked)
        used = domain.nearest(asked)
        self.change(name, asked, _whole(used), domain.describe())
        return used


def find_model(capabilities: Capabilities, name: str | None) -> ModelCapabilities:
    """Return the model asked for, or the default.

    Raises:
        ModelNotFoundError: If the model is retired, or unknown and the backend takes no unknown
            ones; names what there is.
    """
    if name is None:
        return capabilities.default
    found = capabilities.find(name)
    known = [model.id for model in capabilities.models if model.status != "retired"]
    if found is not None and found.status != "retired":
        return found
    if found is not None:
        since = f" since {found.status_date}" if found.status_date else ""
        after = f"; use {found.successor!r}" if found.successor else f"; use {_listed(known)}"
        msg = f"model {name!r} of {capabilities.backend} is retired{since}{after}"
        raise ModelNotFoundError(msg, backend=capabilities.backend, model=name, code="retired")
    if capabilities.unknown_models:
        fields = {"durations": None, "canvas": {}, "n": {"minimum": 1}, "audio": "unknown"}
        return ModelCapabilities.model_validate(
            fields
            | {
                "id": name,
                "modes": _all_modes(capabilities),
                "negative_prompt": "unknown",
                "seed_unknown": True,
                "enhance_prompt": "unknown",
                "inputs": {role: {"maximum": 99, "formats": ()} for role in _ROLE_FIELDS.values()},
                "provisional": True,
            }
        )
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    msg = f"{capabilities.backend} has no model {name!r}; it has {_listed(known)}.{hint}"
    raise ModelNotFoundError(msg, backend=capabilities.backend, model=name, code="unknown_model")


def make_plan(
    request: VideoRequest,
    model: ModelCapabilities,
    native: NativeMap,
    *,
    backend: str,
    options: type[BaseModel] | None = None,
    max_cost: Decimal | None = None,
) -> Plan:
    """Plan a request with a model. Pure: no network, nothing written.

    Args:
        request: What is asked.
        model: What the model can do.
        native: Maps the resolved request to the engine's parameters; pure.
        backend: Name of the backend.
        options: The backend's own options, a pydantic model; None when it takes none.
        max_cost: A limit in US dollars from the configuration, besides the request's own.

    Returns:
        The plan. It may hold violations; `Plan.check` raises them.
    """
    draft = Draft(request, model, backend)
    if model.provisional:
        draft.warn(f"model {model.id!r} is not in {backend}'s table; nothing about it is checked")
    if model.status == "deprecated":
        until = f" and ends on {model.status_date}" if model.status_date else ""
        draft.warn(f"model {model.id!r} is deprecated{until}; successor: {model.successor}")
    values = _settle(draft)
    chosen = _settle_options(draft, options)
    resolved = ResolvedRequest(values, chosen, draft)
    mapped = _map(draft, resolved, native)
    _check_unread(draft, resolved)
    cost = estimate(model, draft.settled)
    if over := cost_violation(request, cost, model.id, max_cost):
        draft.violations.append(over)
    return Plan(
        backend=backend,
        model=model.id,
        mode=values["mode"],
        native=mapped,
        adjustments=tuple(draft.adjustments),
        violations=tuple(draft.violations),
        warnings=tuple(draft.warnings),
        cost=cost,
        expected=_expected(model, values),
        request=request,
    )


def _settle(draft: Draft) -> dict[str, Any]:
    request, model = draft.request, draft.model
    draft.exempt.add("model")
    values: dict[str, Any] = {"model": model.id, "prompt": _settle_prompt(draft)}
    values |= settle_inputs(draft, settle_mode(draft))
    draft.settled["mode"] = values["mode"]
    values["audio"] = _settle_switch(draft, "audio", request.audio, model.audio)
    draft.settled["audio"] = values["audio"]
    values |= settle_canvas(draft)
    values |= _settle_length(draft)
    n = draft.number("n", request.n, model.n)
    values["n"] = draft.settled["n"] = int(n or 1)
    values["seed"] = _settle_seed(draft)
    values["negative_prompt"] = _settle_negative(draft)
    values["enhance_prompt"] = _settle_switch(
        draft, "enhance_prompt", request.enhance_prompt, model.enhance_prompt
    )
    _check_rules(draft)
    _check_groups(draft)
    return values


def _settle_prompt(draft: Draft) -> str:
    prompt, limit = draft.request.prompt, draft.model.prompt
    if limit.required and not prompt.strip():
        draft.refuse("prompt", "missing", f"{draft.model.id} needs a prompt; it is empty")
    if limit.maximum is None:
        return prompt
    count = limit.count(prompt)
    if count > limit.maximum:
        said = f"prompt is {count:,} {limit.unit} long"
        allowed = f"at most {limit.maximum:,} {limit.unit}"
        draft.refuse("prompt", "too_long", f"{said}; {draft.model.id} takes {allowed}", allowed)
    return prompt


def _settle_switch(draft: Draft, name: str, asked: bool | None, support: str) -> bool | None:
    """Settle a wish that is yes or no: audio, prompt rewriting."""
    if support in {"always", "never"}:
        fixed = support == "always"
        if asked is None:
            return fixed
        draft.exempt.add(name)
        if asked is not fixed:
            draft.change(name, asked, fixed, str(fixed), code="unsupported")
        return fixed
    if asked is not None and support == "unknown":
        draft.warn(f"whether {draft.model.id} takes {name} is unknown; {asked} is sent")
    return asked


def _settle_length(draft: Draft) -> dict[str, Any]:
    """Settle fps, duration and number of frames, which say one thing in three ways."""
    request, model = draft.request, draft.model
    fps = draft.number("fps", request.fps, model.fps)
    draft.settled["fps"] = fps
    if model.frames is not None:
        duration, frames = _length_in_frames(draft, model.frames, fps)
    else:
        duration, frames = _length_in_seconds(draft, fps)
    draft.settled["duration"], draft.settled["num_frames"] = duration, frames
    return {"fps": fps, "duration": duration, "num_frames": frames}


def _length_in_seconds(draft: Draft, fps: float | None) -> tuple[float | None, int | None]:
    request = draft.request
    if request.num_frames is None:
        duration = draft.number("duration", request.duration, draft.model.durations)
        return duration, None if duration is None or fps is None else max(1, round(duration * fps))
    if fps is None:
        why = f"{draft.model.id} does not say its frame rate; give duration in seconds"
        draft.drop("num_frames", request.num_frames, why)
        return draft.number("duration", None, draft.model.durations), None
    duration = request.num_frames / fps
    domain = draft.model.durations
    if domain is None:
        return draft.number("duration", duration, None), request.num_frames
    domain = draft.narrowed("duration", domain)
    if domain.allows(duration):
        return duration, request.num_frames
    used = domain.nearest(duration)
    frames = max(1, round(used * fps))
    if frames != request.num_frames:
        allowed = f"{domain.describe()} seconds at {fps:g} fps"
        draft.change("num_frames", request.num_frames, frames, allowed)
    return used, frames


def _length_in_frames(
    draft: Draft, frames: Numbers, fps: float | None
) -> tuple[float | None, int | None]:
    request = draft.request
    frames = draft.narrowed("num_frames", frames)
    if request.num_frames is not None or request.duration is None or fps is None:
        if request.duration is not None:
            draft.drop("duration", request.duration, "the frame rate is unknown; give num_frames")
        count = draft.number("num_frames", request.num_frames, frames)
        used = None if count is None else int(count)
        return None if used is None or fps is None else used / fps, used
    exact = request.duration * fps
    used = int(frames.nearest(exact))
    off = abs(used - exact)
    if off > 1 + 1e-9:
        allowed = f"{frames.describe()} frames at {fps:g} fps"
        draft.change("duration", request.duration, round(used / fps, 4), allowed)
    elif off > 0.5:
        draft.warn(
            f"duration {request.duration:g} s is made as {used} frames, {used / fps:.3f} s: "
            f"{draft.model.id} makes {frames.describe()} frames"
        )
    return used / fps, used


def _settle_seed(draft: Draft) -> int | None:
    seed, model = draft.request.seed, draft.model
    if seed is None:
        return None
    if model.seed is None:
        if model.seed_unknown:
            draft.warn(f"whether {model.id} takes a seed is unknown; {seed} is sent")
            return seed
        draft.drop("seed", seed, f"{model.id} takes no seed")
        return None
    used = draft.number("seed", seed, model.seed)
    # A seed above 2^53 would lose its last digits as a float.
    return seed if used is None or model.seed.allows(seed) else int(used)


def _settle_negative(draft: Draft) -> str | None:
    text, model = draft.request.negative_prompt, draft.model
    if not text:
        return None
    if model.negative_prompt is False:
        draft.drop("negative_prompt", text, f"{model.id} takes no negative prompt")
        return None
    if model.negative_prompt == "unknown":
        draft.warn(f"whether {model.id} takes a negative prompt is unknown; it is sent")
    return text


def _settle_options(draft: Draft, options: type[BaseModel] | None) -> BaseModel | None:
    """Check this backend's own options; those for other backends are left to them."""
    given = dict(draft.request.options)
    mine = given.pop(draft.backend, {})
    for other in given:
        draft.warn(f"options for {other!r} do not concern {draft.backend} and are not used by it")
    if not mine:
        draft.exempt.add("options")
    if options is None:
        for name in mine:
            message = f"{draft.backend} takes no options; {name!r} was given"
            draft.refuse(f"options.{draft.backend}.{name}", "unknown_field", message)
        return None
    try:
        return options.model_validate(mine)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            _refuse_option(draft, options, mine, item)
    legal = {k: v for k, v in mine.items() if k in options.model_fields}
    return options.model_construct(set(), **legal) if legal else None


def _refuse_option(
    draft: Draft, options: type[BaseModel], given: Mapping[str, Any], item: Any
) -> None:
    name = ".".join(str(part) for part in item["loc"]) or "options"
    key = f"options.{draft.backend}.{name}"
    known = sorted(options.model_fields)
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {_listed(known)}"
        draft.refuse(key, "unknown_field", f"{key} is not known; {hint}", _listed(known))
        return
    reason = str(item["msg"]).removeprefix("Value error, ")
    draft.refuse(key, "invalid", f"{key} is {_quoted(given.get(name))}: {reason}")


def _map(draft: Draft, resolved: ResolvedRequest, native: NativeMap) -> dict[str, Any]:
    if not draft.violations:
        return dict(native(resolved, draft.model))
    # The wishes left after refusals may not fit together; what can be shown is shown.
    try:
        return dict(native(resolved, draft.model))
    except Exception:  # noqa: BLE001 - the plan is refused anyway, with better reasons
        return {}


def _check_unread(draft: Draft, resolved: ResolvedRequest) -> None:
    request = draft.request
    wishes = tuple(w for w in request.wishes if w not in draft.exempt)
    roles = {
        name: role
        for name, role in _ROLE_FIELDS.items()
        if request.by_role(role) and role not in draft.exempt
    }
    told = {v.field for v in draft.violations}
    for name in resolved.unread(wishes, roles):
        shown = name.replace("options.", f"options.{draft.backend}.", 1)
        if shown not in told and name not in told:
            message = f"{shown} was set, but {draft.backend} makes no use of it"
            draft.refuse(shown, "unused", message)


def _check_rules(draft: Draft) -> None:
    """Refuse what a rule forbids and narrowing came too late for."""
    told = {v.field for v in draft.violations}
    for rule in draft.model.rules:
        if not rule.applies(draft.settled):
            continue
        for name, allowed in rule.then.items():
            value = draft.settled.get(name)
            if value is not None and value not in allowed and name not in told:
                said = f"{name} {_quoted(value)} is not possible here: {rule.why or 'see allowed'}"
                draft.refuse(name, "combination", said, _listed(allowed))


def _check_groups(draft: Draft) -> None:
    asked = set(draft.request.wishes) | {item.role for item in draft.request.inputs}
    for group in draft.model.excludes:
        together = [name for name in group if name in asked]
        if len(together) > 1:
            names = " and ".join(together)
            draft.refuse(together[1], "combination", f"{draft.model.id} does not take {names}")
    for name, needed in draft.model.requires.items():
        for other in needed:
            if name in asked and other not in asked:
                draft.refuse(name, "combination", f"{draft.model.id} takes {name} with {other}")


def cost_violation(
    request: VideoRequest, cost: CostEstimate, model: str, configured: Decimal | None
) -> Violation | None:
    """Return why a cost is over the request's or the configured limit, or None."""
    limits = [limit for limit in (request.max_cost, configured) if limit is not None]
    if not limits:
        return None
    limit = min(limits)
    if cost.amount is None:
        if request.allow_unknown_cost:
            return None
        message = (
            f"the price of {model} is unknown, so a limit of ${limit} cannot be kept; "
            "set allow_unknown_cost to go on"
        )
        return Violation("max_cost", "cost_unknown", message)
    if cost.amount > limit:
        message = f"it would cost {cost} ({cost.basis}), more than the limit of ${limit}"
        return Violation("max_cost", "cost_limit", message, f"at most ${limit}")
    return None


def _expected(model: ModelCapabilities, values: Mapping[str, Any]) -> ExpectedVideo:
    sound = {"always": True, "never": False}.get(model.audio, values["audio"])
    return ExpectedVideo(
        width=values.get("width"),
        height=values.get("height"),
        duration=values["duration"],
        fps=values["fps"],
        num_frames=values["num_frames"],
        audio=sound,
    )


def _all_modes(capabilities: Capabilities) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mode for model in capabilities.models for mode in model.modes))


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _quoted(value: Any) -> str:
    if isinstance(value, tuple) and len(value) == 2:
        return f"{value[0]}x{value[1]}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values) or "nothing"
