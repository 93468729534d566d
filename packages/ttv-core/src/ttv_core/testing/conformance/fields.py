"""No wish is dropped or changed in silence: for every model, mode and field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ttv_core.errors import InvalidInputError
from ttv_core.testing.conformance.asking import Asked, Asking
from ttv_core.testing.conformance.values import Wish, alike, wishes_of
from ttv_core.testing.conformance.verdict import all_hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core.interface import VideoGenerator
    from ttv_core.planning import Plan

__all__ = ["Fields"]

_LAYOUT = frozenset({"aspect_ratio", "resolution", "size"})
_LENGTH = frozenset({"duration", "num_frames", "fps"})
_NATIVE = "ttv_core.VideoGenerator.native"
_CAPABILITIES = "ttv_core.capabilities.ModelCapabilities"


class Fields(Asking):
    """Tests of what becomes of each field of a request."""

    def test_every_mode_that_is_listed_can_be_asked_for(self) -> None:
        """Plan the smallest request of each model in each of its modes."""
        backend = self.made()
        problems = []
        for asked in self.every(backend):
            plan = backend.plan(**asked.fields)
            if not plan.ok:
                said = "; ".join(violation.message for violation in plan.violations)
                problems.append(f"{asked}: {said}")
            elif plan.mode != asked.mode:
                problems.append(f"{asked}: the plan is of {plan.mode}")
        all_hold(
            problems,
            mend="list a mode only with the inputs it takes, or override `fields` in your test "
            "class where a model needs more than a prompt and its pictures",
            see=_CAPABILITIES,
        )

    def test_no_wish_is_dropped(self) -> None:
        """Hold plans of legal values against each other: they must differ, or refuse one."""
        backend = self.made()
        problems = []
        for asked, wish in self._wishes(backend):
            plans = [
                (value, self._planned(backend, asked, {wish.field: value})) for value in wish.legal
            ]
            problems += [
                f"{asked}: {wish.field}={one!r} and {wish.field}={other!r} plan the same"
                for one, other in alike((value, plan) for value, plan in plans if plan.ok)
            ]
        all_hold(
            problems,
            mend="put the value into what `native` returns, or take it out of the capabilities",
            see=_NATIVE,
        )

    def test_no_picture_is_dropped(self) -> None:
        """Hold plans of two different inputs against each other."""
        backend = self.made()
        problems = []
        for asked in self.every(backend):
            for name, other in self.inputs(asked.model, asked.mode, level=200).items():
                if other != asked.fields.get(name) and self._same(
                    backend, asked, {}, {name: other}
                ):
                    problems.append(f"{asked}: two different values of {name} plan the same")
        all_hold(
            problems,
            mend="put the picture into what `native` returns",
            see=_NATIVE,
        )

    @pytest.mark.parametrize(("field", "value"), [("seed", 0), ("audio", False)])
    def test_zero_and_no_are_wishes(self, field: str, value: Any) -> None:
        """Ask for `seed=0` and `audio=False`, which are values and not absences."""
        backend = self.made()
        problems = []
        for asked, wish in self._wishes(backend):
            if wish.field != field or value not in wish.legal:
                continue
            other = next((item for item in wish.legal if item != value), None)
            unset = self._planned(backend, asked, {})
            meant = self._planned(backend, asked, {field: value})
            heeds = other is not None and not self._same(backend, asked, {}, {field: other})
            said = meant.ok and meant.native == unset.native
            if heeds and said and not _holds_value(meant.native, value):
                problems.append(f"{asked}: {field}={value!r} plans what no {field} at all plans")
        all_hold(
            problems,
            mend=f"ask `if request.{field} is not None`, not `if request.{field}` or "
            f"`request.{field} or …`",
            see=_NATIVE,
        )

    def test_what_a_model_cannot_do_is_refused(self) -> None:
        """Ask for values that the capabilities do not allow."""
        backend = self.made()
        problems = []
        for wanted, _, plan in self._impossible(backend):
            if plan.ok:
                problems.append(f"{wanted} is planned; nobody is told")
            elif not all(violation.message.strip() for violation in plan.violations):
                problems.append(f"{wanted} is refused without a word")
        all_hold(
            problems,
            mend="let planning hold the request against the data: do not override `plan` to take "
            "violations away",
            see="ttv_core.VideoGenerator.plan",
        )

    def test_what_is_adjusted_is_told(self) -> None:
        """Ask for the same with `on_unsupported="adjust"`: each change is in the plan."""
        backend = self.made()
        problems = []
        for wanted, field, plan in self._impossible(backend, on_unsupported="adjust"):
            changed = {adjustment.field for adjustment in plan.adjustments}
            if plan.ok and changed.isdisjoint(_ways_to_say(field)):
                problems.append(f"{wanted} is changed; nobody is told")
        all_hold(
            problems,
            mend="record what `native` changes with `request.adjust`",
            see="ttv_core.ResolvedRequest.adjust",
        )

    def test_an_option_that_it_does_not_know_is_refused(self) -> None:
        """Give an option under the backend's own name that it does not have."""
        wrong = {"options": {self.name: {"no_such_option": 1}}}
        plan = self.made().plan(**self.asks | wrong)
        told = [violation.message for violation in plan.violations]
        all_hold(
            () if told else [f"options={{{self.name!r}: {{'no_such_option': 1}}}} is planned"],
            mend='give `Options` a pydantic model with `extra="forbid"`, or None',
            see="ttv_core.VideoGenerator",
        )

    def _wishes(self, backend: VideoGenerator) -> Iterator[tuple[Asked, Wish]]:
        for asked in self.every(backend):
            for wish in wishes_of(asked.model):
                yield asked, wish

    def _impossible(self, backend: VideoGenerator, **more: Any) -> Iterator[tuple[str, str, Plan]]:
        """Return plans of values that are not legal: what is asked, its field, and the plan."""
        for asked, wish in self._wishes(backend):
            for value in wish.illegal:
                try:
                    plan = self._planned(backend, asked, {wish.field: value, **more})
                except InvalidInputError:  # no request of any backend may have it
                    continue
                yield f"{asked}: {wish.field}={value!r}", wish.field, plan

    def _planned(self, backend: VideoGenerator, asked: Asked, changes: dict[str, Any]) -> Plan:
        return backend.plan(**asked.fields | changes)

    def _same(
        self, backend: VideoGenerator, asked: Asked, one: dict[str, Any], other: dict[str, Any]
    ) -> bool:
        """Tell whether two requests are both planned, and both as the same."""
        first, second = (self._planned(backend, asked, changes) for changes in (one, other))
        return first.ok and second.ok and first.native == second.native


def _ways_to_say(field: str) -> frozenset[str]:
    """Return the fields that may be named where this one is meant."""
    group = next((group for group in (_LAYOUT, _LENGTH) if field in group), None)
    return group or frozenset({field})


def _holds_value(native: Any, value: Any) -> bool:
    """Tell whether a value stands somewhere in a plan: 0 is not False here."""
    if isinstance(native, dict):
        return any(_holds_value(item, value) for item in native.values())
    if isinstance(native, list | tuple):
        return any(_holds_value(item, value) for item in native)
    return type(native) is type(value) and bool(native == value)
