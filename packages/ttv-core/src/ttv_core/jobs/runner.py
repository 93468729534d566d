"""Drive a job from wherever it stands to its end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ttv_core.errors import (
    GenerationCancelledError,
    GenerationFailedError,
    JobExpiredError,
    VideoGenerationError,
)
from ttv_core.jobs.arrival import bring_home, remove_parts
from ttv_core.jobs.states import ACCEPTED, TERMINAL
from ttv_core.jobs.submission import (
    prepare_and_submit,
    reconcile,
    settle_after_crash,
    uncertain,
)
from ttv_core.jobs.watching import watch
from ttv_core.jobs.work import OwnershipLostError
from ttv_core.results import VideoResult, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from ttv_core.jobs.record import JobRecord
    from ttv_core.jobs.work import Work

__all__ = ["ending", "run"]

_STEPS = {
    "prepared": prepare_and_submit,
    "submitting": settle_after_crash,
    "reconciling": reconcile,
    "accepted": watch,
    "running": watch,
    "cancelling": watch,
}


async def run(work: Work) -> VideoResult:
    """Take a job to its end and return its video.

    A job that is over already is not touched.

    Raises:
        SubmissionUncertainError: If nobody knows whether the vendor has it.
        VideoGenerationError: Whatever else ended it, or ended this wait for it.
    """
    try:
        return await _run(work)
    except VideoGenerationError as error:
        await _let_go(work, error)
        raise
    except Exception as error:  # noqa: BLE001 - any backend, any error
        found = work.problem(error, "see the job through")
        await _let_go(work, found)
        raise found from found.__cause__


async def _run(work: Work) -> VideoResult:
    while work.record.state not in TERMINAL:
        if work.record.state == "unknown":
            raise uncertain(work)
        if work.record.state == "remote_done":
            return await bring_home(work)
        await _STEPS[work.record.state](work)
    return ending(work.record)


async def _let_go(work: Work, error: VideoGenerationError) -> None:
    """Leave the job to whoever takes it up next."""
    if work.record.state not in TERMINAL:
        # Only this wait for it has ended: what a refused question cost says nothing of the job.
        error.charged = work.record.charged
    if isinstance(error, OwnershipLostError) or work.record.owner is None:
        return
    with contextlib.suppress(VideoGenerationError):
        await work.save(owner=None)
    remove_parts(work.record, but=work.durable)  # a journal that is full knows nothing of them


def ending(record: JobRecord) -> VideoResult:
    """Return the video of a job that is over, or raise what ended it.

    Raises:
        VideoGenerationError: What ended it.
    """
    if record.state == "completed":
        return VideoResult.from_dict(record.result)
    if record.error:
        raise error_of(record.error)
    kind: type[VideoGenerationError] = {
        "cancelled": GenerationCancelledError,
        "expired": JobExpiredError,
    }.get(record.state, GenerationFailedError)
    msg = f"job {record.id} is {record.state}{f': {record.note}' if record.note else ''}"
    raise kind(msg, backend=record.backend, job_id=record.id, charged=record.charged)


def clean_up(record: JobRecord, inputs: Path) -> None:
    """Remove what a job needs no more: inputs once the vendor has them, parts once it is over."""
    if record.state in ACCEPTED | TERMINAL and inputs.is_dir():
        for path in inputs.iterdir():
            path.unlink(missing_ok=True)
        inputs.rmdir()
    if record.state in TERMINAL:
        remove_parts(record)
