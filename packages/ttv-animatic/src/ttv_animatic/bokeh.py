"""The picture for words that name no place: light, out of focus."""

from typing import Final

import numpy as np
from PIL import Image

from ttv_animatic.layers import Element, Layer, View, mask_image
from ttv_animatic.palette import Lch, gradient
from ttv_animatic.stage import Stage, clouds

_SCHEMES: Final = (
    (340.0, 10.0, 45.0),
    (355.0, 30.0, 65.0),
    (175.0, 165.0, 150.0),
    (230.0, 195.0, 165.0),
    (255.0, 215.0, 185.0),
    (275.0, 250.0, 215.0),
    (265.0, 290.0, 330.0),
    (285.0, 320.0, 10.0),
    (300.0, 345.0, 30.0),
)
"""Hues of the darkest, the middle and the lightest part."""


def build(stage: Stage) -> list[Element]:
    """Paint a field of colour with soft discs of light before it.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    stage.sun = (stage.width * float(stage.rng.uniform(0.2, 0.8)), stage.height * 0.35)
    stage.glow = 0.5
    return [_wash(stage), *_folds(stage), Discs(stage, 12, 0.035), Discs(stage, 7, 0.09)]


def _wash(stage: Stage) -> Layer:
    margin_x, margin_y = stage.rig.margin(0.05)
    size = (stage.width + 2 * margin_x, stage.height + 2 * margin_y)
    small = (64, 64)
    a, b = (clouds(stage.rng, small, (2, 2))[:, :, None] for _ in range(2))
    hues = _scheme(stage)
    dark = stage.mood.time in {"night", "dusk"} or stage.mood.feeling in {"grim", "cold"}
    base = 0.36 if dark else 0.56
    chroma = 0.10 * min(1.4, stage.mood.chroma)
    tones = [Lch(base + 0.14 * k - 0.12, chroma * 1.1, hue) for k, hue in enumerate(hues)]
    low, high, tint = gradient(tones, 3)
    colours = low + np.clip(a * 2.4 - 0.6, 0, 1) * (high - low)
    colours += np.clip(b * 2.4 - 0.8, 0, 1) * (tint - colours) * 0.8
    full = np.stack(
        [
            np.asarray(
                Image.fromarray(colours[:, :, c].astype(np.float32)).resize(
                    size, Image.Resampling.BICUBIC
                )
            )
            for c in range(3)
        ],
        axis=2,
    )
    at = (-margin_x, -margin_y)
    return Layer(stage.rig, stage.paint(full, size, at, glow=0.35), None, at, 0.05)


def _scheme(stage: Stage) -> tuple[float, float, float]:
    """Pick three neighbouring hues that stay clean when they are dark.

    Dark yellow is olive and dark orange is mud, so the schemes go round them.
    """
    wanted = stage.palette.sky[1].hue
    return min(_SCHEMES, key=lambda hues: abs((hues[1] - wanted + 180) % 360 - 180))


def _folds(stage: Stage) -> list[Element]:
    """Cut a few wide paper curves across the foot of the picture."""
    folds: list[Element] = []
    for index, depth in enumerate((0.3, 0.55, 0.9)):
        width = stage.span(depth)
        x = np.linspace(0, 1, width, dtype=np.float32)
        phase, bend = stage.rng.uniform(0, 2 * np.pi), stage.rng.uniform(0.7, 1.5)
        level = 0.64 + 0.13 * index + 0.10 * np.sin(bend * 2 * np.pi * x * 0.6 + phase)
        hue = _scheme(stage)[0] - 8 * index
        tone = Lch(0.40 - 0.22 * depth, 0.085 * min(1.4, stage.mood.chroma), hue)
        edge = (level * stage.height).astype(np.float32)
        folds.append(stage.silhouette(edge, depth, [tone.lift(0.06), tone.lift(-0.06)], glow=0.4))
    return folds


class Discs:
    """Discs of light that float at one depth."""

    def __init__(self, stage: Stage, count: int, size: float) -> None:
        """Scatter the discs.

        Args:
            stage: The shot's canvas.
            count: How many.
            size: Typical radius, part of the frame's unit.
        """
        rng = stage.rng
        self._size = (stage.width, stage.height)
        self._share = stage.rig.share(size * 6)
        colours = [stage.palette.light, stage.palette.accent, stage.palette.sky[2]]
        self._discs: list[tuple[Image.Image, tuple[int, int, int]]] = []
        for index in range(count):
            radius = stage.unit * size * float(rng.uniform(0.5, 1.25))
            colour = colours[index % 3].mix(stage.palette.sky[1], float(rng.uniform(0, 0.4)))
            self._discs.append((_disc(radius, float(rng.uniform(0.10, 0.30))), colour.rgb()))
        self._x = rng.uniform(0, 1, count) * stage.width
        self._y = rng.uniform(0.02, 0.75, count) * stage.height
        pace = stage.unit * 0.018 * stage.mood.energy
        self._vx, self._vy = rng.uniform(-pace, pace, count), rng.uniform(-pace, pace * 0.3, count)

    def draw(self, frame: Image.Image, view: View) -> None:
        """Draw the discs where they have floated to.

        Args:
            frame: The picture so far.
            view: The camera.
        """
        for (mask, colour), x, y, vx, vy in zip(
            self._discs, self._x, self._y, self._vx, self._vy, strict=True
        ):
            at_x = x + vx * view.seconds - view.x * self._share - mask.width / 2
            at_y = y + vy * view.seconds - view.y * self._share - mask.height / 2
            frame.paste(colour, (round(at_x), round(at_y)), mask)


def _disc(radius: float, alpha: float) -> Image.Image:
    half = int(radius * 1.1) + 2
    axis = np.arange(2 * half + 1, dtype=np.float32) - half
    away = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2) / max(radius, 1e-3)
    inside = np.clip((1.0 - away) * 9 + 0.5, 0, 1)
    rim = np.exp(-(((away - 0.93) / 0.07) ** 2)) * 0.55
    return mask_image((inside * (0.75 + 0.25 * away) + rim * inside) * alpha)
