"""Woods: trunk behind trunk into the haze."""

import numpy as np
from PIL import Image, ImageDraw

from ttv_animatic import sky, terrain
from ttv_animatic.layers import Element, Layer
from ttv_animatic.palette import gradient
from ttv_animatic.stage import Stage


def build(stage: Stage) -> list[Element]:
    """Stand in a clearing: firs far away, trunks on either side.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    elements = sky.build(stage, 0.62, high=stage.mood.time == "day")
    for index, depth in enumerate((0.08, 0.20, 0.36)):
        edge = terrain.rolling(stage, depth, 0.58 + 0.075 * index, 0.05, 0.5)
        edge -= terrain.conifers(stage, depth, 0.15 + 0.055 * index, density=0.95 - 0.1 * index)
        elements.append(terrain.land(stage, edge, depth))
        elements += terrain.mist(stage, depth, 0.63 + 0.06 * index, _haze(stage))
    for index, depth in enumerate((0.52, 0.78)):
        elements.append(_trunks(stage, depth, 7 - 2 * index))
        edge = terrain.rolling(stage, depth, 0.80 + 0.075 * index, 0.03, 0.4)
        if index == 0:
            stage.stand(len(elements) + 1, edge, depth)
        edge -= terrain.blades(stage, depth, 0.02 + 0.015 * index)
        elements.append(terrain.land(stage, edge, depth))
    edge = terrain.rolling(stage, 1.0, 0.94, 0.04, 0.4) - terrain.blades(stage, 1.0, 0.07)
    elements.append(terrain.land(stage, edge, 1.0))
    return elements


def _haze(stage: Stage) -> float:
    return {"fog": 0.66, "rain": 0.42, "snow": 0.42}.get(stage.mood.weather or "", 0.34)


def _trunks(stage: Stage, depth: float, count: int) -> Layer:
    """Cut a row of trunks that keeps the middle of the picture open."""
    rng = stage.rng
    margin_x, margin_y = stage.rig.margin(depth)
    size = (stage.width + 2 * margin_x, stage.height + 2 * margin_y)
    big = Image.new("L", (size[0] * 2, size[1] * 2))
    pen = ImageDraw.Draw(big)
    places = (np.arange(count) + rng.uniform(0.1, 0.9, count)) / count
    for place in places:
        open_middle = 1 - 0.55 * np.exp(-(((place - 0.5) / 0.2) ** 2))
        if rng.random() > open_middle + 0.15:
            continue
        x = place * big.width
        thick = stage.unit * float(rng.uniform(0.012, 0.024)) * (0.5 + depth) * 2
        lean = float(rng.uniform(-0.04, 0.04)) * big.height
        pen.polygon(
            [
                (x - thick, big.height),
                (x + thick, big.height),
                (x + lean + thick * 0.6, 0),
                (x + lean - thick * 0.6, 0),
            ],
            fill=255,
        )
        for _ in range(int(rng.integers(2, 6))):
            _branch(pen, stage, x, lean, thick, big.height)
    tone = stage.palette.ground(depth**0.7)
    if stage.mood.weather == "snow":
        tone = tone.lift(-0.04)
    rows = gradient([tone.lift(0.02), tone, tone.lift(-0.04)], size[1])
    at = (-margin_x, -margin_y)
    return Layer(stage.rig, stage.paint(rows, size, at, glow=0.35), big.reduce(2), at, depth)


def _branch(
    pen: ImageDraw.ImageDraw, stage: Stage, x: float, lean: float, thick: float, height: int
) -> None:
    rng = stage.rng
    up = float(rng.uniform(0.35, 0.97))
    root = (x + lean * up, height * (1 - up))
    side = float(rng.choice([-1.0, 1.0]))
    long = thick * float(rng.uniform(2.5, 6.5))
    bend = (root[0] + side * long * 0.55, root[1] - long * 0.12)
    tip = (root[0] + side * long, root[1] - long * float(rng.uniform(0.25, 0.6)))
    wide = thick * 0.28
    pen.polygon(
        [
            (root[0], root[1] - wide),
            (bend[0], bend[1] - wide * 0.6),
            tip,
            (bend[0], bend[1] + wide * 0.6),
            (root[0], root[1] + wide),
        ],
        fill=255,
    )
