"""What depends on a combination of fields: rules of a model, and its prices. Data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import Field, model_validator

from ttv_core.domains import Data
from ttv_core.labels import parse_ratio, parse_size, same_value, tier_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Narrowed", "Price", "Rule", "holds"]

Narrowed = Literal["aspect_ratio", "resolution", "size", "fps", "duration", "num_frames", "n"]
"""What a rule may narrow."""


def holds(when: Mapping[str, tuple[Any, ...]], facts: Mapping[str, Any]) -> bool:
    """Tell whether every field of a condition is known and has one of its values."""
    return all(
        field in facts and any(same_value(field, facts[field], value) for value in values)
        for field, values in when.items()
    )


_READERS: dict[str, Callable[[str], Any]] = {
    "aspect_ratio": parse_ratio,
    "resolution": tier_pixels,
    "size": parse_size,
    "mode": str,
}


def _check_values(table: Mapping[str, tuple[Any, ...]], *others: str) -> None:
    """Refuse a field that no rule knows, and a value not of its kind: they would never match."""
    known = (*others, *get_args(Narrowed))
    for field, values in table.items():
        if field not in known:
            msg = f"{field!r} is not one of: {', '.join(known)}"
            raise ValueError(msg)
        kind: Any = str if field in _READERS else bool if field == "audio" else (int, float)
        for value in values:
            if value is None:
                continue
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                msg = f"{value!r} is no value of {field}"
                raise ValueError(msg)
            if field in _READERS:
                _READERS[field](value)


class Rule(Data):
    """A combination rule: when these fields have these values, those are narrowed.

    `when` may name `mode`, `audio`, `aspect_ratio`, `resolution`, `size`, `fps`, `duration`,
    `num_frames` and `n`; every named field must match, and null matches what is left to the model.
    `then` narrows all of these but `mode` and `audio` to a list of values that are legal without
    the rule. Fields are settled in this order. What is asked first holds, and what is settled
    later gives way; a value that nobody asked for gives way to any wish.

    Attributes:
        when: Field to the values that make the rule apply.
        then: Field to the values that are legal then.
        why: The reason shown to the user.
    """

    when: dict[str, tuple[Any, ...]]
    then: dict[str, tuple[Any, ...]]
    why: str = ""

    @model_validator(mode="after")
    def _values_fit(self) -> Rule:
        _check_values(self.when, "mode", "audio")
        _check_values(self.then)
        return self

    def applies(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether every field of `when` has one of its values."""
        return holds(self.when, facts)

    def broken(self, facts: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields that have a value which the rule, if it applies, does not allow."""
        if not self.applies(facts):
            return ()
        return tuple(
            field
            for field, values in self.then.items()
            if facts.get(field) is not None
            and not any(same_value(field, facts[field], value) for value in values)
        )


class Price(Data):
    """What a generation costs, with where that is written and when it was read.

    Attributes:
        basis: What the amount is for. "free" and "unknown" need no amount. "image" and
            "input_second" are for what is given, and come on top: a picture, or a second of a
            video.
        amount: In the currency, per unit of the basis.
        free: With "image": how many of them cost nothing.
        minimum: Least charge of one video.
        currency: ISO code.
        when: Field to the values for which this price holds, as in `Rule`; empty for always.
        source: Page or file.
        as_of: The day it was read.
    """

    basis: Literal["second", "video", "free", "unknown", "image", "input_second"]
    amount: Decimal | None = Field(default=None, ge=0)
    free: int = Field(default=0, ge=0)
    minimum: Decimal | None = Field(default=None, ge=0)
    currency: str = "USD"
    when: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    source: str = ""
    as_of: dt.date | None = None

    @model_validator(mode="after")
    def _amount_fits_basis(self) -> Price:
        if (self.basis not in {"free", "unknown"}) != (self.amount is not None):
            msg = f"a price per {self.basis} needs an amount; 'free' and 'unknown' take none"
            raise ValueError(msg)
        if self.free and self.basis != "image":
            msg = f"free counts pictures; a price per {self.basis} has none"
            raise ValueError(msg)
        _check_values(self.when, "mode", "audio")
        return self
