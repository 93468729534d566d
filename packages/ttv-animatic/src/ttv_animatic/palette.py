"""Colour schemes, made in OKLCH so that equal steps look equal.

The colour space is Björn Ottosson's: https://bottosson.github.io/posts/oklab/
(read 2026-11). sRGB clipping keeps hue and lightness and gives up chroma.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ttv_animatic.dice import generator
from ttv_animatic.mood import Mood

Rgb = tuple[int, int, int]
Floats = NDArray[np.float32]

_LAB_TO_LMS: Final = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ],
)
_LMS_TO_LINEAR: Final = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ],
)


class Lch(NamedTuple):
    """A colour: lightness 0..1, chroma 0..0.4, hue in degrees."""

    lightness: float
    chroma: float
    hue: float

    def lab(self) -> tuple[float, float, float]:
        """Give the same colour in OKLab."""
        angle = np.radians(self.hue)
        return (
            self.lightness,
            float(self.chroma * np.cos(angle)),
            float(self.chroma * np.sin(angle)),
        )

    def rgb(self) -> Rgb:
        """Give the nearest sRGB colour of the same hue, 0..255."""
        red, green, blue = (round(float(v)) for v in gradient([self], 1)[0])
        return red, green, blue

    def mix(self, other: "Lch", amount: float) -> "Lch":
        """Move towards another colour along a straight line in OKLab.

        Args:
            other: The colour at `amount` 1.
            amount: 0..1.

        Returns:
            The colour between.
        """
        a, b = np.array(self.lab()), np.array(other.lab())
        lightness, x, y = a + (b - a) * amount
        hue = float(np.degrees(np.arctan2(y, x))) % 360
        return Lch(float(lightness), float(np.hypot(x, y)), hue)

    def lift(self, lightness: float, chroma: float = 1.0) -> "Lch":
        """Add to the lightness and scale the chroma.

        Args:
            lightness: Added, then kept within 0..1.
            chroma: Factor.

        Returns:
            The new colour.
        """
        return Lch(float(np.clip(self.lightness + lightness, 0, 1)), self.chroma * chroma, self.hue)


@dataclass(frozen=True)
class Palette:
    """The colours of one shot.

    `sky` runs from zenith over middle to horizon, the ground from `far` to `near`.
    """

    sky: tuple[Lch, Lch, Lch]
    far: Lch
    near: Lch
    light: Lch
    accent: Lch

    def ground(self, depth: float) -> Lch:
        """Give the ground's colour, from far (0) to near (1)."""
        return self.far.mix(self.near, depth)

    def swatches(self) -> tuple[str, ...]:
        """List the colours as `#rrggbb`, for people and for JSON."""
        colours = (*self.sky, self.far, self.near, self.light, self.accent)
        return tuple("#{:02x}{:02x}{:02x}".format(*colour.rgb()) for colour in colours)


# Skies by time of day: zenith, middle, horizon, near ground, light.
_TIMES: Final[dict[str, tuple[Lch, Lch, Lch, Lch, Lch]]] = {
    "dawn": (
        Lch(0.53, 0.075, 268),
        Lch(0.76, 0.085, 350),
        Lch(0.91, 0.075, 70),
        Lch(0.28, 0.050, 285),
        Lch(0.96, 0.06, 75),
    ),
    "day": (
        Lch(0.63, 0.115, 243),
        Lch(0.79, 0.080, 228),
        Lch(0.94, 0.030, 205),
        Lch(0.33, 0.060, 235),
        Lch(0.99, 0.03, 95),
    ),
    "golden": (
        Lch(0.60, 0.060, 230),
        Lch(0.80, 0.085, 85),
        Lch(0.91, 0.110, 82),
        Lch(0.29, 0.055, 45),
        Lch(0.97, 0.09, 88),
    ),
    "sunset": (
        Lch(0.37, 0.105, 292),
        Lch(0.61, 0.165, 18),
        Lch(0.85, 0.135, 68),
        Lch(0.21, 0.055, 318),
        Lch(0.95, 0.10, 80),
    ),
    "dusk": (
        Lch(0.26, 0.080, 276),
        Lch(0.45, 0.105, 300),
        Lch(0.76, 0.095, 38),
        Lch(0.17, 0.045, 285),
        Lch(0.93, 0.06, 75),
    ),
    "night": (
        Lch(0.15, 0.050, 270),
        Lch(0.24, 0.065, 262),
        Lch(0.42, 0.075, 245),
        Lch(0.10, 0.030, 265),
        Lch(0.95, 0.03, 95),
    ),
}

# The hue that a place lends its ground, and how strongly.
_PLACES: Final[dict[str, tuple[float, float]]] = {
    "mountain": (258, 0.5),
    "forest": (165, 0.75),
    "sea": (232, 0.7),
    "lake": (215, 0.6),
    "city": (272, 0.5),
    "desert": (52, 0.85),
    "space": (275, 0.3),
    "room": (48, 0.6),
    "sky": (245, 0.3),
    "road": (285, 0.4),
    "field": (132, 0.8),
    "underwater": (205, 0.9),
}


