"""Silhouettes of the things that prompts most often name.

Each figure is drawn from ovals, polygons and strokes in its own units: x to the
right, the way it faces, y up from its feet, about 1 high. A little blur and a
steep curve afterwards round the joints, so that a few parts read as one body.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from ttv_animatic.dice import generator

_OVER: Final = 2
_WIDE, _TALL, _FOOT = 3.2, 1.7, 1.45

Point = tuple[float, float]


class Pen:
    """Draws in a figure's own units, on a body and on a lighter detail mask."""

    def __init__(self, height: float) -> None:
        """Open empty masks.

        Args:
            height: Pixels that one unit takes.
        """
        self._scale = height * _OVER
        size = (
            int(_WIDE * self._scale) // _OVER * _OVER + _OVER,
            int(_TALL * self._scale) // _OVER * _OVER + _OVER,
        )
        self._body, self._detail = Image.new("L", size), Image.new("L", size)
        self._size = size

    def _at(self, x: float, y: float) -> Point:
        return (_WIDE / 2 + x) * self._scale, (_FOOT - y) * self._scale

    def oval(
        self,
        x: float,
        y: float,
        across: float,
        up: float,
        level: int = 255,
        *,
        detail: bool = False,
    ) -> None:
        """Fill an oval around a point; level 0 cuts it out."""
        (left, top), (right, foot) = self._at(x - across, y + up), self._at(x + across, y - up)
        ImageDraw.Draw(self._detail if detail else self._body).ellipse(
            (left, top, right, foot), fill=level
        )

    def shape(self, *points: Point, detail: bool = False, level: int = 255) -> None:
        """Fill a polygon."""
        pen = ImageDraw.Draw(self._detail if detail else self._body)
        pen.polygon([self._at(*point) for point in points], fill=level)

    def limb(self, points: Sequence[Point], thick: float, *, detail: bool = False) -> None:
        """Draw a stroke with round ends through points."""
        pen = ImageDraw.Draw(self._detail if detail else self._body)
        wide = max(1, round(thick * self._scale))
        pen.line([self._at(*point) for point in points], fill=255, width=wide, joint="curve")
        for point in points:
            x, y = self._at(*point)
            pen.ellipse((x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), fill=255)

    def masks(self, *, soft: bool) -> tuple[Image.Image, Image.Image]:
        """Finish: round the joints if the figure is alive, and scale down."""
        body = self._body
        if soft:
            blurred = body.filter(ImageFilter.GaussianBlur(self._scale * 0.02))
            body = blurred.point(
                [max(0, min(255, (level - 128) * 5 + 128)) for level in range(256)]
            )
        return body.reduce(_OVER), self._detail.reduce(_OVER)


@dataclass(frozen=True)
class Figure:
    """One kind of figure.

    `size` is its height as part of the frame's unit; `stands` is where it belongs:
    on the ground, on water, in the air or anywhere; `poses` is how many phases its
    motion has; `alive` rounds its joints.
    """

    draw: Callable[[Pen, float], None]
    size: float
    stands: str = "ground"
    poses: int = 1
    alive: bool = True
    pace: float = 0.07
    count: int = 1


@dataclass(frozen=True)
class _Beast:
    leg: float
    neck: float
    head: float
    bulk: float
    tail: str
    ears: float = 0.12
    antlers: bool = False
    hump: bool = False


