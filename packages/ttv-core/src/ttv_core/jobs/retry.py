"""When to try again, and when to look again: pure arithmetic over numbers that are passed in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from ttv_core.jobs.semantics import Polling

__all__ = ["Schedule", "backoff"]

_ENOUGH = 3
_JITTER = 0.15
# Found with benchmarks/polling.py. What is looked at too late costs more than a look too many.
_EARLY = 0.02
_LATE = 0.9


def backoff(failures: int, random: Random, *, first: float = 1.0, longest: float = 30.0) -> float:
    """Return the seconds to wait after so many failures in a row, with full jitter.

    Args:
        failures: How many there were, 1 or more.
        random: Where chance comes from.
        first: Most seconds after the first.
        longest: Most seconds after any.
    """
    most = min(longest, first * 2.0 ** min(failures - 1, 30))
    return random.uniform(most / 10, most)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to look at a job that runs at a vendor.

    With enough finished jobs of the same model the first look comes when the job may be done, and
    further looks close together while most jobs end: the closer, the less these differ. Without, or
    past that time, the pauses grow with the time that has passed, so that what is lost by looking
    late stays a small part of it.

    Attributes:
        polling: How often the vendor may be asked.
        took: Seconds that earlier jobs of this model took.
        interval: A fixed pause that the user wants instead; the vendor's floor still holds.
    """

    polling: Polling
    took: Sequence[float] = ()
    interval: float | None = None

    def pause(self, elapsed: float, random: Random, *, hint: float | None = None) -> float:
        """Return the seconds to wait before the next look.

        Args:
            elapsed: Seconds since the vendor accepted the job.
            random: Where chance comes from.
            hint: Seconds that the vendor asked us to wait.
        """
        least = max(self.polling.floor, hint or 0.0)
        wait = self._pause(max(elapsed, 0.0))
        jitter = _JITTER * min(wait, self.polling.ceiling)
        return max(least, wait + random.uniform(-jitter, jitter))

    def _pause(self, elapsed: float) -> float:
        polling = self.polling
        if self.interval is not None:
            return self.interval
        known = sorted(took for took in self.took if took >= 0 and math.isfinite(took))
        wait = elapsed / 6
        if len(known) >= _ENOUGH:
            early, late = _quantile(known, _EARLY), _quantile(known, _LATE)
            if elapsed < early:
                return early - elapsed
            wait = min(elapsed / 24, (late - early) / 8)
            wait = max(wait, (elapsed - late) / 8)
        return min(max(wait, polling.floor), polling.ceiling)


def _quantile(ordered: Sequence[float], part: float) -> float:
    """Return the value below which a part of them lies, between neighbours by a straight line."""
    place = part * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
