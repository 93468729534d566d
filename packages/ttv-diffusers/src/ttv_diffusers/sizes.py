"""The size of a video that starts from a picture."""

from __future__ import annotations

import math

__all__ = ["crop_box", "size_of_picture"]

_SAME = 0.01


def size_of_picture(picture: tuple[int, int], area: int, multiple: int = 16) -> tuple[int, int]:
    """Return the width and height that a picture's shape comes to on an area.

    Args:
        picture: Width and height of the picture.
        area: Pixels of the video.
        multiple: What width and height are divisible by.
    """
    width, height = picture
    shape = height / width
    tall = max(round(math.sqrt(area * shape)) // multiple, 1) * multiple
    wide = max(round(math.sqrt(area / shape)) // multiple, 1) * multiple
    return wide, tall


def crop_box(picture: tuple[int, int], video: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return the largest part of a picture, from its middle, that has the shape of a video.

    Args:
        picture: Width and height of the picture.
        video: Width and height of the video.

    Returns:
        Left, top, right and bottom in pixels; None if all of it has that shape, within 1 %.
    """
    width, height = picture
    wanted = video[0] / video[1]
    if abs(width / height / wanted - 1) <= _SAME:
        return None
    if width / height > wanted:
        kept = max(round(height * wanted), 1)
        left = (width - kept) // 2
        return left, 0, left + kept, height
    kept = max(round(width / wanted), 1)
    top = (height - kept) // 2
    return 0, top, width, top + kept
