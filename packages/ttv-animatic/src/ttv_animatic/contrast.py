"""Making type readable on any picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from ttv_animatic.palette import Floats, Lch, Palette, Rgb

_ENOUGH: Final = 5.2
"""WCAG asks for 4.5; the rest is for what moves under the type meanwhile."""


_WHITE_FIRST: Final = 0.1
"""How much more veil white type may need: it looks more like film."""

_PALE: Final = 0.30
_BLACK_FIRST: Final = 0.3
"""The same for dark type on a pale ground: a dark veil over snow looks like soot."""


@dataclass(frozen=True)
class Ink:
    """The colour of type, and of the veil under it with its coverage 0..1."""

    colour: Rgb
    shade: Rgb
    veil: float


def choose(
    palette: Palette,
    backgrounds: Sequence[Image.Image],
    least: float = 0.0,
    *,
    dark_allowed: bool = True,
) -> Ink:
    """Choose dark or light type and the lightest veil that makes it readable.

    Args:
        palette: The shot's colours, which tint both.
        backgrounds: What lies under the type at several moments, RGB.
        least: Coverage that the veil has in any case.
        dark_allowed: Whether dark type may be chosen.

    Returns:
        The ink.
    """
    pixels = np.concatenate([_sample(image) for image in backgrounds])
    hue = palette.near.hue
    light, deep = Lch(0.975, 0.012, palette.light.hue), Lch(0.13, 0.03, hue)
    dark, pale = Lch(0.20, 0.03, hue), Lch(0.955, 0.015, palette.sky[2].hue)
    white = _veiled(light.rgb(), deep.rgb(), least, pixels)
    if not dark_allowed:
        return white
    black = _veiled(dark.rgb(), pale.rgb(), least, pixels)
    on_pale = float(luminance(pixels).mean()) > _PALE
    bias = -_BLACK_FIRST if on_pale else _WHITE_FIRST
    return black if black.veil + bias < white.veil else white


def _veiled(colour: Rgb, shade: Rgb, least: float, pixels: Floats) -> Ink:
    veil = least
    while veil < 1.0 and worst(colour, shade, veil, pixels) < _ENOUGH:
        veil += 0.04
    return Ink(colour, shade, min(1.0, veil))


def worst(colour: Rgb, shade: Rgb, veil: float, pixels: Floats) -> float:
    """Compute the contrast of type against the 5 % of pixels least kind to it.

    Args:
        colour: The type.
        shade: The veil.
        veil: The veil's coverage, 0..1.
        pixels: What lies beneath, shape (n, 3), 0..255.

    Returns:
        A WCAG contrast ratio, 1..21.
    """
    below = pixels * (1 - veil) + np.array(shade, np.float32) * veil
    ink = float(luminance(np.array([colour], np.float32))[0])
    grounds = luminance(below)
    ground = float(np.percentile(grounds, 95 if ink > 0.4 else 5))
    high, low = max(ink, ground), min(ink, ground)
    return (high + 0.05) / (low + 0.05)


def luminance(pixels: Floats) -> Floats:
    """Compute relative luminance.

    Args:
        pixels: sRGB 0..255, shape (n, 3).

    Returns:
        0..1 for each (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance).
    """
    part = pixels / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    result: Floats = (linear @ np.array([0.2126, 0.7152, 0.0722])).astype(np.float32)
    return result


def _sample(image: Image.Image) -> Floats:
    small = image.resize((min(96, image.width), min(48, image.height)), Image.Resampling.BOX)
    return np.asarray(small, np.float32).reshape(-1, 3)
