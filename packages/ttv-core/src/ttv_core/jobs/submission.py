"""From a prepared job to one that the vendor has: sent once, and if the answer is lost, asked for.

A create is sent again only when the one before surely was not accepted. What is to be sent is
durable before it leaves, and the vendor's id is durable before anything else is done with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ttv_core.errors import (
    GenerationCancelledError,
    SubmissionUncertainError,
    VideoGenerationError,
)
from ttv_core.jobs.breaker import is_down
from ttv_core.jobs.record import AttemptRecord
from ttv_core.jobs.retry import backoff
from ttv_core.jobs.semantics import may_send_again, outcome_of
from ttv_core.jobs.store import JournalError
from ttv_core.results import plain

if TYPE_CHECKING:
    from ttv_core.jobs.semantics import Outcome
    from ttv_core.jobs.vendor import RemoteRef
    from ttv_core.jobs.work import Work

__all__ = ["prepare_and_submit", "reconcile", "settle_after_crash", "uncertain"]

_PREPARE_TRIES = 4
_LOOK_TRIES = 5
_REPLAY_TRIES = 5
_LONGEST_LOOK = 60.0


async def prepare_and_submit(work: Work) -> None:
    """Bring what the vendor needs, and create the job.

    Raises:
        VideoGenerationError: If it surely was not accepted and is not to be sent again.
    """
    await work.until_wanted()
    if work.is_unwanted():
        await work.save(state="cancelled", owner=None)
        msg = f"job {work.record.id} was cancelled before anything was sent"
        raise GenerationCancelledError(
            msg, backend=work.vendor.name, job_id=work.record.id, charged="no"
        )
    # Who waits for a turn has read no file yet and said nothing of sending: however many wait, they
    # take little, and if the process ends, it is sure that they were not sent.
    async with work.turn("create"):
        answer = await _sent(work)
    if isinstance(answer, Exception):
        await _not_created(work, answer)
    elif answer is not None:
        await _accepted(work, answer, "create", "accepted")


async def _sent(work: Work) -> RemoteRef | Exception | None:
    """Send the create, and return the job or what went wrong; None if it was not to be sent."""
    try:
        plan = replace(work.plan, native=await _prepared(work))
    except VideoGenerationError as error:
        await _fail(work, error)
        raise
    number = work.record.attempt + 1
    await work.save(
        AttemptRecord(what="create", outcome="started", number=number),
        state="submitting",
        attempt=number,
        submitted_at=work.outside.now(),
        submitted_clock=work.clock,
        charged="unknown",
    )
    if work.is_unwanted():  # since that was written; nothing has left yet
        await work.save(state="prepared", charged="no")
        return None
    work.tell("submitting")
    work.creates += 1
    try:
        ref = await _create(work, plan)
    except Exception as error:  # noqa: BLE001 - any backend, any error
        if isinstance(error, VideoGenerationError):
            _count(work, error)
        return error
    work.breaker.went_well()
    return ref


def _count(work: Work, error: VideoGenerationError) -> None:
    if is_down(error):
        work.breaker.failed(work.clock, error.retry_after)
    else:
        work.breaker.went_well()  # who says no is there


async def _prepared(work: Work) -> dict[str, Any]:
    """Return what goes on the wire; that costs nothing.

    Raises:
        VideoGenerationError: If it cannot be had.
    """
    failures = 0
    while True:
        try:
            return dict(await work.vendor.prepare(work.plan))
        except Exception as error:  # noqa: BLE001 - any backend, any error
            failures += 1
            found = work.problem(error, "prepare the request")
            if not found.retryable or failures >= _PREPARE_TRIES:
                raise found from found.__cause__
            await work.pause(found.retry_after or backoff(failures, work.outside.random))


async def _create(work: Work, plan: Any) -> RemoteRef:
    async with asyncio.timeout(work.vendor.semantics.create_timeout):
        ref = await work.vendor.submit(plan, work.key)
    said: Any = ref.id  # by the vendor, handed on by the backend
    remote_id = str(said) if type(said) in {str, int} else ""
    if not (remote_id.isprintable() and remote_id.strip()):
        msg = f"{work.vendor.name} answered without the id of a job"
        raise SubmissionUncertainError(msg, code="no_id")
    return replace(ref, id=remote_id)


async def _accepted(work: Work, ref: RemoteRef, what: Any, outcome: str) -> None:
    """Write the id down, before anything else."""
    await work.save(
        AttemptRecord(what=what, outcome=outcome, number=work.record.attempt, detail=ref.id),
        state="accepted",
        remote_id=ref.id,
        ref=plain(dict(ref.data)),  # whatever is in it, the id must not be lost
        accepted_at=work.outside.now(),
        charged="unknown",
        actual=ref.cost if ref.cost is not None else work.record.actual,
        note="",
    )
    work.tell("accepted", message=f"{work.vendor.name} job {ref.id}")


async def _not_created(work: Work, error: Exception) -> None:
    """Go on from a create that returned no job, as far as it is known what became of it."""
    outcome = outcome_of(error, work.vendor.semantics)
    found = work.problem(error, "create the job")
    again = may_send_again(found, outcome) and work.creates < work.tries
    attempt = AttemptRecord(
        what="create", outcome=outcome, number=work.record.attempt, detail=found.message
    )
    if outcome == "ambiguous":
        later = work.postponed(found.retry_after or 0.0)
        try:
            await work.save(attempt, state=_after_loss(work), note=found.message, **later)
        except JournalError as full:
            raise uncertain(work, found.message) from full
        return
    if not again:
        await _fail(work, found, attempt)
        raise found from found.__cause__
    wait = found.retry_after
    wait = backoff(work.creates, work.outside.random) if wait is None else wait
    later = work.postponed(wait)
    await work.save(attempt, state="prepared", charged="no", note=found.message, **later)
    work.tell("waiting", message=f"{found.message}; it is sent again in {wait:.0f} s")


async def _fail(work: Work, error: VideoGenerationError, *attempts: AttemptRecord) -> None:
    if error.charged == "unknown":
        error.charged = "no"  # it was not accepted
    await work.save(
        *attempts, state="failed", error=error.to_dict(), charged=error.charged, owner=None
    )


def _after_loss(work: Work) -> str:
    semantics = work.vendor.semantics
    return "reconciling" if semantics.idempotency or semantics.lookup else "unknown"


async def settle_after_crash(work: Work) -> None:
    """Go on from a create that was under way when its process ended: nobody heard the answer."""
    note = "the process ended before an answer came"
    number = work.record.attempt
    attempt = AttemptRecord(what="create", outcome="ambiguous", number=number, detail=note)
    await work.save(attempt, state=_after_loss(work), note=note)


async def reconcile(work: Work) -> None:
    """Find out what became of a create whose answer was lost, without creating another."""
    semantics = work.vendor.semantics
    work.tell("reconciling", message=work.record.note)
    await work.until_wanted()
    if semantics.idempotency is not None and await _replay(work, semantics.idempotency.lifetime):
        return
    if semantics.lookup is not None and await _look_up(work):
        return
    await work.save(state="unknown")


async def _replay(work: Work, lifetime: float) -> bool:
    """Repeat the create under its own key, while the vendor surely remembers it.

    A no to the repetition is none to the create before it: by now the key may be revoked, or the
    credits used up, by that very job. So it leaves everything in doubt.
    """
    try:
        plan = replace(work.plan, native=await _prepared(work))
    except VideoGenerationError as error:
        await work.save(note=error.message)
        return False
    for failures in range(1, _REPLAY_TRIES + 1):
        number = work.record.attempt
        async with work.turn("create"):
            if not _is_remembered(work, lifetime):
                return False
            await work.save(AttemptRecord(what="replay", outcome="started", number=number))
            try:
                ref = await _create(work, plan)
            except Exception as error:  # noqa: BLE001 - any backend, any error
                failure = error
            else:
                await _accepted(work, ref, "replay", "accepted")
                return True
        outcome: Outcome = outcome_of(failure, work.vendor.semantics)
        found = work.problem(failure, "repeat the request")
        if outcome == "rejected" and not found.retryable:
            attempt = AttemptRecord(
                what="replay", outcome=outcome, number=number, detail=found.message
            )
            await work.save(attempt, note=found.message)
            return False
        wait = found.retry_after
        wait = backoff(failures, work.outside.random) if wait is None else wait
        await work.save(**work.postponed(wait))
        await work.until_wanted()
    return False


def _is_remembered(work: Work, lifetime: float) -> bool:
    """Tell whether the vendor surely knows the key of a create still: it must be young enough.

    The time of day may have been set since. The machine's own clock cannot, and shows how much has
    passed at least; it counts from when the machine began, which may have been after that create.
    """
    record = work.record
    age = work.outside.now() - (record.submitted_at or 0.0)
    passed, since = work.clock, record.submitted_clock
    if since is None:
        passed = 0.0
    elif since <= passed:
        passed -= since
    # Half: the clocks of both sides need not agree.
    return 0 <= age < lifetime / 2 and passed < lifetime / 2


async def _look_up(work: Work) -> bool:
    """Look for the job in the vendor's list, until it must have shown up there."""
    lookup = work.vendor.semantics.lookup
    assert lookup is not None
    number = work.record.attempt
    settled_at = work.clock + lookup.settle
    looks = failures = 0
    while True:
        looked_at = work.clock
        try:
            async with work.turn("question"), asyncio.timeout(_LONGEST_LOOK):
                ref = await work.vendor.lookup(work.plan, work.key, work.record.submitted_at or 0.0)
        except Exception as error:  # noqa: BLE001 - any backend, any error
            failures += 1
            found = work.problem(error, "look the job up")
            if failures >= _LOOK_TRIES and looked_at >= settled_at:
                await work.save(
                    AttemptRecord(
                        what="lookup", outcome="failed", number=number, detail=found.message
                    ),
                    note=found.message,
                )
                return False
            await work.pause(found.retry_after or backoff(failures, work.outside.random))
            continue
        if ref is not None:
            await _accepted(work, ref, "lookup", "found")
            return True
        if looked_at >= settled_at:
            return await _absent(work)
        looks += 1
        await work.pause(min(backoff(looks, work.outside.random), settled_at - work.clock + 0.01))


async def _absent(work: Work) -> bool:
    """Go on where the vendor does not list the job, although it has had the time."""
    lookup = work.vendor.semantics.lookup
    assert lookup is not None
    number = work.record.attempt
    attempt = AttemptRecord(what="lookup", outcome="absent", number=number)
    if lookup.absence_is_proof and work.creates < work.tries:
        await work.save(attempt, state="prepared", charged="no", note="it was not accepted")
        return True
    await work.save(attempt, note=f"{work.vendor.name} does not list it")
    return False


def uncertain(work: Work, why: str = "") -> SubmissionUncertainError:
    """Return the error of a job of which nobody knows whether the vendor has it."""
    record = work.record
    return SubmissionUncertainError(
        f"whether {record.backend} has accepted job {record.id} is not known: "
        f"{why or record.note}. "
        "It may be charged, and is not sent again",
        backend=record.backend,
        model=record.model,
        job_id=record.id,
        charged="unknown",
        remedy=f"look at {record.backend} for a job of that time and prompt, then say "
        f"ttv jobs adopt {record.id} REMOTE_ID, or ttv jobs confirm-not-submitted {record.id}",
    )