def _beast(kind: _Beast) -> Callable[[Pen, float], None]:
    def draw(pen: Pen, phase: float) -> None:
        _beast_legs(pen, kind, phase)
        y = kind.leg + 0.10
        pen.oval(0, y, 0.44, 0.135 * kind.bulk)
        pen.oval(0.28, y + 0.02, 0.19, 0.165 * kind.bulk)
        pen.oval(-0.30, y + 0.01, 0.18, 0.155 * kind.bulk)
        if kind.hump:
            pen.shape(
                (-0.36, y + 0.08),
                (-0.20, y + 0.20),
                (-0.04, y + 0.40),
                (0.06, y + 0.40),
                (0.14, y + 0.22),
                (0.26, y + 0.08),
            )
            pen.oval(0.0, y + 0.30, 0.11, 0.12)
        head = (0.36 + kind.neck * 0.62, y + 0.06 + kind.neck * 0.95)
        pen.shape(
            (0.16, y + 0.12),
            (head[0] - 0.09, head[1] + 0.05),
            (head[0] + 0.03, head[1] - 0.10),
            (0.42, y - 0.08),
        )
        size = kind.head
        pen.oval(head[0], head[1], size, size * 0.72)
        nose = (head[0] + size * 2.1, head[1] - size * 0.55)
        pen.shape(
            (head[0], head[1] + size * 0.7),
            nose,
            (nose[0] - 0.02, nose[1] - size * 0.35),
            (head[0], head[1] - size * 0.7),
        )
        for shift in (-0.45, 0.15):
            x = head[0] + size * shift
            pen.shape(
                (x - size * 0.35, head[1] + size * 0.4),
                (x - size * 0.1, head[1] + size * 0.6 + kind.ears),
                (x + size * 0.4, head[1] + size * 0.5),
            )
        if kind.antlers:
            for way in (-1, 1):
                base = (head[0] - 0.02, head[1] + size * 0.6)
                tip = (base[0] + way * 0.14 - 0.05, base[1] + 0.30)
                pen.limb([base, (base[0] + way * 0.10 - 0.05, base[1] + 0.13), tip], 0.022)
                pen.limb(
                    [
                        (base[0] + way * 0.10 - 0.05, base[1] + 0.13),
                        (base[0] + way * 0.20, base[1] + 0.20),
                    ],
                    0.02,
                )
        _beast_tail(pen, kind, y, phase)

    return draw


def _beast_legs(pen: Pen, kind: _Beast, phase: float) -> None:
    y = kind.leg + 0.08
    for index, (x, offset) in enumerate(((0.30, 0.0), (0.22, 0.55), (-0.26, 0.5), (-0.36, 0.05))):
        swing = 0.0 if phase < 0 else math.sin(2 * math.pi * (phase + offset)) * 0.55
        lift = 0.0 if phase < 0 else max(0.0, math.cos(2 * math.pi * (phase + offset))) * 0.10
        knee_back = 0.05 if index < 2 else -0.06
        knee = (x + swing * kind.leg * 0.45 + knee_back * 0.4, y - kind.leg * 0.5)
        foot = (
            x + swing * kind.leg * 0.95 - lift * 0.8 * (1 if swing < 0 else 0.2),
            max(0.0, lift),
        )
        pen.limb([(x, y), knee, foot], 0.062 * kind.bulk)
        pen.limb([foot, (foot[0] + 0.05, foot[1])], 0.045)


def _beast_tail(pen: Pen, kind: _Beast, y: float, phase: float) -> None:
    wave = 0.04 * math.sin(2 * math.pi * max(0.0, phase))
    root = (-0.42, y + 0.05)
    if kind.tail == "brush":
        points = [
            root,
            (-0.62, y + 0.06 + wave),
            (-0.86, y - 0.02 + wave),
            (-1.06, y - 0.06 + wave),
        ]
        pen.shape(
            root,
            (-0.68, y + 0.13 + wave),
            (-0.92, y + 0.07 + wave),
            points[-1],
            (-0.84, y - 0.12 + wave),
            (-0.58, y - 0.05),
        )
    elif kind.tail == "fall":
        pen.shape(
            root,
            (-0.58, y + 0.02 + wave),
            (-0.68, y - 0.34 + wave),
            (-0.56, y - 0.40),
            (-0.50, y - 0.12),
            (-0.42, y - 0.06),
        )
    elif kind.tail == "up":
        pen.limb(
            [root, (-0.60, y + 0.08), (-0.66, y + 0.30 + wave), (-0.58, y + 0.42 + wave)], 0.05
        )
    else:
        pen.limb([root, (-0.50, y - 0.02 + wave)], 0.06)


def _person(pen: Pen, phase: float) -> None:
    still = phase < 0
    for offset in (0.0, 0.5):
        swing = 0.14 if still else math.sin(2 * math.pi * (phase + offset)) * 0.42
        swing = -swing if still and offset else swing
        bend = 0.0 if still else max(0.0, math.cos(2 * math.pi * (phase + offset))) * 0.10
        hip, span = (0.0, 0.50), 0.25
        knee = (math.sin(swing) * span + bend * 0.4, 0.50 - math.cos(swing) * span)
        foot = (
            knee[0] + math.sin(swing) * span * 0.8 - bend * 1.2,
            max(0.012, 0.50 - math.cos(swing) * span * 2 + bend),
        )
        pen.limb([hip, knee, foot], 0.075)
        pen.limb([foot, (foot[0] + 0.055, foot[1])], 0.045)
        arm = -swing * 0.8 if not still else swing * 0.6
        pen.limb(
            [(0.0, 0.78), (math.sin(arm) * 0.15, 0.63), (math.sin(arm) * 0.22 + 0.04, 0.51)], 0.052
        )
    pen.shape((-0.085, 0.80), (0.085, 0.80), (0.11, 0.42), (-0.11, 0.42))
    pen.oval(0, 0.79, 0.09, 0.05)
    pen.oval(0.008, 0.925, 0.068, 0.075)


