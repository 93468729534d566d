"""Ask the vendor how far a job is, until it is over: the only loop that polls.

A question that fails never fails the job. Only the vendor's own word ends it, and a word that is
not documented ends nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from ttv_core.errors import (
    AuthenticationError,
    GenerationCancelledError,
    GenerationFailedError,
    GenerationTimeoutError,
    InvalidInputError,
    JobExpiredError,
    JobNotFoundError,
    VideoGenerationError,
)
from ttv_core.jobs.record import AttemptRecord
from ttv_core.jobs.retry import Schedule, backoff
from ttv_core.jobs.semantics import LONGEST_JOB
from ttv_core.jobs.store import JournalError
from ttv_core.results import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttv_core.jobs.vendor import Poll
    from ttv_core.jobs.work import Work

__all__ = ["watch"]

_LONGEST_POLL = 120.0
_CANCEL_TRIES = 3
_DENIED_TRIES = 5
_DENIED_SECONDS = 60.0
_SOONER = 0.8


async def watch(work: Work) -> None:
    """Poll a job until the vendor is done with it.

    Raises:
        VideoGenerationError: What the vendor said, if it made no video.
        AuthenticationError: If the vendor refuses the key again and again; the job goes on.
        GenerationTimeoutError: If it takes longer than any job does; likewise.
    """
    await _Watch(work).run()


class _Watch:
    """The polls of one job in this process."""

    def __init__(self, work: Work) -> None:
        self.work = work
        record, polling = work.record, work.vendor.semantics.polling
        took: Sequence[float] = ()
        with contextlib.suppress(JournalError):  # then without experience
            took = work.outside.store.took(record.backend, record.model)
        self.schedule = Schedule(polling, took, work.interval)
        # A clock that was set back or forward in between makes it look young or old; it is asked.
        before = work.outside.now() - (record.accepted_at or work.outside.now())
        self.fresh = 0 <= before < polling.floor
        self.plausible = 0 <= before <= LONGEST_JOB
        self.began = work.clock - max(before, 0.0)
        self.started = work.clock
        self.seen_running = self.began if self.fresh else None
        self.failures = 0
        self.gone_since: float | None = None
        self.denied_since: float | None = None
        self.denied = 0
        self.told_to_stop = False  # by this process: one before may have ended too early for that

    async def run(self) -> None:
        work = self.work
        wait = self._pause(None) if self.fresh else 0.0
        while True:
            if wait:
                await work.pause(wait)
            await work.save()  # what could not be written before: the vendor's id above all
            if work.is_unwanted() and not self.told_to_stop:
                over = await self._cancel()
                if over is not None:
                    return await self._ended(over)
            try:
                async with work.turn("question"), asyncio.timeout(_LONGEST_POLL):
                    poll = await work.vendor.poll(work.ref)
            except Exception as error:  # noqa: BLE001 - any backend, any error
                wait = await self._failed(error)
            else:
                self.failures = self.denied = 0
                self.gone_since = self.denied_since = None
                if poll.state in {"done", "failed", "cancelled"}:
                    return await self._ended(poll)
                self.seen_running = work.clock
                await self._going(poll)
                wait = self._pause(poll.next_after)
            if work.clock - self.started > LONGEST_JOB:
                raise self._too_long()

    def _pause(self, hint: float | None) -> float:
        work = self.work
        return self.schedule.pause(work.clock - self.began, work.outside.random, hint=hint)

    async def _going(self, poll: Poll) -> None:
        """Tell how far it is; only a change of state is worth a write."""
        work = self.work
        word = work.scrub(poll.word)
        if poll.state == "running" and work.record.state == "accepted":
            await work.save(state="running", note=word)
        message = word if poll.state != "unknown" else f"{work.vendor.name} says {word!r}"
        waits = poll.state == "queued"
        work.tell("queued" if waits else "running", fraction=poll.fraction, message=message)

    async def _failed(self, error: Exception) -> float:
        """Return how long to wait after a question that failed; the job is not over.

        Raises:
            AuthenticationError: If it is a matter of the key.
            JobExpiredError: If the vendor surely has the job no more.
        """
        work = self.work
        self.failures += 1
        found = work.problem(error, "ask for the job")
        if isinstance(found, JobNotFoundError | JobExpiredError):
            self.gone_since = work.clock if self.gone_since is None else self.gone_since
            grace = work.vendor.semantics.not_found_grace
            if work.clock - self.gone_since >= grace:
                await self._gone(found)
        elif isinstance(found, AuthenticationError):
            self.denied += 1
            self.denied_since = work.clock if self.denied_since is None else self.denied_since
            long = work.clock - self.denied_since >= _DENIED_SECONDS
            if self.denied >= _DENIED_TRIES and long:
                found.remedy = found.remedy or f"mend the key, then ttv resume {work.record.id}"
                raise found
        work.tell("running", message=f"{found.message}; asking again")
        polling = work.vendor.semantics.polling
        wait = backoff(self.failures, work.outside.random, longest=polling.ceiling)
        return max(wait, found.retry_after or 0.0, polling.floor)

    async def _gone(self, found: VideoGenerationError) -> None:
        work = self.work
        error = JobExpiredError(
            f"{work.vendor.name} has job {work.record.remote_id} no more: {found.message}",
            backend=work.vendor.name,
            model=work.record.model,
            job_id=work.record.id,
            charged="unknown",
        )
        state = "cancelled" if work.record.state == "cancelling" else "expired"
        await work.save(state=state, error=error.to_dict(), owner=None)
        raise error

    async def _ended(self, poll: Poll) -> None:
        """Write down how it ended at the vendor.

        Raises:
            VideoGenerationError: If it ended without a video.
        """
        work = self.work
        cost = poll.cost if poll.cost is not None else work.record.actual
        if poll.state == "done":
            work.files = tuple(poll.files)
            await work.save(
                state="remote_done",
                took=self._took(poll),
                actual=cost,
                charged="yes",
                ref=plain({**work.record.ref, **poll.data}),
                note=work.scrub(poll.word),
            )
            return
        if poll.state == "cancelled":
            asked = work.record.cancel_asked
            who = "as was asked" if asked else f"by {work.vendor.name}"
            error: VideoGenerationError = poll.error or GenerationCancelledError(
                f"job {work.record.id} was cancelled {who}",
                code="cancelled" if asked else "cancelled_by_vendor",
            )
            state = "cancelled"
        else:
            error = poll.error or GenerationFailedError(
                f"{work.vendor.name} could not make the video and gives no reason"
            )
            state = "failed"
        error = work.problem(error, "make the video")
        if error.charged == "unknown" and poll.cost is not None:
            error.charged = "yes" if poll.cost else "no"
        await work.save(
            state=state, error=error.to_dict(), charged=error.charged, actual=cost, owner=None
        )
        raise error

    def _took(self, poll: Poll) -> float | None:
        """Return how long it took, if this process saw the end closely enough to say."""
        if poll.took is not None:
            return poll.took
        if self.seen_running is None or not self.plausible:
            return None
        now = self.work.clock
        if self.fresh and self.seen_running == self.began:
            # The first look was too late to tell. Left out, only long jobs would be remembered,
            # and each first look would come later than the one before.
            return _SOONER * (now - self.began)
        unsure = now - self.seen_running
        if unsure > max(2 * self.schedule.polling.ceiling, 0.25 * (now - self.began)):
            return None
        return max((self.seen_running + now) / 2 - self.began, 0.0)

    async def _cancel(self) -> Poll | None:
        """Ask the vendor to stop; return its last word on the job if there is one already."""
        work = self.work
        if not work.vendor.semantics.cancel:
            await work.save(cancel_asked=False, note=f"{work.vendor.name} cannot cancel a job")
            work.tell("running", message=work.record.note)
            return None
        await work.save(state="cancelling")
        work.tell("cancelling")
        detail = ""
        for failures in range(1, _CANCEL_TRIES + 1):
            try:
                async with work.turn("question"), asyncio.timeout(_LONGEST_POLL):
                    poll = await work.vendor.cancel(work.ref)
            except Exception as error:  # noqa: BLE001 - any backend, any error
                found = work.problem(error, "cancel the job")
                detail = found.message
                if isinstance(error, InvalidInputError):
                    break
                await work.pause(found.retry_after or backoff(failures, work.outside.random))
            else:
                self.told_to_stop = True
                await work.save(AttemptRecord(what="cancel", outcome="accepted"))
                return poll
        attempt = AttemptRecord(what="cancel", outcome="refused", detail=detail)
        await work.save(attempt, state="running", cancel_asked=False, note=detail)
        work.tell("running", message=f"it was not cancelled: {detail}")
        return None

    def _too_long(self) -> GenerationTimeoutError:
        record = self.work.record
        hours = LONGEST_JOB / 3600
        msg = f"job {record.id} is not done after {hours:g} h at {record.backend}: {record.note}"
        return GenerationTimeoutError(
            msg, job_id=record.id, backend=record.backend, remedy=f"ttv resume {record.id}"
        )
