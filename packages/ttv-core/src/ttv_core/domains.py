"""Sets of legal values, as data: numbers, and pictures' sizes, ratios and resolutions.

A domain answers three questions: is this value legal, which legal value is nearest, and how are
the legal values told to a person. Planning asks; nothing else in ttv rounds or snaps.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

__all__ = [
    "Canvas",
    "Data",
    "Numbers",
    "Size",
    "SizeRange",
    "parse_ratio",
    "parse_size",
    "tier_pixels",
]

_NAMED_TIERS = {"2k": 1440, "4k": 2160}
_SIZE = re.compile(r"\s*(\d{1,9})\s*[xX*×:]\s*(\d{1,9})\s*")
_RATIO_TOLERANCE = 0.01


class Data(BaseModel):
    """Base of everything that is data: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def parse_size(text: str) -> tuple[int, int]:
    """Read "1280x720" or "1280*720" as (width, height) in pixels.

    Raises:
        ValueError: If the text is not two whole numbers.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        msg = f"{text!r} is not a size such as '1280x720'"
        raise ValueError(msg)
    return int(match[1]), int(match[2])


def parse_ratio(text: str) -> float:
    """Read an aspect ratio "W:H" as width divided by height.

    Raises:
        ValueError: If the text is not two positive numbers.
    """
    try:
        width, height = (float(part) for part in text.split(":"))
        ratio = width / height
    except (ValueError, ZeroDivisionError):
        ratio = math.nan
    if not (math.isfinite(ratio) and ratio > 0):
        msg = f"{text!r} is not an aspect ratio such as '16:9'"
        raise ValueError(msg)
    return ratio


def tier_pixels(resolution: str) -> int:
    """Return the short edge in pixels of a resolution tier such as "720p" or "4k".

    Raises:
        ValueError: If the text names no tier.
    """
    tier = resolution.lower()
    if tier in _NAMED_TIERS:
        return _NAMED_TIERS[tier]
    if re.fullmatch(r"[1-9]\d{1,3}p", tier):
        return int(tier[:-1])
    msg = f"{resolution!r} is not a resolution such as '480p', '720p', '1080p', '2k' or '4k'"
    raise ValueError(msg)


def _plain(value: float) -> str:
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"


def _number_shorthand(value: Any) -> Any:
    if isinstance(value, int | float):
        return {"choices": (value,), "default": value}
    if isinstance(value, list | tuple):
        return {"choices": tuple(value)}
    return value


class Numbers(Data):
    """Legal numbers: a list of choices, or a range with an optional step.

    With a step, the legal values are `offset + k * step` between minimum and maximum; the frame
    rule 4k+1 is `step: 4, offset: 1`. YAML may give a bare list for choices and a bare number for
    one fixed value.

    Attributes:
        choices: The legal values; empty when the domain is a range.
        minimum: Smallest legal value.
        maximum: Largest legal value; None when there is no known limit.
        step: Distance between neighbouring values; None when every value is legal.
        offset: Where the steps are counted from; the minimum when left out.
        default: What the engine uses when nothing is asked; None when that is unknown.
    """

    choices: tuple[float, ...] = ()
    minimum: float = 0
    maximum: float | None = None
    step: float | None = None
    offset: float | None = None
    default: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        return _number_shorthand(value)

    @model_validator(mode="after")
    def _consistent(self) -> Numbers:
        if self.maximum is not None and self.maximum < self.minimum:
            msg = f"maximum {self.maximum} is below minimum {self.minimum}"
            raise ValueError(msg)
        if self.step is not None and self.step <= 0:
            msg = f"step {self.step} must be positive"
            raise ValueError(msg)
        if self.default is not None and not self.allows(self.default):
            msg = f"default {self.default} is not one of: {self.describe()}"
            raise ValueError(msg)
        return self

    def allows(self, value: float) -> bool:
        """Tell whether the value is legal."""
        return math.isclose(self.nearest(value), value, rel_tol=1e-9, abs_tol=1e-9)

    def nearest(self, value: float) -> float:
        """Return the legal value nearest to the one given; ties go to the larger."""
        if self.choices:
            return min(self.choices, key=lambda choice: (abs(choice - value), -choice))
        low, high = self.minimum, math.inf if self.maximum is None else self.maximum
        if self.step is None:
            return min(max(value, low), high)
        base = low if self.offset is None else self.offset
        first = math.ceil(round((low - base) / self.step, 9))
        last = math.inf if high == math.inf else math.floor(round((high - base) / self.step, 9))
        steps = min(max(math.floor((value - base) / self.step + 0.5), first), last)
        return base + steps * self.step

    @property
    def only(self) -> float | None:
        """The one legal value, where there is just one."""
        if len(self.choices) == 1:
            return self.choices[0]
        return self.minimum if not self.choices and self.minimum == self.maximum else None

    def within(self, other: Numbers) -> Numbers:
        """Return the narrower domain of the other's choices that are legal here too.

        Raises:
            ValueError: If no value is legal in both.
        """
        legal = tuple(value for value in other.choices if self.allows(value))
        if not legal:
            msg = f"nothing is both {self.describe()} and {other.describe()}"
            raise ValueError(msg)
        default = self.default if self.default in legal else None
        return Numbers(choices=legal, default=default)

    def describe(self) -> str:
        """Say the legal values in words, such as "4, 6, 8" or "2 to 10 in steps of 1"."""
        if self.choices:
            return ", ".join(_plain(choice) for choice in self.choices)
        if self.maximum is None:
            text = f"{_plain(self.minimum)} or more"
        else:
            text = f"{_plain(self.minimum)} to {_plain(self.maximum)}"
        if self.step is None:
            return text
        if self.offset is not None:
            return f"{text}, as {_plain(self.step)}k+{_plain(self.offset)}"
        return f"{text} in steps of {_plain(self.step)}"


def _size_shorthand(value: Any) -> Any:
    if isinstance(value, str):
        width, height = parse_size(value)
        return {"width": width, "height": height}
    return value


class Size(Data):
    """A legal picture size in pixels, with the ratio and tier the vendor files it under.

    Attributes:
        width: Pixels.
        height: Pixels.
        aspect_ratio: The nominal ratio where it is not exactly width:height (832x480 as "16:9").
        resolution: The nominal tier where it is not the short edge.
    """

    width: int
    height: int
    aspect_ratio: str | None = None
    resolution: str | None = None

    def is_ratio(self, ratio: str) -> bool:
        """Tell whether the size has the ratio, by name or within 1 %."""
        if self.aspect_ratio == ratio:
            return True
        return abs(self.width / self.height / parse_ratio(ratio) - 1) <= _RATIO_TOLERANCE

    def is_tier(self, resolution: str) -> bool:
        """Tell whether the size is of the resolution tier."""
        if self.resolution is not None:
            return self.resolution.lower() == resolution.lower()
        return min(self.width, self.height) == tier_pixels(resolution)

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

    min_edge: int = 16
    max_edge: int
    max_pixels: int | None = None
    multiple_of: int = 2

    def nearest(self, width: float, height: float) -> Size:
        """Return the legal size nearest to the one given, keeping its shape where possible."""
        unit = self.multiple_of
        low = math.ceil(self.min_edge / unit) * unit
        high = math.floor(self.max_edge / unit) * unit
        budget = self.max_pixels or high * high
        shrink = min(1.0, high / max(width, height), math.sqrt(budget / max(width * height, 1)))
        grow = max(1.0, low / max(min(width, height) * shrink, 1e-9))
        edges = [
            min(max(round(edge * shrink * grow / unit) * unit, low), high)
            for edge in (width, height)
        ]
        while edges[0] * edges[1] > budget and max(edges) > low:
            edges[edges.index(max(edges))] -= unit
        return Size(width=edges[0], height=edges[1])

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
        sizes: The legal sizes.
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
    def _one_form(self) -> Canvas:
        if sum((bool(self.sizes), self.range is not None, self.takes_labels)) > 1:
            msg = "give sizes, or range, or aspect_ratios with resolutions: one of the three"
            raise ValueError(msg)
        for ratio in self.aspect_ratios:
            parse_ratio(ratio)
        for tier in self.resolutions:
            tier_pixels(tier)
        return self

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
def label_size(aspect_ratio: str, resolution: str, multiple_of: int = 2) -> Size:
    """Return the size in pixels of a ratio at a tier: the tier is the short edge."""
    ratio, short = parse_ratio(aspect_ratio), tier_pixels(resolution)
    width, height = (short * ratio, short) if ratio >= 1 else (short, short / ratio)
    edges = [max(multiple_of, round(edge / multiple_of) * multiple_of) for edge in (width, height)]
    return Size(width=edges[0], height=edges[1])
