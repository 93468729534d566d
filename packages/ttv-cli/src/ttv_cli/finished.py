"""A finished video, told in one line or as the one JSON document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttv_cli.planned import video_facts
from ttv_cli.terminal import near, one_line, print_json, print_line

if TYPE_CHECKING:
    from ttv_core import VideoResult

__all__ = ["in_a_line", "tell", "with_poster"]


def with_poster(result: VideoResult, *, overwrite: bool) -> VideoResult:
    """Return the result with a still written beside the video, if that can be."""
    from ttv_cli.poster import write_poster

    return replace(result, poster=write_poster(result.path, overwrite=overwrite))


def tell(result: VideoResult, *, as_json: bool) -> None:
    """Tell a video on standard output."""
    if as_json:
        print_json(result.to_dict())
    else:
        print_line(in_a_line(result))


def in_a_line(result: VideoResult) -> str:
    """Return "fox.mp4 · 1280x720 · 5.0 s · 24 fps · $0.60 · poster fox.poster.jpg"."""
    cost = result.cost
    spent = cost if cost.actual is None else replace(cost, amount=cost.actual)
    told = [near(result.path), *video_facts(result)]
    told.append("cost unknown" if spent.amount is None else str(spent))
    if result.poster is not None:
        told.append(f"poster {near(result.poster)}")
    return one_line(" · ".join(told))
