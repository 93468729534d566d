"""A shot's picture, moment by moment: composed from layers, or taken from a still."""

import math
from typing import Final, Protocol

from PIL import Image

from ttv_animatic.camera import Path
from ttv_animatic.dice import generator
from ttv_animatic.layers import Rig, View
from ttv_animatic.lens import Lens
from ttv_animatic.mood import Mood
from ttv_animatic.palette import Palette
from ttv_animatic.scenery import compose
from ttv_animatic.stage import Stage

_TRAVEL: Final = (0.085, 0.07)
"""Parts of the frame's unit that a near layer shifts for a move of size 1."""

_STEPS: Final = 240
_BARE: Final = (0, 0, 0)
"""What a frame shows where no layer covers it: nowhere."""


class Scene(Protocol):
    """Anything that can show a shot."""

    def picture(self, progress: float, seconds: float) -> Image.Image:
        """Show one moment.

        Args:
            progress: Part of the shot that has passed, 0..1.
            seconds: Time since the shot began.

        Returns:
            A fresh RGB picture of the frame's size.
        """


class Composed:
    """A scene built from layers."""

    def __init__(
        self,
        size: tuple[int, int],
        mood: Mood,
        palette: Palette,
        path: Path,
        seconds: float,
        seed: object,
    ) -> None:
        """Draw the layers.

        Args:
            size: Width and height of the frame.
            mood: A settled mood.
            palette: The shot's colours.
            path: The camera's way.
            seconds: Length of the shot.
            seed: Names the shot's own stream of chance.
        """
        self._size, self._path = size, path
        unit = math.sqrt(size[0] * size[1])
        self._scale = (unit * _TRAVEL[0], unit * _TRAVEL[1])
        framings = [path.at(k / _STEPS, seconds * k / _STEPS) for k in range(_STEPS + 1)]
        self._rest = path.total().x / 2, path.total().y / 2
        reach = (
            max(abs(f.x - self._rest[0]) for f in framings) * self._scale[0],
            max(abs(f.y - self._rest[1]) for f in framings) * self._scale[1],
        )
        self._zoom_rest = -min(f.zoom for f in framings)
        self._zooms = any(f.zoom for f in framings)
        rig = Rig(size[0], size[1], reach, path.rigid, seconds)
        stage = Stage(rig, mood, palette, generator(seed, "stage", mood.place, mood.time, mood.key))
        self._elements = compose(stage)
        self._light = stage.sun

    def picture(self, progress: float, seconds: float) -> Image.Image:
        """Show one moment.

        Args:
            progress: Part of the shot that has passed, 0..1.
            seconds: Time since the shot began.

        Returns:
            A fresh RGB picture of the frame's size.
        """
        framing = self._path.at(progress, seconds)
        view = View(
            (framing.x - self._rest[0]) * self._scale[0],
            (framing.y - self._rest[1]) * self._scale[1],
            seconds,
            progress,
        )
        frame = Image.new("RGB", self._size, _BARE)
        for element in self._elements:
            element.draw(frame, view)
        return (
            self._closer(frame, math.exp(framing.zoom + self._zoom_rest)) if self._zooms else frame
        )

    def _closer(self, frame: Image.Image, zoom: float) -> Image.Image:
        """Go nearer to the point between the frame's middle and its light."""
        wide, high = self._size[0] / zoom, self._size[1] / zoom
        lean_x = 0.5 + 0.3 * (self._light[0] / self._size[0] - 0.5)
        left, top = (self._size[0] - wide) * lean_x, (self._size[1] - high) * 0.5
        box = (left, top, left + wide, top + high)
        return frame.resize(self._size, Image.Resampling.BILINEAR, box=box)


class Pictured:
    """A scene that is a still under a moving camera."""

    def __init__(self, still: Image.Image, size: tuple[int, int], path: Path) -> None:
        """Mount the still.

        Args:
            still: RGB.
            size: Width and height of the frame.
            path: The camera's way.
        """
        self._lens = Lens(still, size, path)

    def picture(self, progress: float, seconds: float) -> Image.Image:
        """Show one moment.

        Args:
            progress: Part of the shot that has passed, 0..1.
            seconds: Time since the shot began.

        Returns:
            A fresh RGB picture of the frame's size.
        """
        return self._lens.frame(progress, seconds)
