"""Wait for a job, as fits a command: with a limit, with Ctrl-C, and nothing lost by either."""

from __future__ import annotations

import signal
import time
from concurrent import futures
from contextlib import suppress
from typing import TYPE_CHECKING

import ttv_core
from ttv_cli import interrupts
from ttv_cli.interrupts import Stopped, times
from ttv_cli.terminal import note
from ttv_core import GenerationTimeoutError, VideoGenerationError, jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, NoReturn

    from ttv_cli.progress import Board
    from ttv_core import Job, VideoResult

__all__ = ["cancelled", "id_of", "outlives", "past", "until", "waited"]

_SLICE = 0.1
_AGAIN = 2.0
"""Seconds for which a second Ctrl-C is waited for."""
_ON_ITS_WAY = frozenset({"prepared", "submitting"})
_ANSWER = 10.0
"""Seconds for which the answer to a create is waited for, so that its job is known."""
_CANCELLING = 20.0


def id_of(job: Job) -> str:
    """Return the id under which the job is found again."""
    return str(job.to_dict()["id"])


def outlives(job: Job) -> bool:
    """Tell whether a job is in the journal, and goes on without this process."""
    return "remote_id" in job.to_dict()


def until(job: Job, otherwise: Callable[[], bool]) -> None:
    """Wait for a job to end, or for something else, in short slices.

    A signal that the system hands to another thread, and Ctrl-C on Windows, do not wake a thread
    that waits without end.
    """
    while not job.done and not otherwise():
        futures.wait([job.future], timeout=_SLICE)


def past(seconds: float | None) -> Callable[[], bool]:
    """Return what tells whether so much time has passed from now on."""
    end = None if seconds is None else time.monotonic() + seconds
    return lambda: end is not None and time.monotonic() >= end


def waited(
    begin: Callable[[], Job],
    board: Board,
    *,
    timeout: float | None,
    on_timeout: Literal["keep", "cancel"] = "keep",
) -> VideoResult:
    """Begin a job and wait for its video.

    Args:
        begin: Begins it and returns at once.
        board: Tells how far it is.
        timeout: Seconds to wait; the configuration's when left out.
        on_timeout: Whether a job at a vendor goes on after that. One on this machine does not.

    Raises:
        VideoGenerationError: Whatever ended the job, or the wait for it.
        KeyboardInterrupt: After a signal, when all is in order.
    """
    begun: list[Job] = []
    with interrupts.counted(lambda: 2 if begun and outlives(begun[0]) else 1):
        job = begin()
        begun.append(job)
        started = time.monotonic()

        def limit() -> float | None:
            return job.patience if timeout is None else timeout

        def too_long() -> bool:
            seconds = limit()
            return seconds is not None and time.monotonic() - started >= seconds

        with board:
            until(job, lambda: times() > 0 or too_long())
        if times():
            stop(job)
        if outlives(job):
            _hear_the_answer(job)
        if not job.done:
            return _timed_out(job, limit() or 0.0, on_timeout)
        return job.wait(0)


def _timed_out(job: Job, seconds: float, on_timeout: Literal["keep", "cancel"]) -> VideoResult:
    job_id = id_of(job)
    said = f"{'job ' + job_id if outlives(job) else 'it'} was not done after {seconds:g} s"
    if not outlives(job):
        _stop_here(job)
        raise GenerationTimeoutError(
            f"{said}, and was stopped", backend=job.backend, remedy="a longer --timeout"
        )
    remedy = f"ttv resume {job_id}"
    goes_on = f"it goes on at {job.backend}"
    if on_timeout == "cancel":
        refused = cancelled(job)
        if job.done:
            with suppress(ttv_core.GenerationCancelledError):
                return job.wait(0)  # it was done before it could be cancelled
            remedy, goes_on = "a longer --timeout", "and was cancelled"
        else:
            goes_on = f"and goes on: {refused}"
    raise GenerationTimeoutError(
        f"{said}, {goes_on}", job_id=job_id, backend=job.backend, remedy=remedy
    )


def cancelled(job: Job) -> str:
    """Ask for a job at a vendor to be cancelled and wait to see; return why it is not (yet)."""
    try:
        job.cancel()
    except VideoGenerationError as error:
        return error.message
    note("cancelling … (Ctrl-C leaves at once; the wish is kept)")
    before, late = times(), past(_CANCELLING)
    refused: list[str] = []

    def heard() -> bool:
        with suppress(VideoGenerationError):
            record = jobs.get(id_of(job))
            if record.state not in jobs.TERMINAL and not record.cancel_asked:
                refused.append(record.note or f"{job.backend} does not cancel it")
        return bool(refused) or late() or times() > before

    until(job, heard)
    if job.done:
        return ""
    return refused[0] if refused else f"{job.backend} has not confirmed it yet"


def stop(job: Job) -> NoReturn:
    """End the wait for a job after a signal, and say what becomes of it.

    Raises:
        KeyboardInterrupt: Always.
    """
    if not outlives(job):
        _stop_here(job)
        raise KeyboardInterrupt
    if job.state == "prepared":
        with suppress(VideoGenerationError):
            job.cancel()  # before it is sent, if it still can be
        until(job, past(_AGAIN))
    _hear_the_answer(job)
    _leave(job)


def _hear_the_answer(job: Job) -> None:
    """Wait a little for the answer to a create: whoever leaves before does not know its job."""
    if job.done or job.state not in _ON_ITS_WAY:
        return
    note(f"waiting for the answer of {job.backend}, so that the job is known")
    before, late = times(), past(_ANSWER)
    until(job, lambda: job.state not in _ON_ITS_WAY or times() > before or late())


def _leave(job: Job) -> NoReturn:
    """Leave a job to its vendor, or have it cancelled if Ctrl-C comes again."""
    job_id = id_of(job)
    message, remedy = f"job {job_id} goes on at {job.backend}", f"ttv resume {job_id}"
    if not job.done and times() < 2:
        by_hand = interrupts.exit_code() == 128 + signal.SIGINT
        note(f"{message}; {remedy}{' (Ctrl-C again cancels it)' if by_hand else ''}")
        again = past(_AGAIN if by_hand else 0.0)
        until(job, lambda: times() > 1 or again())
    if not job.done and times() > 1 and (refused := cancelled(job)):
        note(f"{message}: {refused}; {remedy}")
    if not job.done:
        raise Stopped(message, code="detached", job_id=job_id, remedy=remedy)
    try:
        message = f"{job.wait(0).path} was finished already"
    except VideoGenerationError as error:
        message = error.message
    note(message)
    raise Stopped(message, code="stopped", job_id=job_id)


def _stop_here(job: Job) -> None:
    note("stopping … (again to leave at once)")
    with suppress(VideoGenerationError):
        job.cancel()
    until(job, lambda: False)
    with suppress(VideoGenerationError):
        note(f"{job.wait(0).path} was finished already")
