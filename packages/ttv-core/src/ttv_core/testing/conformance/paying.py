"""One request is one create and one job; where there are more, who made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttv_core import jobs
from ttv_core.testing.conformance.vendor import AtAVendor
from ttv_core.testing.conformance.verdict import broken, holds

if TYPE_CHECKING:
    from ttv_core.jobs.record import AttemptRecord

__all__ = ["Paying"]

_SUBMIT = "ttv_core.RemoteVideoGenerator.submit"
_SEMANTICS = "ttv_core.SubmitSemantics"
_ONE_REQUEST = (
    "send one request in `submit`, with the SDK's own retries off (`max_retries=0`), and no second "
    "one whatever its answer is; ttv_core sends again what surely was not accepted"
)


class Paying(AtAVendor):
    """What tests of jobs say of creates."""

    def paid_once(self, what: str, *, creates: int = 1) -> None:
        """Fail the test unless there was one create, or another number of them, and one job.

        One whose answer was lost may be repeated, where the vendor knows a create by its key or
        where it is proven that it was not accepted.

        Args:
            what: What was done, for the message.
            creates: How many there should be.
        """
        __tracebackhide__ = True
        sent, accepted = self.vendor.requests[self.creates], self.vendor.accepted
        seen = f"{what}: {sent} creates were sent and {accepted} jobs accepted; {creates} is right"
        holds(
            not self.calls.before,
            f"{seen}. {self.calls.before} were sent before `submit` was called",
            mend="create in `submit` only: `prepare` costs nothing, and may be repeated",
            see="ttv_core.RemoteVideoGenerator.prepare",
        )
        holds(
            self.calls.most <= 1,
            f"{seen}. One call of `submit` sent {self.calls.most}",
            mend=_ONE_REQUEST,
            see=_SUBMIT,
        )
        if accepted > 1 or not (sent == creates or self._may_be_repeated):
            self._sent_again(seen)

    @property
    def _may_be_repeated(self) -> bool:
        """Whether ttv_core itself may repeat a create whose answer is lost."""
        semantics = self._one.semantics
        proof = semantics.lookup is not None and semantics.lookup.absence_is_proof
        return proof or semantics.idempotency is not None

    def _sent_again(self, seen: str) -> None:
        """Fail the test: `submit` was called more than once, and that was wrong."""
        __tracebackhide__ = True
        tried = [attempt for record in jobs.select() for attempt in jobs.attempts(record.id)]
        first = next((one for one in tried if one.outcome in {"rejected", "not_sent"}), None)
        if any(one.what == "replay" for one in tried):
            broken(
                f"{seen}. ttv_core repeated the create with the same key, as `idempotency` allows",
                mend="send `key` as it is in `submit`, where the vendor wants it; declare no "
                "`idempotency` if the vendor does not know a repeated create by its key",
                see=_SEMANTICS,
            )
        if any(one.what == "lookup" for one in tried):
            broken(
                f"{seen}. ttv_core sent it again since `lookup` did not find the job, which "
                "`absence_is_proof` calls a proof",
                mend="find a job by its key in `lookup`, raise an error where the answer is no "
                "list of jobs, and let `settle` be long enough",
                see="ttv_core.RemoteVideoGenerator.lookup",
            )
        if first is not None:
            broken(
                f"{seen}. ttv_core sent it again since the first was {_as_told(first)}",
                mend="put only those statuses into `definite_reject` that the vendor promises, "
                'and raise code="not_sent" only where no connection was made',
                see=_SEMANTICS,
            )
        broken(seen, mend=_ONE_REQUEST, see=_SUBMIT)


def _as_told(attempt: AttemptRecord) -> str:
    how = "taken as refused" if attempt.outcome == "rejected" else "taken as not sent"
    return f"{how} ({attempt.detail})"
