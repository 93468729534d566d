"""The options that several commands share."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ttv_cli.completing import complete_backends, complete_models, complete_states

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "PATIENCE",
    "as_moment",
    "as_span",
    "backend_option",
    "config_option",
    "fallback_option",
    "json_option",
    "request_options",
    "state_option",
    "wait_options",
]

Function = TypeVar("Function", bound="Callable[..., Any]")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
)
config_option = click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(),
    help="Configuration to use; otherwise TTV_CONFIG, ./ttv.yaml, or the user's.",
)
backend_option = click.option(
    "--backend",
    "-b",
    metavar="NAME",
    shell_complete=complete_backends,
    help="Who makes it: a name from `ttv backends`, or auto.",
)

fallback_option = click.option(
    "--fallback",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_backends,
    help="Who is tried next, if that surely costs nothing; repeatable.",
)
state_option = click.option(
    "--state",
    "states",
    metavar="STATE",
    multiple=True,
    shell_complete=complete_states,
    help="Only jobs in this state; repeatable.",
)


class _Patience(click.FloatRange):
    """Seconds to wait: more than none, and with an end; NaN is in no range, and in every one."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds = float(super().convert(value, param, ctx))
        if not math.isfinite(seconds):
            self.fail(f"{value} is no number of seconds.", param, ctx)
        return seconds


PATIENCE = _Patience(min=0, min_open=True)
timeout_option = click.option(
    "--timeout",
    type=PATIENCE,
    metavar="SECONDS",
    help="How long to wait; the job goes on after that.",
)
poster_option = click.option(
    "--poster/--no-poster", default=True, help="Write a still beside the video (default)."
)
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST_SPAN = 3e9
_FILE = "PATH|URL"
_REQUEST = (
    click.option("--negative-prompt", metavar="TEXT", help="What to avoid."),
    click.option(
        "--model", "-m", metavar="ID", shell_complete=complete_models, help="The engine's model."
    ),
    click.option("--duration", "-d", type=float, metavar="SECONDS", help="Length of the video."),
    click.option("--num-frames", type=int, metavar="N", help="Length in frames instead."),
    click.option("--fps", type=float, metavar="N", help="Frames per second."),
    click.option("--aspect-ratio", metavar="W:H", help="Such as 16:9."),
    click.option("--resolution", metavar="TIER", help="480p, 720p, 1080p, 2k, 4k: the short edge."),
    click.option("--size", "-s", metavar="WxH", help="Pixels, such as 1280x720, instead of both."),
    click.option("--seed", type=int, metavar="N", help="The same seed gives the same video."),
    click.option("--audio/--no-audio", default=None, help="With or without sound."),
    click.option("-n", "n", type=int, metavar="N", help="How many videos."),
    click.option("--image", metavar=_FILE, help="The first frame."),
    click.option("--last-image", metavar=_FILE, help="The last frame."),
    click.option(
        "--reference-image", metavar=_FILE, multiple=True, help="What to keep alike; repeatable."
    ),
    click.option("--source-video", metavar=_FILE, help="A video to start from."),
    click.option(
        "--enhance-prompt/--no-enhance-prompt",
        default=None,
        help="Whether the engine may rewrite the prompt.",
    ),
    click.option(
        "--option",
        "-O",
        metavar="KEY=VALUE",
        multiple=True,
        help="What `ttv backends NAME` lists as options, or BACKEND.KEY=VALUE; repeatable.",
    ),
    click.option("--tag", metavar="KEY=VALUE", multiple=True, help="A label; repeatable."),
    click.option(
        "--on-unsupported",
        type=click.Choice(["error", "adjust"]),
        help="Refuse what the model cannot do (default), or take the nearest and say so.",
    ),
    click.option("--max-cost", metavar="USD", help="Refuse above this, or when it is unknown."),
    click.option(
        "--allow-unknown-cost", is_flag=True, default=None, help="Let an unknown price pass."
    ),
)


def request_options(command: Function) -> Function:
    """Give a command every option that is about the video; they arrive as `**asked`."""
    for option in reversed(_REQUEST):
        command = option(command)
    return command


def wait_options(command: Function) -> Function:
    """Give a command that waits for a job its limit, and what it does with the video."""
    return timeout_option(poster_option(command))


def as_span(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Read a time span as people write it: "90s", "45min", "12h", "30d", "2w"; give seconds."""
    del ctx, param
    number = value.strip().rstrip("smindhw")
    try:
        seconds = float(number) * _UNITS[value.strip()[len(number) :]]
    except (ValueError, KeyError):
        seconds = -1.0
    if not 0 <= seconds < _LONGEST_SPAN:
        msg = f"{value!r} is no time span; write 90s, 45min, 12h, 30d or 2w"
        raise click.BadParameter(msg)
    return seconds


def as_moment(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a time span back from now, or a day such as "2026-11-20"; give seconds since 1970."""
    if value is None:
        return None
    try:
        return time.mktime(time.strptime(value.strip(), "%Y-%m-%d"))
    except ValueError:
        return time.time() - as_span(ctx, param, value)
