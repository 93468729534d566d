"""Fonts: the built-in one, the system's for what it lacks, and drawing a line."""

import functools
import os
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_PROBE_SIZE: Final = 16
_NOT_A_CHARACTER: Final = "\U0010ffff"
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_STYLED: Final = (
    "bold",
    "italic",
    "oblique",
    "mono",
    "condensed",
    "light",
    "thin",
    "black",
    "serif",
    "math",
)
_BROAD: Final = (
    "notosanscjk",
    "notosans",
    "dejavusans",
    "arialunicode",
    "arial",
    "pingfang",
    "msgothic",
    "yugoth",
)
_WEIGHT: Final = 1 / 60
"""Stroke added to each side of a letter, part of its size: the built-in font is thin."""


@dataclass(frozen=True)
class Face:
    """A font file; None is the font that comes with Pillow."""

    path: Path | None = None


_DEFAULT: Final = Face()


@functools.lru_cache(maxsize=256)
def font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """Open a face at a size.

    Args:
        face: The face.
        size: Pixels to the em.

    Returns:
        The font, kept open for the next caller.

    Raises:
        OSError: The file is no font that FreeType can scale.
    """
    if face.path is not None:
        return ImageFont.truetype(face.path, size)
    built_in = ImageFont.load_default(size)
    if not isinstance(built_in, ImageFont.FreeTypeFont):
        message = "Pillow was built without FreeType; ttv-animatic cannot set type."
        raise OSError(message)
    return built_in


def missing_glyphs(text: str) -> str:
    """Find the characters that no font on this machine can draw.

    Args:
        text: Any text.

    Returns:
        Each such character once, in order; empty when all can be drawn.

    >>> missing_glyphs("A fox runs")
    ''
    """
    return "".join(c for c in dict.fromkeys(text) if _visible(c) and _face_for(c) is None)


def drawable(text: str) -> str:
    """Keep of a text what can be drawn.

    Args:
        text: Any text.

    Returns:
        The text without characters that lack a glyph, spaces closed up.
    """
    kept = "".join(c if _visible(c) else " " * c.isspace() for c in text)
    lacking = missing_glyphs(kept)
    return " ".join("".join(c for c in kept if c not in lacking).split())


@functools.lru_cache(maxsize=20_000)
def measure(text: str, size: int) -> float:
    """Measure how far a line of text reaches.

    Args:
        text: One line.
        size: Pixels to the em.

    Returns:
        Its advance in pixels.
    """
    return sum(font(face, size).getlength(run) for face, run in _runs(text))


def draw_line(text: str, size: int, room: tuple[int, int]) -> Image.Image:
    """Draw a line of text as a mask.

    Args:
        text: One line.
        size: Pixels to the em.
        room: Width and height of the mask; the baseline lies where the built-in
            font's would if its ascenders touched the top.

    Returns:
        An L image.
    """
    mask = Image.new("L", room)
    pen = ImageDraw.Draw(mask)
    weight = stroke(size)
    x, baseline = weight, ascent(size) + weight
    for face, run in _runs(text):
        opened = font(face, size)
        pen.text((x, baseline), run, fill=255, font=opened, anchor="ls", stroke_width=weight)
        x += opened.getlength(run)
    return mask


def stroke(size: int) -> float:
    """Give the stroke that thickens letters of a size, in pixels."""
    return size * _WEIGHT if size >= _PROBE_SIZE else 0.0


def ascent(size: int) -> int:
    """Give the height of the built-in font above its baseline, in pixels."""
    return font(_DEFAULT, size).getmetrics()[0]


def _visible(character: str) -> bool:
    if character.isspace() or unicodedata.category(character) in _INVISIBLE:
        return False
    return not unicodedata.name(character, "").startswith("VARIATION SELECTOR")


def _runs(text: str) -> Iterator[tuple[Face, str]]:
    """Split a line where the font has to change."""
    run, current = "", _DEFAULT
    for character in text:
        face = current if not _visible(character) else _face_for(character) or _DEFAULT
        if run and face != current:
            # Spaces go with what follows: at the end of a right-to-left run they
            # would land on its far side.
            kept = run.rstrip()
            yield current, kept
            run = run[len(kept) :]
        current = face
        run += character
    if run:
        yield current, run


@functools.lru_cache(maxsize=20_000)
def _face_for(character: str) -> Face | None:
    if _covers(_DEFAULT, character):
        return _DEFAULT
    return next((face for face in _system_faces() if _covers(face, character)), None)


def _covers(face: Face, character: str) -> bool:
    """Tell whether a face draws a character as something else than a missing one."""
    empty = _missing(face)
    if empty is None:
        return False
    glyph = font(face, _PROBE_SIZE).getmask(character)
    return (glyph.size, bytes(glyph)) != empty and glyph.getbbox() is not None


@functools.lru_cache(maxsize=4096)
def _missing(face: Face) -> tuple[tuple[int, int], bytes] | None:
    try:
        glyph = font(face, _PROBE_SIZE).getmask(_NOT_A_CHARACTER)
    except (OSError, ValueError):
        return None
    return glyph.size, bytes(glyph)


@functools.cache
def _system_faces() -> tuple[Face, ...]:
    """List the machine's fonts, plain and broad ones first.

    Only reached when a character is not in the built-in font: reading a few
    hundred fonts takes longer than drawing a short clip.
    """
    found = {p for folder in _folders() for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES}
    return tuple(Face(path) for path in sorted(found, key=_preference))


def _preference(path: Path) -> tuple[int, int, str]:
    name = path.stem.lower().replace("-", "").replace("_", "").replace(" ", "")
    styled = sum(style in name for style in _STYLED)
    broad = next((i for i, known in enumerate(_BROAD) if name.startswith(known)), len(_BROAD))
    return styled, broad, str(path)


def _folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", str(home / "AppData/Local"))
        windows = Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"
        return [windows, Path(local) / "Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    data = os.environ.get("XDG_DATA_HOME", str(home / ".local/share"))
    return [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        Path(data) / "fonts",
        home / ".fonts",
    ]
