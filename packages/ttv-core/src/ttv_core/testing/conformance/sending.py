"""What is asked is what arrives: a wish that was planned is in the request to the vendor."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ttv_core.testing.conformance.options import HasOptions
from ttv_core.testing.conformance.values import common, wishes_of
from ttv_core.testing.conformance.vendor import AtAVendor
from ttv_core.testing.conformance.verdict import all_hold, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ttv_core.interface import VideoGenerator
    from ttv_core.testing.conformance.asking import Asked
    from ttv_core.testing.simulator import Logged

__all__ = ["Sending"]

Request = tuple[str, bytes]

_SUBMIT = "ttv_core.RemoteVideoGenerator.submit"
_PREPARE = "ttv_core.RemoteVideoGenerator.prepare"


class Sending(AtAVendor, HasOptions):
    """Tests of `prepare` and `submit`."""

    def test_every_mode_is_sent(self) -> None:
        """Create the smallest job of each model in each mode; other pictures send another."""
        problems: list[str] = []
        for asked in self.taken(self.made()):
            usual = self._sent(str(asked), asked.fields, problems)
            for name, other in self._other_inputs(asked):
                what = f"{asked}: another {name}"
                changed = self._sent(what, asked.fields | {name: other}, problems)
                if usual is not None and changed == usual:
                    problems.append(f"{asked}: two different values of {name} send the same create")
        all_hold(
            problems,
            mend="send in `prepare` and `submit` what the vendor wants, pictures too: in the "
            "create, or uploaded before it and named in it (each upload by an id of its own)",
            see=_PREPARE,
        )

    def test_models_are_sent_as_themselves(self) -> None:
        """Create the same of two models: the requests differ."""
        backend = self.made()
        problems: list[str] = []
        for one, other in pairs(self.taken(backend)):
            wishes = self._of_both(backend, one, other)
            if wishes is None:
                continue
            first, second = (
                self._sent(str(asked), asked.fields | wishes, problems) for asked in (one, other)
            )
            if first is not None and first == second:
                problems.append(f"{one.model.id} and {other.model.id} send the same in {one.mode}")
        all_hold(
            problems,
            mend="put the model into what `native` returns, by the name that the vendor has for "
            "it, and send it",
            see=_SUBMIT,
        )

    def test_what_is_planned_is_sent(self) -> None:
        """Create two jobs that differ in one field of the plan: their requests differ too."""
        backend = self.made()
        problems: list[str] = []
        for choices in self._of_the_smallest(backend):
            sent = []
            for what, fields in choices.items():
                plan = backend.plan(**self.asks | fields)
                if plan.ok:
                    sent.append((what, plan.native, self._sent(what, fields, problems)))
            problems += [
                f"{one} and {other} send the same"
                for (one, native, request), (other, another, second) in combinations(sent, 2)
                # Where they are planned as the same, that is the matter of another test.
                if native != another and request is not None and request == second
            ]
        all_hold(
            problems,
            mend="send in `submit` all that `plan.native` has, in the vendor's own words",
            see=_SUBMIT,
        )

    def taken(self, backend: VideoGenerator) -> Iterator[Asked]:
        """Return what `every` does, of the models that the simulator takes."""
        for asked in self.every(backend):
            if self.served is None or asked.model.id in self.served:
                yield asked

    def _of_the_smallest(self, backend: VideoGenerator) -> Iterator[dict[str, dict[str, Any]]]:
        """Return what may be asked of the model that makes the smallest request, by its name."""
        usual = backend.plan(**self.asks)
        for model in backend.capabilities.models:
            for mode in model.modes:
                if (model.id, mode) == (usual.model, usual.mode):
                    for wish in wishes_of(model.in_mode(mode)):
                        yield {
                            f"{wish.field}={value!r}": {wish.field: value} for value in wish.legal
                        }
        for name, values in self.options_of(backend):
            yield {
                f"options.{self.name}.{name}={value!r}": {"options": {self.name: {name: value}}}
                for value in values
                if self.with_option(backend, self.asks, name, value) is not None
            }

    def _other_inputs(self, asked: Asked) -> Iterator[tuple[str, Any]]:
        """Return an input of another content for each that the smallest request has."""
        for name, other in self.inputs(asked.model, asked.mode, level=200).items():
            if other != asked.fields.get(name):
                yield name, other

    def _of_both(self, backend: VideoGenerator, one: Asked, other: Asked) -> dict[str, Any] | None:
        """Return wishes that two models plan alike; None if there are none."""
        wishes = common(one.model, other.model)
        plans = [backend.plan(**asked.fields | wishes) for asked in (one, other)]
        return wishes if all(plan.ok for plan in plans) else None

    def _sent(self, what: str, fields: dict[str, Any], problems: list[str]) -> Request | None:
        """Return the create of a request; None, and a problem more, if it comes to no job."""
        try:
            self.submitted(**fields)
        except Exception as error:  # noqa: BLE001 - any backend, any error
            problems.append(f"{what}: it comes to no job: {told(error)}")
            return None
        finally:
            self.finish()  # a vendor has only so many at once
        sent = [logged for logged in self.vendor.log if logged.kind == self.creates]
        if not sent:
            problems.append(
                f"{what}: no request of the kind {self.creates!r} came, but {self._kinds()}"
            )
            return None
        return sent[-1].path, _without_boundary(sent[-1])

    def _kinds(self) -> str:
        return ", ".join(sorted({logged.kind for logged in self.vendor.log})) or "nothing"


def pairs(everything: Iterable[Asked]) -> Iterator[tuple[Asked, Asked]]:
    """Return each model in a mode with the one before it that has the mode."""
    before: dict[str, Asked] = {}
    for asked in everything:
        if asked.mode in before:
            yield before[asked.mode], asked
        before[asked.mode] = asked


def _without_boundary(logged: Logged) -> bytes:
    """Return a body; a form's boundary is another each time, and says nothing."""
    found = re.search(r'boundary="?([^";]+)', logged.headers.get("content-type", ""))
    return logged.body.replace(found[1].encode(), b"") if found else logged.body
