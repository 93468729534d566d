"""What is asked is what arrives: a wish that was planned is in the request to the vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttv_core.testing.conformance.values import Wish, wishes_of
from ttv_core.testing.conformance.vendor import AtAVendor
from ttv_core.testing.conformance.verdict import all_hold

if TYPE_CHECKING:
    from ttv_core.interface import VideoGenerator

__all__ = ["Sending"]


class Sending(AtAVendor):
    """A test of `prepare` and `submit`."""

    def test_what_is_planned_is_sent(self) -> None:
        """Create two jobs that differ in one field of the plan: their requests differ too."""
        backend = self.made()
        problems = []
        for wish in self._of_the_smallest(backend):
            changes = [{wish.field: value} for value in wish.legal]
            plans = [backend.plan(**self.asks | change) for change in changes]
            if len(plans) != 2 or not all(plan.ok for plan in plans):
                continue
            if plans[0].native == plans[1].native:
                continue  # that is the matter of another test
            if self._sent(changes[0]) == self._sent(changes[1]):
                one, other = wish.legal
                problems.append(f"{wish.field}={one!r} and {wish.field}={other!r} send the same")
        all_hold(
            problems,
            mend="send in `submit` all that `plan.native` has",
            see="ttv_core.RemoteVideoGenerator.submit",
        )

    def _of_the_smallest(self, backend: VideoGenerator) -> list[Wish]:
        """Return what may be asked of the model that makes the smallest request."""
        usual = backend.plan(**self.asks)
        return [
            wish
            for model in backend.capabilities.models
            for mode in model.modes
            if (model.id, mode) == (usual.model, usual.mode)
            for wish in wishes_of(model.in_mode(mode))
        ]

    def _sent(self, change: dict[str, Any]) -> tuple[str, bytes]:
        """Return the request that a create is."""
        self.submitted(**change)
        sent = [logged for logged in self.vendor.log if logged.kind == self.creates]
        return sent[-1].path, sent[-1].body
