"""Virtual time: one clock for everything that is simulated, and an event loop for each process.

Nothing sleeps and nothing is left to the system's scheduler. When nothing is ready, the clock jumps
to the next timer. One step runs one callback, so that a process can be ended between any two.
"""

from __future__ import annotations

import asyncio
import heapq
import inspect
from collections import deque
from itertools import count

_MOST_AT_ONE_MOMENT = 20_000
_MOST_IN_ALL = 500_000


class SpinsError(AssertionError):
    """Something goes round and round, and gets nowhere."""


class Timeline:
    """What is to happen, in order."""

    def __init__(self):
        self.now = 0.0
        self._ready = deque()
        self._timers = []
        self._numbers = count()
        self._at_this_moment = self._in_all = 0

    def soon(self, handle, loop=None):
        self._ready.append((handle, loop))

    def later(self, seconds, handle, loop=None):
        when = self.now + max(seconds, 0.0)
        heapq.heappush(self._timers, (when, next(self._numbers), handle, loop))

    def call(self, seconds, function):
        """Have something happen in the world outside of all processes."""
        self.later(seconds, function)

    def step(self, until=float("inf")):
        """Run one callback; return whether there was one to run before a time."""
        while self._ready or self._timers:
            if not self._ready:
                when = self._timers[0][0]
                if when > until:
                    return False
                if when > self.now:
                    self.now, self._at_this_moment = when, 0
                _, _, handle, loop = heapq.heappop(self._timers)
            else:
                handle, loop = self._ready.popleft()
            if loop is None:
                handle()
                return True
            if loop.dead or handle.cancelled():
                continue
            self._at_this_moment += 1
            self._in_all += 1
            if self._at_this_moment > _MOST_AT_ONE_MOMENT or self._in_all > _MOST_IN_ALL:
                raise SpinsError(f"{handle} goes round and round at {self.now}")
            asyncio._set_running_loop(loop)
            try:
                handle._run()
            finally:
                asyncio._set_running_loop(None)
            return True
        return False

    def run(self, seconds, wanted=lambda: True):
        """Let so many seconds pass, or fewer if nothing is wanted any more."""
        until = self.now + seconds
        while True:
            moment = self.now
            if not wanted():
                return
            while self.now == moment:
                if not self.step(until):
                    self.now, self._at_this_moment = max(self.now, until), 0
                    return


class Loop(asyncio.AbstractEventLoop):
    """The event loop of one process.

    Args:
        timeline: The clock of the world.
        uptime: What this process's own clock showed when the world began.
    """

    def __init__(self, timeline, uptime):
        self.timeline = timeline
        self.uptime = uptime
        self.dead = False
        self.tasks = []
        self.unheard = []

    def time(self):
        return self.timeline.now + self.uptime

    def call_soon(self, callback, *args, context=None):
        handle = asyncio.Handle(callback, args, self, context)
        self.timeline.soon(handle, self)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(self, when, callback, *args, context=None):
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self.timeline.later(when - self.time(), handle, self)
        return handle

    def call_later(self, delay, callback, *args, context=None):
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle):
        """Leave it where it is; it is passed over when its time comes."""

    def create_future(self):
        return asyncio.Future(loop=self)

    def create_task(self, coro, **how):
        task = asyncio.Task(coro, loop=self, **how)
        # Kept, whatever becomes of it: what is thrown away would run its `finally`, which a
        # process that is killed does not.
        self.tasks.append(task)
        return task

    def get_debug(self):
        return False

    def is_closed(self):
        return self.dead

    def is_running(self):
        return not self.dead

    def call_exception_handler(self, context):
        if "exception" in context and not self.dead:
            self.unheard.append(context)

    def close(self):
        """End what is left, once nobody looks any more."""
        self.dead = True
        for task in self.tasks:
            if not task.done():
                _close(task.get_coro())
        self.tasks.clear()


def _close(coro):
    """Close a coroutine, and what it was made with if it never ran."""
    if inspect.getcoroutinestate(coro) == inspect.CORO_CREATED:
        for value in list(coro.cr_frame.f_locals.values()):
            if asyncio.iscoroutine(value):
                _close(value)
    coro.close()
