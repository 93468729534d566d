"""What a plan costs, from the price data of its model."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ttv_core.results import CostEstimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core.capabilities import ModelCapabilities

__all__ = ["estimate"]


def estimate(model: ModelCapabilities, settled: Mapping[str, Any]) -> CostEstimate:
    """Return the expected cost of what is settled; `amount` is None when it cannot be known.

    Args:
        model: Its first price whose `when` matches holds.
        settled: Field to value: `duration` in seconds, `n`, `resolution`, `audio`, …
    """
    for price in model.prices:
        if not all(settled.get(name) in values for name, values in price.when.items()):
            continue
        said = {"source": price.source, "as_of": price.as_of.isoformat() if price.as_of else ""}
        if price.basis == "free":
            return CostEstimate(Decimal(0), price.currency, "free", **said)
        if price.basis == "unknown" or price.amount is None:
            return CostEstimate(None, price.currency, "the vendor does not say", **said)
        amount, basis = price.amount, f"{price.amount} a video"
        if price.basis == "second":
            seconds = settled.get("duration")
            if seconds is None:
                return CostEstimate(None, price.currency, "the length is not known", **said)
            amount *= Decimal(str(round(seconds, 6)))
            basis = f"{seconds:g} s x {price.amount}"
        if price.minimum is not None and amount < price.minimum:
            amount, basis = price.minimum, f"least charge {price.minimum}"
        count = int(settled.get("n") or 1)
        if count > 1:
            amount, basis = amount * count, f"{count} x {basis}"
        return CostEstimate(amount.normalize() + Decimal(0), price.currency, basis, **said)
    return CostEstimate(None, basis="no price is known")
