"""Settle size, aspect ratio and resolution, which say one thing in three ways."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ttv_core.domains import Canvas, Size, label_size, parse_ratio, tier_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttv_core.planning import Draft

__all__ = ["settle_canvas"]


def settle_canvas(draft: Draft) -> dict[str, Any]:
    """Return width, height, aspect_ratio and resolution, as far as the engine takes or has them.

    The result is also noted in `draft.settled`, sizes as "1280x720", for rules and prices.
    """
    canvas = _narrowed(draft)
    settle = {"sizes": _among_sizes, "range": _in_range, "labels": _by_labels, "unknown": _as_asked}
    size, ratio, tier = settle[canvas.form](draft, canvas)
    if size is not None:
        draft.settled["size"] = str(size)
    draft.settled["aspect_ratio"], draft.settled["resolution"] = ratio, tier
    return {
        "width": size.width if size else None,
        "height": size.height if size else None,
        "aspect_ratio": ratio,
        "resolution": tier,
    }


Settled = tuple[Size | None, str | None, str | None]


def _narrowed(draft: Draft) -> Canvas:
    canvas = draft.model.canvas
    changes: dict[str, Any] = {}
    for rule in draft.rules_for("size"):
        kept = tuple(size for size in canvas.sizes if str(size) in rule.then["size"])
        changes["sizes"] = kept
    for name, attribute in (("aspect_ratio", "aspect_ratios"), ("resolution", "resolutions")):
        for rule in draft.rules_for(name):
            held = changes.get(attribute, getattr(canvas, attribute))
            changes[attribute] = tuple(value for value in held if value in rule.then[name])
    return canvas.model_copy(update=changes) if changes else canvas


def _distance(size: Size, width: float, height: float) -> float:
    """How far two sizes are apart: shape counts twice as much as area."""
    shape = abs(math.log((size.width / size.height) / (width / height)))
    area = abs(math.log((size.width * size.height) / (width * height)))
    return 2 * shape + area


def _nearest(sizes: Iterable[Size], width: float, height: float) -> Size:
    return min(sizes, key=lambda size: _distance(size, width, height))


def _among_sizes(draft: Draft, canvas: Canvas) -> Settled:
    request = draft.request
    default = canvas.default if canvas.default in canvas.sizes else canvas.sizes[0]
    assert default is not None
    if len(canvas.sizes) == 1:
        draft.exempt |= _satisfied(draft, default)
    if request.size is not None:
        used = next((s for s in canvas.sizes if (s.width, s.height) == request.size), None)
        if used is None:
            used = _nearest(canvas.sizes, *request.size)
            draft.change("size", request.size, str(used), canvas.describe())
        return used, used.aspect_ratio, used.resolution
    ratio, tier = request.aspect_ratio, request.resolution
    legal = list(canvas.sizes)
    if ratio is not None:
        legal = [size for size in legal if size.is_ratio(ratio)] or legal
    if tier is not None:
        legal = [size for size in legal if size.is_tier(tier)] or legal
    if not ratio and not tier:
        return default, default.aspect_ratio, default.resolution
    shape = parse_ratio(ratio) if ratio else default.width / default.height
    short = tier_pixels(tier) if tier else min(default.width, default.height)
    wished = (short * shape, short) if shape >= 1 else (short, short / shape)
    used = _nearest(legal, *wished)
    if ratio and not used.is_ratio(ratio):
        draft.change("aspect_ratio", ratio, f"{used.width}:{used.height}", canvas.describe())
    if tier and not used.is_tier(tier):
        short = min(used.width, used.height)
        draft.change("resolution", tier, used.resolution or f"{short}p", canvas.describe())
    return used, used.aspect_ratio, used.resolution


def _satisfied(draft: Draft, size: Size) -> set[str]:
    """Return the wishes that the model's one size meets by itself."""
    request, met = draft.request, set()
    if request.size == (size.width, size.height):
        met.add("size")
    if request.aspect_ratio and size.is_ratio(request.aspect_ratio):
        met.add("aspect_ratio")
    if request.resolution and size.is_tier(request.resolution):
        met.add("resolution")
    return met


