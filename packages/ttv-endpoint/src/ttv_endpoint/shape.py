"""The size of a video from a picture: the picture's own shape, where nobody asked for another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttv_core import ModelCapabilities, Plan, Size

__all__ = ["fitting"]


def fitting(plan: Plan, model: ModelCapabilities) -> Size | None:
    """Return the legal size that is most like the picture, with about the usual number of pixels.

    Servers make a picture as large as the video is to be, and stretch it if it is of another shape.

    Args:
        plan: A plan that was made with the usual size.
        model: What it can do.

    Returns:
        The size; None where it was asked for, or where sizes or the picture's are not known.
    """
    asked, canvas = plan.request, model.in_mode("image_to_video").canvas
    pictures = asked.by_role("first_frame")
    if asked.size or asked.aspect_ratio or asked.resolution or len(pictures) != 1:
        return None
    usual = canvas.default or (canvas.sizes[0] if canvas.sizes else None)
    if usual is None or pictures[0].is_url:
        return None
    try:
        facts = pictures[0].facts()
    except (OSError, ValueError):
        return None  # planning has told that it cannot be read
    if not facts.width or not facts.height:
        return None
    shape, pixels = facts.width / facts.height, usual.width * usual.height
    if canvas.range is not None:
        return canvas.range.nearest(math.sqrt(pixels * shape), math.sqrt(pixels / shape))
    return min(canvas.sizes, key=lambda size: _apart(size, shape, pixels))


def _apart(size: Size, shape: float, pixels: int) -> tuple[float, float]:
    """Return how far a size is from a shape, and from a number of pixels."""
    off = abs(math.log(size.width / size.height / shape))
    return round(off, 3), abs(math.log(size.width * size.height / pixels))