def make(mood: Mood, seed: int) -> Palette:
    """Make the palette of a shot.

    Args:
        mood: A settled mood.
        seed: The clip's seed; it turns the hues a little.

    Returns:
        The palette.
    """
    rng = generator(seed, "palette", mood.place, mood.time)
    turn = float(rng.uniform(-15, 9))
    zenith, middle, horizon, near, light = _TIMES[mood.time or "day"]
    near = _ground(mood, near)
    if mood.place == "abstract":
        turn = _abstract_turn(mood, seed, middle)
    sky = [_weathered(c, mood) for c in (zenith, middle, horizon)]
    haze = {"fog": 0.12, "snow": 0.2, "rain": 0.2}.get(mood.weather or "", 0.3)
    far = sky[2].mix(near, haze + 0.12).lift(-0.02)
    if mood.weather == "snow":
        near = near.mix(sky[2], 0.15)
    accent = Lch(0.72, 0.16, mood.hue if mood.hue is not None else (near.hue + 165 + turn) % 360)
    if mood.hue is not None:
        tone = Lch(0.5, 0.13 * mood.chroma, mood.hue)
        sky = [c.mix(Lch(c.lightness, tone.chroma, tone.hue), 0.28) for c in sky]
        accent = Lch(0.70, 0.17 * mood.chroma, mood.hue)
    if mood.neon:
        sky = [Lch(c.lightness, c.chroma + 0.045, 295 + 35 * i) for i, c in enumerate(sky)]
        light, accent = Lch(0.80, 0.16, 205), Lch(0.70, 0.26, 345)
    turned = [_turned(c, turn) for c in (*sky, far, near)]
    return Palette((turned[0], turned[1], turned[2]), turned[3], turned[4], light, accent)


def _turned(colour: Lch, turn: float) -> Lch:
    """Turn a hue, warm light hardly: a yellow sky soon looks ill when it goes green."""
    if abs(turn) < 20 and 55 < colour.hue < 115:
        turn *= 0.35
    return Lch(colour.lightness, colour.chroma, (colour.hue + turn) % 360)


def _abstract_turn(mood: Mood, seed: int, middle: Lch) -> float:
    """Swing the whole scheme to a hue that the words pick: nothing else holds it."""
    if mood.hue is not None:
        return mood.hue - middle.hue
    return float(generator(seed, "abstract", mood.key).uniform(0, 360))


def _ground(mood: Mood, near: Lch) -> Lch:
    hue, pull = _PLACES.get(mood.place or "", (near.hue, 0.0))
    if mood.particles == "leaves" and pull:
        hue = 45  # autumn
    open_country = mood.place in {"desert", "field"} and mood.time in {"day", "golden", "dawn"}
    bright, chroma = (0.19, 0.13) if open_country else (0.0, 0.075)
    return near.mix(Lch(near.lightness + bright, chroma, hue), pull)


def _weathered(colour: Lch, mood: Mood) -> Lch:
    light, chroma, hue = colour
    if mood.weather in {"rain", "storm"} and not mood.neon:
        dark = 0.82 if mood.weather == "rain" else 0.68
        colour = Lch(light * dark, chroma * 0.55, hue).mix(Lch(light * dark, 0.04, 250), 0.4)
    elif mood.weather == "fog":
        colour = Lch(0.25 + light * 0.66, chroma * 0.5, hue)
    elif mood.weather == "snow":
        colour = Lch(min(0.97, light * 0.94 + 0.07), chroma * 0.75, hue)
    scale = {"vivid": 1.3, "warm": 1.1, "cold": 0.65, "grim": 0.6}.get(mood.feeling or "", 1.0)
    drop = {"grim": 0.82, "cold": 0.94}.get(mood.feeling or "", 1.0)
    return Lch(colour.lightness * drop, colour.chroma * scale, colour.hue)


def gradient(stops: list[Lch], length: int, at: list[float] | None = None) -> Floats:
    """Blend colours along a line, in OKLab.

    Args:
        stops: The colours.
        length: Number of steps.
        at: Where each stop lies, 0..1 and rising; evenly spread by default.

    Returns:
        sRGB values, float32, shape (length, 3), 0..255.
    """
    places = at or list(np.linspace(0, 1, len(stops)))
    labs = np.array([stop.lab() for stop in stops])
    steps = np.linspace(0, 1, length)
    lab = np.stack([np.interp(steps, places, labs[:, i]) for i in range(3)], axis=1)
    return _to_srgb(lab)


def _to_srgb(lab: NDArray[np.float64]) -> Floats:
    """Convert rows of OKLab, fading chroma out just until sRGB can show the colour."""
    low, high = np.zeros(len(lab)), np.ones(len(lab))
    linear = _linear(lab)
    outside = ((linear < 0) | (linear > 1)).any(axis=1)
    if outside.any():
        for _ in range(10):
            middle = (low + high) / 2
            bad = ((trial := _linear(lab * _scales(middle))) < 0).any(axis=1) | (trial > 1).any(
                axis=1
            )
            low, high = np.where(bad, low, middle), np.where(bad, middle, high)
        keep = np.where(outside, low, 1.0)
        linear = _linear(lab * _scales(keep))
    linear = np.clip(linear, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (curved * 255).astype(np.float32)


def _scales(chroma: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(chroma), chroma, chroma], axis=1)


def _linear(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    lms: NDArray[np.float64] = (lab @ _LAB_TO_LMS.T) ** 3
    linear: NDArray[np.float64] = lms @ _LMS_TO_LINEAR.T
    return linear
