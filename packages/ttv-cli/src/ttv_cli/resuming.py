"""Jobs that an earlier command left at their vendors, seen through to their ends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

import ttv_core
from ttv_cli.finished import with_poster
from ttv_cli.job_words import UNFINISHED, cost, shortest, state
from ttv_cli.progress import Board, Clock
from ttv_cli.terminal import note, print_json
from ttv_cli.waiting import waited
from ttv_core import jobs

if TYPE_CHECKING:
    from ttv_cli.progress import Line
    from ttv_core import Config, Job, VideoResult
    from ttv_core.jobs import JobRecord

__all__ = ["How", "brought_home", "clock_of", "only_unfinished", "taken_up"]


@dataclass(frozen=True, kw_only=True)
class How:
    """How jobs are to be taken up.

    Attributes:
        config: The configuration in use.
        new_key: Whether another key than that of the submission is not held against a job.
        timeout: Seconds to wait; a job goes on after that.
        poster: Whether a still is written beside a video.
        quiet: Whether nothing is told.
    """

    config: Config
    new_key: bool = False
    timeout: float | None = None
    poster: bool = True
    quiet: bool = False


def only_unfinished(*, as_json: bool) -> str | None:
    """Return the id of the one job that is not finished; None, told, if there is none.

    Raises:
        click.UsageError: If there are several.
    """
    found = jobs.select(states=UNFINISHED)
    if len(found) == 1:
        return found[0].id
    if found:
        if not as_json:
            from ttv_cli.job_tables import print_jobs

            print_jobs(found)
        ids = ", ".join(shortest(found).values())
        msg = f"{len(found)} jobs are not finished: say which one, or --all ({ids})"
        raise click.UsageError(msg)
    if as_json:
        print_json({"jobs": []})
    else:
        note("every job is finished; ttv jobs lists them")
    return None


def brought_home(job_id: str, how: How) -> VideoResult:
    """See a job through and return its video; one that is over says how it ended.

    Args:
        job_id: Its id, or enough of it.
        how: How it is taken up.

    Raises:
        VideoGenerationError: Whatever ended the job, or the wait for it.
        KeyboardInterrupt: After a signal; the job goes on.
    """
    record = jobs.get(job_id)
    if record.state in jobs.TERMINAL:
        return jobs.ending(record)
    board = Board(quiet=how.quiet)
    line = board.line(clock_of(record))

    def begin() -> Job:
        if not how.quiet:
            who = f"{record.backend} {record.model}"
            note(f"{who} · {state(record)} · job {record.id} · {_price(record)}")
        return taken_up(record, line, how)

    result = waited(begin, board, timeout=how.timeout)
    if not how.quiet:
        for warning in result.warnings:
            note(warning, kind="note")
    return with_poster(result, overwrite=False) if how.poster else result


def taken_up(record: JobRecord, line: Line, how: How) -> Job:
    """Take a job up again, without waiting for anything."""
    with line.held():
        job = ttv_core.resume(
            record.id, config=how.config, on_event=line.hear, check_identity=not how.new_key
        )
        line.clock.expect(jobs.expected_seconds(record.backend, record.model))
    return job


def clock_of(record: JobRecord) -> Clock:
    """Return a clock that counts from when the vendor took the job."""
    since = record.accepted_at or 0.0
    return Clock(ago=max(time.time() - since, 0.0) if since else 0.0)


def _price(record: JobRecord) -> str:
    told = cost(record)
    return "cost unknown" if told == "unknown" else told
