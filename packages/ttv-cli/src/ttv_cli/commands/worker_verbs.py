"""What a person may do about an engine that stays loaded: start it, and let go of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from ttv_cli import options
from ttv_cli.completing import complete_backends, complete_models, complete_workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttv_core.kept import KeptWorker

_LOOK = 0.1
_START = """\b
Examples:
  ttv worker start wan
  ttv worker start wan --model wan-t2v --idle 2h
  ttv worker start wan --foreground        # for a service manager, or a container

It returns when the engine is loaded, and prints what the worker is called. The worker goes on by
itself until it has had no work for --idle, or ttv worker stop.
"""
_STOP = """\b
Examples:
  ttv worker stop
  ttv worker stop wan
  ttv worker stop 7f3a09c2 --json
  ttv worker stop --all

It ends at once; a video that it is making fails.
"""


def as_idle(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Read a time span; here "30m" are minutes, for nothing is kept for months."""
    minutes = value.strip().endswith("m")
    return options.as_span(ctx, param, f"{value.strip()}in" if minutes else value)


@click.command(epilog=_START)
@click.argument("backend", metavar="BACKEND", shell_complete=complete_backends)
@click.option("--model", "-m", metavar="ID", shell_complete=complete_models, help="What to load.")
@click.option(
    "--idle",
    callback=as_idle,
    default="30m",
    show_default=True,
    metavar="SPAN",
    help="How long it stays without work: 90s, 30m, 12h.",
)
@click.option("--foreground", is_flag=True, help="Stay here as long as it does; Ctrl-C ends it.")
@options.config_option
@options.json_option
def start(
    backend: str,
    model: str | None,
    idle: float,
    foreground: bool,  # noqa: FBT001 - click passes by keyword
    config_file: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Keep the engine of BACKEND loaded, for the commands that follow."""
    import ttv_core
    from ttv_cli.arguments import read_config
    from ttv_cli.terminal import note
    from ttv_core.kept import kept_workers

    made = ttv_core.create_video_generator(read_config(config_file), backend, fallback_backends=())
    if not isinstance(made, ttv_core.LocalVideoGenerator):
        msg = f"{backend} does not work on this machine; there is nothing to keep loaded"
        raise click.UsageError(msg)
    before = {worker.id for worker in kept_workers()}
    begun = time.monotonic()
    note(f"loading {backend} …")
    worker = made.keep(model, idle=idle, tied=foreground)
    if worker.id not in before:
        _tell(worker, f"ready in {time.monotonic() - begun:.1f} s", as_json=as_json)
    elif not foreground:
        _tell(worker, "was ready before", as_json=as_json)
    else:
        msg = f"worker {worker.id} keeps it already; ttv worker stop {worker.id} ends it"
        raise click.UsageError(msg)
    return _stay(worker) if foreground else 0


def _tell(worker: KeptWorker, how: str, *, as_json: bool) -> None:
    import sys

    from ttv_cli.job_words import age
    from ttv_cli.terminal import note, print_json, print_line

    if as_json:
        print_json(worker.to_dict())
    else:
        print_line(worker.id)
    sys.stdout.flush()
    note(f"{worker.backend} {worker.model} · {how} · ends after {age(worker.idle)} without work")


def _stay(worker: KeptWorker) -> int:
    """Wait until the worker has ended, or end it after a signal.

    Raises:
        KeyboardInterrupt: After a signal, when it has ended.
    """
    from ttv_cli import interrupts
    from ttv_cli.terminal import note

    with interrupts.counted(lambda: 1):
        while worker.alive and not interrupts.times():
            time.sleep(_LOOK)
        if not interrupts.times():
            note(f"worker {worker.id} has ended")
            return 0
        worker.stop()
    raise KeyboardInterrupt


@click.command(epilog=_STOP)
@click.argument("names", metavar="[ID|BACKEND]...", nargs=-1, shell_complete=complete_workers)
@click.option("--all", "everything", is_flag=True, help="All that are there.")
@options.json_option
def stop(names: tuple[str, ...], everything: bool, as_json: bool) -> int:  # noqa: FBT001
    """Let go of loaded engines; of the only one, if none is named."""
    from ttv_cli.terminal import note, print_json, print_line
    from ttv_core.kept import kept_workers

    chosen = _chosen(kept_workers(), names, everything=everything)
    for worker in chosen:
        worker.stop()
        if not as_json:
            print_line(f"worker {worker.id} ({worker.backend} {worker.model}) is stopped")
    if as_json:
        print_json({"stopped": [worker.id for worker in chosen]})
    elif not chosen:
        note("no engine is kept loaded")
    return 0


def _chosen(
    workers: Sequence[KeptWorker], names: Sequence[str], *, everything: bool
) -> list[KeptWorker]:
    """Return those that are meant.

    Raises:
        click.UsageError: If that is not clear, or one is not there.
    """
    if everything and names:
        msg = "name those that are meant, or --all"
        raise click.UsageError(msg)
    if not names and len(workers) > 1 and not everything:
        some = ", ".join(f"{worker.id} ({worker.backend})" for worker in workers)
        msg = f"there are {len(workers)} workers: {some}; name one, or --all"
        raise click.UsageError(msg)
    for name in names:
        if not any(_is_called(worker, name) for worker in workers):
            known = ", ".join(worker.id for worker in workers) or "none is there"
            msg = f"there is no worker {name!r}; workers: {known}"
            raise click.UsageError(msg)
    return [
        worker for worker in workers if not names or any(_is_called(worker, name) for name in names)
    ]


def _is_called(worker: KeptWorker, name: str) -> bool:
    return name == worker.backend or worker.id.startswith(name.lower())
