"""`ttv worker`: engines that stay loaded between commands."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from ttv_cli import options
from ttv_cli.lazy import Lazy, LazyGroup

if TYPE_CHECKING:
    from ttv_core.kept import KeptWorker

EPILOG = """\b
Examples:
  ttv worker start wan                     # load its weights, and return when they are there
  ttv generate "A red fox" -b wan          # uses them, and loads nothing
  ttv worker
  ttv worker stop

A command uses a worker whose settings say the same as its own; it says why where they do not.
Commands that come together are served one after the other, and each may be stopped by itself.
"""
_VERBS = "ttv_cli.commands.worker_verbs"


@click.group(
    cls=LazyGroup,
    lazy={
        "start": Lazy(f"{_VERBS}:start", "Keep the engine of a backend loaded."),
        "list": Lazy("ttv_cli.commands.worker:list_workers", "List the engines that are loaded."),
        "stop": Lazy(f"{_VERBS}:stop", "Let go of a loaded engine, and of its memory."),
    },
    epilog=EPILOG,
    invoke_without_command=True,
)
@click.pass_context
def worker(ctx: click.Context) -> int:
    """Keep engines loaded between commands; alone, list those that are."""
    if ctx.invoked_subcommand is None:
        _list(as_json=False)
    return 0


@click.command(
    "list",
    epilog="\b\nExamples:\n  ttv worker list\n  ttv worker list --json | jq -r '.workers[].id'",
)
@options.json_option
def list_workers(as_json: bool) -> int:  # noqa: FBT001 - click passes by keyword
    """List the engines that are kept loaded, the oldest first."""
    _list(as_json=as_json)
    return 0


def _list(*, as_json: bool) -> None:
    from ttv_cli.tables import print_table
    from ttv_cli.terminal import note, print_json
    from ttv_core.kept import kept_workers

    workers = kept_workers()
    if as_json:
        print_json({"workers": [worker.to_dict() for worker in workers]})
    elif not workers:
        note("no engine is kept loaded; ttv worker start BACKEND does that")
    else:
        headings = ["worker", "backend", "model", "device", "state", "videos", "process", "ends"]
        print_table(headings, [_row(worker) for worker in workers], flexible=[2])


def _row(worker: KeptWorker) -> tuple[object, ...]:
    from ttv_cli.job_words import age

    left = worker.idle - (time.time() - worker.used_at)
    return (
        worker.id,
        worker.backend,
        worker.model,
        worker.facts.get("device", "–"),
        worker.state,
        worker.videos,
        worker.pid,
        f"in {age(left)}" if worker.state == "idle" else f"{age(worker.idle)} after its work",
    )
