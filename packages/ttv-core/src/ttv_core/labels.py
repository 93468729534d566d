"""Words for pictures and numbers: sizes, ratios and tiers are read, and values are quoted, here."""

from __future__ import annotations

import math
import re
import reprlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "near_ratio",
    "parse_ratio",
    "parse_size",
    "plain_number",
    "quoted",
    "reason_of",
    "same_value",
    "tier_pixels",
]

_NAMED_TIERS = {"2k": 1440, "4k": 2160, "8k": 4320}
_TIER = re.compile(r"[1-9][0-9]{0,4}p")
_RATIO = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,9})?):([0-9]{1,5}(?:\.[0-9]{1,9})?)")
# Vendors also write sizes with a colon; "16:9" is a ratio all the same.
_SIZE = re.compile(r"\s*(?:([0-9]{1,9})\s*[xX*×]\s*([0-9]{1,9})|([0-9]{3,9}):([0-9]{3,9}))\s*")
_RATIO_TOLERANCE = 0.01
# Pydantic names Python's types; who writes YAML or a command line knows none of them.
_WITHOUT_PYTHON = {
    "decimal_type": "Input should be a number",
    "list_type": "Input should be a list",
    "path_type": "Input should be a path",
    "tuple_type": "Input should be a list",
}

_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 80


def parse_size(text: str) -> tuple[int, int]:
    """Read "1280x720", "1280*720" or "1280:720" as (width, height) in pixels.

    Raises:
        ValueError: If the text is not two whole numbers.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        msg = f"{quoted(text)} is not a size such as '1280x720'"
        raise ValueError(msg)
    return int(match[1] or match[3]), int(match[2] or match[4])


@lru_cache(maxsize=256)
def parse_ratio(text: str) -> float:
    """Read an aspect ratio "W:H" as width divided by height.

    Raises:
        ValueError: If the text is not two positive numbers.
    """
    match = _RATIO.fullmatch(text)
    if match is None or not float(match[1]) or not float(match[2]):
        msg = f"{quoted(text)} is not an aspect ratio such as '16:9'"
        raise ValueError(msg)
    return float(match[1]) / float(match[2])


@lru_cache(maxsize=256)
def tier_pixels(resolution: str) -> int:
    """Return the short edge in pixels of a resolution tier such as "720p" or "4k".

    Raises:
        ValueError: If the text names no tier.
    """
    tier = resolution.lower()
    if tier in _NAMED_TIERS:
        return _NAMED_TIERS[tier]
    if _TIER.fullmatch(tier):
        return int(tier[:-1])
    msg = f"{quoted(resolution)} is not a resolution such as '480p', '720p', '1080p', '2k' or '4k'"
    raise ValueError(msg)


def same_value(field: str, one: Any, other: Any) -> bool:
    """Tell whether two values of a field of the request mean the same.

    "1080P" is "1080p", "2k" is "1440p", "1280*720" is "1280x720", 8 is 8.0, and ratios are the
    same within 1 %, as sizes in whole macroblocks hardly ever hit one exactly.
    """
    if one is None or other is None:
        return one is other
    if field == "resolution":
        return tier_pixels(one) == tier_pixels(other)
    if field == "aspect_ratio":
        return near_ratio(parse_ratio(one), parse_ratio(other))
    if field == "size":
        return parse_size(one) == parse_size(other)
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)


def near_ratio(one: float, other: float) -> bool:
    """Tell whether two ratios are the same within 1 %."""
    return abs(one / other - 1) <= _RATIO_TOLERANCE


def plain_number(value: float) -> str:
    """Return a number as a person writes it: 5 rather than 5.0."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.6g}"


def quoted(value: Any) -> str:
    """Return a value as a message shows it: short, printable, and never a whole file."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value):,} bytes>"
    if isinstance(value, float) and math.isfinite(value):
        return plain_number(value)
    if isinstance(value, tuple) and len(value) == 2 and all(type(edge) is int for edge in value):
        return f"{value[0]}x{value[1]}"
    try:
        return _short.repr(value)
    except Exception:  # noqa: BLE001 - a value that cannot say what it is, is told by its kind
        return f"<{type(value).__name__}>"


def reason_of(problem: Mapping[str, Any]) -> str:
    """Return what pydantic says is wrong with a value, without Python's own words."""
    said = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return _WITHOUT_PYTHON.get(problem["type"], said)
