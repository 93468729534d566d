"""Who is down is left alone for a while: ten thousand requests must not all fail on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttv_core.errors import NOT_SENT, BackendUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core.errors import VideoGenerationError

__all__ = ["RESTING", "Account", "Breaker", "account", "is_down"]

Account = tuple[str, tuple[tuple[str, str], ...]]
"""A backend, and what its jobs belong to: the endpoint, the region, the account."""

RESTING = "resting"
"""The code of the error for who is left alone."""
_AFTER = 5
_SECONDS = 60.0


def account(backend: str, identity: Mapping[str, str]) -> Account:
    """Return the name under which failures are counted."""
    return backend, tuple(sorted(identity.items()))


def is_down(error: VideoGenerationError) -> bool:
    """Tell whether an error is of a backend that does not work, rather than of what was asked."""
    broken = error.code == NOT_SENT or (error.status_code or 0) >= 500
    return broken or isinstance(error, BackendUnavailableError)


class Breaker:
    """Counts failures in a row, and after five says to wait.

    When that time is over, the next failure is enough to wait again. Only new jobs heed it: what a
    vendor has already is asked for all the same.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0

    def went_well(self) -> None:
        """Note that it works."""
        self._failures = 0
        self._until = 0.0

    def failed(self, now: float, retry_after: float | None = None) -> None:
        """Note that it does not.

        Args:
            now: Seconds, by any one clock.
            retry_after: Seconds that it wants to be left alone for.
        """
        self._failures += 1
        if self._failures >= _AFTER:
            self._until = max(self._until, now + (retry_after or _SECONDS))

    def left(self, now: float) -> float:
        """Return the seconds until it may be tried again; 0 if it may be."""
        return max(0.0, self._until - now)
