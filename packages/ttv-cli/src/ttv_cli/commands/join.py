"""`ttv join`: videos one after another."""

from __future__ import annotations

from pathlib import Path

import click

from ttv_cli import options

EPILOG = """\b
Examples:
  ttv join a.mp4 b.mp4 -o ab.mp4
  ttv join 1.mp4 2.mp4 3.mp4 -o film.mp4 --drop-boundary

Videos that agree in everything are copied; otherwise all are encoded anew, like the first.
"""


@click.command(epilog=EPILOG)
@click.argument("videos", nargs=-1, required=True, type=click.Path())
@click.option(
    "--output", "-o", metavar="FILE", required=True, type=click.Path(), help="The file to write."
)
@click.option(
    "--drop-boundary",
    is_flag=True,
    help="Leave out each later video's first frame, for chains that repeat the last one there.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@options.json_option
def join(
    videos: tuple[str, ...],
    output: str,
    drop_boundary: bool,  # noqa: FBT001
    overwrite: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> int:
    """Put VIDEOS one after another in one file."""
    from ttv_cli.terminal import near, one_line, print_json, print_line
    from ttv_core import media

    made = media.join(
        [Path(video) for video in videos],
        Path(output),
        drop_boundary=drop_boundary,
        overwrite=overwrite,
    )
    info = media.measure(made.path)
    if as_json:
        how = {"reencoded": made.reencoded, "reason": made.reason}
        print_json({"path": str(made.path), **how, "info": info.to_dict()})
        return 0
    how_told = f"encoded anew: {made.reason}" if made.reencoded else "copied"
    facts = [near(made.path), f"{info.width}x{info.height}", f"{info.duration:.1f} s"]
    print_line(one_line(" · ".join([*facts, f"{info.fps:g} fps", how_told])))
    return 0
