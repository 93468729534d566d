"""A backend's own options: two legal values of each, and what becomes of them."""

from __future__ import annotations

import enum
import types
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Union, get_args, get_origin

from ttv_core.errors import InvalidInputError
from ttv_core.testing.conformance.asking import Asking
from ttv_core.testing.conformance.values import alike
from ttv_core.testing.conformance.verdict import all_hold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from ttv_core.interface import VideoGenerator
    from ttv_core.planning import Plan

__all__ = ["HasOptions", "Options"]

_TRIED = 2


class HasOptions(Asking):
    """What the author of a backend sets about its own options.

    Attributes:
        option_values: Values that differ of the backend's own options, by the option's name, where
            the kit cannot think of any itself: it knows yes and no, listed words, and numbers.
            `()` leaves an option out.
    """

    option_values: ClassVar[Mapping[str, tuple[Any, ...]]] = {}

    def options_of(self, backend: VideoGenerator) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Return the backend's own options, each with values that differ."""
        kind: type[BaseModel] | None = getattr(backend, "Options", None)
        for name, field in ({} if kind is None else kind.model_fields).items():
            values = self.option_values.get(name, tuple(_values(field))[:_TRIED])
            if len(values) > 1:
                yield name, values

    def with_option(
        self, backend: VideoGenerator, fields: Mapping[str, Any], name: str, value: Any
    ) -> Plan | None:
        """Return the plan of an option; None if it is refused, or changed and that is told."""
        try:
            plan = backend.plan(**fields, options={self.name: {name: value}})
        except InvalidInputError:
            return None
        return plan if plan.ok and not plan.adjustments else None


class Options(HasOptions):
    """A test of a backend's own options."""

    def test_no_option_is_dropped(self) -> None:
        """Hold plans of two values of an option against each other, in every model and mode."""
        backend = self.made()
        problems = []
        for asked in self.every(backend):
            for name, values in self.options_of(backend):
                plans = [
                    (value, plan)
                    for value in values
                    if (plan := self.with_option(backend, asked.fields, name, value)) is not None
                ]
                problems += [
                    f"{asked}: options.{self.name}.{name}={one!r} and {other!r} plan the same"
                    for one, other in alike(plans)
                ]
        all_hold(
            problems,
            mend="put the option into what `native` returns, or refuse it where it means nothing: "
            f'request.refuse("options.{self.name}.NAME", why)',
            see="ttv_core.VideoGenerator.native",
        )


def _values(field: FieldInfo) -> Iterator[Any]:
    """Return values of a field that differ, as far as its type tells them."""
    for kind in _kinds(field.annotation):
        if kind is bool:
            yield from (True, False)
        elif get_origin(kind) is Literal:
            yield from get_args(kind)
        elif isinstance(kind, type) and issubclass(kind, enum.Enum):
            yield from (item.value for item in kind)
        elif kind in {int, float}:
            yield from _numbers(kind, field)


def _kinds(annotation: Any) -> tuple[Any, ...]:
    is_union = get_origin(annotation) in {Union, types.UnionType}
    return get_args(annotation) if is_union else (annotation,)


def _numbers(kind: Any, field: FieldInfo) -> tuple[Any, ...]:
    """Return two numbers within the bounds of a field."""
    low = max((_bound(item, ("ge", "gt")) for item in field.metadata), default=0) or 0
    high = min((_bound(item, ("le", "lt"), low + 4) for item in field.metadata), default=low + 4)
    values = (kind(low + (high - low) / 4), kind(low + (high - low) / 2))
    return tuple(dict.fromkeys(values))


def _bound(item: Any, names: tuple[str, ...], default: Any = 0) -> Any:
    return next((getattr(item, name) for name in names if hasattr(item, name)), default)
