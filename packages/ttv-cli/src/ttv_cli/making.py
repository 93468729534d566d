"""A generation from its start to its end, told and stopped as fits a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import ttv_core
from ttv_cli import interrupts
from ttv_cli.planned import PREVIEW, changes, kind_of
from ttv_cli.progress import Board
from ttv_cli.terminal import note
from ttv_cli.waiting import id_of, stop, until, waited
from ttv_core import jobs
from ttv_core.routing import AutoGenerator

if TYPE_CHECKING:
    from typing import Literal

    from ttv_cli.progress import Line
    from ttv_core import Config, Job, Plan, VideoRequest, VideoResult
    from ttv_core.jobs import JobRecord

__all__ = ["detached", "made"]


def made(
    request: VideoRequest,
    *,
    timeout: float | None,
    on_timeout: Literal["keep", "cancel"],
    quiet: bool,
    **chosen: Any,
) -> VideoResult:
    """Make a video and wait for it.

    Args:
        request: What is asked.
        timeout: Seconds to wait. A job on this machine ends with the wait.
        on_timeout: Whether a job at a vendor goes on after that.
        quiet: Whether nothing is told.
        **chosen: `backend`, `config` and `fallback_backends`, as for `ttv_core.start`.

    Raises:
        VideoGenerationError: Whatever ended the job, or the wait for it.
        KeyboardInterrupt: After a signal, when all is in order.
    """
    board = Board(quiet=quiet)
    begun: list[Job] = []

    def begin() -> Job:
        begun.append(_begun(request, board.line(), quiet=quiet, **chosen))
        return begun[0]

    result = waited(begin, board, timeout=timeout, on_timeout=on_timeout)
    if not quiet:
        _tell_the_rest(result, begun[0].plan)
    return result


def _begun(request: VideoRequest, line: Line, *, quiet: bool, **chosen: Any) -> Job:
    with line.held():
        job = ttv_core.start(request, on_event=line.hear, wait=False, **chosen)
        line.accepted = lambda: _accepted(job, line)
        if not quiet:
            _announce(job.plan)
    return job


def _accepted(job: Job, line: Line) -> str:
    """Say that a vendor has the job, and expect it to take as long as the others did."""
    plan = job.plan
    line.clock.expect(jobs.expected_seconds(plan.backend, plan.model))
    return f"{plan.backend} {plan.model} · accepted · job {id_of(job)} · {_price(plan)}"


def detached(request: VideoRequest, *, quiet: bool, **chosen: Any) -> JobRecord:
    """Have a vendor take a job on, and leave it there.

    Args:
        request: What is asked.
        quiet: Whether nothing is told.
        **chosen: As for `made`.

    Raises:
        click.UsageError: If the backend works on this machine.
        VideoGenerationError: If the vendor does not take it, or nobody can tell.
        KeyboardInterrupt: After a signal, when all is in order.
    """
    chosen["fallback_backends"] = _remote_fallbacks(chosen["config"], chosen["fallback_backends"])
    generator = ttv_core.create_video_generator(
        chosen["config"], chosen["backend"], fallback_backends=chosen["fallback_backends"]
    )
    cls: type = type(generator)
    if isinstance(generator, AutoGenerator):
        cls = ttv_core.GENERATOR_REGISTRY[generator.plan(request).backend]
    if not issubclass(cls, ttv_core.RemoteVideoGenerator):
        raise _bound_to_this_process(getattr(cls, "name", chosen["backend"]))
    board = Board(quiet=quiet)
    begun: list[Job] = []
    with interrupts.counted(lambda: 2 if begun else 1):
        job = _begun(request, board.line(), quiet=quiet, **chosen)
        begun.append(job)
        with board:
            until(job, lambda: interrupts.times() > 0 or _is_taken(job))
        if interrupts.times():
            stop(job)
        if not _is_taken(job):
            job.wait(0)
    return jobs.get(id_of(job))


def _is_taken(job: Job) -> bool:
    return bool(job.to_dict().get("remote_id"))


def _remote_fallbacks(config: Config, named: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the fallbacks whose jobs outlive this process; those of the configuration, else.

    Raises:
        click.UsageError: If the user has named another.
    """
    if named is None:
        return tuple(name for name in config.fallback_backends if _is_remote(name))
    if local := [name for name in named if not _is_remote(name)]:
        raise _bound_to_this_process(local[0])
    return named


def _is_remote(name: str) -> bool:
    try:
        return issubclass(ttv_core.GENERATOR_REGISTRY[name], ttv_core.RemoteVideoGenerator)
    except ttv_core.BackendUnavailableError:
        return True  # why it cannot be used is told when it is its turn


def _bound_to_this_process(backend: str) -> click.UsageError:
    msg = f"--detach is for jobs at a vendor; {backend} works in this process and ends with it"
    return click.UsageError(msg)


def _price(plan: Plan) -> str:
    cost = plan.cost
    if cost.amount is None:
        return "cost unknown"
    return "free" if cost.amount == 0 else f"about {cost}"


def _announce(plan: Plan) -> None:
    """Say who makes it, and what is not as it was asked for.

    What a vendor makes is announced once it is accepted.
    """
    kind = kind_of(plan.backend)
    if kind != "remote":
        how = PREVIEW if kind == "preview" else plan.mode
        note(f"{plan.backend} {plan.model} · {how} · {_price(plan)}")
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
