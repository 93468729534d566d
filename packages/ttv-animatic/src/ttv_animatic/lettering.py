"""The type over a shot: its veil, its pages and how they come and go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ttv_animatic.contrast import Ink, choose
from ttv_animatic.layers import View, mask_image
from ttv_animatic.layout import Block
from ttv_animatic.palette import Floats, Palette
from ttv_animatic.typography import draw_line, stroke

_ENTRANCE: Final = 0.55
_STAGGER: Final = 0.10
_LEAVING: Final = 0.22
_TOO_SHORT: Final = 0.9
_ASIDE: Final = 0.15
"""What is left of the veil beside the type."""


@dataclass(frozen=True)
class Placement:
    """Where type stands in a frame.

    `left` and `foot` are the edges it keeps to, in pixels. A subtitle is white
    and plain; a title may be dark and carries a rule in the accent colour.
    """

    left: int
    foot: int
    subtitle: bool = False
    rule: bool = True


class Lettering:
    """A text set over a shot, page by page."""

    def __init__(
        self,
        blocks: Sequence[Block],
        place: Placement,
        palette: Palette,
        samples: Sequence[Image.Image],
        seconds: tuple[float, float],
        *,
        fades: bool = False,
    ) -> None:
        """Draw the pages once.

        Args:
            blocks: The pages; at least one.
            place: Where they stand.
            palette: The shot's colours.
            samples: Frames of the shot without type, to choose the ink by.
            seconds: When the type appears and when it has to be gone.
            fades: Let the veil and the last page go at the end.
        """
        self._frame = samples[0].size
        tallest = max(block.height for block in blocks)
        self._top = max(0, place.foot - tallest)
        right = place.left + max(block.width for block in blocks)
        under = (0, self._top, min(self._frame[0], right), min(self._frame[1], place.foot))
        self._ink = choose(
            palette, [s.crop(under) for s in samples], 0.16, dark_allowed=not place.subtitle
        )
        self._veil, self._veil_top = _veil(self._frame, (self._top, place.foot, right), self._ink)
        self._shade = Image.new("RGB", self._veil.size, self._ink.shade)
        self._from, self._until = seconds
        self._each = (self._until - self._from) / len(blocks)
        self._still = self._each < _TOO_SHORT
        longest = _ENTRANCE + _STAGGER * max(len(block.lines) for block in blocks)
        self._tempo = max(1.0, longest / (self._each * 0.4))
        self._fades = fades and not self._still
        self._pages = [_Page(block, place) for block in blocks]
        self._bar = (
            _Bar(place, self._top, blocks[0].size, palette, self._frame[1]) if place.rule else None
        )

    @property
    def ink(self) -> Ink:
        """The colours chosen for the type."""
        return self._ink

    def draw(self, frame: Image.Image, view: View) -> None:
        """Draw the veil and the page whose time it is.

        Args:
            frame: The picture so far.
            view: The moment.
        """
        past = view.seconds - self._from
        over = past - (self._until - self._from)
        if over >= 0 and self._fades:
            return
        fade = min(1.0, -over / (2 * _LEAVING)) if self._fades else 1.0
        frame.paste(self._shade, (0, self._veil_top), _dim(self._veil, fade))
        index = min(len(self._pages) - 1, max(0, int(past / self._each)))
        age = past - index * self._each
        last = index == len(self._pages) - 1
        if self._still:
            self._pages[index].draw(frame, self._ink, None, 1.0)
            return
        leave = 1.0 if last else min(1.0, (self._each - age) / _LEAVING)
        if self._bar:
            self._bar.draw(frame, _settled(past * self._tempo / _ENTRANCE))
        self._pages[index].draw(frame, self._ink, age * self._tempo, leave * fade)


class _Page:
    def __init__(self, block: Block, place: Placement) -> None:
        pad = 2 + int(2 * stroke(block.size))
        room = (block.width + 2 * pad, block.leading + pad)
        self._lines = [draw_line(line, block.size, room) for line in block.lines]
        self._left = place.left
        self._top = place.foot - block.height
        self._leading, self._rise = block.leading, max(1.0, block.size * 0.35)

    def draw(self, frame: Image.Image, ink: Ink, age: float | None, strength: float) -> None:
        for index, line in enumerate(self._lines):
            shown = 1.0 if age is None else _settled((age - index * _STAGGER) / _ENTRANCE)
            alpha = shown * strength
            if alpha <= 0:
                continue
            y = self._top + index * self._leading + round((1 - shown) * self._rise)
            frame.paste(ink.colour, (self._left, y), _dim(line, alpha))


class _Bar:
    """A short rule in the accent colour above the type."""

    def __init__(
        self, place: Placement, top: int, size: int, palette: Palette, height: int
    ) -> None:
        self._wide, self._high = max(6, int(size * 1.1)), max(1, round(height / 240))
        self._at = (place.left, top - max(2, int(size * 0.45)))
        self._colour = palette.accent.rgb()

    def draw(self, frame: Image.Image, shown: float) -> None:
        x, y = self._at
        wide = round(self._wide * shown)
        if wide > 0 and y > 0:
            frame.paste(self._colour, (x, y, x + wide, y + self._high))


def _veil(frame: tuple[int, int], edges: tuple[int, int, int], ink: Ink) -> tuple[Image.Image, int]:
    """Draw a veil that is full under the type and fades out well above and beside it.

    Args:
        frame: Width and height.
        edges: Top, foot and right edge of the type.
        ink: How much it has to cover.

    Returns:
        The mask, and its top edge in the frame.
    """
    width, height = frame
    top, foot, right = edges
    ramp = max(4, int(max(height * 0.26, (foot - top) * 0.8)))
    start = max(0, top - ramp)
    down = _smooth((np.arange(start, height, dtype=np.float32) - (top - ramp)) / ramp)
    reach = max(8.0, (width * height) ** 0.5 * 0.33)
    across = 1 - (1 - _ASIDE) * _smooth((np.arange(width, dtype=np.float32) - right) / reach)
    return mask_image(down[:, None] * across[None, :] * ink.veil), start


def _smooth(part: NDArray[Any]) -> Floats:
    part = np.clip(part, 0, 1)
    eased: Floats = (part * part * part * (part * (part * 6 - 15) + 10)).astype(np.float32)
    return eased


def _settled(part: float) -> float:
    """Ease out: quick at first, then coming to rest."""
    rest = 1 - min(1.0, max(0.0, part))
    return 1 - rest * rest * rest


def _dim(mask: Image.Image, strength: float) -> Image.Image:
    if strength >= 1:
        return mask
    return mask.point([round(level * max(0.0, strength)) for level in range(256)])