def _woman(pen: Pen, phase: float) -> None:
    _person(pen, phase)
    sway = 0.02 * math.sin(4 * math.pi * max(0.0, phase))
    pen.shape((-0.06, 0.66), (0.06, 0.66), (0.17 + sway, 0.27), (-0.18 + sway, 0.27))
    pen.shape((-0.05, 0.98), (0.02, 0.99), (-0.06, 0.78), (-0.15 - sway, 0.72))


def _astronaut(pen: Pen, phase: float) -> None:
    sway = 0.03 * math.sin(2 * math.pi * max(0.0, phase))
    pen.shape((-0.24, 0.80), (-0.10, 0.84), (-0.10, 0.46), (-0.24, 0.48))
    pen.oval(0.0, 0.64, 0.15, 0.21)
    pen.oval(0.03, 0.93, 0.145, 0.145)
    pen.limb([(-0.05, 0.50), (-0.10, 0.30), (-0.24 - sway, 0.14)], 0.115)
    pen.limb([(0.06, 0.48), (0.14, 0.29 + sway), (0.08, 0.10 + sway)], 0.115)
    pen.limb([(0.08, 0.74), (0.27, 0.72 + sway), (0.38, 0.86 + sway)], 0.09)
    pen.limb([(-0.06, 0.74), (-0.26, 0.62), (-0.36, 0.48 - sway)], 0.09)
    pen.oval(0.075, 0.935, 0.095, 0.08, detail=True)


def _robot(pen: Pen, phase: float) -> None:
    lift = 0.05 * math.sin(2 * math.pi * max(0.0, phase))
    pen.shape((-0.19, 0.70), (0.19, 0.70), (0.16, 0.34), (-0.16, 0.34))
    pen.shape((-0.15, 0.97), (0.15, 0.97), (0.15, 0.75), (-0.15, 0.75))
    pen.limb([(0, 0.70), (0, 0.76)], 0.06)
    pen.limb([(0, 0.97), (0, 1.07)], 0.022)
    pen.oval(0, 1.09, 0.032, 0.032)
    for side in (-0.09, 0.09):
        pen.limb([(side, 0.36), (side, 0.04)], 0.07)
        pen.shape((side - 0.07, 0.0), (side + 0.08, 0.0), (side + 0.06, 0.06), (side - 0.05, 0.06))
    pen.limb([(-0.20, 0.66), (-0.29, 0.50), (-0.24, 0.36)], 0.055)
    pen.limb([(0.20, 0.66), (0.33, 0.58 + lift), (0.44, 0.70 + lift)], 0.055)
    for eye in (-0.055, 0.075):
        pen.oval(eye, 0.87, 0.03, 0.03, detail=True)
    pen.limb([(-0.05, 0.56), (0.06, 0.56)], 0.025, detail=True)


def _boat(pen: Pen, _phase: float) -> None:
    pen.shape((-0.40, 0.14), (0.46, 0.16), (0.32, -0.04), (-0.30, -0.04))
    pen.limb([(0.0, 0.12), (0.0, 1.06)], 0.018)
    pen.shape((0.035, 1.0), (0.40, 0.24), (0.035, 0.22), detail=True)
    pen.shape((-0.03, 0.90), (-0.31, 0.23), (-0.03, 0.21), detail=True)


def _balloon(pen: Pen, _phase: float) -> None:
    pen.oval(0, 0.78, 0.40, 0.42)
    pen.shape((-0.36, 0.62), (0.36, 0.62), (0.10, 0.24), (-0.10, 0.24))
    pen.shape((-0.075, 0.13), (0.075, 0.13), (0.06, 0.0), (-0.06, 0.0))
    for side in (-0.07, 0.07):
        pen.limb([(side, 0.13), (side * 1.3, 0.25)], 0.010)
    pen.oval(0, 0.78, 0.15, 0.42, detail=True)
    pen.shape((-0.135, 0.62), (0.135, 0.62), (0.04, 0.24), (-0.04, 0.24), detail=True)


