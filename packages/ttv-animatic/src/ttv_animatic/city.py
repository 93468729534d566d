"""Cities: skyline behind skyline, lit windows, a street that mirrors them."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ttv_animatic import sky, terrain, water
from ttv_animatic.layers import Element, Layer
from ttv_animatic.palette import Lch, Rgb, gradient
from ttv_animatic.stage import Stage

_LIT_BY_TIME = {"night": 0.42, "dusk": 0.34, "sunset": 0.16, "dawn": 0.10}


def build(stage: Stage) -> list[Element]:
    """Build three rows of houses and the ground before them.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    foot = 0.74
    elements = sky.build(stage, 0.60, high=stage.mood.time in {"day", "night"})
    for index, depth in enumerate((0.10, 0.26, 0.50)):
        elements.append(_row(stage, depth, foot, 0.48 - 0.05 * index))
        if index < 2:
            elements += terrain.mist(
                stage, depth, foot - 0.06, 0.30 if stage.mood.weather != "fog" else 0.6
            )
    elements.append(water.mirror(stage, elements, foot, 0.5))
    stage.stand(
        len(elements), np.full(stage.span(0.5), stage.height * (foot + 0.025), np.float32), 0.5
    )
    if not stage.mood.neon:
        edge = terrain.rolling(stage, 1.0, 0.955, 0.012, 0.6)
        edge -= terrain.round_trees(stage, 1.0, 0.06)
        elements.append(
            stage.silhouette(edge, 1.0, [stage.palette.near, stage.palette.near.lift(-0.05)])
        )
    return elements


def _row(stage: Stage, depth: float, foot: float, height: float) -> Layer:
    rng = stage.rng
    margin_x, margin_y = stage.rig.margin(depth)
    top = int(stage.height * 0.02)
    size = (stage.width + 2 * margin_x, int(stage.height * foot) + margin_y + 4 - top)
    tone = stage.palette.ground(0.10 + depth * 1.45)
    base = stage.height * foot - top
    rows = gradient([tone.lift(0.015), tone, tone.mix(stage.palette.sky[2], 0.22)], size[1])
    fill = stage.paint(rows, size, (-margin_x, top), glow=0.4)
    mask = Image.new("L", size)
    shape, paint = ImageDraw.Draw(mask), ImageDraw.Draw(fill)
    x = -float(rng.uniform(0, 0.06)) * stage.unit
    tall_at = float(rng.uniform(0.3, 0.7)) * size[0]
    while x < size[0]:
        wide = stage.unit * float(rng.uniform(0.045, 0.12)) * (0.55 + 0.9 * depth)
        crown = 0.45 + 0.55 * np.exp(-(((x - tall_at) / (stage.unit * 0.55)) ** 2))
        high = stage.height * height * float(rng.uniform(0.35, 1.0)) * crown
        box = (round(x), round(base - high), round(x + wide), size[1])
        _house(stage, shape, paint, box, tone, depth)
        x += wide + stage.unit * float(rng.choice([0.0, 0.0, 0.012, 0.03]))
    if stage.mood.neon and depth > 0.2:
        _signs(stage, fill, mask, base)
    return Layer(stage.rig, fill, mask, (-margin_x, top), depth)


