"""What a job did cost: the vendor's count of seconds and pictures, at the prices of the table."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ttv_core.http import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core import Capabilities, Price

__all__ = ["billed"]


def billed(task: Mapping[str, Any], table: Capabilities) -> Decimal | None:
    """Return the cost in US dollars, or None where count or price is unknown.

    Args:
        task: A job as v2 tells it: `usage`, `model` and `resolution` are read.
        table: The models, with prices.
    """
    usage, tier = mapping(task.get("usage")), str(task.get("resolution") or "")
    seconds = _count(usage.get("total_seconds"))
    model = table.find(str(task.get("model") or ""))
    if model is None or seconds is None:
        return None
    rate = next((p for p in model.prices if p.basis == "second" and _holds(p, tier)), None)
    if rate is None or rate.amount is None or rate.currency != "USD":
        return None
    pictures = next((p for p in model.prices if p.basis == "image"), None)
    count = _count(usage.get("input_image_count")) or Decimal(0)
    cost = rate.amount * seconds
    if pictures is not None and pictures.amount is not None:
        cost += pictures.amount * max(count - pictures.free, Decimal(0))
    return cost


def _holds(price: Price, tier: str) -> bool:
    tiers = price.when.get("resolution")
    return tiers is None or tier.upper() in {str(item).upper() for item in tiers}


def _count(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        return None
    return Decimal(str(value))