def _birds(pen: Pen, phase: float) -> None:
    rng = generator("flock")
    for bird in range(7):
        x = -0.9 + 0.26 * bird + float(rng.uniform(-0.06, 0.06))
        y = 0.55 + 0.30 * math.sin(bird * 1.3) + float(rng.uniform(-0.1, 0.1))
        span = float(rng.uniform(0.07, 0.11))
        flap = math.sin(2 * math.pi * (phase + bird * 0.29)) * 0.55 + 0.25
        pen.limb(
            [(x - span, y + span * flap), (x - span * 0.4, y + span * (0.35 + flap * 0.3)), (x, y)],
            0.020,
        )
        pen.limb(
            [(x, y), (x + span * 0.4, y + span * (0.35 + flap * 0.3)), (x + span, y + span * flap)],
            0.020,
        )


def _whale(pen: Pen, phase: float) -> None:
    wave = 0.10 * math.sin(2 * math.pi * max(0.0, phase))
    pen.oval(0.30, 0.50, 0.55, 0.24)
    pen.shape(
        (0.4, 0.72),
        (-0.45, 0.60),
        (-0.98, 0.52 + wave),
        (-0.98, 0.45 + wave),
        (-0.4, 0.38),
        (0.3, 0.27),
    )
    pen.shape(
        (-0.92, 0.50 + wave),
        (-1.28, 0.66 + wave * 1.8),
        (-1.16, 0.48 + wave * 1.4),
        (-1.30, 0.34 + wave * 1.8),
        (-0.94, 0.44 + wave),
    )
    pen.shape((0.34, 0.34), (0.10, 0.10 - wave * 0.5), (0.02, 0.08 - wave * 0.5), (0.10, 0.34))
    pen.shape((-0.15, 0.68), (-0.32, 0.78), (-0.34, 0.64))


def _fish(pen: Pen, phase: float) -> None:
    rng = generator("school")
    for fish in range(9):
        x, y = float(rng.uniform(-1.0, 1.0)), float(rng.uniform(0.1, 1.1))
        size = float(rng.uniform(0.06, 0.10))
        wave = size * 0.4 * math.sin(2 * math.pi * (phase + fish * 0.37))
        pen.oval(x, y, size, size * 0.45)
        pen.shape(
            (x - size * 0.7, y),
            (x - size * 1.5, y + size * 0.45 + wave),
            (x - size * 1.5, y - size * 0.45 + wave),
        )


def _cabin(pen: Pen, _phase: float) -> None:
    pen.shape((-0.46, 0.0), (0.46, 0.0), (0.46, 0.44), (-0.46, 0.44))
    pen.shape((-0.60, 0.40), (0.60, 0.40), (0.30, 0.82), (-0.30, 0.82))
    pen.shape((0.22, 0.7), (0.34, 0.7), (0.34, 1.0), (0.22, 1.0))
    pen.shape((-0.34, 0.14), (-0.14, 0.14), (-0.14, 0.34), (-0.34, 0.34), detail=True)
    pen.shape((0.12, 0.0), (0.28, 0.0), (0.28, 0.32), (0.12, 0.32), detail=True)


def _lighthouse(pen: Pen, _phase: float) -> None:
    pen.shape((-0.13, 0.0), (0.13, 0.0), (0.075, 0.80), (-0.075, 0.80))
    pen.shape((-0.11, 0.80), (0.11, 0.80), (0.11, 0.84), (-0.11, 0.84))
    pen.shape((-0.075, 0.96), (0.075, 0.96), (0.0, 1.07))
    pen.shape((-0.055, 0.84), (0.055, 0.84), (0.055, 0.96), (-0.055, 0.96), detail=True)
    pen.shape((-0.5, 0.0), (-0.25, 0.09), (0.2, 0.08), (0.55, 0.0))


def _car(pen: Pen, _phase: float) -> None:
    pen.shape(
        (-0.80, 0.14),
        (-0.80, 0.36),
        (-0.62, 0.42),
        (-0.40, 0.64),
        (0.16, 0.64),
        (0.42, 0.42),
        (0.78, 0.34),
        (0.82, 0.14),
    )
    for wheel in (-0.48, 0.50):
        pen.oval(wheel, 0.13, 0.145, 0.145)
    pen.shape((-0.33, 0.59), (-0.12, 0.59), (-0.12, 0.43), (-0.48, 0.43), detail=True)
    pen.shape((-0.05, 0.59), (0.13, 0.59), (0.30, 0.43), (-0.05, 0.43), detail=True)
    pen.oval(0.77, 0.28, 0.04, 0.035, detail=True)


