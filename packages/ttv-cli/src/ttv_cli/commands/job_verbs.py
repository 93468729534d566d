"""What a person may do about one job: wait for it, have it stopped, settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ttv_cli import options
from ttv_cli.completing import complete_doubtful, complete_unfinished

if TYPE_CHECKING:
    from ttv_core.jobs import JobRecord

_unfinished = click.argument("job", metavar="ID", shell_complete=complete_unfinished)
_doubtful = click.argument("job", metavar="ID", shell_complete=complete_doubtful)


@click.command(
    epilog="\b\nExamples:\n  ttv jobs wait 7QK2M1XA\n  ttv jobs wait 7QK2M1XA --timeout 600 --json"
)
@_unfinished
@options.wait_options
@options.config_option
@options.json_option
def wait(
    job: str,
    timeout: float | None,
    poster: bool,  # noqa: FBT001 - click passes by keyword
    config_file: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Wait for the job ID; exit code 6 if it still runs after --timeout.

    If a process works on it, that one is followed; if none does, this one takes it up.
    """
    from ttv_cli.arguments import read_config
    from ttv_cli.finished import tell
    from ttv_cli.resuming import How, brought_home

    how = How(config=read_config(config_file), timeout=timeout, poster=poster)
    tell(brought_home(job, how), as_json=as_json)
    return 0


@click.command(epilog="\b\nExamples:\n  ttv jobs cancel 7QK2M1XA")
@_unfinished
@options.config_option
@options.json_option
def cancel(job: str, config_file: str | None, as_json: bool) -> int:  # noqa: FBT001
    """Have the job ID stopped. Whether it is charged all the same is up to the vendor.

    One on this machine stops at its next step, whichever command began it, and leaves nothing.

    One that was not sent yet is not sent any more. If the vendor cannot cancel, or it was too
    late, that is said: exit code 6 while the job goes on, 5 if its video is made already.
    """
    from ttv_cli.arguments import read_config
    from ttv_cli.cancelling import cancel_here, cancel_job

    if (here := cancel_here(job)) is not None:
        return _told(here.to_dict() | {"state": "stopped"}, f"job {here.id} is stopped", as_json)
    record = cancel_job(job, read_config(config_file))
    return _told(record, f"job {record.id} was cancelled (charged: {record.charged})", as_json)


@click.command(epilog="\b\nExamples:\n  ttv jobs adopt 7QK2M1XA task_0123")
@_doubtful
@click.argument("remote_id", metavar="REMOTE_ID")
@options.json_option
def adopt(job: str, remote_id: str, as_json: bool) -> int:  # noqa: FBT001
    """Say that the vendor has the job ID after all, under its own id REMOTE_ID."""
    from ttv_core import jobs

    record = jobs.adopt(job, remote_id)
    told = f"job {record.id} is {record.backend} job {record.remote_id}"
    return _told(record, f"{told}; ttv resume {record.id} brings its video home", as_json)


@click.command(epilog="\b\nExamples:\n  ttv jobs confirm-not-submitted 7QK2M1XA")
@_doubtful
@options.json_option
def confirm_not_submitted(job: str, as_json: bool) -> int:  # noqa: FBT001
    """Say that the vendor surely has not got the job ID: you looked, and it is not there."""
    from ttv_core import jobs

    record = jobs.confirm_not_submitted(job)
    told = f"job {record.id} is not sent yet; ttv resume {record.id} sends it"
    return _told(record, f"{told}, ttv jobs abandon {record.id} does not", as_json)


@click.command(epilog="\b\nExamples:\n  ttv jobs abandon 7QK2M1XA")
@_unfinished
@options.json_option
def abandon(job: str, as_json: bool) -> int:  # noqa: FBT001
    """Give the job ID up: it is never asked for again. The vendor is not told."""
    from ttv_core import jobs

    record = jobs.abandon(job)
    return _told(record, f"job {record.id} is given up", as_json)


def _told(record: JobRecord | dict[str, Any], text: str, as_json: bool) -> int:  # noqa: FBT001
    from ttv_cli.job_words import as_data
    from ttv_cli.terminal import one_line, print_json, print_line

    if as_json:
        print_json(record if isinstance(record, dict) else as_data(record))
    else:
        print_line(one_line(text))
    return 0
