"""`ttv generate`: from a prompt to a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ttv_cli import options
from ttv_cli.completing import complete_backends

if TYPE_CHECKING:
    from ttv_core import Config, Plan, VideoRequest, VideoResult

EPILOG = """\b
Examples:
  ttv generate "A red fox runs through snow. It stops by a river." -b animatic -o fox.mp4
  ttv generate "Pan left over the valley" --image valley.jpg -b animatic -d 4
  ttv generate @prompt.txt --backend auto --fallback animatic --max-cost 2 -o 'videos/{slug}.mp4'
  echo "A storm at sea" | ttv generate - -b animatic --json | jq -r .path
  ttv generate "A fox" -b animatic -O camera="zoom in" --seed 7 --dry-run

The prompt may be `-` for standard input or `@file` for a file. With Ctrl-C the job stops and
nothing is left behind; a second Ctrl-C leaves at once.
"""


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@options.backend_option
@click.option(
    "--fallback",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_backends,
    help="Who is tried next, if that surely costs nothing; repeatable.",
)
@click.option(
    "--output", "-o", metavar="PATH", help="File (.mp4) or folder; may hold {slug}, {id}, …"
)
@click.option("--overwrite", is_flag=True, default=None, help="Replace a file that exists.")
@click.option(
    "--sidecar/--no-sidecar", default=None, help="Write the provenance beside it (default)."
)
@click.option("--poster/--no-poster", default=True, help="Write a still beside it (default).")
@options.request_options
@options.config_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long to wait for it.",
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
    **asked: Any,
) -> int:
    """Make a video from PROMPT and wait for it."""
    from ttv_cli.arguments import read_config, request_of
    from ttv_cli.making import made

    how = {name: asked.pop(name) for name in ("poster", "dry_run", "as_json", "quiet")}
    config = read_config(config_file)
    request = request_of(prompt, asked, backend, config)
    fallbacks = fallback or None
    if how["dry_run"]:
        return _dry_run(request, backend, config, fallbacks, as_json=how["as_json"])
    result = made(request, backend, config, fallbacks, timeout, quiet=how["quiet"])
    if how["poster"]:
        from ttv_cli.poster import write_poster

        result = replace(result, poster=write_poster(result.path, overwrite=request.overwrite))
    _tell(result, as_json=how["as_json"])
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


def _tell(result: VideoResult, *, as_json: bool) -> None:
    from ttv_cli.planned import video_facts
    from ttv_cli.terminal import one_line, print_json, print_line

    if as_json:
        print_json(result.to_dict())
        return
    cost = result.cost
    spent = cost if cost.actual is None else replace(cost, amount=cost.actual)
    told = [str(result.path), *video_facts(result)]
    told.append("cost unknown" if spent.amount is None else str(spent))
    if result.poster is not None:
        told.append(f"poster {result.poster}")
    print_line(one_line(" · ".join(told)))
