"""Legal values and one that is not, for every field that a model's data speak of."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ttv_core.labels import parse_ratio, tier_pixels
from ttv_core.sizes import Size, label_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ttv_core.capabilities import ModelCapabilities
    from ttv_core.domains import Numbers
    from ttv_core.planning import Plan
    from ttv_core.sizes import Canvas

__all__ = ["Wish", "alike", "common", "wishes_of"]

_RATIOS = ("16:9", "9:16", "1:1", "21:9", "37:10")
_TIERS = ("720p", "480p", "1080p", "313p")


@dataclass(frozen=True, slots=True)
class Wish:
    """What may be asked of one field.

    Attributes:
        field: Of the request.
        legal: Values that differ and that the data allow: all that are listed, two of a range.
        illegal: Values that the data do not allow.
    """

    field: str
    legal: tuple[Any, ...] = ()
    illegal: tuple[Any, ...] = ()


def wishes_of(model: ModelCapabilities) -> Iterator[Wish]:
    """Return what may be asked of a model, in one mode, field by field.

    Args:
        model: As `ModelCapabilities.in_mode` returns it.
    """
    yield Wish("prompt", ("a red fox", "a blue whale"))
    yield from _lengths(model)
    yield from _pictures(model.canvas)
    yield _seed(model)
    yield Wish("negative_prompt", *_yes_or_no(model.negative_prompt, ("rain", "fog"), ("rain",)))
    for field, support in (("audio", model.audio), ("enhance_prompt", model.enhance_prompt)):
        if support in {"optional", "unknown"}:
            yield Wish(field, (False, True))
        else:
            yield Wish(field, (), (support == "never",))
    yield _number("n", model.n, whole=True)


def alike(plans: Iterable[tuple[Any, Plan]]) -> Iterator[tuple[Any, Any]]:
    """Return the pairs of values that are planned as the same.

    Args:
        plans: What each value comes to.
    """
    for (one, first), (other, second) in combinations(plans, 2):
        if first.native == second.native:
            yield one, other


def common(one: ModelCapabilities, other: ModelCapabilities) -> dict[str, Any]:
    """Return a length and a layout that two models have both, as far as there are such."""
    others = {wish.field: wish.legal for wish in wishes_of(other)}
    shared = {
        wish.field: next((value for value in wish.legal if value in others[wish.field]), None)
        for wish in wishes_of(one)
        if wish.field in others and wish.field in {"duration", "aspect_ratio", "resolution", "size"}
    }
    if shared.get("size") is not None:
        shared = {name: value for name, value in shared.items() if name in {"duration", "size"}}
    if one.durations is not None and other.durations is not None and not shared.get("duration"):
        either = (*_number("", one.durations).legal, *_number("", other.durations).legal)
        both = (seconds for seconds in either if one.durations.allows(seconds))
        shared["duration"] = next(filter(other.durations.allows, both), None)
    return {name: value for name, value in shared.items() if value is not None}


def _yes_or_no(
    support: object, legal: tuple[str, ...], illegal: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ((), illegal) if support is False else (legal, ())


def _seed(model: ModelCapabilities) -> Wish:
    if model.seed is not None:
        return _number("seed", model.seed, whole=True, wanted=(0, 1, 7))
    return Wish("seed", (0, 1)) if model.seed_unknown else Wish("seed", (), (0,))


def _lengths(model: ModelCapabilities) -> Iterator[Wish]:
    if model.durations is not None:
        yield _number("duration", model.durations)
    if model.frames is not None:
        yield _number("num_frames", model.frames, whole=True)
    if model.fps is not None:
        yield _number("fps", model.fps)


def _number(
    field: str, domain: Numbers, *, whole: bool = False, wanted: Iterable[float] = ()
) -> Wish:
    kind: Callable[[float], float] = int if whole else float
    low, high = _bounds(domain)
    step = domain.step or 1
    near = (*wanted, *domain.choices, low, low + step, low + 2 * step, low + step / 2)
    least = 0 if field == "seed" else 1e-3
    fits = (value for value in near if value >= least and _fits(domain, value, whole=whole))
    legal = dict.fromkeys(map(kind, fits))
    far = () if high is None else (high + step, 2 * high + 1)
    odd = (low + step / 3, low - step, low + 0.5)
    illegal = [
        kind(value)
        for value in (*far, *odd)
        if value > 0 and not domain.allows(value) and (not whole or float(value).is_integer())
    ]
    most = max(len(domain.choices), 2)
    return Wish(field, tuple(legal)[:most], tuple(dict.fromkeys(illegal))[:2])


def _bounds(domain: Numbers) -> tuple[float, float | None]:
    if domain.choices:
        return min(domain.choices), max(domain.choices)
    return domain.nearest(domain.minimum), domain.maximum


def _fits(domain: Numbers, value: float, *, whole: bool) -> bool:
    return domain.allows(value) and (not whole or float(value).is_integer())


def _pictures(canvas: Canvas) -> Iterator[Wish]:
    """Return wishes for ratio, tier and size that a canvas can tell apart."""
    if canvas.form == "unknown":
        return
    if canvas.form == "sizes":
        ratios: Iterable[str] = [size.ratio for size in canvas.sizes]
        tiers: Iterable[str] = [size.tier for size in canvas.sizes]
        sizes: list[Size] = list(canvas.sizes)
    elif canvas.range is not None:
        ratios, tiers = _RATIOS[:2], ()
        sizes = [canvas.range.nearest(640, 360), canvas.range.nearest(360, 640)]
    else:
        ratios, tiers = canvas.aspect_ratios, canvas.resolutions
        sizes = [label_size(ratio, tier) for ratio in ratios for tier in tiers]
    legal = _apart(ratios, parse_ratio)
    yield Wish("aspect_ratio", legal, _unlike(_RATIOS, canvas.aspect_ratios, parse_ratio))
    legal = _apart(tiers, tier_pixels)
    yield Wish("resolution", legal, _unlike(_TIERS, canvas.resolutions, tier_pixels))
    edges = tuple(dict.fromkeys(size.edges for size in sizes))
    yield Wish("size", edges, () if canvas.form == "labels" else ((17, 31),))


def _apart(labels: Iterable[str], measure: Callable[[str], float]) -> tuple[str, ...]:
    """Return the labels that mean clearly different things."""
    found: list[str] = []
    for label in labels:
        others = (measure(other) for other in found)
        if all(abs(measure(label) / other - 1) > 0.05 for other in others):
            found.append(label)
    return tuple(found)


def _unlike(
    candidates: Iterable[str], labels: Iterable[str], measure: Callable[[str], float]
) -> tuple[str, ...]:
    """Return a label that is clearly none of those that are listed; none if nothing is listed."""
    known = [measure(label) for label in labels]
    odd = (
        label
        for label in candidates
        if all(abs(measure(label) / other - 1) > 0.05 for other in known)
    )
    return tuple(odd)[-1:] if known else ()
