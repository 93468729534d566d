"""Flat layers at different depths, and the camera that slides past them.

A layer is drawn once per shot. Per frame it is only pasted, at a quarter-pixel
position: each layer keeps copies of itself shifted by fractions of a pixel,
because whole-pixel steps make a slow pan stutter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
from PIL import Image, ImageChops

_STRIPS: Final = 10
_SOLID: Final = 255
_FINE, _COARSE = 1600, 2800
"""Widths up to which a quarter and a half pixel can still be seen."""


@dataclass(frozen=True)
class View:
    """Where the camera stands in one frame.

    `x` and `y` are pixels travelled by a layer at depth 1, `seconds` is the time
    since the shot began and `progress` its part of the shot, 0..1.
    """

    x: float
    y: float
    seconds: float
    progress: float


@dataclass(frozen=True)
class Rig:
    """How a shot's camera is mounted.

    `reach` is the furthest a depth-1 layer moves from its rest, in pixels. `rigid`
    says how far all depths move alike: 0 for a camera that travels, near 1 for
    one that turns on the spot.
    """

    width: int
    height: int
    reach: tuple[float, float]
    rigid: float
    seconds: float

    def share(self, depth: float) -> float:
        """Give the part of the camera's travel that a layer at this depth shows."""
        return depth + (1 - depth) * self.rigid

    def margin(self, depth: float, drift: float = 0.0) -> tuple[int, int]:
        """Give the pixels a layer needs beyond each side so that no edge shows.

        Args:
            depth: The layer's depth.
            drift: Pixels a second that the layer moves by itself.

        Returns:
            Horizontal and vertical margin.
        """
        share = self.share(depth)
        across = self.reach[0] * share + abs(drift) * self.seconds
        return int(across) + 3, int(self.reach[1] * share) + 3

    @property
    def phases(self) -> int:
        """Count the fractions of a pixel worth telling apart at this size."""
        return 4 if self.width <= _FINE else 2 if self.width <= _COARSE else 1


class Element(Protocol):
    """Anything that can be drawn into a frame."""

    def draw(self, frame: Image.Image, view: View) -> None:
        """Draw onto the frame as seen from `view`.

        Args:
            frame: The RGB picture so far, changed in place.
            view: The camera.
        """


class Layer:
    """A picture with a silhouette, at one depth."""

    def __init__(
        self,
        rig: Rig,
        fill: Image.Image,
        mask: Image.Image | None,
        at: tuple[float, float],
        depth: float,
        drift: float = 0.0,
    ) -> None:
        """Prepare the fractional copies.

        Args:
            rig: The shot's camera mount.
            fill: RGB colours.
            mask: L silhouette of the same size; None for an opaque layer.
            at: Top left corner at rest, in frame pixels.
            depth: 0 far, 1 near.
            drift: Own motion to the right, pixels a second.
        """
        self._at, self._drift, self._share = at, drift, rig.share(depth)
        self._sideways = rig.reach[0] >= rig.reach[1] or drift != 0
        moves = max(rig.reach) * self._share > 0 or drift != 0
        count = rig.phases if moves else 1
        self._count = count
        fills = _fractions(fill, count, sideways=self._sideways)
        if mask is None:
            self._strips = [_Strip(0, 0, 0, [], fills)]
        else:
            masks = _fractions(mask, count, sideways=self._sideways)
            self._strips = list(_strips(fills, masks))

    def draw(self, frame: Image.Image, view: View) -> None:
        """Paste the copy nearest to the exact position.

        Args:
            frame: The picture so far.
            view: The camera.
        """
        x = self._at[0] - view.x * self._share + self._drift * view.seconds
        y = self._at[1] - view.y * self._share
        exact = x if self._sideways else y
        whole, fraction = divmod(round(exact * self._count), self._count)
        left, top = (whole, round(y)) if self._sideways else (round(x), whole)
        for strip in self._strips:
            strip.paste(frame, left, top, fraction)


class _Strip(NamedTuple):
    """A few columns of a layer: rows that need a mask, and below them solid ones.

    A masked paste costs twenty times a plain one, and most of a silhouette is
    either empty above its outline or solid below it.
    """

    left: int
    head_top: int
    body_top: int
    heads: list[tuple[Image.Image, Image.Image]]
    bodies: list[Image.Image]

    def paste(self, frame: Image.Image, left: int, top: int, fraction: int) -> None:
        if self.heads:
            fill, mask = self.heads[fraction]
            frame.paste(fill, (left + self.left, top + self.head_top), mask)
        if self.bodies:
            frame.paste(self.bodies[fraction], (left + self.left, top + self.body_top))


def _strips(fills: list[Image.Image], masks: list[Image.Image]) -> Iterator[_Strip]:
    cover = np.asarray(masks[0])
    height, width = cover.shape
    step = max(16, width // _STRIPS)
    for left in range(0, width, step):
        right = min(width, left + step)
        # The fractional copies reach a pixel further than the first one.
        near = cover[:, max(0, left - 1) : right]
        shown = np.flatnonzero(near.max(axis=1))
        if not len(shown):
            continue
        unsolid = np.flatnonzero(near.min(axis=1) < _SOLID)
        body = min(height, int(unsolid[-1]) + 2) if len(unsolid) else 0
        head, foot = min(int(shown[0]), body), min(body, int(shown[-1]) + 2)
        masked, solid = (left, head, right, foot), (left, body, right, height)
        heads = [(f.crop(masked), m.crop(masked)) for f, m in zip(fills, masks, strict=True)]
        bodies = [fill.crop(solid) for fill in fills]
        yield _Strip(
            left, head, body, heads if foot > head else [], bodies if height > body else []
        )


def _fractions(image: Image.Image, count: int, *, sideways: bool) -> list[Image.Image]:
    """Copy an image shifted by 0, 1/count, 2/count … of a pixel."""
    if count == 1 or not image.height:
        return [image] * count
    shifted = ImageChops.offset(image, 1 if sideways else 0, 0 if sideways else 1)
    return [image, *(Image.blend(image, shifted, k / count) for k in range(1, count))]


class Sprite:
    """A small soft shape that can be pasted at any quarter-pixel position."""

    def __init__(self, shape: Image.Image, colour: tuple[int, int, int]) -> None:
        """Prepare sixteen shifted copies.

        Args:
            shape: L mask with at least one empty pixel around it.
            colour: Its colour.
        """
        self._colour = colour
        rows = _fractions(shape, 4, sideways=False)
        self._masks = [_fractions(row, 4, sideways=True) for row in rows]
        self.size = shape.size

    def paste(self, frame: Image.Image, x: float, y: float) -> None:
        """Paste with the top left corner at an exact position.

        Args:
            frame: The picture so far.
            x: Left edge.
            y: Top edge.
        """
        column, part_x = divmod(round(x * 4), 4)
        row, part_y = divmod(round(y * 4), 4)
        frame.paste(self._colour, (column, row), self._masks[part_y][part_x])


def mask_image(values: np.ndarray) -> Image.Image:
    """Turn coverage into an L image.

    Args:
        values: Coverage, clipped to 0..1.

    Returns:
        The mask.
    """
    return Image.fromarray((np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8))
