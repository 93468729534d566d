"""Putting a figure into a scene: where it stands, its colour, its walk."""

from typing import Final

from PIL import Image

from ttv_animatic import figures
from ttv_animatic.layers import Element, Sprite, View
from ttv_animatic.palette import Lch
from ttv_animatic.stage import Stage

_SMALLEST: Final = 9.0
_STRIDES: Final = 1.5


def join(stage: Stage, elements: list[Element]) -> list[Element]:
    """Let the figure that the words name enter the scene.

    Args:
        stage: The shot's canvas, with the ground its builder marked.
        elements: The scene, far to near.

    Returns:
        The scene with the figure at its depth.
    """
    name = stage.mood.figure
    if name is None:
        return elements
    figure = figures.FIGURES[name]
    height = stage.unit * figure.size
    if height < _SMALLEST:
        return elements
    index = (
        stage.mark.index
        if stage.mark and figure.stands in {"ground", "water", "shore"}
        else len(elements)
    )
    if figure.stands in {"air", "free"} and stage.mark:
        index = min(index, stage.mark.index)
    return [*elements[:index], Actor(stage, name, figure, height), *elements[index:]]


class Actor:
    """A figure in motion, or several in a row."""

    def __init__(self, stage: Stage, name: str, figure: figures.Figure, height: float) -> None:
        """Draw the poses.

        Args:
            stage: The shot's canvas.
            name: The figure's name.
            figure: What is known of it.
            height: Its height in pixels.
        """
        rng = stage.rng
        self._way = 1 if rng.random() < 0.65 else -1
        moving = stage.mood.moving or figure.stands != "ground"
        self._pace = stage.unit * figure.pace * stage.mood.energy * self._way if moving else 0.0
        if stage.mood.place == "space":
            self._pace *= 0.6
        self._height, self._stage, self._figure = height, stage, figure
        self._depth = stage.mark.depth if stage.mark and figure.stands != "air" else 0.25
        self._share = stage.rig.share(self._depth)
        poses = figure.poses if moving else 1
        body, detail = _colours(stage, name)
        self._bodies: list[Sprite] = []
        self._details: list[Sprite] = []
        drawn = [
            figures.masks(name, height, pose / poses if moving else -1.0) for pose in range(poses)
        ]
        if self._way < 0:
            drawn = [(_mirrored(masks[0]), _mirrored(masks[1])) for masks in drawn]
        box = _around([mask for masks in drawn for mask in masks])
        self._offset = (drawn[0][0].width / 2 - box[0], figures.foot(height) - box[1])
        for body_mask, detail_mask in drawn:
            self._bodies.append(Sprite(body_mask.crop(box), body))
            self._details.append(Sprite(detail_mask.crop(box), detail))
        self._rate = figure.pace / max(0.03, figure.size) * _STRIDES * max(0.6, stage.mood.energy)
        if figure.stands == "air" or not figure.alive:
            self._rate = 1.4
        elif figure.stands == "free":
            self._rate = 0.35
        self._x, self._y = self._start(rng.uniform(0.66, 0.75))

    def _start(self, place: float) -> tuple[float, float]:
        stage = self._stage
        # Type stands at the lower left, so the figure keeps to the right half,
        # and to the side it comes from when it has a way to go.
        away = self._pace * stage.rig.seconds
        x = stage.width * float(place) - max(-0.12 * stage.width, min(0.12 * stage.width, away / 2))
        if self._figure.stands == "air":
            return x, stage.height * 0.52
        if self._figure.stands == "free":
            return x, stage.height * (0.62 if stage.width > stage.height else 0.5)
        return x, 0.0

    def draw(self, frame: Image.Image, view: View) -> None:
        """Draw the pose of the moment.

        Args:
            frame: The picture so far.
            view: The camera.
        """
        for index in range(self._figure.count):
            behind = index * self._height * 1.75 * -self._way
            x = self._x + behind + self._pace * view.seconds
            phase = (view.seconds * self._rate + index * 0.37) % 1.0
            pose = int(phase * len(self._bodies))
            seen_x = x - view.x * self._share
            seen_y = self._level(x, view.seconds) - view.y * self._share
            left, top = seen_x - self._offset[0], seen_y - self._offset[1]
            self._bodies[pose].paste(frame, left, top)
            self._details[pose].paste(frame, left, top)

    def _level(self, x: float, seconds: float) -> float:
        mark, stands = self._stage.mark, self._figure.stands
        if stands in {"air", "free"} or mark is None:
            return self._y + _bob(seconds, self._height * (0.02 if stands == "air" else 0.04))
        ground = mark.level(x)
        return ground + (
            _bob(seconds, self._height * 0.02) if stands == "water" else self._height * 0.015
        )


def _bob(seconds: float, reach: float) -> float:
    """Rise and sink slowly, without a sine table: a smooth three-second swing."""
    part = (seconds / 3.0) % 1.0
    swing = 1 - abs(part * 2 - 1)
    return (swing * swing * (3 - 2 * swing) - 0.5) * 2 * reach


def _around(masks: list[Image.Image]) -> tuple[int, int, int, int]:
    """Find the box that holds every pose, with the empty rim that sprites need."""
    boxes = [box for mask in masks if (box := mask.getbbox())]
    left, top = min(b[0] for b in boxes) - 2, min(b[1] for b in boxes) - 2
    return left, top, max(b[2] for b in boxes) + 2, max(b[3] for b in boxes) + 2


def _mirrored(mask: Image.Image) -> Image.Image:
    return mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _colours(stage: Stage, name: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    palette, mood = stage.palette, stage.mood
    body = palette.near.lift(-0.07)
    body = Lch(min(0.24, max(0.09, body.lightness)), body.chroma, body.hue)
    if mood.place == "space":
        body = Lch(0.86, 0.02, palette.accent.hue)
        detail = Lch(0.28, 0.06, 255)
    elif mood.place == "underwater":
        body, detail = Lch(0.21, 0.055, palette.near.hue + 15), palette.light
    elif name in {"cabin", "lighthouse", "car", "robot"}:
        detail = Lch(0.88, 0.11, 82)
    else:
        detail = palette.sky[2].mix(palette.light, 0.5)
    if name == "balloon":
        body, detail = Lch(0.58, 0.17, palette.accent.hue), Lch(0.82, 0.12, palette.accent.hue + 35)
    if mood.figure_hue is not None:
        lit = 0.40 if mood.time in {"night", "dusk"} else 0.52
        body = Lch(lit, 0.15, mood.figure_hue)
    return body.rgb(), detail.rgb()