def _rocket(pen: Pen, phase: float) -> None:
    pen.shape((-0.11, 0.28), (-0.13, 0.66), (0.0, 1.04), (0.13, 0.66), (0.11, 0.28))
    pen.shape((-0.11, 0.44), (-0.25, 0.20), (-0.09, 0.28))
    pen.shape((0.11, 0.44), (0.25, 0.20), (0.09, 0.28))
    pen.oval(0, 0.70, 0.055, 0.055, detail=True)
    long = 0.03 + 0.07 * math.sin(2 * math.pi * max(0.0, phase)) ** 2
    pen.shape((-0.07, 0.27), (0.07, 0.27), (0.0, 0.08 - long), detail=True)


FIGURES: Final[dict[str, Figure]] = {
    "fox": Figure(
        _beast(_Beast(0.32, 0.13, 0.125, 0.80, "brush", 0.12)), 0.135, poses=8, pace=0.10
    ),
    "wolf": Figure(
        _beast(_Beast(0.42, 0.14, 0.125, 0.95, "brush", 0.07)), 0.15, poses=8, pace=0.10
    ),
    "dog": Figure(_beast(_Beast(0.40, 0.24, 0.125, 0.85, "up", 0.04)), 0.125, poses=8, pace=0.10),
    "cat": Figure(_beast(_Beast(0.28, 0.18, 0.12, 0.76, "up", 0.08)), 0.10, poses=8, pace=0.06),
    "horse": Figure(_beast(_Beast(0.56, 0.52, 0.10, 1.05, "fall", 0.08)), 0.17, poses=8, pace=0.13),
    "deer": Figure(
        _beast(_Beast(0.54, 0.50, 0.095, 0.88, "stub", 0.08, antlers=True)),
        0.155,
        poses=8,
        pace=0.09,
    ),
    "bear": Figure(_beast(_Beast(0.34, 0.08, 0.15, 1.6, "stub", 0.03)), 0.165, poses=8, pace=0.06),
    "camel": Figure(
        _beast(_Beast(0.56, 0.44, 0.09, 0.9, "stub", 0.02, hump=True)),
        0.105,
        poses=8,
        pace=0.04,
        count=4,
    ),
    "person": Figure(_person, 0.135, poses=8, pace=0.05),
    "woman": Figure(_woman, 0.13, poses=8, pace=0.05),
    "astronaut": Figure(_astronaut, 0.24, "free", poses=8, pace=0.012),
    "robot": Figure(_robot, 0.30, poses=8, alive=False, pace=0.0),
    "boat": Figure(_boat, 0.16, "water", alive=False, pace=0.018),
    "balloon": Figure(_balloon, 0.26, "air", alive=False, pace=0.014),
    "birds": Figure(_birds, 0.22, "air", poses=12, alive=False, pace=0.05),
    "whale": Figure(_whale, 0.24, "free", poses=12, pace=0.035),
    "fish": Figure(_fish, 0.26, "free", poses=12, pace=0.045),
    "cabin": Figure(_cabin, 0.13, alive=False, pace=0.0),
    "lighthouse": Figure(_lighthouse, 0.27, "shore", alive=False, pace=0.0),
    "car": Figure(_car, 0.12, alive=False, pace=0.10),
    "rocket": Figure(_rocket, 0.26, "free", poses=6, alive=False, pace=0.012),
}
"""Every figure by name; `lexicon.FIGURES` has the words that call for it."""


def masks(name: str, height: float, phase: float) -> tuple[Image.Image, Image.Image]:
    """Draw a figure.

    Args:
        name: A key of `FIGURES`.
        height: Its height in pixels.
        phase: Where in its motion it is, 0..1; below 0 it stands still.

    Returns:
        Masks of its body and of its lighter details, of one size; its feet are in
        the middle, `foot(height)` from the top.
    """
    figure = FIGURES[name]
    pen = Pen(height)
    figure.draw(pen, phase)
    return pen.masks(soft=figure.alive)


def foot(height: float) -> float:
    """Give the distance of a figure's feet from its mask's top, in pixels."""
    return _FOOT * height
