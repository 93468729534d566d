"""Money that a batch may spend: a video is begun only if what it may cost is left."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from ttv_core.errors import CostLimitError
from ttv_core.results import Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Budget"]


class Budget:
    """What may be spent, what is spent, and what is held for videos under way.

    Args:
        limit: US dollars; None for no limit.
        spent: What each video has cost in earlier runs.
    """

    def __init__(self, limit: Decimal | None, spent: Mapping[str, Decimal]) -> None:
        self.limit = limit
        self._costs = dict(spent)
        self.spent = sum(self._costs.values(), Decimal())
        self._held: dict[str, Decimal] = {}
        self._changed = asyncio.Event()

    async def hold(self, key: str, amount: Decimal | None, *, unknown: bool = False) -> None:
        """Keep what a video may cost, and wait where others under way may leave enough for it.

        Args:
            key: Which video.
            amount: What it is expected to cost; None when that is unknown.
            unknown: Whether an unknown cost may pass.

        Raises:
            CostLimitError: If the budget does not allow it.
        """
        if self.limit is None:
            return
        if amount is None and not unknown:
            message = "what it costs is not known, so it cannot be kept within the budget"
            raise _refused(message, "cost_unknown")
        wanted = amount or Decimal()
        # What an earlier run has begun is counted once.
        earlier = self._costs.get(key, Decimal())
        while self.spent - earlier + sum(self._held.values()) + wanted > self.limit:
            if not self._held:
                left = self.limit - self.spent + earlier
                raise _refused(
                    f"it costs {_told(wanted)}, and {_told(left)} of the budget are left"
                )
            self._changed.clear()
            await self._changed.wait()
        self._note(key, Decimal())
        self._held[key] = wanted

    def settle(self, key: str, cost: Decimal | None) -> None:
        """Note what a video has cost after all."""
        self._held.pop(key, None)
        self._note(key, cost or Decimal())
        self._changed.set()

    def _note(self, key: str, cost: Decimal) -> None:
        self.spent += cost - self._costs.get(key, Decimal())
        self._costs[key] = cost


def _told(amount: Decimal) -> str:
    """Return dollars with their cents, and with more digits only where there are some."""
    return f"${amount:.2f}" if amount == round(amount, 2) else f"${amount}"


def _refused(message: str, code: str = "cost_limit") -> CostLimitError:
    return CostLimitError(violations=[Violation("budget", code, message)])
