"""Water: the open sea, a lake under mountains, and the deep."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ttv_animatic import sky, terrain
from ttv_animatic.layers import Element, Layer, Sprite, View, mask_image
from ttv_animatic.palette import Lch, gradient
from ttv_animatic.sky import soft_dot
from ttv_animatic.stage import Stage, noise


def sea(stage: Stage) -> list[Element]:
    """Open the sea under the sky, with a path of light and waves in front.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    horizon = 0.56
    elements = sky.build(stage, horizon)
    if stage.rng.random() < 0.7:
        elements.append(_headland(stage, horizon))
    elements.append(_surface(stage, horizon))
    elements.append(Glints(stage, horizon))
    rough = {"storm": 2.2, "rain": 1.3}.get(
        stage.mood.weather or "", 0.55 + 0.45 * stage.mood.energy
    )
    for index, depth in enumerate((0.34, 0.58, 0.95)):
        elements.append(_wave(stage, depth, horizon + 0.14 + 0.125 * index, rough))
    water = np.full(stage.span(0.25), stage.height * (horizon + 0.075), np.float32)
    stage.stand(len(elements) - 3, water, 0.25)
    return elements


def lake(stage: Stage) -> list[Element]:
    """Lay still water before mountains and mirror them in it.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    shore = 0.60
    elements = sky.build(stage, shore - 0.04, high=stage.mood.time in {"day", "night"})
    elements.append(terrain.peaks(stage, 0.10, shore - 0.02, 0.26))
    elements += terrain.mist(stage, 0.12, shore - 0.04)
    wood = terrain.rolling(stage, 0.2, shore - 0.025, 0.02, 0.5) - terrain.conifers(
        stage, 0.2, 0.035
    )
    elements.append(terrain.land(stage, np.minimum(wood, np.float32(stage.height * shore)), 0.2))
    elements.append(mirror(stage, elements, shore, 0.2))
    elements.append(Glints(stage, shore))
    if stage.mood.figure == "boat":
        stage.stand(
            len(elements), np.full(stage.span(0.3), stage.height * (shore + 0.07), np.float32), 0.3
        )
    # The bank climbs on the right, where a figure may stand clear of the type.
    depth = 0.8
    across = np.linspace(0, 1, stage.span(depth), dtype=np.float32)
    climb = np.clip((across - 0.42) * 2.2, 0, 1)
    bank = terrain.rolling(stage, depth, 0.95, 0.02, 0.5) - stage.height * 0.15 * climb * climb * (
        3 - 2 * climb
    )
    if stage.mood.figure != "boat":
        stage.stand(len(elements) + 1, bank.astype(np.float32), depth)
    fringe = terrain.blades(stage, depth, 0.03)
    elements.append(terrain.land(stage, (bank - fringe).astype(np.float32), depth))
    front = terrain.rolling(stage, 1.0, 1.0, 0.02, 0.5) - terrain.blades(stage, 1.0, 0.10)
    elements.append(terrain.land(stage, front, 1.0))
    return elements


def underwater(stage: Stage) -> list[Element]:
    """Sink below the surface: rays from above, weed and rocks.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    hue = stage.palette.near.hue
    night = stage.mood.time == "night"
    top = Lch(0.55 if night else 0.82, 0.09, hue - 8)
    deep = Lch(0.14 if night else 0.24, 0.06, hue + 22)
    stage.sun, stage.glow = (
        (stage.width * float(stage.rng.uniform(0.3, 0.7)), -0.1 * stage.height),
        0.6,
    )
    margin_x, margin_y = stage.rig.margin(0.02)
    size = (stage.width + 2 * margin_x, stage.height + 2 * margin_y)
    rows = gradient([top, Lch(0.55, 0.10, hue), deep], size[1], [0, 0.42, 1])
    picture = stage.paint(rows, size, (-margin_x, -margin_y), glow=0.8)
    picture.paste(top.mix(Lch(1, 0, 0), 0.4).rgb(), (0, 0), _rays(stage, size))
    elements: list[Element] = [Layer(stage.rig, picture, None, (-margin_x, -margin_y), 0.02)]
    middle = Lch(0.50, 0.095, hue)
    for index, depth in enumerate((0.15, 0.35, 0.62, 1.0)):
        tone = middle.mix(deep.lift(-0.06), 0.25 + 0.75 * depth)
        edge = terrain.rolling(stage, depth, 0.70 + 0.075 * index, 0.07, 0.4)
        if index:
            edge -= terrain.blades(stage, depth, 0.05 + 0.07 * depth)
        elements.append(
            stage.silhouette(edge, depth, [tone.lift(0.03), tone.lift(-0.05)], glow=0.2)
        )
    return elements


