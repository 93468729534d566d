"""Decide, before anything is sent, exactly what would be sent.

`make_plan` is pure: it reads the request, the model's data and the headers of local input files,
and touches no network. Validation, cost, dry runs and submission all read the same plan, so they
cannot disagree.

Fields are settled in a fixed order (mode and inputs, audio, canvas, fps, length, n, the rest);
each is held against the model's data, narrowed by the combination rules that apply so far. What is
not legal becomes a violation, or, where the user allowed it, an adjustment to the nearest legal
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ttv_core.canvas import settle_canvas
from ttv_core.capabilities import ModelCapabilities
from ttv_core.draft import Draft
from ttv_core.errors import CostLimitError, InvalidInputError, PluginError, VideoGenerationError
from ttv_core.labels import quoted
from ttv_core.length import settle_length
from ttv_core.models import find_model, status_warnings
from ttv_core.modes import mode_of, settle_inputs
from ttv_core.options import settle_options
from ttv_core.pricing import cost_violation, estimate
from ttv_core.resolved import ResolvedRequest
from ttv_core.results import Adjustment, CostEstimate, ExpectedVideo, Violation, plain, plain_record
from ttv_core.wishes import settle_negative_prompt, settle_prompt, settle_seed, settle_switch

if TYPE_CHECKING:
    from decimal import Decimal

    from pydantic import BaseModel

    from ttv_core.request import VideoRequest

__all__ = ["Plan", "cost_violation", "find_model", "make_plan"]

NativeMap = Callable[[ResolvedRequest, ModelCapabilities], Mapping[str, Any]]


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

    Raises:
        PluginError: If `native` fails.
    """
    model = model.in_mode(mode_of(request, model))
    draft = Draft(request, model, backend)
    draft.warnings += status_warnings(model, backend)
    values = _settle(draft)
    resolved = ResolvedRequest(values, settle_options(draft, options), draft)
    mapped = _map(draft, resolved, native)
    cost = estimate(model, draft.settled, draft.extras)
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
    """Settle every field in its order; rules and prices read `draft.settled`."""
    request, model = draft.request, draft.model
    values: dict[str, Any] = {"model": model.id, "prompt": settle_prompt(draft)}
    values |= settle_inputs(draft)
    values["audio"] = draft.settled["audio"] = settle_switch(
        draft, "audio", asked=request.audio, support=model.audio
    )
    values |= settle_canvas(draft)
    values |= settle_length(draft)
    n = draft.number("n", request.n, model.n, usual=1)
    values["n"] = draft.settled["n"] = int(n or 1)
    values["seed"] = settle_seed(draft)
    values["negative_prompt"] = settle_negative_prompt(draft)
    values["enhance_prompt"] = settle_switch(
        draft, "enhance_prompt", asked=request.enhance_prompt, support=model.enhance_prompt
    )
    _check_rules(draft)
    _check_groups(draft)
    return values


def _check_rules(draft: Draft) -> None:
    """Refuse what a rule forbids and narrowing came too late for."""
    told = {violation.field for violation in draft.violations}
    for rule in draft.model.rules:
        for name in rule.broken(draft.settled):
            if name not in told:
                allowed = ", ".join(map(str, rule.then[name]))
                value = quoted(draft.settled[name])
                said = f"{name} {value} is not possible here; allowed: {allowed}; {rule.why}"
                draft.refuse(name, "combination", said.rstrip("; "), allowed)


def _check_groups(draft: Draft) -> None:
    """Refuse fields that exclude each other, or lack one that they need."""
    request, model = draft.request, draft.model
    asked = {*request.wishes, *(item.role for item in request.inputs)}
    for group in model.excludes:
        together = [name for name in group if name in asked]
        if len(together) > 1:
            said = f"{model.id} does not take {' and '.join(together)} together"
            draft.refuse(together[1], "combination", said)
    for name, needed in model.requires.items():
        for other in needed:
            if name in asked and other not in asked:
                draft.refuse(name, "combination", f"{model.id} takes {name} with {other}")


def _map(draft: Draft, resolved: ResolvedRequest, native: NativeMap) -> dict[str, Any]:
    """Return the engine's parameters, and refuse the wishes that are not in them."""
    try:
        mapped = dict(native(resolved, draft.model))
    except InvalidInputError as error:
        refused = error.violations or (Violation("request", "refused", error.message),)
        draft.violations.extend(refused)
    except Exception as error:
        # What is left of a refused request need not fit together; its violations say more.
        if not draft.violations:
            if isinstance(error, VideoGenerationError):
                raise
            msg = f"{draft.backend} failed to plan: {type(error).__name__}: {error}"
            raise PluginError(msg, backend=draft.backend, model=draft.model.id) from error
    else:
        _check_unread(draft, resolved)
        return mapped
    draft.warn("what would be sent cannot be shown while something stands in the way")
    return {}


def _check_unread(draft: Draft, resolved: ResolvedRequest) -> None:
    """Refuse every wish that the backend's mapping never read, so that none is dropped."""
    told = {violation.field for violation in draft.violations}
    for name in resolved.unread():
        if name not in told:
            message = f"{name} was set, but {draft.backend} makes no use of it"
            draft.refuse(name, "unused", message)


def _expected(model: ModelCapabilities, values: Mapping[str, Any]) -> ExpectedVideo:
    sound = {"always": True, "never": False}.get(model.audio, values["audio"])
    return ExpectedVideo(
        width=values["width"],
        height=values["height"],
        duration=values["duration"],
        fps=values["fps"],
        num_frames=values["num_frames"],
        audio=sound,
    )
