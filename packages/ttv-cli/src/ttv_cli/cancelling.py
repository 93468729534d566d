"""A job that is to be stopped, although another command may have begun it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ttv_core
from ttv_cli import interrupts
from ttv_cli.job_words import is_doubtful
from ttv_cli.waiting import cancelled
from ttv_core import VideoGenerationError, jobs

if TYPE_CHECKING:
    from ttv_core import Config
    from ttv_core.jobs import JobHere, JobRecord

__all__ = ["cancel_here", "cancel_job"]

_PATIENCE = 60.0
"""Seconds in which a job on this machine comes to its next step."""


def cancel_here(job_id: str) -> JobHere | None:
    """Have a job on this machine stopped, whichever process makes it.

    Args:
        job_id: Its id, or a beginning or end of it that no other has.

    Returns:
        The job; None if there is none of that id on this machine.

    Raises:
        VideoGenerationError: If it has not come to its next step yet.
    """
    typed = job_id.upper()
    found = [job for job in jobs.jobs_here() if job.id.startswith(typed) or job.id.endswith(typed)]
    if len(found) != 1:
        return None
    job = found[0]
    if not job.stop(_PATIENCE):
        msg = f"job {job.id} has not stopped yet; it does at its next step"
        raise VideoGenerationError(
            msg, code="not_cancelled", backend=job.backend, job_id=job.id, charged="no"
        )
    return job


def cancel_job(job_id: str, config: Config) -> JobRecord:
    """Have a job stopped by whoever works on it, and see that it is.

    Args:
        job_id: Its id, or enough of it.
        config: The configuration in use.

    Returns:
        The job, cancelled.

    Raises:
        VideoGenerationError: If it is over, goes on, or can no longer be stopped.
    """
    record = jobs.get(job_id)
    if record.state == "cancelled":
        return record
    if record.state in jobs.TERMINAL:
        raise _too_late(record)
    if is_doubtful(record):
        raise _goes_on(record, "nobody knows whether it was accepted", f"ttv jobs show {record.id}")
    if record.state == "prepared":
        record = jobs.ask_to_cancel(record.id)  # before it is taken up: it must not be sent
    with interrupts.counted(lambda: 1):
        job = ttv_core.resume(record.id, config=config, check_identity=record.state != "prepared")
        refused = cancelled(job)
    record = jobs.get(record.id)
    if record.state == "cancelled":
        return record
    if job.done:
        job.wait(0)
        raise _too_late(record)
    raise _goes_on(record, refused, f"ttv resume {record.id}")


def _goes_on(record: JobRecord, why: str, remedy: str) -> VideoGenerationError:
    return VideoGenerationError(
        f"job {record.id} was not cancelled: {why}",
        code="not_cancelled",
        backend=record.backend,
        job_id=record.id,
        charged=record.charged,
        remedy=remedy,
    )


def _too_late(record: JobRecord) -> VideoGenerationError:
    path = record.result.get("path")
    told = f"it is {record.state}{f', its video is {path}' if path else ''}"
    return VideoGenerationError(
        f"job {record.id} cannot be cancelled any more: {told}",
        code="too_late",
        backend=record.backend,
        job_id=record.id,
        charged=record.charged,
    )
