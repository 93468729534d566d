"""What a person may do about jobs: settle what only they can know, and look back."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ttv_core.background import run
from ttv_core.errors import InvalidInputError
from ttv_core.jobs.arrival import remove_parts
from ttv_core.jobs.desk import desk
from ttv_core.jobs.ownership import is_alive
from ttv_core.jobs.record import AttemptRecord
from ttv_core.jobs.runner import clean_up
from ttv_core.jobs.states import STATES, TERMINAL, UNSETTLED, may_follow
from ttv_core.jobs.store import ConflictError
from ttv_core.results import Violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ttv_core.jobs.record import JobRecord
    from ttv_core.jobs.states import State

__all__ = [
    "Spending",
    "abandon",
    "adopt",
    "ask_to_cancel",
    "attempts",
    "confirm_not_submitted",
    "costs",
    "expected_seconds",
    "get",
    "is_worked_on",
    "purge",
    "select",
]


def select(
    *,
    states: Iterable[str] = (),
    backend: str | None = None,
    since: float | None = None,
    limit: int | None = None,
) -> list[JobRecord]:
    """Return the jobs of the journal, the newest first.

    Args:
        states: Only those in one of these states.
        backend: Only those of this backend.
        since: Only those made since then, in seconds since the epoch.
        limit: Only so many.

    Raises:
        InvalidInputError: If there is no such state.
        JournalError: If the journal cannot be read.
    """
    wanted = [states] if isinstance(states, str) else list(states)
    if wrong := [state for state in wanted if state not in STATES]:
        allowed = ", ".join(STATES)
        message = f"there is no state {wrong[0]!r}; allowed: {allowed}"
        raise InvalidInputError(violations=[Violation("state", "invalid", message, allowed)])
    return desk().store.select(states=wanted, backend=backend, since=since, limit=limit)


def get(job_id: str) -> JobRecord:
    """Return one job.

    Args:
        job_id: Its id, or a beginning or end of it that no other job has.

    Raises:
        JobNotFoundError: If there is no such job, or several.
    """
    return desk().get(job_id)


def attempts(job_id: str) -> list[AttemptRecord]:
    """Return what was done about a job at its vendor, in order.

    Raises:
        JobNotFoundError: If there is no such job.
    """
    return desk().store.attempts(get(job_id).id)


def is_worked_on(record: JobRecord) -> bool:
    """Tell whether a process, this one or another, sees a job through right now."""
    return record.owner is not None and is_alive(desk().folder, record.owner)


def expected_seconds(backend: str, model: str) -> float | None:
    """Return how long a job of a model takes at its vendor: the median of this machine's last.

    Args:
        backend: Who makes it.
        model: With which model.

    Returns:
        Seconds from accepted to done; None where none has been seen to its end yet.
    """
    took = sorted(desk().store.took(backend, model))
    half = len(took) // 2
    return (took[half] + took[-half - 1]) / 2 if took else None


def ask_to_cancel(job_id: str) -> JobRecord:
    """Note that a job is to be stopped, for whoever works on it or takes it up next.

    One that was not sent yet is then not sent; at the vendor it is stopped if that can be.

    Raises:
        JobNotFoundError: If there is no such job.
    """
    return run(desk().ask_to_cancel(get(job_id).id))


def adopt(job_id: str, remote_id: str) -> JobRecord:
    """Say that the vendor has a job after all, under this id; `resume` then brings it home.

    Args:
        job_id: A job of which nobody knew whether the vendor has it.
        remote_id: The vendor's id.

    Raises:
        JobNotFoundError: If there is no such job.
        InvalidInputError: If the job is not in doubt, or another job has that id.
    """
    remote_id = remote_id.strip()
    if not remote_id or not remote_id.isprintable():
        message = f"{remote_id!r} is no id of a vendor's"
        raise InvalidInputError(violations=[Violation("remote_id", "invalid", message)])
    record = _doubtful(job_id, "accepted")
    others = desk().store.select(backend=record.backend)
    if taken := [other for other in others if other.remote_id == remote_id]:
        message = f"{record.backend} job {remote_id} is job {taken[0].id} already"
        raise InvalidInputError(violations=[Violation("remote_id", "taken", message)])
    verb = AttemptRecord(what="adopt", outcome="accepted", number=record.attempt, detail=remote_id)
    changes = {"remote_id": remote_id, "accepted_at": record.submitted_at, "charged": "unknown"}
    return _settled(record, verb, state="accepted", note="", **changes)


def confirm_not_submitted(job_id: str) -> JobRecord:
    """Say that the vendor surely has not got a job; `resume` then sends it.

    Raises:
        JobNotFoundError: If there is no such job.
        InvalidInputError: If the job is not in doubt.
    """
    record = _doubtful(job_id, "prepared")
    verb = AttemptRecord(what="confirm-not-submitted", outcome="absent", number=record.attempt)
    note = "said not to have been submitted"
    return _settled(record, verb, state="prepared", charged="no", note=note, not_before=None)


def abandon(job_id: str) -> JobRecord:
    """Give a job up: it is never asked for again. The vendor is not told.

    Raises:
        JobNotFoundError: If there is no such job.
        InvalidInputError: If it is over, or a process works on it.
    """
    record = _free(get(job_id))
    after: State = "cancelled" if record.state == "prepared" else "abandoned"
    if record.state in TERMINAL or not may_follow(record.state, after):
        raise _refused(record, "it is over" if record.state in TERMINAL else "resume it first")
    verb = AttemptRecord(what="abandon", outcome=after, number=record.attempt)
    remove_parts(record)  # before it is over: if this process ends, somebody can still do that
    done = _settled(record, verb, state=after, note="given up")
    clean_up(done, desk().inputs(done.id))
    return done


def _doubtful(job_id: str, after: State) -> JobRecord:
    record = _free(get(job_id))
    if record.state not in UNSETTLED:
        raise _refused(record, "only a job of which nobody knows can be settled")
    if record.state == "submitting":  # its process ended; nobody heard the answer
        record = _settled(record, None, state="unknown", note="the process ended before an answer")
    assert may_follow(record.state, after)
    return record


def _free(record: JobRecord) -> JobRecord:
    if is_worked_on(record):
        raise _refused(record, "a process works on it")
    return record


def _refused(record: JobRecord, why: str) -> InvalidInputError:
    message = f"job {record.id} is {record.state}: {why}"
    return InvalidInputError(violations=[Violation("job", "state", message)], job_id=record.id)


def _settled(record: JobRecord, verb: AttemptRecord | None, **changes: Any) -> JobRecord:
    done = () if verb is None else (verb,)
    try:
        return desk().store.update(record, *done, owner=None, **changes).result()
    except ConflictError as error:
        raise _refused(record, "somebody else has just changed it") from error


def purge(*, older_than: float = 0.0, states: Iterable[str] = ()) -> int:
    """Forget jobs that are over, and what was kept for them. Videos stay.

    Args:
        older_than: Seconds since their last change.
        states: Only those in one of these states.

    Returns:
        How many were forgotten.

    Raises:
        InvalidInputError: If a state is none in which a job is over.
    """
    wanted = set(states) or set(TERMINAL)
    if wrong := sorted(wanted - TERMINAL):
        allowed = ", ".join(sorted(TERMINAL))
        message = f"a job that is {wrong[0]!r} is not over; allowed: {allowed}"
        raise InvalidInputError(violations=[Violation("state", "invalid", message, allowed)])
    here = desk()
    before = time.time() - older_than
    old = [r for r in here.store.select(states=wanted) if r.updated_at <= before]
    for record in old:
        clean_up(record, here.inputs(record.id))
        shutil.rmtree(here.inputs(record.id), ignore_errors=True)
    return here.store.delete(record.id for record in old).result()


@dataclass(frozen=True, slots=True)
class Spending:
    """What jobs of one kind have cost.

    Attributes:
        backend: Who made them.
        model: With which model.
        day: The day they were made, as "2026-11-20", in local time.
        jobs: How many.
        charged: Surely spent, in US dollars: the vendor's own figure, else the estimate.
        uncertain: Perhaps spent besides.
        unpriced: Jobs that were or may have been charged, at an unknown price.
    """

    backend: str
    model: str
    day: str
    jobs: int
    charged: Decimal
    uncertain: Decimal
    unpriced: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-able data."""
        names = ("backend", "model", "day", "jobs", "unpriced")
        data: dict[str, Any] = {name: getattr(self, name) for name in names}
        return data | {"charged": str(self.charged), "uncertain": str(self.uncertain)}


def costs(records: Sequence[JobRecord]) -> list[Spending]:
    """Sum up what jobs have cost, by day, backend and model.

    Args:
        records: The jobs.
    """
    groups: dict[tuple[str, str, str], list[JobRecord]] = {}
    for record in records:
        day = time.strftime("%Y-%m-%d", time.localtime(record.created_at))
        groups.setdefault((day, record.backend, record.model), []).append(record)
    return [_spent(key, group) for key, group in sorted(groups.items(), reverse=True)]


def _spent(key: tuple[str, str, str], group: Sequence[JobRecord]) -> Spending:
    sums = {"yes": Decimal(0), "unknown": Decimal(0)}
    unpriced = 0
    for record in group:
        if record.charged == "no":
            continue
        amount = record.estimate if record.actual is None else record.actual
        if amount is None:
            unpriced += 1
        else:
            sums[record.charged] += amount
    day, backend, model = key
    return Spending(backend, model, day, len(group), sums["yes"], sums["unknown"], unpriced)