def _house(
    stage: Stage,
    shape: ImageDraw.ImageDraw,
    paint: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    tone: Lch,
    depth: float,
) -> None:
    rng = stage.rng
    left, top, right, foot = box
    shape.rectangle((left, top, right - 1, foot), fill=255)
    wide = right - left
    kind = rng.random()
    if kind < 0.28:
        inset, step = int(wide * 0.22), int(wide * 0.3)
        shape.rectangle((left + inset, top - step, right - inset - 1, top), fill=255)
    elif kind < 0.42:
        mast = max(1, round(stage.unit / 500))
        middle = (left + right) // 2
        shape.rectangle((middle, top - int(wide * 0.7), middle + mast, top), fill=255)
    elif kind < 0.52:
        shape.polygon(
            [(left, top), (right - 1, top), (right - 1, top - int(wide * 0.35))], fill=255
        )
    shade = tone.lift(float(rng.uniform(-0.018, 0.02))).rgb()
    bright = 1 if stage.sun[0] > (left + right) / 2 else -1
    edge = left if bright < 0 else right - max(2, wide // 6)
    lit_side = tone.mix(stage.palette.light, 0.10).rgb()
    if rng.random() < 0.6:
        paint.rectangle(
            (edge, top, edge + max(2, wide // 6), foot), fill=lit_side if depth > 0.2 else shade
        )
    _windows(stage, paint, box, tone, depth)


def _windows(
    stage: Stage,
    paint: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    tone: Lch,
    depth: float,
) -> None:
    rng = stage.rng
    cell = max(3.0, stage.unit * (0.0085 + 0.013 * depth))
    left, top, right, foot = box
    columns = int((right - left - cell * 0.6) / cell)
    rows = int(min(foot - top - cell, stage.height) / (cell * 1.35))
    if columns < 1 or rows < 1 or (depth < 0.2 and stage.mood.time in {"day", "golden"}):
        return
    lit = _LIT_BY_TIME.get(stage.mood.time or "", 0.0) * (0.6 + 0.4 * depth)
    lamps = _lamps(stage)
    dark = tone.lift(-0.035 if stage.mood.time in {"day", "golden", "dawn"} else 0.025).rgb()
    glass = tone.mix(stage.palette.sky[1], 0.35).rgb()
    pad = (right - left - columns * cell) / 2
    chance = rng.random((rows, columns))
    which = rng.integers(0, len(lamps), (rows, columns))
    wide, high = cell * 0.52, cell * 0.72
    bright = rng.uniform(0.35, 1.3)
    for row in range(rows):
        for column in range(columns):
            on = chance[row, column] < lit * bright
            off = glass if chance[row, column] > 0.9 else dark
            x, y = left + pad + column * cell + cell * 0.24, top + cell * 0.7 + row * cell * 1.35
            colour: Rgb = lamps[which[row, column]] if on else off
            paint.rectangle(
                (round(x), round(y), round(x + wide) - 1, round(y + high) - 1), fill=colour
            )


def _lamps(stage: Stage) -> list[Rgb]:
    if stage.mood.neon:
        return [Lch(0.80, 0.15, 205).rgb(), Lch(0.72, 0.22, 345).rgb(), Lch(0.86, 0.10, 80).rgb()]
    return [Lch(0.87, 0.10, 82).rgb(), Lch(0.80, 0.12, 70).rgb(), Lch(0.90, 0.05, 95).rgb()]


def _signs(stage: Stage, fill: Image.Image, mask: Image.Image, base: float) -> None:
    """Hang glowing upright signs on the houses."""
    rng = stage.rng
    glow, core = Image.new("RGB", fill.size), ImageDraw.Draw(fill)
    light = ImageDraw.Draw(glow)
    for _ in range(max(3, int(9 * fill.width / stage.unit / 1.4))):
        hue = float(rng.choice([345.0, 205.0, 320.0, 65.0]))
        wide, high = (
            stage.unit * float(v) for v in (rng.uniform(0.010, 0.02), rng.uniform(0.05, 0.15))
        )
        x = float(rng.uniform(0, fill.width))
        y = base - stage.height * float(rng.uniform(0.10, 0.30)) - high * 0.5
        if mask.getpixel((min(fill.width - 1, int(x)), max(0, min(fill.height - 1, int(y))))) == 0:
            continue
        box = (round(x), round(y), round(x + wide), round(y + high))
        light.rectangle(box, fill=Lch(0.62, 0.24, hue).rgb())
        core.rectangle(box, fill=Lch(0.50, 0.2, hue).rgb())
        line = max(1, round(wide * 0.12))
        core.rectangle(box, outline=Lch(0.86, 0.13, hue).rgb(), width=line)
        bars = int(high / wide)
        for bar in range(bars):
            y0 = box[1] + wide * (0.3 + bar)
            core.rectangle(
                (box[0] + wide * 0.3, y0, box[2] - wide * 0.3, y0 + wide * 0.42),
                fill=Lch(0.93, 0.07, hue).rgb(),
            )
    small = glow.reduce(4).filter(ImageFilter.GaussianBlur(stage.unit * 0.010))
    soft = np.asarray(small.resize(fill.size, Image.Resampling.BICUBIC), np.float32)
    lit = 255 - (255 - np.asarray(fill, np.float32)) * (255 - np.minimum(255, soft * 1.5)) / 255
    fill.paste(Image.fromarray(lit.astype(np.uint8)))
