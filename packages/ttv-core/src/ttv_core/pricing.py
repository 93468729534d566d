"""What a plan costs, from the price data of its model, and whether that is within the limits."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from ttv_core.results import CostEstimate, Violation
from ttv_core.rules import holds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core.capabilities import ModelCapabilities
    from ttv_core.request import VideoRequest
    from ttv_core.rules import Price

__all__ = ["cost_violation", "estimate"]

# Sums of money must not depend on the precision that the caller's thread happens to use.
_EXACT = Context(prec=60)
_FOR_WHAT_IS_GIVEN = frozenset({"image", "input_second"})


def estimate(
    model: ModelCapabilities,
    settled: Mapping[str, Any],
    extras: Sequence[tuple[Decimal | None, str]] = (),
) -> CostEstimate:
    """Return the expected cost of what is settled; `amount` is None when it cannot be known.

    Args:
        model: Its first price whose `when` matches holds, and those for what is given on top.
        settled: Field to value: `duration` in seconds, `n`, `resolution`, `audio`, …, and how many
            `images` and `videos` are given.
        extras: What else comes on top, in the price's currency, each with its reason.
    """
    matching = [price for price in model.prices if holds(price.when, settled)]
    for price in matching:
        if price.basis not in _FOR_WHAT_IS_GIVEN:
            amount, basis = _amount(price, settled)
            for more in (item for item in matching if item.basis in _FOR_WHAT_IS_GIVEN):
                amount, basis = _on_top(amount, basis, more, settled)
            for extra, why in extras:
                if amount is None:
                    break
                basis = f"{basis} + {why}" if extra is None else f"{basis} + {extra} {why}"
                amount = None if extra is None else _EXACT.add(amount, extra)
            return CostEstimate(
                amount,
                price.currency,
                basis,
                source=price.source,
                as_of=price.as_of.isoformat() if price.as_of else "",
            )
    return CostEstimate(None, basis="no price is known")


def _on_top(
    amount: Decimal | None, basis: str, price: Price, settled: Mapping[str, Any]
) -> tuple[Decimal | None, str]:
    """Return an amount and how it was made, with what the given pictures and videos cost."""
    if price.basis == "input_second":
        if not settled.get("videos"):
            return amount, basis
        return None, f"{basis} + {price.amount} for each second of the videos given"
    count = (settled.get("images") or 0) - price.free
    if count <= 0 or price.amount is None:
        return amount, basis
    basis = f"{basis} + {count} images x {price.amount}"
    if amount is None:
        return None, basis
    more = _EXACT.multiply(price.amount, Decimal(count))
    return Decimal(f"{_EXACT.add(amount, more).normalize(_EXACT):f}"), basis


def _amount(price: Price, settled: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    """Return an amount and how it was made."""
    if price.basis == "free":
        return Decimal(0), "free"
    if price.amount is None:
        return None, "the vendor does not say"
    amount, basis = price.amount, f"{price.amount} a video"
    if price.basis == "second":
        seconds = settled.get("duration")
        if seconds is None:
            return None, "the length is not known"
        amount = _EXACT.multiply(amount, Decimal(str(round(seconds, 6))))
        basis = f"{seconds:g} s x {price.amount}"
    if price.minimum is not None and amount < price.minimum:
        amount, basis = price.minimum, f"least charge {price.minimum}"
    count = int(settled.get("n") or 1)
    if count > 1:
        amount, basis = _EXACT.multiply(amount, Decimal(count)), f"{count} x {basis}"
    return Decimal(f"{amount.normalize(_EXACT):f}"), basis


def cost_violation(
    request: VideoRequest, cost: CostEstimate, model: str, configured: Decimal | None
) -> Violation | None:
    """Return why a cost is over the request's or the configured limit, or None.

    Args:
        request: Its `max_cost` and `allow_unknown_cost` count.
        cost: What it is expected to cost.
        model: For the message.
        configured: The limit of the configuration; the lower of the two holds.
    """
    limits = [limit for limit in (request.max_cost, configured) if limit is not None]
    if not limits:
        return None
    limit = _dollars(min(limits))
    if min(limits) != request.max_cost:
        limit += " in the configuration"
    if cost.amount is None or (cost.amount and cost.currency != "USD"):
        if request.allow_unknown_cost:
            return None
        unknown = "unknown" if cost.amount is None else f"in {cost.currency} ({cost})"
        message = (
            f"the price of {model} is {unknown}, so the limit of {limit} cannot be kept; "
            "set allow_unknown_cost to go on"
        )
        return Violation("max_cost", "cost_unknown", message)
    if cost.amount > min(limits):
        message = f"it would cost {_dollars(cost.amount)} ({cost.basis}), over the limit of {limit}"
        return Violation("max_cost", "cost_limit", message, f"at most {_dollars(min(limits))}")
    return None


def _dollars(amount: Decimal) -> str:
    """Return an amount in full: rounded to cents, a cost could look like its limit."""
    exponent = amount.as_tuple().exponent
    whole_cents = isinstance(exponent, int) and exponent >= -2
    return f"${amount:.2f}" if whole_cents else f"${amount:f}"
