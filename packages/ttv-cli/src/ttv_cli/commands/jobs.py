"""`ttv jobs`: the jobs at vendors, as the journal has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ttv_cli import options
from ttv_cli.completing import complete_jobs
from ttv_cli.lazy import Lazy, LazyGroup

if TYPE_CHECKING:
    from ttv_core.jobs import JobHere, JobRecord

EPILOG = """\b
Examples:
  ttv jobs
  ttv jobs --state unknown --state running
  ttv jobs --since 7d --cost
  ttv jobs show 7QK2M1XA
  ttv jobs --json | jq -r '.jobs[] | select(.state == "completed") | .result.path'

A job at a vendor outlives the command that began it. It is written down before it is sent, in a
journal on this machine (TTV_STATE_DIR, or the user's state folder), and `ttv resume` brings its
video home. The beginning or the end of an id is enough. A job that is made on this machine is
listed while it is under way, and may be cancelled.

\b
States:
  prepared     written down, not sent yet
  submitting   being sent; if no process works on it, its answer was lost
  reconciling  its answer was lost; the vendor is asked for it
  unknown      nobody knows whether the vendor has it: adopt, confirm-not-submitted or abandon
  accepted     the vendor has it
  running      the vendor works on it
  remote_done  made and paid for; only fetching it is left
  cancelling   the vendor was asked to stop it
  completed    the file is here
  failed, cancelled, expired, abandoned   over, without a video
"""
_WHAT = "the list's options stand for the list alone; write options of {0!r} after {0!r}"
_VERBS = "ttv_cli.commands.job_verbs"


@click.group(
    cls=LazyGroup,
    lazy={
        "show": Lazy("ttv_cli.commands.jobs:show", "Print all that is known of a job."),
        "wait": Lazy(f"{_VERBS}:wait", "Wait for a job, and bring its video home."),
        "cancel": Lazy(f"{_VERBS}:cancel", "Have a job stopped, where the vendor can."),
        "adopt": Lazy(f"{_VERBS}:adopt", "Say that the vendor has a job after all."),
        "confirm-not-submitted": Lazy(
            f"{_VERBS}:confirm_not_submitted", "Say that the vendor surely has not got a job."
        ),
        "abandon": Lazy(f"{_VERBS}:abandon", "Give a job up; the vendor is not told."),
        "purge": Lazy("ttv_cli.commands.jobs:purge", "Forget jobs that are over; videos stay."),
    },
    epilog=EPILOG,
    invoke_without_command=True,
)
@options.state_option
@options.backend_option
@click.option(
    "--since",
    callback=options.as_moment,
    metavar="SPAN|DAY",
    help="Only jobs made since then: 12h, 7d, 2026-11-20.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@click.option("--cost", is_flag=True, help="What they cost, by day, backend and model.")
@options.json_option
@click.pass_context
def jobs(
    ctx: click.Context,
    /,
    cost: bool,  # noqa: FBT001 - click passes by keyword
    as_json: bool,  # noqa: FBT001
    **which: Any,
) -> int:
    """List the jobs at vendors and here, stop them, and settle what only a person can."""
    if ctx.invoked_subcommand is not None:
        if cost or as_json or any(which.values()):
            raise click.UsageError(_WHAT.format(ctx.invoked_subcommand), ctx=ctx)
        return 0
    from ttv_core.jobs import jobs_here, select

    records = select(**which)
    if cost:
        _tell_cost(records, as_json=as_json)
        return 0
    here = [] if which["states"] else jobs_here()
    since, backend = which["since"] or 0.0, which["backend"]
    listed = [job for job in here if job.created_at >= since and backend in {None, job.backend}]
    _tell(records, listed, as_json=as_json)
    return 0


def _tell(records: list[JobRecord], here: list[JobHere], *, as_json: bool) -> None:
    from ttv_cli.job_tables import print_here
    from ttv_cli.job_words import as_data
    from ttv_cli.terminal import note, print_json

    if as_json:
        listed = [as_data(record) for record in records]
        print_json({"jobs": listed, "here": [job.to_dict() for job in here]})
        return
    if here:
        print_here(here)
    if records:
        from ttv_cli.job_tables import print_jobs

        print_jobs(records)
    elif not here:
        note("no job; ttv generate begins one, and what a vendor makes is listed here")


def _tell_cost(records: list[JobRecord], *, as_json: bool) -> None:
    from ttv_cli.job_tables import print_spending, total
    from ttv_cli.terminal import print_json
    from ttv_core.jobs import costs

    spending = costs(records)
    if as_json:
        print_json({"spending": [s.to_dict() for s in spending], "total": total(spending)})
    else:
        print_spending(spending)


@click.command(
    epilog="\b\nExamples:\n  ttv jobs show 7QK2M1XA\n  ttv jobs show 7QK2M1XA --json | jq .attempts"
)
@click.argument("job", metavar="ID", shell_complete=complete_jobs)
@options.json_option
def show(job: str, as_json: bool) -> int:  # noqa: FBT001
    """Print all that is known of the job ID, and what was done about it at its vendor."""
    from ttv_cli.job_tables import print_job
    from ttv_cli.job_words import as_data
    from ttv_cli.terminal import print_json
    from ttv_core.jobs import attempts, get

    record = get(job)
    done = attempts(record.id)
    if as_json:
        print_json(as_data(record) | {"attempts": [attempt.to_dict() for attempt in done]})
    else:
        print_job(record, done)
    return 0


@click.command(
    epilog="\b\nExamples:\n  ttv jobs purge\n  ttv jobs purge --older-than 1w --state failed --yes"
)
@click.option(
    "--older-than",
    callback=options.as_span,
    default="30d",
    show_default=True,
    metavar="SPAN",
    help="Only jobs that have not changed for so long: 12h, 30d; 0s for all.",
)
@options.state_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.json_option
def purge(
    older_than: float,
    states: tuple[str, ...],
    yes: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> int:
    """Forget jobs that are over, and what was kept for them. Videos stay where they are."""
    import time

    from ttv_cli.job_words import counted
    from ttv_cli.terminal import print_json, print_line
    from ttv_core import jobs

    if not yes:
        before = time.time() - older_than
        over = jobs.select(states=states or jobs.TERMINAL)
        old = [record for record in over if record.updated_at <= before]
        if old:
            _confirm(f"forget {counted(len(old))}? Videos stay.", as_json=as_json)
    gone = jobs.purge(older_than=older_than, states=states)
    if as_json:
        print_json({"purged": gone})
    else:
        print_line(f"{counted(gone)} forgotten")
    return 0


def _confirm(question: str, *, as_json: bool) -> None:
    """Ask on the terminal.

    Raises:
        click.UsageError: If the answer is not yes, or nobody can answer.
    """
    import sys

    agreed = False
    if not as_json and sys.stdin is not None:
        # Not click's own: some of its versions write to standard output all the same.
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        agreed = sys.stdin.readline().strip().lower() in {"y", "yes"}
    if not agreed:
        msg = "nothing was forgotten; --yes says that it is meant"
        raise click.UsageError(msg)
