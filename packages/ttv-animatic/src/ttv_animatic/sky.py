"""Skies: gradient, sun or moon, stars and drifting clouds."""

import numpy as np
from PIL import Image, ImageDraw

from ttv_animatic.layers import Element, Layer, Sprite, View, mask_image
from ttv_animatic.palette import Floats, Lch, gradient
from ttv_animatic.stage import Stage, clouds

_OVERCAST = frozenset({"rain", "storm", "fog", "snow"})


def build(stage: Stage, horizon: float, *, high: bool = False) -> list[Element]:
    """Paint the sky of a shot and set the shot's light.

    Args:
        stage: The shot's canvas; its `sun` and `glow` are set here.
        horizon: Where the sky ends, part of the frame's height.
        high: Keep sun or moon well above the horizon.

    Returns:
        The elements, far to near.
    """
    mood, night = stage.mood, stage.mood.time == "night"
    overcast = mood.weather in _OVERCAST
    low = mood.time in {"dawn", "sunset", "dusk", "golden"} and not high
    side = stage.rng.choice([0.26, 0.34, 0.66, 0.74, 0.5])
    up = (
        horizon - 0.06 * stage.rng.random() - 0.03
        if low
        else horizon * stage.rng.uniform(0.34, 0.5)
    )
    stage.sun = (stage.width * float(side), stage.height * float(up))
    stage.glow = (0.35 if night else 0.75) * (0.45 if overcast else 1.0)

    margin_x, margin_y = stage.rig.margin(0.02)
    size = (stage.width + 2 * margin_x, stage.height + 2 * margin_y)
    at = (-margin_x, -margin_y)
    picture = _dome(stage, horizon, size, at)
    if night and not overcast:
        _stars(stage, picture, horizon * stage.height + margin_y)
    visible = not overcast or (mood.weather == "snow" and mood.time != "day")
    if visible and mood.time != "dusk":
        _disc(stage, picture, (stage.sun[0] + margin_x, stage.sun[1] + margin_y), moon=night)
    _veil(stage, picture, horizon)
    elements: list[Element] = [
        Layer(stage.rig, stage.paint(picture, size, at, glow=0.5), None, at, 0.02),
    ]
    if night and not overcast:
        elements.append(Twinkle(stage, 26, horizon))
    if mood.time in {"day", "golden", "dawn"} and not overcast:
        elements += banks(stage, horizon, count=2)
    return elements


def _dome(stage: Stage, horizon: float, size: tuple[int, int], at: tuple[int, int]) -> Floats:
    foot = (horizon * stage.height - at[1]) / size[1]
    sky = stage.palette.sky
    rows = gradient([*sky, sky[2]], size[1], [0, foot * 0.55, foot, 1])
    return np.repeat(rows[:, None, :], size[0], axis=1)


def _disc(stage: Stage, picture: Floats, centre: tuple[float, float], *, moon: bool) -> None:
    radius = stage.unit * float(stage.rng.uniform(0.042, 0.06)) * (0.8 if moon else 1.0)
    reach = int(radius * 3.2)
    x0, y0 = int(centre[0]) - reach, int(centre[1]) - reach
    rows = slice(max(0, y0), max(0, y0 + 2 * reach))
    columns = slice(max(0, x0), max(0, x0 + 2 * reach))
    part = picture[rows, columns]
    if not part.size:
        return
    ys = np.arange(rows.start, rows.start + part.shape[0], dtype=np.float32)[:, None] - centre[1]
    xs = (
        np.arange(columns.start, columns.start + part.shape[1], dtype=np.float32)[None, :]
        - centre[0]
    )
    away = np.sqrt(xs * xs + ys * ys)
    alpha = np.clip(radius - away + 0.5, 0, 1)
    if moon and stage.rng.random() < 0.6:
        shadow = np.sqrt((xs - radius * 0.45) ** 2 + (ys + radius * 0.22) ** 2)
        alpha = np.minimum(alpha, np.clip(shadow - radius * 0.86 + 0.5, 0, 1))
    halo = np.exp(-np.maximum(away - radius, 0) / (radius * 0.55)) * 0.42
    halo *= np.clip((reach - away) / (reach * 0.4), 0, 1)
    if moon:
        halo = np.where(away < radius, 0.10, halo * 0.8)
    light = gradient([stage.palette.light], 1)[0]
    part += np.maximum(alpha, halo)[:, :, None] * (light - part)


