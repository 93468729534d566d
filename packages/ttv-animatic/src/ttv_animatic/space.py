"""Space: stars, a nebula, a planet with its lit limb."""

import numpy as np
from PIL import Image

from ttv_animatic.layers import Element, Layer, mask_image
from ttv_animatic.palette import Floats, Lch, gradient
from ttv_animatic.sky import Twinkle
from ttv_animatic.stage import Stage, clouds


def build(stage: Stage) -> list[Element]:
    """Hang a planet before a starry deep.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    side = float(stage.rng.choice([-1.0, 1.0]))
    stage.sun = (stage.width * (0.5 - 0.6 * side), stage.height * 0.1)
    hue = stage.mood.hue if stage.mood.hue is not None else float(stage.rng.uniform(0, 360))
    elements: list[Element] = [_deep(stage, hue), Twinkle(stage, 40, 0.95)]
    if stage.rng.random() < 0.75:
        at = (stage.width * (0.5 - 0.27 * side), stage.height * float(stage.rng.uniform(0.2, 0.34)))
        moon = Lch(0.72, 0.03, (hue + 180) % 360)
        elements.append(
            _planet(stage, at, stage.unit * float(stage.rng.uniform(0.03, 0.055)), moon, 0.12)
        )
    radius = stage.unit * float(stage.rng.uniform(0.42, 0.62))
    at = (stage.width * (0.5 + 0.26 * side), stage.height * 0.66 + radius * 0.62)
    elements.append(_planet(stage, at, radius, Lch(0.62, 0.13, hue), 0.45))
    return elements


def _deep(stage: Stage, hue: float) -> Layer:
    rng = stage.rng
    margin_x, margin_y = stage.rig.margin(0.04)
    size = (stage.width + 2 * margin_x, stage.height + 2 * margin_y)
    rows = gradient([Lch(0.13, 0.045, 285), Lch(0.17, 0.06, 275), Lch(0.11, 0.04, 265)], size[1])
    picture = np.repeat(rows[:, None, :], size[0], axis=1)
    small = (max(2, size[0] // 4), max(2, size[1] // 4))
    for turn, strength in ((hue, 0.50), (hue + 60, 0.34)):
        cloud = clouds(rng, small, (3, 2)) * np.sqrt(clouds(rng, small, (2, 2)))
        cloud = np.clip((cloud - 0.30) * 3.2, 0, 1) ** 1.3
        full = np.asarray(
            Image.fromarray(cloud.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
        )
        tint = gradient([Lch(0.46, 0.15, turn % 360)], 1)[0]
        picture += np.clip(full * strength, 0, 1)[:, :, None] * (tint - picture)
    count = round(520 * size[0] * size[1] / stage.unit**2)
    xs, ys = rng.integers(1, size[0] - 1, count), rng.integers(1, size[1] - 1, count)
    bright = (rng.random(count) ** 3 * 0.95 + 0.04)[:, None].astype(np.float32)
    white = gradient([Lch(0.98, 0.015, 250)], 1)[0]
    picture[ys, xs] += bright * (white - picture[ys, xs])
    weak = bright * min(0.55, 0.3 * stage.unit / 900)
    for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        near = picture[ys + dy, xs + dx]
        picture[ys + dy, xs + dx] = near + weak * (white - near)
    at = (-margin_x, -margin_y)
    return Layer(stage.rig, stage.paint(picture, size, at), None, at, 0.04)


def _planet(
    stage: Stage, centre: tuple[float, float], radius: float, tone: Lch, depth: float
) -> Layer:
    """Light a banded ball from the shot's sun; only the part in view is computed."""
    margin_x, margin_y = stage.rig.margin(depth)
    rim = radius * 1.16
    x0 = int(max(-margin_x, centre[0] - rim)) - 2
    y0 = int(max(-margin_y, centre[1] - rim)) - 2
    x1 = int(min(stage.width + margin_x, centre[0] + rim)) + 2
    y1 = int(min(stage.height + margin_y, centre[1] + rim)) + 2
    xs = (np.arange(x0, x1, dtype=np.float32)[None, :] - np.float32(centre[0])) / np.float32(radius)
    ys = (np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(centre[1])) / np.float32(radius)
    square = xs * xs + ys * ys
    deep = np.sqrt(np.clip(1 - square, 0, 1))
    sun = np.array([stage.sun[0] - centre[0], stage.sun[1] - centre[1], radius * 0.55], np.float32)
    sun /= np.sqrt((sun * sun).sum())
    lit = np.clip((xs * sun[0] + ys * sun[1] + deep * sun[2]) * 1.5 + 0.12, 0, 1) ** 1.2
    away = np.sqrt(square)
    ball = np.clip((1 - away) * radius + 0.5, 0, 1)
    halo = np.exp(-np.clip(away - 1, 0, None) * 16) * 0.55 * np.clip((1.15 - away) * 9, 0, 1)
    halo *= np.clip((xs * sun[0] + ys * sun[1]) * 0.9 + 0.35, 0, 1)
    bands = _bands(stage, xs, ys, tone)
    night = gradient([Lch(0.10, 0.035, tone.hue)], 1)[0]
    air = gradient([Lch(0.86, 0.09, tone.hue)], 1)[0]
    colours = night + lit[:, :, None] * (bands - night)
    rim_light = np.clip((away - 0.90) * 10, 0, 1) ** 2 * lit * 0.75
    colours += rim_light[:, :, None] * (air - colours)
    colours = np.where((away > 1)[:, :, None], air, colours).astype(np.float32)
    size = (x1 - x0, y1 - y0)
    mask = mask_image(np.maximum(ball, halo))
    return Layer(stage.rig, stage.paint(colours, size, (x0, y0)), mask, (x0, y0), depth)


def _bands(stage: Stage, xs: Floats, ys: Floats, tone: Lch) -> Floats:
    """Colour a planet by cloud and land that follow its roundness a little."""
    small = (max(2, xs.shape[1] // 3), max(2, ys.shape[0] // 3))
    surface = clouds(stage.rng, small, (2, 5))
    wide = Image.fromarray(surface).resize((xs.shape[1], ys.shape[0]), Image.Resampling.BICUBIC)
    land = np.clip((np.asarray(wide) - 0.44) * 7, 0, 1)[:, :, None]
    sea, earth = gradient([tone, Lch(0.76, tone.chroma * 0.7, (tone.hue - 28) % 360)], 2)
    veil = clouds(stage.rng, small, (3, 9))
    white = np.asarray(
        Image.fromarray(veil).resize((xs.shape[1], ys.shape[0]), Image.Resampling.BICUBIC)
    )
    colours = sea + land * (earth - sea)
    cloud = gradient([Lch(0.95, 0.015, tone.hue)], 1)[0]
    result: Floats = colours + np.clip((white - 0.52) * 5, 0, 0.75)[:, :, None] * (cloud - colours)
    return result
