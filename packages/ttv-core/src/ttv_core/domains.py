"""Sets of legal numbers, as data; `sizes` has those of pictures.

A domain answers three questions: is this value legal, which legal value is nearest, and how are
the legal values told to a person. Planning asks; nothing else in ttv rounds or snaps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, StrictFloat, StrictInt, model_validator

from ttv_core.labels import parse_size, plain_number, tier_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Data", "Numbers", "parse_size", "tier_pixels"]


class Data(BaseModel):
    """Base of everything that is data: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _number_shorthand(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"choices": (value,), "default": value}
    if isinstance(value, list | tuple):
        if not value:
            msg = "the list of choices is empty; leave it out where the vendor does not say"
            raise ValueError(msg)
        return {"choices": tuple(value)}
    return value


# Whole numbers stay whole: a seed of 2^63 as a float would be another seed.
Number = StrictInt | StrictFloat


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

    choices: tuple[Number, ...] = ()
    minimum: Number = 0
    maximum: Number | None = None
    step: Number | None = None
    offset: Number | None = None
    default: Number | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        return _number_shorthand(value)

    @model_validator(mode="after")
    def _consistent(self) -> Numbers:
        bounds = (self.minimum or None, self.maximum, self.step, self.offset)
        if self.choices and any(bound is not None for bound in bounds):
            msg = "give choices, or a range of minimum, maximum and step: one of the two"
            raise ValueError(msg)
        if self.maximum is not None and self.maximum < self.minimum:
            msg = f"maximum {self.maximum} is below minimum {self.minimum}"
            raise ValueError(msg)
        if self.step is not None and self.step <= 0:
            msg = f"step {self.step} must be positive"
            raise ValueError(msg)
        first, last = self._steps()
        if first > last:
            msg = f"no value is legal: {self.describe()}"
            raise ValueError(msg)
        if self.default is not None and not self.allows(self.default):
            msg = f"default {self.default} is not one of: {self.describe()}"
            raise ValueError(msg)
        return self

    @property
    def _base(self) -> float:
        return self.minimum if self.offset is None else self.offset

    def _steps(self) -> tuple[float, float]:
        """Return the numbers of the first and the last step within the bounds."""
        if self.step is None:
            return 0, math.inf
        first = math.ceil(round((self.minimum - self._base) / self.step, 9))
        if self.maximum is None:
            return first, math.inf
        return first, math.floor(round((self.maximum - self._base) / self.step, 9))

    def allows(self, value: float) -> bool:
        """Tell whether the value is legal."""
        nearest = self.nearest(value)
        if isinstance(nearest, int) and isinstance(value, int):
            return nearest == value
        return math.isclose(nearest, value, rel_tol=1e-9, abs_tol=1e-9)

    def nearest(self, value: float) -> float:
        """Return the legal value nearest to the one given; ties go to the larger."""
        if self.choices:
            return min(self.choices, key=lambda choice: (abs(choice - value), -choice))
        held = max(value, self.minimum)
        if self.maximum is not None:
            held = min(held, self.maximum)
        if self.step is None:
            return held
        first, last = self._steps()
        steps = min(max(math.floor((held - self._base) / self.step + 0.5), first), last)
        return round(self._base + steps * self.step, 9)

    @property
    def only(self) -> float | None:
        """The one legal value, where there is just one."""
        if self.choices:
            return self.choices[0] if len(self.choices) == 1 else None
        return self.minimum if self.minimum == self.maximum else None

    @property
    def is_whole(self) -> bool:
        """Whether the bounds, steps and choices are whole numbers."""
        given = (*self.choices, self.minimum, self.maximum, self.step, self.offset)
        return all(value is None or float(value).is_integer() for value in given)

    def within(self, values: Iterable[float]) -> Numbers:
        """Return the narrower domain of those values that are legal here too.

        Raises:
            ValueError: If none of them is.
        """
        given = tuple(values)
        legal = tuple(value for value in given if self.allows(value))
        if not legal:
            msg = f"none of {', '.join(map(plain_number, given))} is one of {self.describe()}"
            raise ValueError(msg)
        narrower = Numbers(choices=legal)
        if self.default is None:
            return narrower
        return Numbers(choices=legal, default=narrower.nearest(self.default))

    def describe(self) -> str:
        """Say the legal values in words, such as "4, 6, 8" or "2 to 10 in steps of 1"."""
        if self.choices:
            return ", ".join(plain_number(choice) for choice in self.choices)
        if self.maximum is None:
            text = f"{plain_number(self.minimum)} or more"
        else:
            text = f"{plain_number(self.minimum)} to {plain_number(self.maximum)}"
        if self.step is None:
            return text
        if self.offset is not None:
            return f"{text}, as {plain_number(self.step)}k+{plain_number(self.offset)}"
        return f"{text} in steps of {plain_number(self.step)}"
