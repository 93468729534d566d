"""Moving a camera over a still picture."""

import math
from typing import Final

from PIL import Image

from ttv_animatic.camera import Framing, Path

_SLIDE: Final = 0.16
"""Part of the frame that a pan travels when the picture leaves no more room."""

_LONGEST_SLIDE: Final = 0.5
_STEPS: Final = 48
_STRIPS: Final = 128
_TURN_ZOOM: Final = 1.16
"""How near a turning camera goes at least: half of the room it gains is for sliding,
half for the corners that a turn looks past."""

_Box = tuple[float, float, float, float]


class Lens:
    """A picture seen through a moving camera, always filling the frame."""

    def __init__(self, picture: Image.Image, size: tuple[int, int], path: Path) -> None:
        """Prepare the picture at the size it will be sampled from.

        Args:
            picture: RGB.
            size: Width and height of the frame.
            path: The camera's way.
        """
        self._size, self._path = size, path
        fit = max(size[0] / picture.width, size[1] / picture.height)
        framings = [path.at(k / _STEPS, k / _STEPS * 4) for k in range(_STEPS + 1)]
        self._spread = (_spread([f.x for f in framings]), _spread([f.y for f in framings]))
        zooms = [f.zoom for f in framings]
        self._zoom_rest = -min(zooms)
        self._turns = any(f.yaw or f.roll for f in framings)
        self._turn_rest = path.total().yaw / 2, path.total().roll / 2
        base = self._needed_zoom(picture, fit)
        self._base = math.log(base)
        # Sampling from a plate that is never enlarged keeps edges crisp; a small
        # picture is left as it is, for enlarging it first gains nothing.
        sharpest = min(base * math.exp(max(zooms) + self._zoom_rest), 2.0)
        scale = min(1.0, fit * sharpest)
        plate_size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        self._plate = (
            picture if scale >= 1 else picture.resize(plate_size, Image.Resampling.LANCZOS)
        )
        self._window = min(self._plate.width / size[0], self._plate.height / size[1])

    def _needed_zoom(self, picture: Image.Image, fit: float) -> float:
        """Get near enough for the slide to have room, and for a turn to show no edge."""
        zoom = _TURN_ZOOM if self._turns else 1.0
        for axis, length in enumerate((picture.width, picture.height)):
            if self._spread[axis][1] > 0:
                room = length * fit / self._size[axis]
                slide = _SLIDE * self._amount(axis)
                zoom = max(zoom, (1 + slide) / room)
        return zoom

    def _amount(self, axis: int) -> float:
        return min(1.3, self._spread[axis][1])

    def frame(self, progress: float, seconds: float) -> Image.Image:
        """Take one frame.

        Args:
            progress: Part of the shot that has passed, 0..1.
            seconds: Time since the shot began.

        Returns:
            RGB of the frame's size.
        """
        framing = self._path.at(progress, seconds)
        box = self._box(framing)
        if self._turns:
            return self._turned(box, framing)
        return self._plate.resize(self._size, Image.Resampling.BICUBIC, box=box)

    def _box(self, framing: Framing) -> _Box:
        zoom = math.exp(self._base + self._zoom_rest + framing.zoom)
        wide, high = (length * self._window / zoom for length in self._size)
        x = self._centre(0, framing.x, self._plate.width, wide)
        y = self._centre(1, framing.y, self._plate.height, high)
        return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2

    def _centre(self, axis: int, value: float, length: int, window: float) -> float:
        slack = max(0.0, length - window) / 2
        middle, spread = self._spread[axis]
        if spread == 0:
            return length / 2
        most = _LONGEST_SLIDE * window * min(1.0, self._amount(axis)) / 2
        reach = min(slack, most) if not self._turns else min(slack * 0.5, most)
        offset = (value - middle) / spread * 2 * reach
        return length / 2 + min(slack, max(-slack, offset))

    def _turned(self, box: _Box, framing: Framing) -> Image.Image:
        """Take a frame with the camera turned a little about the picture.

        The frame is put together from narrow upright strips, each as much taller or
        shorter than the next as the turn asks for: a fifth of a pixel at most. That
        samples bicubically and is still quicker than a perspective transform.
        """
        yaw, roll = framing.yaw - self._turn_rest[0], framing.roll - self._turn_rest[1]
        lean, slope = math.tan(math.radians(yaw)) * 0.7, math.tan(math.radians(roll))
        left, top, right, foot = box
        wide, high, middle = right - left, foot - top, (top + foot) / 2
        width, height = self._size
        step = max(2, math.ceil(width / _STRIPS))
        frame = Image.new("RGB", self._size)
        for x in range(0, width, step):
            columns = min(step, width - x)
            place = (2 * x + columns) / width - 1
            half = high / 2 * (1 + lean * place)
            centre = middle + slope * place * wide / 2
            near, far = left + wide * x / width, left + wide * (x + columns) / width
            piece = (near, centre - half, far, centre + half)
            strip = self._plate.resize((columns, height), Image.Resampling.BICUBIC, box=piece)
            frame.paste(strip, (x, 0))
        return frame


def _spread(values: list[float]) -> tuple[float, float]:
    """Give the middle of some values and how far they lie apart."""
    low, high = min(values), max(values)
    return (low + high) / 2, (high - low if high - low > 1e-9 else 0.0)
