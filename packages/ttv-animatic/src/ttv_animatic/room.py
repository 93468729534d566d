"""Rooms: a wall, a window with the weather outside, light on the floor."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ttv_animatic import sky, terrain
from ttv_animatic.layers import Element, Layer, Rig, View
from ttv_animatic.palette import Lch, gradient
from ttv_animatic.stage import Stage


def build(stage: Stage) -> list[Element]:
    """Furnish a room and let the light in.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    outside = _outside(stage)
    dark = stage.mood.time in {"night", "dusk"} or stage.mood.feeling == "grim"
    hue = (
        stage.mood.hue
        if stage.mood.hue is not None
        else float(stage.rng.choice([55, 80, 150, 235, 20]))
    )
    wall = Lch(0.30, 0.045, hue) if dark else Lch(0.79, 0.055 * stage.mood.chroma, hue)
    elements: list[Element] = [_wall(stage, outside, wall, dark=dark), _furniture(stage, wall)]
    stage.stand(2, np.full(stage.span(0.5), stage.height * 0.82, np.float32), 0.5)
    return [*elements, _front(stage, wall)]


def _outside(stage: Stage) -> Image.Image:
    still = Stage(
        Rig(stage.width, stage.height, (0, 0), 0, 0), stage.mood, stage.palette, stage.rng
    )
    frame = Image.new("RGB", (stage.width, stage.height))
    elements = sky.build(still, 0.62, high=True)
    for depth in (0.2, 0.5):
        edge = terrain.rolling(still, depth, 0.60 + 0.3 * depth, 0.06, 0.3)
        elements.append(
            still.silhouette(
                edge, depth, [stage.palette.ground(depth), stage.palette.ground(depth + 0.2)]
            )
        )
    for element in elements:
        element.draw(frame, View(0, 0, 0, 0))
    return frame


