"""The surface that sceneries paint on: size, light, grain and chance of one shot."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ttv_animatic.dice import generator
from ttv_animatic.layers import Layer, Rig, mask_image
from ttv_animatic.mood import Mood
from ttv_animatic.palette import Floats, Lch, Palette, gradient

_GRAIN = 256
_VIGNETTE = 0.17


@dataclass(frozen=True)
class Mark:
    """Where a figure may stand: on an edge, just before the element at `index`."""

    index: int
    depth: float
    edge: Floats
    margin: int

    def level(self, x: float) -> float:
        """Give the ground's height at a place, in frame pixels.

        Args:
            x: Frame pixels, at rest.

        Returns:
            Pixels from the frame's top.
        """
        return float(self.edge[min(len(self.edge) - 1, max(0, int(x) + self.margin))])


@dataclass
class Stage:
    """One shot's canvas.

    `sun` is where the light stands, in frame pixels; layers near it are tinted.
    """

    rig: Rig
    mood: Mood
    palette: Palette
    rng: np.random.Generator
    sun: tuple[float, float] = (0.0, 0.0)
    glow: float = 0.0
    mark: Mark | None = None
    _light: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Resolve the light's colour once."""
        self._light = gradient([self.palette.light], 1)[0]

    @property
    def width(self) -> int:
        """Frame width in pixels."""
        return self.rig.width

    @property
    def height(self) -> int:
        """Frame height in pixels."""
        return self.rig.height

    @property
    def unit(self) -> float:
        """A length that looks alike in every format: the root of the area."""
        return float(np.sqrt(self.rig.width * self.rig.height))

    def paint(
        self,
        colours: Floats,
        size: tuple[int, int],
        at: tuple[float, float] = (0, 0),
        glow: float = 0.0,
    ) -> Image.Image:
        """Turn colours into a picture with light, vignette and grain.

        The grain is what keeps soft gradients from banding in 8 bits; it is part
        of the layer, like the tooth of paper, and costs nothing per frame.

        Args:
            colours: sRGB 0..255, shape (height, 3) for rows or (height, width, 3).
            size: Width and height of the picture.
            at: Its top left corner in the frame.
            glow: How strongly the shot's light falls on it, 0..1.

        Returns:
            An RGB picture.
        """
        width, height = size
        across = (np.arange(width, dtype=np.float32) + np.float32(at[0])) / self.width
        down = (np.arange(height, dtype=np.float32) + np.float32(at[1])) / self.height
        keep = _shade(down)[:, None] * _shade(across)[None, :]
        repeats = (-(-height // _GRAIN), -(-width // _GRAIN))
        grain = np.tile(_grain(), repeats)[:height, :width]
        spill = None
        if glow * self.glow > 0:
            spill = self._spill(across, down, glow * self.glow) * keep
            keep -= spill
        # One colour at a time: planes are several times quicker than pixels.
        planes = []
        for index in range(3):
            given = colours[:, index, None] if colours.ndim == 2 else colours[:, :, index]
            plane = given * keep
            plane += grain
            if spill is not None:
                plane += spill * self._light[index]
            np.clip(plane, 0, 255, out=plane)
            planes.append(Image.fromarray(plane.astype(np.uint8)))
        return Image.merge("RGB", planes)

    def _spill(self, across: NDArray[Any], down: NDArray[Any], strength: float) -> Floats:
        sun_x, sun_y = self.sun[0] / self.width, self.sun[1] / self.height
        wide = np.exp(-(((across - sun_x) * self.width / self.unit / 0.42) ** 2))
        tall = np.exp(-(((down - sun_y) * self.height / self.unit / 0.30) ** 2))
        spill: Floats = (tall[:, None] * wide[None, :] * strength).astype(np.float32)
        return spill

    def silhouette(
        self,
        outline: Floats,
        depth: float,
        colours: list[Lch],
        glow: float = 0.0,
        fall: float = 0.45,
    ) -> Layer:
        """Cut a layer whose upper edge is an outline, filled down to the frame's foot.

        Args:
            outline: The edge's height in frame pixels, one value per column, as
                long as `span(depth)` says.
            depth: 0 far, 1 near.
            colours: From the edge downwards.
            glow: How strongly the light falls on it.
            fall: Part of the frame's height over which the colours run.

        Returns:
            The layer.
        """
        margin_x, margin_y = self.rig.margin(depth)
        top = int(np.floor(outline.min())) - 2
        height = max(2, self.height + margin_y - top)
        mask = cover(outline - top, height)
        reach = min(1.0, fall * self.height / height)
        rows = gradient(colours, height, list(np.linspace(0, reach, len(colours))))
        fill = self.paint(rows, (len(outline), height), (-margin_x, top), glow)
        return Layer(self.rig, fill, mask_image(mask), (-margin_x, top), depth)

    def stand(self, index: int, edge: Floats, depth: float) -> None:
        """Mark the ground on which a figure may stand.

        Args:
            index: How many elements lie behind the figure.
            edge: The ground's outline, as for `silhouette`.
            depth: Its depth.
        """
        # Grass and trees are fringes on the ground; feet go where it is smooth.
        reach = max(1, int(self.unit * 0.03))
        kernel = np.ones(reach, np.float32) / reach
        padded = np.pad(edge, (reach // 2, reach - 1 - reach // 2), mode="edge")
        smooth = np.convolve(padded, kernel, "valid").astype(np.float32)
        self.mark = Mark(index, depth, smooth, self.rig.margin(depth)[0])

    def span(self, depth: float, drift: float = 0.0) -> int:
        """Give the width a layer at this depth needs."""
        return self.width + 2 * self.rig.margin(depth, drift)[0]


def _shade(place: NDArray[Any]) -> Floats:
    """Darken towards the ends of 0..1: one axis of the vignette."""
    shade: Floats = 1 - _VIGNETTE * np.clip(abs(place * 2 - 1), 0, 1).astype(np.float32) ** 3
    return shade


def cover(outline: Floats, height: int) -> Floats:
    """Compute antialiased coverage below an outline.

    Args:
        outline: Height of the edge per column, pixels from the top.
        height: Rows wanted.

    Returns:
        Coverage 0..1, shape (height, columns).
    """
    rows = np.arange(height, dtype=np.float32)[:, None]
    coverage: Floats = np.clip(rows - outline[None, :] + 0.5, 0, 1).astype(np.float32)
    return coverage


def noise(
    rng: np.random.Generator, length: int, wave: float, octaves: int = 4, gain: float = 0.5
) -> Floats:
    """Draw a smooth random line, a sum of ever finer waves.

    Args:
        rng: Where the chance comes from.
        length: Samples.
        wave: Samples between the knots of the coarsest wave.
        octaves: Number of waves, each half as long as the one before.
        gain: Height of each wave beside the one before.

    Returns:
        Values around -1..1.
    """
    line, height, total = np.zeros(length), 1.0, 0.0
    for _ in range(octaves):
        if wave < 1:
            break
        knots = rng.uniform(-1, 1, int(length / wave) + 4)
        at = np.arange(length) / wave + 1
        whole = at.astype(int)
        part = at - whole
        part = part * part * (3 - 2 * part)
        line += height * (knots[whole] * (1 - part) + knots[whole + 1] * part)
        total, height, wave = total + height, height * gain, wave / 2
    return (line / max(total, 1e-6)).astype(np.float32)


def clouds(rng: np.random.Generator, size: tuple[int, int], cells: tuple[int, int]) -> Floats:
    """Draw a smooth random surface.

    Args:
        rng: Where the chance comes from.
        size: Width and height in pixels.
        cells: Coarsest features across and down.

    Returns:
        Values 0..1, shape (height, width), float32.
    """
    total = np.zeros((size[1], size[0]), np.float32)
    weight, norm = 1.0, 0.0
    for octave in range(4):
        across, down = (max(2, c << octave) for c in cells)
        knots = Image.fromarray(rng.random((down, across), np.float32))
        total += weight * np.asarray(knots.resize(size, Image.Resampling.BICUBIC))
        weight, norm = weight * 0.5, norm + weight
    surface: Floats = np.clip(total / norm, 0, 1).astype(np.float32)
    return surface


@cache
def _grain() -> Floats:
    speckle = generator("grain").triangular(-1, 0, 1, (_GRAIN, _GRAIN))
    tile: Floats = (speckle * 2.6 + 0.5).astype(np.float32)
    return tile