def _in_range(draft: Draft, canvas: Canvas) -> Settled:
    request, bounds = draft.request, canvas.range
    assert bounds is not None
    default = canvas.default or bounds.nearest(1280, 720)
    if request.size is not None:
        used = bounds.nearest(*request.size)
        if (used.width, used.height) != request.size:
            draft.change("size", request.size, str(used), bounds.describe())
        return used, None, None
    if request.aspect_ratio is None and request.resolution is None:
        return default, None, None
    ratio = request.aspect_ratio or f"{default.width}:{default.height}"
    tier = request.resolution or f"{min(default.width, default.height)}p"
    wished = label_size(ratio, tier, bounds.multiple_of)
    used = bounds.nearest(wished.width, wished.height)
    if (used.width, used.height) != (wished.width, wished.height):
        name = "resolution" if request.resolution else "aspect_ratio"
        asked = request.resolution or request.aspect_ratio
        draft.change(name, asked, str(used), bounds.describe())
    return used, request.aspect_ratio, request.resolution


def _by_labels(draft: Draft, canvas: Canvas) -> Settled:
    """Settle a ratio, a tier or both, for an engine that takes these words and no pixels."""
    request = draft.request
    ratio, tier = request.aspect_ratio, request.resolution
    if request.size is not None:
        return _label_of_size(draft, canvas, request.size)
    ratio = _label(draft, "aspect_ratio", ratio, canvas.aspect_ratios, canvas.default_aspect_ratio)
    tier = _label(draft, "resolution", tier, canvas.resolutions, canvas.default_resolution)
    return None, ratio, tier


def _label(
    draft: Draft, name: str, asked: str | None, legal: tuple[str, ...], default: str | None
) -> str | None:
    if asked is None:
        return default if default in legal else (legal[0] if len(legal) == 1 else None)
    if not legal:
        draft.drop(name, asked, f"{draft.model.id} takes no {name}")
        return None
    if len(legal) == 1 and legal[0].lower() == asked.lower():
        draft.exempt.add(name)
    for label in legal:
        if label.lower() == asked.lower():
            return label
    measure = tier_pixels if name == "resolution" else parse_ratio
    used = min(legal, key=lambda label: abs(math.log(measure(label) / measure(asked))))
    if name == "aspect_ratio" and math.isclose(parse_ratio(used), parse_ratio(asked)):
        return used
    draft.change(name, asked, used, ", ".join(legal))
    return used


def _label_of_size(draft: Draft, canvas: Canvas, asked: tuple[int, int]) -> Settled:
    short = f"{min(asked)}p"
    ratios = canvas.aspect_ratios or (f"{asked[0]}:{asked[1]}",)
    tiers = canvas.resolutions or (short,)
    pixels = {(ratio, tier): label_size(ratio, tier) for ratio in ratios for tier in tiers}
    (ratio, tier), used = min(pixels.items(), key=lambda item: _distance(item[1], *asked))
    exact = (used.width, used.height) == asked
    if not (exact and canvas.aspect_ratios and canvas.resolutions):
        draft.change("size", asked, f"{ratio} at {tier}", canvas.describe())
    return (
        None,
        ratio if canvas.aspect_ratios else None,
        tier if canvas.resolutions else None,
    )


def _as_asked(draft: Draft, canvas: Canvas) -> Settled:
    del canvas
    request = draft.request
    asked = request.size or request.aspect_ratio or request.resolution
    if asked is not None:
        draft.warn(f"which sizes {draft.model.id} takes is unknown; the wish is passed on")
    size = Size(width=request.size[0], height=request.size[1]) if request.size else None
    return size, request.aspect_ratio, request.resolution
