"""The command `ttv`: its subcommands by name, and what becomes of what they raise.

Nothing but click is imported here: help and completion must come at once.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from ttv_cli import exits, interrupts, terminal
from ttv_cli.lazy import Lazy, LazyGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "main"]

COMMANDS = {
    "generate": Lazy("ttv_cli.commands.generate:generate", "Make a video from a prompt."),
    "batch": Lazy("ttv_cli.commands.batch:batch", "Make a video of every request in a file."),
    "jobs": Lazy("ttv_cli.commands.jobs:jobs", "List the jobs, stop them, and settle them."),
    "resume": Lazy(
        "ttv_cli.commands.resume:resume", "Take up jobs at vendors again, and fetch their videos."
    ),
    "join": Lazy("ttv_cli.commands.join:join", "Put videos one after another."),
    "plan": Lazy(
        "ttv_cli.commands.plan:plan", "Show who could make it, what would change, and the cost."
    ),
    "backends": Lazy(
        "ttv_cli.commands.backends:backends", "List what is installed, or what one backend can do."
    ),
    "worker": Lazy(
        "ttv_cli.commands.worker:worker", "Keep engines on this machine loaded between commands."
    ),
    "doctor": Lazy("ttv_cli.commands.doctor:doctor", "Say what works, and what mends the rest."),
    "plugins": Lazy("ttv_cli.commands.plugins:plugins", "Load every plugin and say how that went."),
    "config": Lazy("ttv_cli.commands.config:config", "Show, check or begin the configuration."),
    "new-backend": Lazy(
        "ttv_cli.commands.new_backend:new_backend", "Write the package of a new backend."
    ),
    "completion": Lazy(
        "ttv_cli.commands.completion:completion", "Print the completion script of a shell."
    ),
}

EPILOG = f"""\b
Examples:
  ttv generate "A red fox runs through snow at dawn." --backend animatic -o fox.mp4
  ttv plan "A red fox runs through snow" --duration 5 --size 1280x720
  ttv doctor

\b
Exit codes:
{exits.told()}

Every command takes --json: one JSON document on standard output (batch: one a line), all else on
standard error.
"""


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001
    del param
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"ttv {version('ttv-cli')} (ttv-core {version('ttv-core')})")
    ctx.exit()


def _show_tracebacks(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001
    del ctx, param
    if value:
        os.environ["TTV_DEBUG"] = "1"


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and leave.",
)
@click.option(
    "--traceback",
    is_flag=True,
    expose_value=False,
    callback=_show_tracebacks,
    help="Show where errors come from; so does TTV_DEBUG=1.",
)
def cli() -> None:
    """Turn a prompt, and pictures if you like, into a video file.

    ttv works through whichever video backend is installed; `ttv backends` lists them.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        arguments: Those after the program's name; the process's own when left out.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    terminal.prepare()
    interrupts.install()
    code = 0
    try:
        code = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python must not complain about it on leaving.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except KeyboardInterrupt:
        code = interrupts.exit_code()
    return code


def _run(given: list[str]) -> int:
    """Do what the arguments say. Not through click's own `main`: it has another idea of pipes."""
    try:
        if "_TTV_COMPLETE" in os.environ:
            cli.main(given, prog_name="ttv")
        with cli.make_context("ttv", given) as ctx:
            returned = cli.invoke(ctx)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the last instance
        from ttv_cli.failures import report

        return report(error, as_json="--json" in given)
    return returned if isinstance(returned, int) else 0
