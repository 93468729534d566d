"""Things in the air: snow, rain, leaves, sparks, dust."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from ttv_animatic.layers import Element, Sprite, View
from ttv_animatic.palette import Lch
from ttv_animatic.sky import soft_dot
from ttv_animatic.stage import Stage


@dataclass(frozen=True)
class _Kind:
    """Count, radius and speeds are for a frame whose unit is 1; speeds per second."""

    count: int
    radius: float
    fall: float
    wind: float
    sway: float
    alpha: float = 0.9
    shape: str = "dot"
    breathes: bool = False


_KINDS: Final[dict[str, _Kind]] = {
    "snow": _Kind(110, 0.0034, 0.075, -0.02, 0.012, 0.85),
    "rain": _Kind(120, 0.024, 1.05, -0.16, 0.0, 0.30, "streak"),
    "leaves": _Kind(26, 0.0085, 0.07, 0.05, 0.03, 0.95, "leaf"),
    "petals": _Kind(34, 0.0065, 0.055, 0.045, 0.025, 0.9, "leaf"),
    "embers": _Kind(60, 0.0026, -0.11, 0.02, 0.02, 0.95, "dot", breathes=True),
    "fireflies": _Kind(26, 0.0036, -0.006, 0.006, 0.03, 0.95, "glow", breathes=True),
    "confetti": _Kind(60, 0.006, 0.12, 0.01, 0.03, 0.95, "leaf"),
    "dust": _Kind(44, 0.0020, -0.008, 0.014, 0.012, 0.5, "dot", breathes=True),
    "bubbles": _Kind(30, 0.0055, -0.06, 0.0, 0.012, 0.45, "ring"),
}
_VARIANTS: Final = 6


def build(stage: Stage) -> list[Element]:
    """Fill the air as the words ask.

    Args:
        stage: The shot's canvas.

    Returns:
        Up to two fields of particles.
    """
    names = []
    weather = {"snow": "snow", "rain": "rain", "storm": "rain"}.get(stage.mood.weather or "")
    if stage.mood.place == "underwater":
        names.append("bubbles")
    elif weather and stage.mood.place not in {"room", "space"}:
        names.append(weather)
    if stage.mood.particles:
        names.append(stage.mood.particles)
    elif stage.mood.place == "room" and not names:
        names.append("dust")
    return [Particles(stage, name) for name in names]


class Particles:
    """One kind of particle, spread over near and far."""

    def __init__(self, stage: Stage, name: str) -> None:
        """Scatter the particles.

        Args:
            stage: The shot's canvas.
            name: Their kind.
        """
        kind, rng, unit = _KINDS[name], stage.rng, stage.unit
        count = kind.count
        self._size = np.array([stage.width, stage.height])
        self._near = np.sort(rng.uniform(0.25, 1.0, count) ** 1.6)
        self._share = np.array([stage.rig.share(float(near)) for near in self._near])
        self._start = rng.uniform(0, 1, (count, 2)) * self._size
        pace = unit * (0.6 + 0.4 * stage.mood.energy)
        speed = pace * (0.35 + 0.65 * self._near) * rng.uniform(0.8, 1.2, count)
        self._speed = np.stack([speed * kind.wind, speed * kind.fall], axis=1)
        self._sway = unit * kind.sway * rng.uniform(0.4, 1.0, count)
        self._phase = rng.uniform(0, 2 * np.pi, count)
        self._rate = rng.uniform(0.6, 1.6, count)
        self._breathes = kind.breathes
        colours = _colours(stage, name)
        self._sprites = []
        for step in range(_VARIANTS):
            near = 0.3 + 0.7 * step / (_VARIANTS - 1)
            for colour in colours:
                shape = _shape(kind, max(0.8, kind.radius * unit * near), near, step)
                self._sprites.append(Sprite(shape, colour))
        steps = np.clip((self._near * _VARIANTS).astype(int), 0, _VARIANTS - 1)
        self._which = steps * len(colours) + rng.integers(0, len(colours), count)
        self._pad = max(max(sprite.size) for sprite in self._sprites) + 2

    def draw(self, frame: Image.Image, view: View) -> None:
        """Draw every particle where it has got to, coming round again at the edges.

        Args:
            frame: The picture so far.
            view: The camera.
        """
        swing = np.sin(self._phase + view.seconds * self._rate * 2)
        place = self._start + self._speed * view.seconds
        place[:, 0] += self._sway * swing - view.x * self._share
        place[:, 1] -= view.y * self._share
        place = place % (self._size + self._pad) - self._pad
        seen = swing > -0.35 if self._breathes else np.ones(len(swing), bool)
        for which, (x, y) in zip(self._which[seen], place[seen], strict=True):
            self._sprites[which].paste(frame, x, y)


def _colours(stage: Stage, name: str) -> list[tuple[int, int, int]]:
    palette = stage.palette
    schemes = {
        "snow": [Lch(0.985, 0.006, 240)],
        "rain": [palette.sky[2].lift(0.1, 0.6)],
        "leaves": [Lch(0.66, 0.15, hue) for hue in (40, 60, 78)],
        "petals": [Lch(0.87, 0.07, hue) for hue in (355, 5, 15)],
        "embers": [Lch(0.80, 0.16, hue) for hue in (48, 62, 75)],
        "fireflies": [Lch(0.93, 0.13, 105)],
        "confetti": [Lch(0.75, 0.16, hue) for hue in (20, 90, 160, 250, 330)],
        "dust": [palette.light],
        "bubbles": [palette.light],
    }
    return [colour.rgb() for colour in schemes[name]]


def _shape(kind: _Kind, radius: float, near: float, step: int) -> Image.Image:
    alpha = kind.alpha * (0.55 + 0.45 * near)
    if kind.shape == "dot":
        return soft_dot(radius, alpha, 0.7 + 0.5 * near)
    if kind.shape == "glow":
        return soft_dot(radius * 3.2, alpha * 0.8, 1.0)
    if kind.shape == "streak":
        return _streak(radius, alpha)
    if kind.shape == "ring":
        outer, inner = soft_dot(radius, alpha, 0.2), soft_dot(radius, alpha * 0.75, 0.7)
        return (
            Image.blend(outer, Image.new("L", outer.size), 0.0)
            if radius < 2
            else _ring(outer, inner)
        )
    return _leaf(radius, alpha, step)


def _ring(outer: Image.Image, inner: Image.Image) -> Image.Image:
    ring = np.asarray(outer, np.int16) - np.asarray(inner, np.int16)
    return Image.fromarray(np.clip(ring + np.asarray(outer) // 5, 0, 255).astype(np.uint8))


def _streak(length: float, alpha: float) -> Image.Image:
    high, wide = int(length * 2) + 6, int(length * 0.32) + 6
    big = Image.new("L", (wide * 4, high * 4))
    thick = max(3, round(length * 0.10))
    ImageDraw.Draw(big).line(
        (wide * 4 - 10, 8, 10, high * 4 - 8), fill=round(255 * alpha), width=thick
    )
    return big.reduce(4)


def _leaf(radius: float, alpha: float, step: int) -> Image.Image:
    half = int(radius * 1.3) + 3
    big = Image.new("L", (half * 8, half * 8))
    middle, long, wide = half * 4, radius * 4, radius * (1.2 + 0.5 * (step % 3))
    box = (middle - long, middle - wide, middle + long, middle + wide)
    ImageDraw.Draw(big).ellipse(box, fill=round(255 * alpha))
    return big.rotate(37 * step + 20, Image.Resampling.BICUBIC).reduce(4)
