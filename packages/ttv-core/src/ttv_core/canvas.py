"""Settle size, aspect ratio and resolution, which say one thing in three ways."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

from ttv_core.labels import near_ratio, parse_ratio, parse_size, tier_pixels
from ttv_core.sizes import Canvas, Size, label_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttv_core.draft import Draft
    from ttv_core.sizes import SizeRange

__all__ = ["settle_canvas"]

Settled = tuple[Size | None, str | None, str | None]
"""A size, or the ratio and the tier of an engine that takes these words; or both."""

Edges = tuple[float, float]
Labels = tuple[str | None, str | None]


def settle_canvas(draft: Draft) -> dict[str, Any]:
    """Return width, height, aspect_ratio and resolution, as far as the engine takes or has them.

    The result is also noted in `draft.settled`, sizes as "1280x720", for rules and prices.
    """
    canvas = _with_listed_sizes(draft)
    settle = {"sizes": _among_sizes, "range": _in_range, "labels": _by_labels, "unknown": _as_asked}
    size, ratio, tier = settle[canvas.form](draft, canvas)
    draft.settled |= {
        "size": str(size) if size else None,
        "aspect_ratio": ratio or (size.ratio if size else None),
        "resolution": tier or (size.tier if size else None),
    }
    return {
        "width": size.width if size else None,
        "height": size.height if size else None,
        "aspect_ratio": ratio,
        "resolution": tier,
    }


def _with_listed_sizes(draft: Draft) -> Canvas:
    """Return the canvas, its range replaced by the sizes that a rule lists."""
    canvas = draft.model.canvas
    if canvas.range is None:
        return canvas
    for rule in draft.model.rules:
        if "size" in rule.then and rule.applies(draft.settled):
            edges = (parse_size(text) for text in rule.then["size"])
            return Canvas(sizes=tuple(Size(width=w, height=h) for w, h in edges))
    return canvas


def _distance(one: Edges, other: Edges) -> float:
    """How far two sizes are apart: shape counts twice as much as area."""
    shape = abs(math.log((one[0] / one[1]) / (other[0] / other[1])))
    area = abs(math.log((one[0] * one[1]) / (other[0] * other[1])))
    return 2 * shape + area


def _shaped(shape: float, short: float) -> Edges:
    return (short * shape, short) if shape >= 1 else (short, short / shape)


# --- listed sizes -------------------------------------------------------------------------------


def _facts(size: Size) -> dict[str, Any]:
    return {"size": str(size), "aspect_ratio": size.ratio, "resolution": size.tier}


def _among_sizes(draft: Draft, canvas: Canvas) -> Settled:
    request = draft.request
    sizes = [size for size in canvas.sizes if not draft.conflict(_facts(size))]
    if not sizes:
        _refuse_all(draft, "size", _facts(canvas.sizes[0]), canvas)
        sizes = list(canvas.sizes)
    if request.size is not None:
        return _size_among(draft, sizes, request.size)
    ratio, tier = request.aspect_ratio, request.resolution
    if ratio is not None:
        ratio = _ratio_among(draft, sizes, ratio)
        sizes = [size for size in sizes if size.is_ratio(ratio)]
    if tier is not None:
        tier = _tier_among(draft, sizes, tier)
        sizes = [size for size in sizes if size.is_tier(tier)]
    sizes = [s for s in sizes if not draft.conflict(_facts(s), ahead=True)] or sizes
    default = canvas.default or canvas.sizes[0]
    shape = parse_ratio(ratio) if ratio else default.width / default.height
    short = tier_pixels(tier) if tier else min(default.width, default.height)
    used = min(sizes, key=lambda size: _distance(size.edges, _shaped(shape, short)))
    if len(draft.model.canvas.sizes) == 1:
        draft.exempt |= {"aspect_ratio", "resolution"}
    return used, ratio or used.aspect_ratio, tier or used.resolution


def _size_among(draft: Draft, sizes: Sequence[Size], asked: tuple[int, int]) -> Settled:
    used = min(sizes, key=lambda size: _distance(size.edges, asked))
    if used.edges != asked:
        why = draft.why({"size": f"{asked[0]}x{asked[1]}"})
        draft.change("size", asked, str(used), ", ".join(map(str, sizes)), why=why)
    if len(draft.model.canvas.sizes) == 1:
        draft.exempt.add("size")
    return used, used.aspect_ratio, used.resolution


def _ratio_among(draft: Draft, sizes: Sequence[Size], asked: str) -> str:
    """Return the ratio, or the nearest that one of the sizes has."""
    if any(size.is_ratio(asked) for size in sizes):
        return asked
    ratios = {size.ratio: parse_ratio(size.ratio) for size in sizes}
    used = min(ratios, key=lambda ratio: abs(math.log(ratios[ratio] / parse_ratio(asked))))
    why = draft.why({"aspect_ratio": asked})
    draft.change("aspect_ratio", asked, used, ", ".join(map(str, sizes)), why=why)
    return used


def _tier_among(draft: Draft, sizes: Sequence[Size], asked: str) -> str:
    """Return the tier, or the nearest that one of the sizes has."""
    if any(size.is_tier(asked) for size in sizes):
        return asked
    tiers = {size.tier: tier_pixels(size.tier) for size in sizes}
    used = min(tiers, key=lambda tier: abs(math.log(tiers[tier] / tier_pixels(asked))))
    why = draft.why({"resolution": asked})
    draft.change("resolution", asked, used, ", ".join(map(str, sizes)), why=why)
    return used


def _refuse_all(draft: Draft, name: str, values: dict[str, Any], canvas: Canvas) -> None:
    said = f"no {name} is possible with what is settled before it; {draft.why(values)}"
    draft.refuse(name, "combination", said.rstrip("; "), canvas.describe())


# --- a range of sizes ---------------------------------------------------------------------------


def _in_range(draft: Draft, canvas: Canvas) -> Settled:
    request, bounds = draft.request, canvas.range
    assert bounds is not None
    default = canvas.default or bounds.nearest(1280, 720)
    ratio, tier = request.aspect_ratio, request.resolution
    if request.size is not None:
        used = bounds.nearest(*request.size)
        if used.edges != request.size:
            draft.change("size", request.size, str(used), bounds.describe())
        return used, None, None
    if ratio is None and tier is None:
        return default, None, None
    shape = parse_ratio(ratio) if ratio else default.width / default.height
    short = bounds.edge(tier_pixels(tier)) if tier else min(default.width, default.height)
    used = _fitted(bounds, shape, short)
    if tier is not None and ratio is None and not used.is_tier(tier):
        longest = bounds.longest(short)  # the usual shape, which nobody asked for, gives way
        used = longest if longest and longest.is_tier(tier) else used
    if tier is not None and not used.is_tier(tier):
        draft.change("resolution", tier, used.tier, bounds.describe())
        tier = used.tier
    if ratio is not None and not _keeps(used, shape, bounds):
        draft.change("aspect_ratio", ratio, used.ratio, bounds.describe())
        ratio = used.ratio
    elif ratio is not None and not used.is_ratio(ratio):
        draft.warn(f"aspect_ratio {ratio} is made as {used}: {bounds.describe()}")
    return used, ratio, tier


def _fitted(bounds: SizeRange, shape: float, short: int) -> Size:
    """Return the legal size of a shape, which asked for by its own short edge is itself again."""
    while True:
        used = bounds.nearest(*_shaped(shape, short))
        if min(used.width, used.height) >= short:
            return used
        short = min(used.width, used.height)


def _keeps(size: Size, shape: float, bounds: SizeRange) -> bool:
    """Tell whether a size has a shape as nearly as whole multiples allow."""
    if near_ratio(size.width / size.height, shape):
        return True
    long, wished = max(size.width, size.height), _shaped(shape, min(size.width, size.height))
    return abs(long - max(wished)) <= bounds.multiple_of / 2


# --- ratios and tiers ---------------------------------------------------------------------------


def _by_labels(draft: Draft, canvas: Canvas) -> Settled:
    """Settle a ratio, a tier or both, for an engine that takes these words and no pixels."""
    request = draft.request
    ratio, tier = request.aspect_ratio, request.resolution
    ratios: tuple[str | None, ...] = canvas.aspect_ratios or (None,)
    tiers: tuple[str | None, ...] = canvas.resolutions or (None,)
    if request.size is None:
        ratios = _candidates(ratio, canvas.aspect_ratios, canvas.default_aspect_ratio)
        tiers = _candidates(tier, canvas.resolutions, canvas.default_resolution)
    pairs = [p for p in product(ratios, tiers) if not draft.conflict(_pair_facts(p))]
    if not pairs:
        pairs = list(product(ratios, tiers))
        name = "resolution" if canvas.resolutions else "aspect_ratio"
        _refuse_all(draft, name, _pair_facts(pairs[0]), canvas)
    if request.size is not None:
        ratio, tier = _labels_of_size(draft, canvas, pairs, request.size)
        return None, ratio, tier
    if ratio is not None:
        ratio = _label(draft, "aspect_ratio", ratio, [pair[0] for pair in pairs])
        pairs = [pair for pair in pairs if pair[0] == ratio]
    if tier is not None:
        tier = _label(draft, "resolution", tier, [pair[1] for pair in pairs])
        pairs = [pair for pair in pairs if pair[1] == tier]
    free = (pair for pair in pairs if not draft.conflict(_pair_facts(pair), ahead=True))
    ratio, tier = next(free, pairs[0])
    if len(canvas.aspect_ratios) == 1:
        draft.exempt.add("aspect_ratio")
    if len(canvas.resolutions) == 1:
        draft.exempt.add("resolution")
    return None, ratio, tier


def _pair_facts(pair: Labels) -> dict[str, Any]:
    return {"aspect_ratio": pair[0], "resolution": pair[1]}


def _candidates(
    asked: str | None, legal: tuple[str, ...], default: str | None
) -> tuple[str | None, ...]:
    """Return the labels to choose from, best first; None leaves it to the engine."""
    if not legal or (asked is None and default is None and len(legal) > 1):
        return (None, *legal)
    return tuple(dict.fromkeys((default, *legal))) if asked is None and default else legal


def _label(draft: Draft, name: str, asked: str, legal: Sequence[str | None]) -> str | None:
    """Return the label that was asked for, as the engine spells it, or the nearest."""
    measure = tier_pixels if name == "resolution" else parse_ratio
    labels = [label for label in dict.fromkeys(legal) if label is not None]
    if not labels:
        draft.drop(name, asked, f"{draft.model.id} takes no {name}")
        return None
    apart = {label: abs(math.log(measure(label) / measure(asked))) for label in labels}
    used = min(labels, key=lambda label: apart[label])
    if apart[used] > 1e-9:
        draft.change(name, asked, used, ", ".join(labels), why=draft.why({name: asked}))
    return used


def _labels_of_size(
    draft: Draft, canvas: Canvas, pairs: Sequence[Labels], asked: tuple[int, int]
) -> Labels:
    """Return the ratio and the tier of a size, or of the nearest that they can say."""

    def apart(labels: Labels) -> float:
        shape = parse_ratio(labels[0]) if labels[0] else asked[0] / asked[1]
        short = tier_pixels(labels[1]) if labels[1] else min(asked)
        return _distance(_shaped(shape, short), asked)

    ratio, tier = used = min(pairs, key=apart)
    if not (ratio and tier and label_size(ratio, tier).edges == asked):
        said = " at ".join(label for label in used if label is not None)
        draft.change("size", asked, said, canvas.describe())
    return ratio, tier


# --- nothing is known ---------------------------------------------------------------------------


def _as_asked(draft: Draft, canvas: Canvas) -> Settled:
    del canvas
    request = draft.request
    asked = request.size or request.aspect_ratio or request.resolution
    if asked is not None:
        draft.warn(f"which sizes {draft.model.id} takes is unknown; the wish is passed on")
    size = Size(width=request.size[0], height=request.size[1]) if request.size else None
    return size, request.aspect_ratio, request.resolution
