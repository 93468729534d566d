"""Fitting text into a box: wrapping, balancing, choosing a size, turning pages."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ttv_animatic.typography import measure

_LEADING: Final = 1.28
_STEP: Final = 0.93
_NEVER_FIRST: Final = frozenset("、。，．・：；？！ー）」』】〉》,.!?:;)]}%»”’…")
_NEVER_LAST: Final = frozenset("（「『【〈《([{«“‘")


@dataclass(frozen=True)
class Block:
    """Lines of type at one size; `width` and `height` are what they take up."""

    lines: tuple[str, ...]
    size: int
    width: int
    height: int

    @property
    def leading(self) -> int:
        """Pixels from one baseline to the next."""
        return leading(self.size)


class _Piece(NamedTuple):
    text: str
    spaced: bool


def leading(size: int) -> int:
    """Give the distance between baselines for a type size, in pixels."""
    return max(size + 1, round(size * _LEADING))


def pages(
    text: str,
    box: tuple[int, int],
    sizes: tuple[int, int, int],
    most: int = 1,
) -> list[Block]:
    """Set a text so that it can be read: large if short, on several pages if long.

    Args:
        text: The text; empty gives no page.
        box: Width and height that a page may take, in pixels.
        sizes: The largest type size, the smallest that reads with ease and the
            smallest that reads at all, falling.
        most: Pages that there is time for.

    Returns:
        The pages. Only when the text fits in no other way does the last one end
        in an ellipsis.
    """
    if not text:
        return []
    largest, easy, smallest = sizes
    size = min(largest, max(easy, _guess(text, box)))
    while size >= easy:
        block = _block(_balanced(text, size, box[0]), size)
        if _fits(block, box):
            return [block]
        size = _smaller(size)
    size = easy
    while True:
        lines = wrap(text, size, box[0])
        room = max(1, box[1] // leading(size))
        count = math.ceil(len(lines) / room)
        if count <= most or size <= smallest:
            break
        size = max(smallest, _smaller(size))
    if count > most:
        lines = _cut(lines[: room * most], size, box[0])
        count = math.ceil(len(lines) / room)
    each = math.ceil(len(lines) / count)
    starts = range(0, len(lines), each)
    return [_block(lines[start : start + each], size) for start in starts]


def is_cut(blocks: Sequence[Block], text: str) -> bool:
    """Tell whether pages leave out the end of a text.

    Args:
        blocks: What `pages` returned.
        text: What it was given.

    Returns:
        True if the last page ends in an ellipsis that the text does not have.
    """
    return bool(blocks) and blocks[-1].lines[-1].endswith("…") and not text.endswith("…")


def wrap(text: str, size: int, width: float) -> list[str]:
    """Break a text into lines.

    Args:
        text: The text; runs of spaces count as one.
        size: Type size in pixels.
        width: Room for a line in pixels.

    Returns:
        The lines; none is wider than `width` unless one character alone is.
    """
    lines: list[str] = []
    line, reach = "", 0.0
    space = measure(" ", size)
    for piece in _pieces(text):
        for part in _broken(piece.text, size, width):
            wide = measure(part, size)
            gap = space if piece.spaced and line else 0.0
            if line and reach + gap + wide > width:
                lines.append(line)
                line, reach, gap = "", 0.0, 0.0
            line += (" " if gap else "") + part
            reach += gap + wide
    return [*lines, line] if line else lines


def _pieces(text: str) -> list[_Piece]:
    """Split text where a line may break: at spaces, and between East Asian characters."""
    pieces: list[_Piece] = []
    for word in text.split():
        fresh, run = True, ""
        for character in word:
            breaks = run and (_wide(character) or _wide(run[-1]))
            if breaks and character not in _NEVER_FIRST and run[-1] not in _NEVER_LAST:
                pieces.append(_Piece(run, fresh))
                fresh, run = False, ""
            run += character
        pieces.append(_Piece(run, fresh))
    return pieces


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF" or "ぁ" <= character <= "ヿ"


def _broken(word: str, size: int, width: float) -> list[str]:
    """Break a word that is wider than a line by itself."""
    if measure(word, size) <= width:
        return [word]
    parts, part = [], ""
    for character in word:
        if part and measure(part + character, size) > width:
            parts.append(part)
            part = ""
        part += character
    return [*parts, part]


def _balanced(text: str, size: int, width: int) -> list[str]:
    """Wrap to the narrowest measure that needs no more lines: no lonely last word."""
    lines = wrap(text, size, width)
    low, high = width / max(2, len(lines)), float(width)
    while high - low > size / 2:
        middle = (low + high) / 2
        if len(wrap(text, size, middle)) <= len(lines):
            high = middle
        else:
            low = middle
    return wrap(text, size, high)


def _block(lines: Sequence[str], size: int) -> Block:
    width = math.ceil(max((measure(line, size) for line in lines), default=0))
    return Block(tuple(lines), size, width, len(lines) * leading(size))


def _fits(block: Block, box: tuple[int, int]) -> bool:
    return block.width <= box[0] and block.height <= box[1]


def _guess(text: str, box: tuple[int, int]) -> int:
    """Start near the size at which the letters' area fills the box, not far above it."""
    return math.ceil(1.5 * math.sqrt(box[0] * box[1] / (0.5 * _LEADING * len(text))))


def _smaller(size: int) -> int:
    return min(size - 1, round(size * _STEP))


def _cut(lines: Sequence[str], size: int, width: float) -> list[str]:
    last = lines[-1]
    while last and measure(last.rstrip(" ,;:.") + "…", size) > width:
        last = last[:-1]
    return [*lines[:-1], last.rstrip(" ,;:.") + "…"]
