"""Cancelling a job at a vendor: the vendor is asked, and its own word counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ttv_core import jobs
from ttv_core.errors import GenerationCancelledError, VideoGenerationError
from ttv_core.testing.conformance.paying import Paying
from ttv_core.testing.conformance.verdict import all_hold, broken, holds, told

if TYPE_CHECKING:
    from ttv_core.jobs.handle import RemoteJob

__all__ = ["Cancelling"]

_CANCEL = "ttv_core.RemoteVideoGenerator.cancel"
_ROUNDS = 2000


class Cancelling(Paying):
    """Tests of `cancel`."""

    def test_a_job_that_goes_on_is_not_cancelled(self) -> None:
        """Cancel a job in each state: where the vendor refuses, it is not told as cancelled."""
        backend = self._one
        if not backend.semantics.cancel:
            pytest.skip("its vendor cannot cancel")
        problems = []
        for state in filter(None, (self.waiting, self.running)):
            ref = self.created()
            self.put(state)
            try:
                said = backend.ask(backend.cancel(ref))
                now = None if said is None else backend.ask(backend.poll(ref)).state
            except VideoGenerationError:
                continue
            except Exception as error:  # noqa: BLE001 - any backend, any error
                problems.append(f"a cancel in the state {state!r} raises {told(error)}")
                continue
            if said is not None and said.state == "cancelled" and now in {"queued", "running"}:
                problems.append(
                    f"a cancel in the state {state!r} is told as cancelled, and the vendor says "
                    f"that the job is {now}"
                )
        all_hold(
            problems,
            mend="look at the answer's status in `cancel`: raise InvalidInputError where the "
            "vendor refuses, and return None where it does not say how the job ended",
            see=_CANCEL,
        )

    def test_a_job_is_cancelled_if_the_vendor_can(self) -> None:
        """Cancel a job: it stops, or the backend says that the vendor cannot."""
        job = self.begun(self.running if self.waiting is None else self.waiting)
        if not self._can_cancel(job):
            with pytest.raises(VideoGenerationError):
                job.cancel()
            self.finish()
            self.brought_home(job, "a job that cannot be cancelled")
            return
        job.cancel()
        self._wait_for_the_cancel(job)
        try:
            job.wait(60)
        except GenerationCancelledError:
            self.paid_once("a job that is cancelled")
            self._was_asked_to_stop()
            return
        broken(
            "a job that was cancelled goes on: polls still see it as it was",
            mend="send the vendor's request in `cancel`, or declare `cancel=False` in `semantics`",
            see=_CANCEL,
        )

    def _was_asked_to_stop(self) -> None:
        """Fail the test if no request came that could have stopped the job."""
        __tracebackhide__ = True
        kinds = ", ".join(sorted(self.vendor.requests))
        holds(
            self.vendor.requests[self.cancels],
            "a job is told as cancelled, and the vendor was not asked to stop it: no request of "
            f"the kind {self.cancels!r} came, only {kinds}",
            mend="send the vendor's request in `cancel`; say in `cancels` of the test class what "
            "the simulator calls it",
            see=_CANCEL,
        )

    def _can_cancel(self, job: RemoteJob) -> bool:
        return bool(job._vendor.semantics.cancel)  # noqa: SLF001 - the handle is the core's

    def _wait_for_the_cancel(self, job: RemoteJob) -> None:
        """Wait until the cancel has its effect; if it has none after some polls, end the job."""
        before = self.vendor.requests[self.polls]
        for _ in range(_ROUNDS):
            if job.done:
                return
            asked = self.vendor.requests[self.polls] - before
            cancelling = jobs.get(job.id).state == "cancelling"
            if asked > 20 or (asked > 10 and not cancelling):
                break
            with_patience(job)
        self.finish()


def with_patience(job: RemoteJob) -> None:
    """Wait a moment for a job, or less if it ends."""
    try:
        job.wait(0.02)
    except VideoGenerationError:
        return
