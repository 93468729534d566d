"""The measures of the page: margins, type sizes and where a shot's type stands."""

import math
from typing import Final

from ttv_animatic import layout
from ttv_animatic.lettering import Placement
from ttv_animatic.slate import SMALLEST

_MARGIN: Final = 0.065
_FOOT: Final = 0.075
_LARGEST, _EASY, _SMALLEST = 0.066, 0.034, 0.019
"""Type sizes as parts of the frame's unit, the root of its area."""

_SUBTITLE: Final = 0.62
"""Size of a subtitle beside a title."""

_HEIGHTS: Final = {False: (0.36, 0.48, 0.64), True: (0.2, 0.34)}
"""Parts of the frame's height that type may take, tried in turn; by `subtitle`."""


def set_type(
    text: str,
    size: tuple[int, int],
    most: int,
    *,
    subtitle: bool,
) -> tuple[list[layout.Block], Placement]:
    """Set a shot's text for a frame.

    A title keeps to the left part of a wide frame: the rest belongs to the
    picture. Very small frames give type more of their height before it is cut.

    Args:
        text: The text, not empty.
        size: Width and height of the frame.
        most: Pages that there is time for.
        subtitle: Whether it is small type over a picture.

    Returns:
        The pages, and where they stand.
    """
    width, height = size
    unit = math.sqrt(width * height)
    margin = max(3, round(unit * _MARGIN))
    wide = min(width - 2 * margin, int(unit * (1.05 if subtitle else 0.84)))
    scale = _SUBTITLE if subtitle else 1.0
    largest = max(9, round(unit * _LARGEST * scale))
    easy = min(largest, max(8, round(unit * _EASY * max(scale, 0.85))))
    smallest = min(easy, max(7, round(unit * _SMALLEST)))
    blocks: list[layout.Block] = []
    for part in _HEIGHTS[subtitle]:
        box = (wide, int(height * part))
        blocks = layout.pages(text, box, (largest, easy, smallest), most)
        if not layout.is_cut(blocks, text):
            break
    foot = height - max(3, round(height * _FOOT))
    rule = min(size) >= SMALLEST and not subtitle
    return blocks, Placement(margin, foot, subtitle, rule)
