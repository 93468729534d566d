"""How many creates leave in each call of `prepare` and `submit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

__all__ = ["Calls"]


class Calls:
    """Counts them, whoever makes the calls.

    Args:
        count: Returns how many creates have come.

    Attributes:
        before: How many were sent in `prepare`.
        most: The most that one call of `submit` sent.
    """

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self.before = 0
        self.most = 0

    def watch(self, generator: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """Count from here on."""
        prepare, submit = generator.prepare, generator.submit

        async def prepared(backend: Any, plan: Any) -> Any:
            there = self._count()
            try:
                return await prepare(backend, plan)
            finally:
                self.before += self._count() - there

        async def submitted(backend: Any, plan: Any, key: str) -> Any:
            there = self._count()
            try:
                return await submit(backend, plan, key)
            finally:
                self.most = max(self.most, self._count() - there)

        monkeypatch.setattr(generator, "prepare", prepared)
        monkeypatch.setattr(generator, "submit", submitted)
