"""`ttv batch`: from a file of requests to a folder of videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ttv_cli import options

if TYPE_CHECKING:
    from ttv_core.batch import Format

EPILOG = """\b
Examples:
  ttv batch prompts.jsonl -o videos -b animatic
  ttv batch shots.csv -o videos -b runway --dry-run            # what it would make, and cost
  ttv batch shots.csv -o videos -b runway --budget 40 --concurrency 5
  ttv batch shots.csv -o videos -b runway --retry-failed
  ttv batch shots.csv -o videos -b wan --executor ray          # on the GPUs of a cluster
  jq -c '.[]' shots.json | ttv batch - -o videos -b veo --json

FILE has one request a line. JSON Lines: an object with the fields of a request ("prompt",
"duration", "size", "seed", "image", …, and "backend" and "name"), or a prompt in quotes. CSV: the
first line names the fields. YAML: a list. Options of this command are for lines that do not say.

Run it again, after Ctrl-C, a crash or with more lines: what is done is known by its content and is
not made again, what a vendor has is fetched, and nothing is paid for twice. --json prints a line of
JSON for each request as it ends, and a last one that sums them up.
"""


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--output", "-o", metavar="DIR", required=True, help="The folder of the batch.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "yaml"]),
    help="What FILE is, where its name does not say; JSON Lines for `-`.",
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    help="Names of the videos: {slug}, {seed}, {name}, {key}; {slug}-{key}.mp4 when left out.",
)
@options.backend_option
@options.fallback_option
@click.option(
    "--concurrency",
    "-j",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many at once at each backend; as many as it takes when left out.",
)
@click.option(
    "--executor",
    metavar="NAME",
    help="Who renders the videos of local backends, such as ray; this machine when left out.",
)
@click.option(
    "--budget", metavar="USD", help="Begin nothing that would pass this, earlier runs included."
)
@click.option(
    "--retry-failed", is_flag=True, help="Try again what failed before and surely cost nothing."
)
@click.option("--dry-run", is_flag=True, help="Say what would be made, and what it costs.")
@options.request_options
@options.config_option
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each request.")
@click.option("--quiet", "-q", is_flag=True, help="No progress, no notes.")
def batch(
    file: str,
    output: str,
    form: Format | None,
    backend: str | None,
    fallback: tuple[str, ...],
    config_file: str | None,
    **asked: Any,
) -> int:
    """Make a video of every request in FILE, each once."""
    from ttv_cli.arguments import fields_of, read_config
    from ttv_cli.batching import How, dry_run, made

    config = read_config(config_file)
    only_planned, as_json, quiet = (asked.pop(key) for key in ("dry_run", "as_json", "quiet"))
    own = ("concurrency", "budget", "retry_failed", "name", "executor")
    more = {key: asked.pop(key) for key in own}
    how = How(
        file=file,
        form=form,
        output=output,
        as_json=as_json,
        quiet=quiet,
        chosen={"backend": backend, "config": config, "fallback_backends": fallback or None},
        batch={key: value for key, value in more.items() if value is not None},
        defaults=fields_of(None, asked, backend, config),
    )
    return dry_run(how) if only_planned else made(how)