def _wall(stage: Stage, outside: Image.Image, wall: Lch, *, dark: bool) -> Layer:
    depth = 0.2
    margin_x, margin_y = stage.rig.margin(depth)
    size = (stage.width + 2 * margin_x, stage.height + 2 * margin_y)
    left_window = bool(stage.rng.random() < 0.5)
    u, floor = stage.unit, int(stage.height * 0.74) + margin_y
    wide, high = min(u * 0.52, stage.width * 0.6), min(u * 0.40, stage.height * 0.46)
    middle = margin_x + stage.width * (0.34 if left_window else 0.66)
    box = (int(middle - wide / 2), int(stage.height * 0.12) + margin_y, int(middle + wide / 2), 0)
    box = (*box[:3], box[1] + int(high))
    stage.sun, stage.glow = (middle - margin_x, box[1] + high / 2), 0.25 if dark else 0.5
    rows = np.concatenate(
        [
            gradient([wall.lift(-0.06), wall, wall.lift(-0.02)], floor),
            gradient([wall.lift(-0.20, 0.9), wall.lift(-0.34, 0.8)], size[1] - floor),
        ],
    )
    picture = stage.paint(rows, size, (-margin_x, -margin_y), glow=0.7)
    pen = ImageDraw.Draw(picture)
    skirting = max(2, int(u * 0.012))
    pen.rectangle(
        (0, floor - skirting, size[0], floor), fill=wall.lift(0.06 if not dark else 0.04).rgb()
    )
    frame = max(2, int(u * 0.011))
    pen.rectangle(
        (box[0] - frame, box[1] - frame, box[2] + frame, box[3] + frame), fill=wall.lift(0.13).rgb()
    )
    view = outside.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS)
    picture.paste(view, box[:2])
    for part in (1 / 3, 2 / 3):
        x = int(box[0] + wide * part)
        pen.rectangle((x - frame // 3, box[1], x + frame // 3, box[3]), fill=wall.lift(0.13).rgb())
    y = int(box[1] + high * 0.36)
    pen.rectangle((box[0], y - frame // 3, box[2], y + frame // 3), fill=wall.lift(0.13).rgb())
    pen.rectangle(
        (box[0] - frame * 3, box[3] + frame, box[2] + frame * 3, box[3] + frame * 2),
        fill=wall.lift(0.16).rgb(),
    )
    if not dark:
        _patch(stage, picture, box, floor, 1 if left_window else -1)
    return Layer(stage.rig, picture, None, (-margin_x, -margin_y), depth)


def _patch(
    stage: Stage, picture: Image.Image, box: tuple[int, int, int, int], floor: int, side: int
) -> None:
    """Let the window's light fall across wall and floor."""
    small = Image.new("L", (picture.width // 2, picture.height // 2))
    pen = ImageDraw.Draw(small)
    wide, slant = (box[2] - box[0]) / 3, side * stage.unit * 0.34
    deep = stage.unit * 0.30
    for pane in range(3):
        x = box[0] + pane * wide
        points = [
            (x + 6, floor),
            (x + wide - 6, floor),
            (x + wide - 6 + slant, floor + deep),
            (x + 6 + slant, floor + deep),
        ]
        pen.polygon([(px / 2 + slant * 0.12, py / 2) for px, py in points], fill=120)
    soft = small.filter(ImageFilter.GaussianBlur(max(1.0, stage.unit / 500))).resize(picture.size)
    picture.paste(stage.palette.light.rgb(), (0, 0), soft)
    beam = Image.new("L", small.size)
    shape = [
        (box[0], box[1]),
        (box[2], box[1]),
        (box[2] + slant * 1.6, floor + deep),
        (box[0] + slant * 1.6, floor + deep),
    ]
    ImageDraw.Draw(beam).polygon([(x / 2, y / 2) for x, y in shape], fill=26)
    picture.paste(
        stage.palette.light.rgb(),
        (0, 0),
        beam.filter(ImageFilter.GaussianBlur(stage.unit / 60)).resize(picture.size),
    )


def _furniture(stage: Stage, wall: Lch) -> Layer:
    """Stand a table, a lamp, an easel or shelf and a plant along the wall."""
    depth = 0.5
    margin_x, margin_y = stage.rig.margin(depth)
    size = (stage.width + 2 * margin_x, stage.height + 2 * margin_y)
    big = Image.new("L", (size[0] * 2, size[1] * 2))
    pen = ImageDraw.Draw(big)
    u = stage.unit * 2
    floor = (stage.height * 0.80 + margin_y) * 2
    right = stage.sun[0] < stage.width / 2
    x = (margin_x + stage.width * (0.72 if right else 0.26)) * 2
    top, half, leg = floor - u * 0.17, u * 0.17, u * 0.010
    pen.rounded_rectangle((x - half, top, x + half, top + u * 0.018), u * 0.006, fill=255)
    for side in (-0.88, 0.88):
        pen.rectangle((x + side * half - leg, top, x + side * half + leg, floor), fill=255)
    pen.rectangle(
        (x - half * 0.62 - leg * 0.5, top - u * 0.10, x - half * 0.62 + leg * 0.5, top), fill=255
    )
    pen.polygon(
        [
            (x - half * 0.62 + dx * u, top - dy * u)
            for dx, dy in ((-0.05, 0.09), (0.05, 0.09), (0.028, 0.145), (-0.028, 0.145))
        ],
        fill=255,
    )
    pen.rectangle((x - half * 0.75, top - leg, x - half * 0.49, top), fill=255)
    for k, tall in enumerate((0.055, 0.075, 0.062, 0.07)):
        pen.rectangle(
            (
                x + half * 0.25 + k * u * 0.022,
                top - u * tall,
                x + half * 0.25 + k * u * 0.022 + u * 0.018,
                top,
            ),
            fill=255,
        )
    plant = (margin_x + stage.width * (0.06 if right else 0.93)) * 2
    pen.polygon(
        [
            (plant + dx * u, floor - dy * u)
            for dx, dy in ((-0.05, 0.09), (0.05, 0.09), (0.035, 0), (-0.035, 0))
        ],
        fill=255,
    )
    for angle in np.linspace(-1.15, 1.15, 9) + stage.rng.uniform(-0.1, 0.1, 9):
        _frond(
            pen, (plant, floor - u * 0.085), float(angle), u * float(stage.rng.uniform(0.14, 0.23))
        )
    tone = wall.lift(-0.33 if wall.lightness > 0.5 else -0.15, 1.1)
    at = (-margin_x, -margin_y)
    fill = stage.paint(gradient([tone.lift(0.04), tone], size[1]), size, at, glow=0.35)
    return Layer(stage.rig, fill, big.reduce(2), at, depth)


def _frond(pen: ImageDraw.ImageDraw, root: tuple[float, float], angle: float, long: float) -> None:
    along = np.linspace(0, 1, 9)
    bend = angle * (0.6 + 0.7 * along)
    x = root[0] + np.cumsum(np.sin(bend)) * long / 9
    y = root[1] - np.cumsum(np.cos(bend)) * long / 9
    wide = np.sin(np.pi * along**0.8) * long * 0.075
    left = list(zip(x - np.cos(bend) * wide, y - np.sin(bend) * wide, strict=True))
    right = list(zip(x + np.cos(bend) * wide, y + np.sin(bend) * wide, strict=True))
    pen.polygon([root, *left, *right[::-1]], fill=255)


def _front(stage: Stage, wall: Lch) -> Layer:
    """Put something dark and near at the foot of the frame, for depth."""
    width = stage.span(1.0)
    x = np.linspace(-1, 1, width, dtype=np.float32)
    edge = stage.height * (0.97 - 0.10 * np.clip(np.abs(x) - 0.35, 0, 1) ** 1.5)
    tone = wall.lift(-0.5 if wall.lightness > 0.5 else -0.2)
    tone = Lch(max(0.12, tone.lightness), tone.chroma, tone.hue)
    return stage.silhouette(edge.astype(np.float32), 1.0, [tone, tone.lift(-0.03)])
