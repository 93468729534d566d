"""A generation from its start to its end, told and stopped as fits a command."""

from __future__ import annotations

import math
import time
from concurrent import futures
from contextlib import suppress
from typing import TYPE_CHECKING

import ttv_core
from ttv_cli import interrupts
from ttv_cli.planned import PREVIEW, changes, kind_of
from ttv_cli.progress import progress
from ttv_cli.terminal import note

if TYPE_CHECKING:
    from ttv_core import Config, Job, Plan, VideoRequest, VideoResult

__all__ = ["made"]

_SLICE = 0.1
"""Seconds."""


def made(
    request: VideoRequest,
    backend: str | None,
    config: Config,
    fallbacks: tuple[str, ...] | None,
    timeout: float | None,
    *,
    quiet: bool,
) -> VideoResult:
    """Make a video and wait for it.

    Args:
        request: What is asked.
        backend: As named by the user.
        config: The configuration in use.
        fallbacks: What to try next; None leaves it to the configuration.
        timeout: Seconds to wait. A job on this machine ends with the wait.
        quiet: Whether nothing is told.

    Raises:
        VideoGenerationError: Whatever ended the job.
        KeyboardInterrupt: After a signal; the job has been stopped by then.
    """
    teller = progress(quiet=quiet)
    job = None
    try:
        with teller.held():
            with interrupts.held():
                job = ttv_core.start(
                    request,
                    backend=backend,
                    config=config,
                    fallback_backends=fallbacks,
                    on_event=teller.hear,
                )
            if not quiet:
                _announce(job.plan)
        with teller:
            _until_ended(job, timeout)
            result = job.wait(0)
    except KeyboardInterrupt:
        if job is not None:
            _stop(job)
        raise
    except ttv_core.GenerationTimeoutError as error:
        assert job is not None
        if kind_of(job.plan.backend) != "remote":
            _stop(job)
            error.message = f"it was not done after {timeout:g} s, and was stopped"
            error.remedy = "a longer --timeout"
        raise

    if not quiet:
        _tell_the_rest(result, job.plan)
    return result


def _until_ended(job: Job, timeout: float | None = None) -> None:
    """Wait in short slices.

    A signal that the system hands to another thread, and Ctrl-C on Windows, do not wake a thread
    that waits without end.
    """
    end = math.inf if timeout is None else time.monotonic() + timeout
    while not job.done and (left := end - time.monotonic()) > 0:
        futures.wait([job.future], timeout=min(left, _SLICE))


def _stop(job: Job) -> None:
    note("stopping … (again to leave at once)")
    job.cancel()
    _until_ended(job)
    with suppress(ttv_core.VideoGenerationError):
        result = job.wait(0)
        note(f"{result.path} was finished already")


def _announce(plan: Plan) -> None:
    """Say who makes it, and what is not as it was asked for."""
    kind = kind_of(plan.backend)
    cost = plan.cost
    told = [f"{plan.backend} {plan.model}", PREVIEW if kind == "preview" else plan.mode]
    told.append("free" if cost.amount == 0 else f"about {cost}" if cost.amount else "cost unknown")
    note(" · ".join(told))
    for adjustment in plan.adjustments:
        note(changes(adjustment), kind="changed")
    for warning in plan.warnings:
        note(warning, kind="note")


def _tell_the_rest(result: VideoResult, plan: Plan) -> None:
    """Say what only the end has shown: other backends, and where the file is not as planned."""
    for attempt in result.attempts:
        if attempt.outcome == "failed":
            note(f"{attempt.backend} failed: {attempt.reason}", kind="note")
    for adjustment in result.adjustments:
        if adjustment not in plan.adjustments:
            note(changes(adjustment), kind="changed")
    for warning in result.warnings:
        if warning not in plan.warnings:
            note(warning, kind="note")
