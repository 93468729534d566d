"""Keys and tags: two requests are two jobs, and a job whose answer was lost is found again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from ttv_core.errors import VideoGenerationError
from ttv_core.testing.conformance.answers import without_lists
from ttv_core.testing.conformance.faults import NO_LISTS
from ttv_core.testing.conformance.vendor import AtAVendor, fresh_key
from ttv_core.testing.conformance.verdict import all_hold, broken, holds, told
from ttv_core.testing.simulator import Fault

if TYPE_CHECKING:
    from ttv_core.jobs.vendor import RemoteRef

__all__ = ["Finding"]

_SUBMIT = "ttv_core.RemoteVideoGenerator.submit"
_LOOKUP = "ttv_core.RemoteVideoGenerator.lookup"


class Finding(AtAVendor):
    """Tests of the key in `submit`, and of `lookup`."""

    def test_two_requests_are_two_jobs(self) -> None:
        """Create the same twice, each with a key of its own: there are two jobs."""
        one, other = (self.created() for _ in range(2))
        holds(
            one.id != other.id and self.vendor.accepted > 1,
            f"two requests, each with its own key, came to {self.vendor.accepted} jobs, with the "
            f"ids {one.id!r} and {other.id!r}: the second video would be the first",
            mend="send `key` as it is given to `submit`, no constant and no key of your own, and "
            "return the id that the answer names",
            see=_SUBMIT,
        )

    def test_a_create_that_is_repeated_with_its_key_is_one_job(self) -> None:
        """Create the same twice with one key, where that is declared: there is one job."""
        if self._one.semantics.idempotency is None:
            pytest.skip("its vendor does not know a repeated create by its key")
        key = fresh_key()
        one, other = (self.created(key) for _ in range(2))
        holds(
            one.id == other.id and self.vendor.accepted == 1,
            "`semantics.idempotency` is declared, and the same create with the same key came to "
            f"{self.vendor.accepted} jobs, with the ids {one.id!r} and {other.id!r}",
            mend="send `key` as it is given to `submit`, in the header or field that the vendor "
            "documents; declare no `idempotency` if the vendor has none",
            see="ttv_core.jobs.IdempotencyKey",
        )

    def test_a_job_whose_answer_was_lost_is_found(self) -> None:
        """Look a job up that is there, and one that is not."""
        key, since, ref = self._lost()
        found = self._looked_up(key, since)
        holds(
            found is not None and found.id == ref.id,
            f"`lookup` returns {found!r} for the job {ref.id!r}, which the vendor has",
            mend="return the job's own id, as `submit` does; declare no `lookup` where the vendor "
            "lists no jobs",
            see=_LOOKUP,
        )
        lookup = self._one.semantics.lookup
        if lookup is None or not lookup.absence_is_proof:
            return
        found = self._looked_up(fresh_key(), since)
        holds(
            found is None,
            f"`lookup` returns {found!r} for a key with which nothing was created",
            mend="find the job of that key, and no other",
            see=_LOOKUP,
        )

    def test_an_answer_that_is_no_list_proves_nothing(self) -> None:
        """Garble the answer to a lookup: that is an error, and no proof of absence."""
        key, since, _ = self._lost()
        before = self.vendor.requests.copy()
        self._looked_up(fresh_key(), since)
        kinds = self.vendor.requests - before
        said = {kind: self.vendor.answers.get(kind, b"") for kind in kinds}
        odd = [(kind, fault, made) for kind in kinds for fault, made in NO_LISTS.items()]
        odd += [
            (kind, f"its usual answer {change}", Fault(kind="body", body=changed))
            for kind in kinds
            for change, changed in without_lists(said[kind])
        ]
        problems = []
        for kind, fault, made in odd:
            self.vendor.fail(kind, made, times=9)
            try:
                found = self._asked(key, since)
            except VideoGenerationError:
                continue
            except Exception as error:  # noqa: BLE001 - any backend, any error
                problems.append(f"with {fault} as its answer `lookup` raises {told(error)}")
            else:
                if found is None:
                    problems.append(f"with {fault} as its answer `lookup` says: it is not there")
            finally:
                self.vendor.heal()
        all_hold(
            problems,
            mend="return None only where the vendor's own list does not have the job; raise one "
            "of ttv_core.errors for an answer that is no list",
            see=_LOOKUP,
        )

    def _lost(self) -> tuple[str, float, RemoteRef]:
        """Create a job, and return its key, when it was, and what `submit` returned."""
        __tracebackhide__ = True
        if self._one.semantics.lookup is None:
            pytest.skip("its vendor lists no jobs")
        key, since = fresh_key(), time.time()
        return key, since, self.created(key)

    def _asked(self, key: str, since: float) -> Any:
        backend = self._one
        return backend.ask(backend.lookup(backend.plan(**self.asks), key, since))

    def _looked_up(self, key: str, since: float) -> RemoteRef | None:
        __tracebackhide__ = True
        try:
            found: RemoteRef | None = self._asked(key, since)
        except Exception as error:  # noqa: BLE001 - any backend, any error
            return broken(
                f"`lookup` cannot tell whether a job is there: {told(error)}",
                mend="ask the vendor by the key or for its list, as its pages say",
                see=_LOOKUP,
            )
        return found