def _stars(stage: Stage, picture: Floats, foot: float) -> None:
    height, width = picture.shape[:2]
    count = 420 if stage.mood.stars else 190
    xs = stage.rng.integers(1, max(2, width - 2), count)
    ys = (stage.rng.random(count) ** 1.3 * max(2.0, foot - 3)).astype(int) + 1
    ys = np.minimum(ys, height - 2)
    bright = stage.rng.random(count) ** 2.2 * (1 - 0.75 * ys / max(foot, 1))
    light = gradient([Lch(0.97, 0.02, 90)], 1)[0]
    weight = (bright * 0.95)[:, None].astype(np.float32)
    picture[ys, xs] += weight * (light - picture[ys, xs])
    size = stage.unit / 900
    if size > 0.6:
        for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1)):
            near = picture[ys + dy, xs + dx]
            picture[ys + dy, xs + dx] = near + weight * min(0.6, 0.32 * size) * (light - near)


def _veil(stage: Stage, picture: Floats, horizon: float) -> None:
    """Lay soft, stretched cloud over the dome: strong when overcast, a breath otherwise."""
    height, width = picture.shape[:2]
    strength = 0.5 if stage.mood.weather in {"rain", "storm"} else 0.2
    small = (max(2, width // 4), max(2, height // 4))
    surface = clouds(stage.rng, small, (3, 5))
    surface = np.clip((surface - 0.46) * 4, 0, 1)
    full = np.asarray(Image.fromarray(surface).resize((width, height), Image.Resampling.BILINEAR))
    fade = np.clip(1.15 - np.arange(height) / max(1.0, horizon * height), 0, 1).astype(np.float32)
    tone = stage.palette.sky[2].mix(stage.palette.sky[0], 0.25).lift(0.02, 0.8)
    if stage.mood.weather in {"rain", "storm"}:
        tone = stage.palette.sky[0].lift(-0.07, 0.7)
    target = gradient([tone], 1)[0]
    picture += (full * fade[:, None] * strength)[:, :, None] * (target - picture)


def banks(stage: Stage, horizon: float, count: int = 3) -> list[Element]:
    """Cut rows of paper clouds that drift at their own pace.

    Args:
        stage: The shot's canvas.
        horizon: Where the sky ends, part of the frame's height.
        count: Rows of clouds.

    Returns:
        One layer per row, far to near.
    """
    rows: list[Element] = []
    sky = stage.palette.sky
    for index in range(count):
        depth = 0.05 + 0.06 * index
        drift = stage.unit * 0.006 * (1 + index) * stage.mood.energy
        margin = stage.rig.margin(depth, drift)[0]
        width, height = stage.width + 2 * margin, max(8, int(stage.unit * 0.2))
        level = stage.height * horizon * (0.16 + 0.52 * (index + stage.rng.random() * 0.6) / count)
        mask = Image.new("L", (width * 2, height * 2))
        pen = ImageDraw.Draw(mask)
        scale = 0.6 + 0.5 * (index + 1) / count
        x = float(stage.rng.uniform(-0.1, 0.25)) * stage.unit
        while x < width:
            _puff(pen, stage, x * 2, height * 2 * 0.86, stage.unit * 0.24 * scale)
            x += stage.unit * float(stage.rng.uniform(0.45, 0.95))
        top = level - height * 0.86
        tone = sky[2].mix(stage.palette.light, 0.55).lift(0.03 * index)
        body = gradient([tone, tone.mix(sky[1], 0.55)], height)
        fill = stage.paint(body, (width, height), (-margin, top), glow=0.5)
        fade = np.clip(np.linspace(3.2, 0.0, height), 0, 1)[:, None] ** 0.7 * 0.92
        shape = np.asarray(mask.reduce(2), np.float32) / 255 * fade
        rows.append(Layer(stage.rig, fill, mask_image(shape), (-margin, top), depth, drift))
    return rows


def _puff(pen: ImageDraw.ImageDraw, stage: Stage, x: float, base: float, span: float) -> None:
    lobes = int(stage.rng.integers(3, 6))
    for lobe in range(lobes):
        part = (lobe + 0.5) / lobes
        radius = span * (0.14 + 0.22 * np.sin(np.pi * part)) * float(stage.rng.uniform(0.75, 1.1))
        cx = x + span * 2 * (part - 0.5)
        pen.pieslice((cx - radius, base - radius, cx + radius, base + radius), 180, 360, fill=255)
        pen.ellipse((cx - radius, base - radius * 0.9, cx + radius, base + radius * 0.25), fill=255)


def sea_of_clouds(stage: Stage) -> list[Element]:
    """Fill the foot of the picture with billowing cloud, row before row.

    Args:
        stage: The shot's canvas.

    Returns:
        One layer per row, far to near.
    """
    rows: list[Element] = []
    for index, depth in enumerate((0.10, 0.22, 0.40, 0.64, 1.0)):
        width = stage.span(depth)
        columns = np.arange(width, dtype=np.float32)
        edge = np.full(width, stage.height * (0.66 + 0.085 * index), np.float32)
        base = edge[0]
        x = -stage.unit * 0.1
        while x < width + stage.unit * 0.1:
            radius = stage.unit * float(stage.rng.uniform(0.03, 0.085)) * (0.6 + 0.8 * depth)
            away = (columns - x) / radius
            lift = float(stage.rng.uniform(-0.4, 0.5)) * radius
            bump = base - lift - np.sqrt(np.clip(1 - away * away, 0, 1)) * radius
            edge = np.where(np.abs(away) < 1, np.minimum(edge, bump), edge)
            x += radius * float(stage.rng.uniform(0.55, 1.1))
        tone = stage.palette.sky[2].mix(stage.palette.sky[1], 0.12 + 0.5 * depth)
        tone = tone.mix(stage.palette.sky[0], 0.45 * depth**1.5)
        lit = tone.mix(stage.palette.light, 0.5).lift(0.02)
        rows.append(
            stage.silhouette(edge.astype(np.float32), depth, [lit, tone], glow=0.6, fall=0.16)
        )
    return rows


class Twinkle:
    """A few bright stars that breathe."""

    def __init__(self, stage: Stage, count: int, horizon: float) -> None:
        """Place the stars.

        Args:
            stage: The shot's canvas.
            count: How many.
            horizon: They stay above this part of the height.
        """
        rng = stage.rng
        self._x = rng.uniform(0.02, 0.98, count) * stage.width
        self._y = rng.uniform(0.03, max(0.06, horizon * 0.8), count) * stage.height
        self._phase = rng.uniform(0, 2 * np.pi, count)
        self._share = stage.rig.share(0.02)
        colour = Lch(0.98, 0.02, 90).rgb()
        size = max(0.7, stage.unit / 700)
        self._levels = [
            Sprite(soft_dot(size * (0.8 + 0.5 * k), 0.25 + 0.2 * k), colour) for k in range(4)
        ]

    def draw(self, frame: Image.Image, view: View) -> None:
        """Draw each star at its present brightness.

        Args:
            frame: The picture so far.
            view: The camera.
        """
        levels = 1.5 + 1.5 * np.sin(self._phase + view.seconds * 1.7)
        for x, y, level in zip(self._x, self._y, levels, strict=True):
            star = self._levels[round(float(level))]
            star.paste(frame, x - view.x * self._share, y - view.y * self._share)


def soft_dot(radius: float, alpha: float = 1.0, softness: float = 0.6) -> Image.Image:
    """Draw a round mask with a soft edge.

    Args:
        radius: In pixels; it may be a fraction.
        alpha: Coverage at the centre.
        softness: Part of the radius over which the edge fades.

    Returns:
        An L image with an empty rim.
    """
    half = int(np.ceil(radius)) + 2
    axis = np.arange(2 * half + 1, dtype=np.float32) - half
    away = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    edge = max(1.0, radius * softness)
    return mask_image(np.clip((radius + 0.5 - away) / edge, 0, 1) * alpha)
