"""The slate in the corners: what this is, which shot, when, and the camera's move."""

from typing import Final

import numpy as np
from PIL import Image

from ttv_animatic.contrast import choose
from ttv_animatic.layers import mask_image
from ttv_animatic.palette import Palette
from ttv_animatic.typography import draw_line, measure

SMALLEST: Final = 240
"""Frame height below which a slate could not be read and is left out."""

_LETTERS: Final = "0123456789:"


class Slate:
    """The small type in the upper corners of a storyboard frame."""

    def __init__(
        self,
        facts: tuple[str, str],
        rate: float,
        margin: int,
        palette: Palette,
        samples: list[Image.Image],
    ) -> None:
        """Draw what does not change.

        Args:
            facts: The shot's number, such as `1/3`, and its camera move.
            rate: Frames a second, for the timecode.
            margin: Distance from the frame's edges in pixels.
            palette: The shot's colours.
            samples: Frames of the shot, to choose the ink by.
        """
        width, height = samples[0].size
        self._rate, self._margin, self._width = rate, margin, width
        size = max(9, round(min(width * 1.2, height) / 46))
        deep = margin + size * 2
        self._ink = choose(palette, [s.crop((0, 0, width, deep)) for s in samples], least=0.0)
        rows = np.clip(1.25 - np.arange(deep + size * 2) / (deep + size * 2) * 1.25, 0, 1)
        veil = np.repeat((rows * min(0.75, self._ink.veil))[:, None], width, axis=1)
        self._veil = mask_image(veil.astype(np.float32))
        self._shade = Image.new("RGB", self._veil.size, self._ink.shade)
        self._title = _spaced("ANIMATIC", size)
        self._facts = _spaced("   ".join(fact.upper() for fact in facts if fact), size)
        # Digits differ in width; equal cells keep the timecode from trembling.
        self._cell = max(round(measure(letter, size)) for letter in "0123456789") + 1
        room = (self._cell + 2, size * 2)
        self._digits = {letter: draw_line(letter, size, room) for letter in _LETTERS}
        self._gap = size

    def draw(self, frame: Image.Image, number: int, strength: float = 1.0) -> None:
        """Draw the slate.

        Args:
            frame: The picture so far.
            number: The frame's number in the clip.
            strength: 1 for a full slate, 0 for none.
        """
        if strength <= 0:
            return
        bare = frame.crop((0, 0, *self._veil.size))
        self._draw(frame, number)
        if strength < 1:
            full = frame.crop((0, 0, *self._veil.size))
            frame.paste(Image.blend(bare, full, strength), (0, 0))

    def _draw(self, frame: Image.Image, number: int) -> None:
        frame.paste(self._shade, (0, 0), self._veil)
        frame.paste(self._ink.colour, (self._margin, self._margin), self._title)
        code = timecode(number, self._rate)
        x = self._width - self._margin - self._cell * len(code)
        left = x - self._gap * 2 - self._facts.width
        if left > self._margin + self._title.width + self._gap:
            frame.paste(self._ink.colour, (left, self._margin), self._facts)
        if x <= self._margin + self._title.width + self._gap:
            return
        for letter in code:
            mask = self._digits[letter]
            shift = self._cell // 3 if letter == ":" else 0
            frame.paste(self._ink.colour, (x + shift, self._margin), mask)
            x += self._cell


def timecode(number: int, rate: float) -> str:
    """Write a frame's number as hours, minutes, seconds and frames.

    Args:
        number: Counted from 0.
        rate: Frames a second; counted in whole frames, without drop frames.

    Returns:
        `HH:MM:SS:FF`.

    >>> timecode(59, 24)
    '00:00:02:11'
    """
    base = max(1, round(rate))
    seconds, frames = divmod(number, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}:{frames:02}"


def _spaced(text: str, size: int) -> Image.Image:
    """Set capitals with the wide spacing that small capitals need."""
    track = size * 0.14
    wide = int(sum(measure(letter, size) + track for letter in text)) + 4
    mask = Image.new("L", (max(1, wide), size * 2))
    x = 0.0
    for letter in text:
        glyph = draw_line(letter, size, (int(measure(letter, size)) + 4, size * 2))
        mask.paste(255, (round(x), 0), glyph)
        x += measure(letter, size) + track
    return mask
