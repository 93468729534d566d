"""Sets of legal pictures, as data: sizes in pixels, or ratios at resolution tiers."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ttv_core.domains import Data
from ttv_core.labels import near_ratio, parse_ratio, parse_size, tier_pixels

__all__ = ["Canvas", "Size", "SizeRange", "label_size"]


def _size_shorthand(value: Any) -> Any:
    """Read "1280x720", or "992x432 21:9 480p": with the ratio and tier it is filed under."""
    if not isinstance(value, str):
        return value
    edges, *labels = value.split()
    width, height = parse_size(edges)
    names = ("aspect_ratio" if ":" in label else "resolution" for label in labels)
    return {"width": width, "height": height} | dict(zip(names, labels, strict=True))


class Size(Data):
    """A legal picture size in pixels, with the ratio and tier the vendor files it under.

    Attributes:
        width: Pixels.
        height: Pixels.
        aspect_ratio: The nominal ratio where it is not exactly width:height (832x480 as "16:9").
        resolution: The nominal tier where it is not the short edge.
    """

    width: int = Field(ge=1)
    height: int = Field(ge=1)
    aspect_ratio: str | None = None
    resolution: str | None = None

    @model_validator(mode="after")
    def _labels_read(self) -> Size:
        _ = parse_ratio(self.ratio), tier_pixels(self.tier)
        return self

    @property
    def edges(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    @property
    def ratio(self) -> str:
        """The nominal ratio, or else the one that it has, in lowest terms."""
        if self.aspect_ratio is not None:
            return self.aspect_ratio
        common = math.gcd(self.width, self.height)
        return f"{self.width // common}:{self.height // common}"

    @property
    def tier(self) -> str:
        """The nominal tier, or else its short edge."""
        return self.resolution or f"{min(self.width, self.height)}p"

    def is_ratio(self, ratio: str) -> bool:
        """Tell whether the size has the ratio, by name or within 1 %."""
        wanted = parse_ratio(ratio)
        named = self.aspect_ratio is not None and math.isclose(parse_ratio(self.ratio), wanted)
        return named or near_ratio(self.width / self.height, wanted)

    def is_tier(self, resolution: str) -> bool:
        """Tell whether the size is of the resolution tier."""
        return tier_pixels(self.tier) == tier_pixels(resolution)

    def __str__(self) -> str:
        """Return the size as "1280x720"."""
        return f"{self.width}x{self.height}"


SizeEntry = Annotated[Size, BeforeValidator(_size_shorthand)]


class SizeRange(Data):
    """Any size within bounds, in pixels.

    Attributes:
        min_edge: Smallest width and height.
        max_edge: Largest width and height.
        max_pixels: Largest width times height; None for no limit of its own.
        multiple_of: What width and height must be divisible by.
    """

    min_edge: int = Field(default=16, ge=1)
    max_edge: int
    max_pixels: int | None = None
    multiple_of: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> SizeRange:
        low, high = self._edges
        if low > high or low * low > self._budget:
            msg = f"no size is legal: {self.describe()}"
            raise ValueError(msg)
        return self

    @property
    def _edges(self) -> tuple[int, int]:
        """The smallest and the largest legal edge."""
        unit = self.multiple_of
        return math.ceil(self.min_edge / unit) * unit, self.max_edge // unit * unit

    @property
    def _budget(self) -> int:
        return self.max_edge**2 if self.max_pixels is None else self.max_pixels

    def edge(self, pixels: float) -> int:
        """Return the legal edge nearest to the one given."""
        low, high = self._edges
        return min(max(round(pixels / self.multiple_of) * self.multiple_of, low), high)

    def allows(self, width: int, height: int) -> bool:
        """Tell whether the size is legal."""
        fits = width * height <= self._budget
        return fits and self.edge(width) == width and self.edge(height) == height

    def nearest(self, width: float, height: float) -> Size:
        """Return the legal size nearest to the one given: scaled to fit, then to whole multiples.

        The shape is kept unless it cannot be had between the smallest and the largest edge.
        """
        low, high = self._edges
        scale = min(1.0, high / max(width, height), math.sqrt(self._budget / (width * height)))
        scale = max(scale, low / min(width, height))
        edges = [self.edge(width * scale), self.edge(height * scale)]
        if edges[0] * edges[1] > self._budget:  # rounded up: a smaller short edge, else a long one
            unit, short, shape = self.multiple_of, min(edges), width / height
            if (short := short - unit) >= low:
                edges = [self.edge(short * max(1, shape)), self.edge(short * max(1, 1 / shape))]
            else:
                edges[edges.index(max(edges))] = self._budget // low // unit * unit
        return Size(width=edges[0], height=edges[1])

    def longest(self, short: int) -> Size | None:
        """Return the longest legal size with this legal short edge; None if there is none."""
        width = min(self._edges[1], self._budget // short // self.multiple_of * self.multiple_of)
        return Size(width=width, height=short) if width >= short else None

    def describe(self) -> str:
        """Say the bounds in words."""
        text = f"{self.min_edge} to {self.max_edge} pixels an edge"
        if self.multiple_of > 1:
            text += f", multiples of {self.multiple_of}"
        if self.max_pixels is not None:
            text += f", at most {self.max_pixels:,} pixels in all"
        return text


class Canvas(Data):
    """The pictures a model can make: listed sizes, a range of sizes, or ratios times tiers.

    Exactly one of `sizes`, `range` and `aspect_ratios`/`resolutions` is given. All empty means
    that the vendor does not say; planning then passes the wish on with a warning.

    Attributes:
        sizes: The legal sizes; "1280x720" is short for one, and so is "992x432 21:9 480p".
        range: Bounds of free sizes.
        aspect_ratios: The legal ratios, where the engine takes a ratio.
        resolutions: The legal tiers, where the engine takes a tier.
        default: What the engine uses when nothing is asked: a size.
        default_aspect_ratio: Likewise a ratio, where the engine takes one.
        default_resolution: Likewise a tier, where the engine takes one.
    """

    sizes: tuple[SizeEntry, ...] = ()
    range: SizeRange | None = None
    aspect_ratios: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    default: SizeEntry | None = None
    default_aspect_ratio: str | None = None
    default_resolution: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Canvas:
        if sum((bool(self.sizes), self.range is not None, self.takes_labels)) > 1:
            msg = "give sizes, or range, or aspect_ratios with resolutions: one of the three"
            raise ValueError(msg)
        for ratio in self.aspect_ratios:
            parse_ratio(ratio)
        for tier in self.resolutions:
            tier_pixels(tier)
        defaults = (
            ("default", self.default, self.default is None or self.has(self.default)),
            ("default_aspect_ratio", self.default_aspect_ratio, self.aspect_ratios),
            ("default_resolution", self.default_resolution, self.resolutions),
        )
        for name, value, legal in defaults:
            if value is not None and legal is not True and (not legal or value not in legal):
                msg = f"{name} {value} is not one of: {self.describe()}"
                raise ValueError(msg)
        return self

    def has(self, size: Size) -> bool:
        """Tell whether a size is legal, where sizes are what is said."""
        if self.range is not None:
            return self.range.allows(size.width, size.height)
        return any(str(legal) == str(size) for legal in self.sizes)

    @property
    def form(self) -> Literal["sizes", "range", "labels", "unknown"]:
        """Which of the ways of saying it this canvas uses."""
        if self.sizes:
            return "sizes"
        if self.range is not None:
            return "range"
        return "labels" if self.takes_labels else "unknown"

    @property
    def takes_labels(self) -> bool:
        """Whether the engine takes a ratio or a tier instead of pixels."""
        return bool(self.aspect_ratios or self.resolutions)

    def describe(self) -> str:
        """Say the legal pictures in words."""
        if self.sizes:
            return ", ".join(str(size) for size in self.sizes)
        if self.range is not None:
            return self.range.describe()
        parts = [", ".join(self.aspect_ratios), ", ".join(self.resolutions)]
        return " in ".join(part for part in parts if part) or "unknown"


@lru_cache(maxsize=256)
def label_size(aspect_ratio: str, resolution: str) -> Size:
    """Return the even size in pixels of a ratio at a tier: the tier is the short edge."""
    ratio, short = parse_ratio(aspect_ratio), tier_pixels(resolution)
    width, height = (short * ratio, short) if ratio >= 1 else (short, short / ratio)
    edges = [max(2, round(edge / 2) * 2) for edge in (width, height)]
    return Size(width=edges[0], height=edges[1])
