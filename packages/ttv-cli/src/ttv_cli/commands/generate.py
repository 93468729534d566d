"""`ttv generate`: from a prompt to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ttv_cli import options

if TYPE_CHECKING:
    from typing import Literal

    from ttv_core import Config, Plan, VideoRequest

EPILOG = """\b
Examples:
  ttv generate "A red fox runs through snow. It stops by a river." -b animatic -o fox.mp4
  ttv generate "Pan left over the valley" --image valley.jpg -b animatic -d 4
  ttv generate @prompt.txt --backend auto --fallback animatic --max-cost 2 -o 'videos/{slug}.mp4'
  echo "A storm at sea" | ttv generate - -b animatic --json | jq -r .path
  ttv generate "A fox" -b animatic -O camera="zoom in" --seed 7 --dry-run
  ttv generate "A fox" -b runway --detach       # leaves it at the vendor: ttv resume

The prompt may be `-` for standard input or `@file` for a file.

With Ctrl-C a job on this machine stops and nothing is left behind; a second Ctrl-C leaves at
once. A job at a vendor goes on, and `ttv resume` brings its video home: nothing is lost, and
nothing is paid twice. A second Ctrl-C asks the vendor to cancel it, a third leaves at once.
"""


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@options.backend_option
@options.fallback_option
@click.option(
    "--output", "-o", metavar="PATH", help="File (.mp4) or folder; may hold {slug}, {id}, …"
)
@click.option("--overwrite", is_flag=True, default=None, help="Replace a file that exists.")
@click.option(
    "--sidecar/--no-sidecar", default=None, help="Write the provenance beside it (default)."
)
@click.option("--poster/--no-poster", default=True, help="Write a still beside it (default).")
@click.option(
    "--idempotency-key",
    metavar="KEY",
    help="Your own key for this request: asked for again, it is the same job, paid for once.",
)
@options.request_options
@options.config_option
@click.option(
    "--timeout",
    type=options.PATIENCE,
    metavar="SECONDS",
    help="How long to wait for it.",
)
@click.option(
    "--on-timeout",
    type=click.Choice(["keep", "cancel"]),
    help="Whether a job at a vendor goes on after that (default), or is cancelled.",
)
@click.option(
    "--detach", is_flag=True, help="Leave once the vendor has the job; `ttv resume` fetches it."
)
@click.option("--dry-run", is_flag=True, help="Print the plan and send nothing.")
@options.json_option
@click.option("--quiet", "-q", is_flag=True, help="No progress, no notes.")
def generate(
    prompt: str | None,
    backend: str | None,
    fallback: tuple[str, ...],
    config_file: str | None,
    timeout: float | None,
    on_timeout: Literal["keep", "cancel"] | None,
    **asked: Any,
) -> int:
    """Make a video from PROMPT and wait for it."""
    from ttv_cli.arguments import read_config, request_of
    from ttv_cli.finished import tell, with_poster
    from ttv_cli.making import made

    how = {name: asked.pop(name) for name in ("poster", "dry_run", "detach", "as_json", "quiet")}
    config = read_config(config_file)
    request = request_of(prompt, asked, backend, config)
    fallbacks = fallback or None
    if how["dry_run"]:
        return _dry_run(request, backend, config, fallbacks, as_json=how["as_json"])
    chosen = {"backend": backend, "config": config, "fallback_backends": fallbacks}
    if how["detach"]:
        if timeout is not None or on_timeout is not None:
            msg = "--detach does not wait: leave out --timeout and --on-timeout"
            raise click.UsageError(msg)
        return _detach(request, quiet=how["quiet"], as_json=how["as_json"], **chosen)
    result = made(
        request, timeout=timeout, on_timeout=on_timeout or "keep", quiet=how["quiet"], **chosen
    )
    if how["poster"]:
        result = with_poster(result, overwrite=request.overwrite)
    tell(result, as_json=how["as_json"])
    return 0


def _detach(request: VideoRequest, *, quiet: bool, as_json: bool, **chosen: Any) -> int:
    from ttv_cli.job_words import as_data
    from ttv_cli.making import detached
    from ttv_cli.terminal import note, print_json, print_line

    record = detached(request, quiet=quiet, **chosen)
    if as_json:
        print_json(as_data(record))
        return 0
    print_line(record.id)
    if not quiet:
        note(f"ttv resume {record.id} brings the video home")
    return 0


def _dry_run(
    request: VideoRequest,
    backend: str | None,
    config: Config,
    fallbacks: tuple[str, ...] | None,
    *,
    as_json: bool,
) -> int:
    from ttv_cli.exits import exit_code
    from ttv_cli.planned import print_plan, reviewed
    from ttv_cli.terminal import print_json
    from ttv_core import InvalidInputError

    plan = reviewed(_planned(request, backend, config, fallbacks))
    if not as_json:
        print_plan(plan)
        plan.check()
        return 0
    print_json(plan.to_dict())
    try:
        plan.check()
    except InvalidInputError as error:
        return exit_code(error)
    return 0


def _planned(
    request: VideoRequest,
    backend: str | None,
    config: Config,
    fallbacks: tuple[str, ...] | None,
) -> Plan:
    import ttv_core

    if not fallbacks:
        return ttv_core.plan(request, backend=backend, config=config)
    generator = ttv_core.create_video_generator(config, backend, fallback_backends=fallbacks)
    assert isinstance(generator, ttv_core.VideoGenerator)
    return generator.plan(request)
