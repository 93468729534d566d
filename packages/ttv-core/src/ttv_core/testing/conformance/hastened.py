"""A vendor's promises with pauses of no length: nobody waits here for a vendor's sake."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ttv_core.jobs.semantics import Lookup, Polling, SubmitSemantics

if TYPE_CHECKING:
    import pytest

__all__ = ["Hastened", "hasten"]

_PAUSE = 0.01
_SETTLE = 0.3
_GRACE = 60.0


class Hastened:
    """Stands in for a generator's `semantics`, whichever way it has them.

    Args:
        own: What the class has there: the promises, or a property that returns them.
    """

    def __init__(self, own: Any) -> None:
        self._own = own

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        """Return the promises, hastened."""
        found = self._own
        if instance is not None and "semantics" in vars(instance):
            found = vars(instance)["semantics"]
        elif hasattr(type(found), "__get__"):
            found = found.__get__(instance, owner)
        return self._hastened(found) if isinstance(found, SubmitSemantics) else found

    def __set__(self, instance: Any, value: SubmitSemantics) -> None:
        """Keep an instance's own promises."""
        vars(instance)["semantics"] = value

    def _hastened(self, own: SubmitSemantics) -> SubmitSemantics:
        lookup = own.lookup
        return replace(
            own,
            polling=Polling(floor=_PAUSE, ceiling=2 * _PAUSE),
            lookup=None if lookup is None else Lookup(
                settle=_SETTLE, absence_is_proof=lookup.absence_is_proof
            ),
            # A machine that stands still for a moment must not make an end of a delay.
            not_found_grace=max(own.not_found_grace, _GRACE),
        )  # fmt: skip


def hasten(generator: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the jobs of a generator have no pauses."""
    for module in ("submission", "watching", "arrival"):
        monkeypatch.setattr(f"ttv_core.jobs.{module}.backoff", lambda *_, **__: _PAUSE)
    own = next(vars(base)["semantics"] for base in generator.__mro__ if "semantics" in vars(base))
    monkeypatch.setattr(generator, "semantics", Hastened(own))
