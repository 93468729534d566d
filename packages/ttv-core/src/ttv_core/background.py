"""One event loop for everything remote, in a thread of its own.

Callers of both kinds share it: a plain function waits for a future, a coroutine awaits one, and
neither is disturbed by a loop that runs already, as in a notebook.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from concurrent.futures import Future

__all__ = ["at_end", "begin", "in_background", "is_background", "outcome", "run"]

_PATIENCE = 2.0
Value = TypeVar("Value")


class _Background:
    """The loop and its thread; started when first used."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.endings: list[Callable[[], Awaitable[None]]] = []
        self._begun: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._work, name="ttv-background", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self.loop.create_task(work)
        self._begun.add(task)  # the loop alone would let it be collected
        task.add_done_callback(self._begun.discard)

    def owns(self, thread: threading.Thread) -> bool:
        return thread is self._thread

    def stop(self) -> None:
        """End what runs and let go of what is open; a job at a vendor is not touched by it."""
        with contextlib.suppress(TimeoutError, RuntimeError):
            asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(_PATIENCE)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_PATIENCE)

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for ending in self.endings:
            with contextlib.suppress(Exception):
                await ending()


_running: _Background | None = None
_lock = threading.Lock()


def _background() -> _Background:
    global _running  # noqa: PLW0603 - one per process, made when first needed
    with _lock:
        if _running is None:
            _running = _Background()
        return _running


def in_background(work: Coroutine[Any, Any, Value]) -> Future[Value]:
    """Start a coroutine in the background and return its future.

    Cancelling the future cancels the coroutine.
    """
    return asyncio.run_coroutine_threadsafe(work, _background().loop)


def begin(work: Coroutine[Any, Any, None]) -> None:
    """Start a coroutine in the background that tells by itself how it ends."""
    background = _background()
    background.loop.call_soon_threadsafe(background.begin, work)


def run(work: Coroutine[Any, Any, Value]) -> Value:
    """Run a coroutine in the background and wait for it, from any thread but that one."""
    return in_background(work).result()


async def outcome(future: Future[Value]) -> Value:
    """Wait in an event loop for what another thread does; unlike there, it is not cancelled.

    `asyncio.wrap_future` wakes the loop once for each future. Where a thread finishes hundreds at
    once, waking takes it longer than finishing.
    """
    if not future.done():
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        mail = _mails.setdefault(loop, _Mail())
        future.add_done_callback(lambda _: mail.put(loop, waiting))
        await waiting
    return future.result()


class _Mail:
    """What other threads have finished for a loop: it is woken once for all that is there."""

    def __init__(self) -> None:
        self._arrived: deque[asyncio.Future[None]] = deque()
        self._told = False

    def put(self, loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[None]) -> None:
        self._arrived.append(waiting)
        if not self._told and not loop.is_closed():
            self._told = True
            loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._told = False  # before looking: what comes after the last look is told again
        while self._arrived:
            waiting = self._arrived.popleft()
            if not waiting.done():
                waiting.set_result(None)


_mails: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Mail] = weakref.WeakKeyDictionary()


def is_background() -> bool:
    """Tell whether this is the background's own thread, which must not wait for itself."""
    return _running is not None and _running.owns(threading.current_thread())


def at_end(ending: Callable[[], Awaitable[None]]) -> None:
    """Have something closed when the process ends; called from the background only."""
    assert _running is not None
    _running.endings.append(ending)


def _stop() -> None:
    if _running is not None:
        _running.stop()


def _forget() -> None:
    """Start anew after a fork: threads are not copied."""
    global _running, _lock
    _running, _lock = None, threading.Lock()


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
