"""Who may begin: so many at once at each backend, so many a minute, and none while it is down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from ttv_core.errors import BackendUnavailableError, QuotaExceededError
from ttv_core.jobs.breaker import RESTING, Breaker

if TYPE_CHECKING:
    from ttv_core.errors import VideoGenerationError

__all__ = ["Gate"]

_BUSY_SECONDS = 30.0


class Gate:
    """The way to one backend, for all requests of a batch.

    Args:
        at_once: Videos under way.
        per_minute: Begun in a minute; None for no limit.
    """

    def __init__(self, at_once: int, per_minute: int | None = None) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._pace = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._breaker = Breaker()

    async def __aenter__(self) -> Self:
        """Wait for a place, and for the backend to want another."""
        await self._places.acquire()
        try:
            await self.wanted()
        except BaseException:
            self._places.release()
            raise
        return self

    async def wanted(self) -> None:
        """Wait until the backend wants another request."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._next - loop.time()))
        self._next = max(self._next, loop.time() + self._pace)

    async def __aexit__(self, *error: object) -> None:
        """Give the place to the next."""
        self._places.release()

    def went_well(self) -> None:
        """Note that the backend works."""
        self._breaker.went_well()

    def failed(self, error: VideoGenerationError) -> bool:
        """Note a failure, and return whether the same request is worth another try later.

        One that says it is overloaded is left alone for as long as it wants, one that is down for
        a minute: ten thousand requests must not all fail on it.
        """
        if error.charged != "no" or not error.retryable:
            self._breaker.went_well()
            return False
        now = asyncio.get_running_loop().time()
        if isinstance(error, QuotaExceededError):
            self._next = max(self._next, now + (error.retry_after or _BUSY_SECONDS))
            return True
        if not isinstance(error, BackendUnavailableError):
            return False
        if error.code == RESTING:
            self._next = max(self._next, now + (error.retry_after or 0.0))
            return True
        self._breaker.failed(now, error.retry_after)
        self._next = max(self._next, now + self._breaker.left(now))
        return True