def _rays(stage: Stage, size: tuple[int, int]) -> Image.Image:
    width, height = max(8, size[0] // 2), max(8, size[1] // 2)
    mask = Image.new("L", (width, height))
    pen = ImageDraw.Draw(mask)
    source = stage.sun[0] / 2
    for _ in range(9):
        spread = float(stage.rng.uniform(-1, 1)) * width * 0.8
        thick = width * float(stage.rng.uniform(0.02, 0.07))
        shape = [(source + spread * 0.25, -4), (source + spread * 0.25 + thick * 0.4, -4)]
        shape += [(source + spread + thick, height), (source + spread - thick, height)]
        pen.polygon(shape, fill=int(stage.rng.integers(22, 52)))
    soft = mask.filter(ImageFilter.GaussianBlur(width / 90))
    fade = np.clip(1 - np.linspace(0, 1.35, height, dtype=np.float32), 0, 1)[:, None]
    return mask_image(np.asarray(soft, np.float32) / 255 * fade).resize(
        size, Image.Resampling.BICUBIC
    )


def _headland(stage: Stage, horizon: float) -> Layer:
    depth = 0.08
    width = stage.span(depth)
    line = noise(stage.rng, width, stage.unit * 0.22, 4, 0.45)
    side = np.linspace(-1, 1, width, dtype=np.float32)
    away = -1 if stage.sun[0] > stage.width / 2 else 1
    rise = np.clip(line * 0.6 + 0.5 + away * side * 1.1 - 0.55, 0, 1) * 0.10
    edge = (stage.height * (horizon + 0.004 - rise)).astype(np.float32)
    tone = stage.palette.ground(0.30)
    return stage.silhouette(
        edge, depth, [tone, tone.mix(stage.palette.sky[2], 0.3)], glow=0.5, fall=0.1
    )


def _surface(stage: Stage, horizon: float) -> Layer:
    depth = 0.12
    margin_x, margin_y = stage.rig.margin(depth)
    top = int(stage.height * horizon)
    size = (stage.width + 2 * margin_x, stage.height + margin_y - top)
    far = stage.palette.sky[2].mix(stage.palette.sky[1], 0.35).lift(-0.05)
    near = stage.palette.near.mix(stage.palette.sky[0], 0.55)
    rows = gradient([far, far.mix(near, 0.6), near], size[1], [0, 0.32, 1])
    picture = np.repeat(rows[:, None, :], size[0], axis=1)
    ys = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    xs = np.arange(size[0], dtype=np.float32)[None, :] - margin_x - stage.sun[0]
    path = np.exp(-((xs / (stage.unit * (0.05 + 0.13 * ys))) ** 2)) * (1 - ys) ** 1.4
    # Broken into bands, as short waves break a reflection.
    bands = 0.55 + 0.45 * np.sin(
        40 * np.sqrt(ys) + noise(stage.rng, size[0], stage.unit * 0.05)[None, :] * 2.2
    )
    light = gradient([stage.palette.light], 1)[0]
    picture += (path * bands * min(1.0, stage.glow * 1.15))[:, :, None] * (light - picture)
    return Layer(
        stage.rig, stage.paint(picture, size, (-margin_x, top)), None, (-margin_x, top), depth
    )


def _wave(stage: Stage, depth: float, level: float, rough: float) -> Layer:
    drift = stage.unit * 0.014 * (0.5 + depth) * stage.mood.energy
    margin_x, margin_y = stage.rig.margin(depth, drift)
    width = stage.width + 2 * margin_x
    x = np.arange(width, dtype=np.float32) / stage.unit
    length = 0.13 + 0.16 * depth
    phase = float(stage.rng.uniform(0, 7))
    swell = np.sin(2 * np.pi * x / length + phase + 0.9 * np.sin(2 * np.pi * x / (length * 2.7)))
    sharp = 1 - np.abs(np.sin(np.pi * x / length + phase * 1.7 + 0.7 * np.sin(5.1 * x))) * 2
    line = (0.6 * swell + 0.4 * sharp * min(1.4, rough)) * (0.006 + 0.011 * depth) * rough
    line += noise(stage.rng, width, stage.unit * 0.6, 2) * 0.02
    edge = (stage.height * level + line * stage.unit).astype(np.float32)
    top = int(edge.min()) - 2
    height = stage.height + margin_y - top
    tone = (
        stage.palette.sky[1]
        .mix(stage.palette.near, 0.42 + 0.5 * depth)
        .mix(stage.palette.near, 0.15)
    )
    rows = gradient([tone.lift(0.07), tone, tone.lift(-0.07)], height, [0, 0.14, 1])
    down = np.arange(height, dtype=np.float32)[:, None] - (edge - top)[None, :]
    crest = np.exp(-np.abs(down - 1.5) / max(1.2, stage.unit * 0.0035)) * 0.5 * (1.1 - 0.6 * depth)
    picture = np.repeat(rows[:, None, :], width, axis=1)
    picture += crest[:, :, None] * (gradient([stage.palette.sky[2]], 1)[0] - picture)
    fill = stage.paint(picture, (width, height), (-margin_x, top), glow=0.25)
    mask = mask_image(down + 0.5)
    return Layer(stage.rig, fill, mask, (-margin_x, top), depth, drift)


def mirror(stage: Stage, elements: list[Element], shore: float, depth: float) -> Layer:
    """Mirror what has been drawn so far in water below a line.

    Args:
        stage: The shot's canvas.
        elements: What stands above the water.
        shore: The waterline, part of the frame's height.
        depth: Depth of the water.

    Returns:
        The water.
    """
    margin_x, margin_y = stage.rig.margin(depth)
    top = int(stage.height * shore)
    size = (stage.width + 2 * margin_x, stage.height + margin_y - top)
    scene = Image.new("RGB", (stage.width, stage.height))
    for element in elements:
        element.draw(scene, View(0, 0, 0, 0.5))
    above = scene.crop((0, max(0, top - int(size[1] * 1.25)), stage.width, top))
    flipped = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    # Squeezed and stretched again: a blur that runs down, as reflections do.
    blurred = flipped.resize(
        (max(2, stage.width // 2), max(2, size[1] // 10)), Image.Resampling.BOX
    )
    blurred = blurred.resize(size, Image.Resampling.BICUBIC)
    sharp = flipped.resize(size, Image.Resampling.BICUBIC)
    ice = stage.mood.weather == "snow"
    picture = np.asarray(Image.blend(sharp, blurred, 0.8 if ice else 0.55), np.float32).copy()
    ripple = noise(stage.rng, size[1], max(2.0, stage.unit * 0.006), 3) * stage.unit * 0.004
    rows = np.arange(size[0])[None, :] + (ripple * np.linspace(0.2, 2, size[1]))[:, None].astype(
        int
    )
    picture = picture[np.arange(size[1])[:, None], np.clip(rows, 0, size[0] - 1)]
    tint = gradient(
        [stage.palette.sky[1], stage.palette.near.mix(stage.palette.sky[0], 0.5)], size[1]
    )
    if ice:
        tint = gradient([stage.palette.sky[2], stage.palette.sky[1].lift(0.02, 0.6)], size[1])
    weight = np.linspace(0.16, 0.62, size[1], dtype=np.float32)[:, None, None]
    picture += weight * (tint[:, None, :] - picture)
    shine = np.exp(-np.arange(size[1], dtype=np.float32) / max(1.5, stage.unit * 0.004)) * 0.5
    picture += shine[:, None, None] * (gradient([stage.palette.sky[2]], 1)[0] - picture)
    return Layer(
        stage.rig, stage.paint(picture, size, (-margin_x, top)), None, (-margin_x, top), depth
    )


class Glints:
    """Short strokes of light on water that come and go."""

    def __init__(self, stage: Stage, horizon: float) -> None:
        """Scatter the strokes along the light's path.

        Args:
            stage: The shot's canvas.
            horizon: Where the water begins, part of the frame's height.
        """
        rng = stage.rng
        count = round(70 * min(1.0, stage.glow + 0.2))
        down = rng.uniform(0, 1, count) ** 1.5
        room = stage.height * (1 - horizon)
        self._y = stage.height * horizon + 3 + down * room * 0.75
        self._x = stage.sun[0] + rng.normal(0, 1, count) * stage.unit * (0.03 + 0.11 * down)
        self._phase, self._rate = rng.uniform(0, 7, count), rng.uniform(1.2, 3.0, count)
        self._share = stage.rig.share(0.12)
        colour = stage.palette.light.rgb()
        self._strokes = [
            Sprite(
                _stroke(
                    stage.unit * (0.006 + 0.005 * k),
                    max(0.7, stage.unit * (0.0009 + 0.0004 * k)),
                    a,
                ),
                colour,
            )
            for k in range(4)
            for a in (0.2, 0.4, 0.62)
        ]
        self._row = np.clip((down * 4).astype(int), 0, 3)

    def draw(self, frame: Image.Image, view: View) -> None:
        """Draw the strokes that catch the light just now.

        Args:
            frame: The picture so far.
            view: The camera.
        """
        shine = np.sin(self._phase + view.seconds * self._rate)
        for x, y, bright, row in zip(self._x, self._y, shine, self._row, strict=True):
            if bright > -0.3:
                stroke = self._strokes[row * 3 + min(2, int((bright + 0.3) * 2.3))]
                at = x - view.x * self._share - stroke.size[0] / 2
                stroke.paste(frame, at, y - view.y * self._share)


def _stroke(long: float, thick: float, alpha: float) -> Image.Image:
    dot = soft_dot(thick * 4, alpha, 0.8)
    return dot.resize(
        (max(5, int(long * 3.2)), max(4, int(thick * 2.4) + 3)), Image.Resampling.BICUBIC
    )
