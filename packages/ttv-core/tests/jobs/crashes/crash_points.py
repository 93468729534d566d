"""The named points at which a process is killed, put around the code from outside.

Nothing in the core knows of them. A point is a name, "before" or "after", and how often it has been
passed: "prepared>submitting after 1" is the moment at which that change has become durable.
"""

from __future__ import annotations

import functools
import inspect
import os
import signal
import sqlite3
import threading
from collections import Counter

from acme import KINDS

from ttv_core import output as output_module
from ttv_core import remote, transfer
from ttv_core.jobs import arrival, journal
from ttv_core.jobs import desk as desk_module


class Points:
    """Notes each point that is passed, and kills the process at one of them.

    Args:
        deadly: The point to die at; None to live.
    """

    def __init__(self, deadly):
        self.deadly = deadly
        self.passed = []
        self._counts = Counter()
        self._lock = threading.Lock()

    def __call__(self, name, side):
        with self._lock:
            self._counts[name, side] += 1
            point = f"{name} {side} {self._counts[name, side]}"
            self.passed.append(point)
        if point == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner, attribute, name=None):
        """Put points before and after a function; `name` may be made from its arguments."""
        inner = getattr(owner, attribute)
        label = name if callable(name) else lambda *_, **__: name or attribute

        @functools.wraps(inner)
        async def waited(*args, **kwargs):
            said = label(*args, **kwargs)
            self(said, "before")
            result = await inner(*args, **kwargs)
            self(said, "after")
            return result

        @functools.wraps(inner)
        def called(*args, **kwargs):
            said = label(*args, **kwargs)
            self(said, "before")
            result = inner(*args, **kwargs)
            self(said, "after")
            return result

        setattr(owner, attribute, waited if inspect.iscoroutinefunction(inner) else called)


def install(points, kind):
    """Put every point in place, in this process."""
    backend = KINDS[kind]
    for name in ("prepare", "submit", "poll", "fetch", "lookup"):
        points.around(backend, name)
    points.around(remote, "check_writable")
    points.around(desk_module.Desk, "_inspect", "inspect")
    points.around(desk_module, "clean_up")
    points.around(arrival, "write_sidecar")
    points.around(output_module.PendingFile, "create", "part file")
    points.around(output_module.PendingFile, "publish")
    points.around(output_module, "sync", lambda p: f"sync {'folder' if p.is_dir() else 'file'}")
    arrival.sync = output_module.sync
    points.around(os, "link")
    _around_chunks(points)
    _around_journal(points)


def _around_chunks(points):
    """The first and the last piece of the video; how many there are between is the network's."""
    inner = transfer._Sink.write

    def write(sink, data):
        first, last = sink.size == 0, sink.size + len(data) == sink.total
        names = ["first chunk"] * first + ["last chunk"] * last
        for name in names:
            points(name, "before")
        inner(sink, data)
        for name in names:
            points(name, "after")

    transfer._Sink.write = write


def _around_journal(points):
    """Changes are named by what they change; "after" is when they are durable."""

    class Connection(sqlite3.Connection):
        def execute(self, sql, *values):
            if sql != "COMMIT":
                return super().execute(sql, *values)
            points("commit", "before")
            done = super().execute(sql, *values)
            points("commit", "after")
            return done

    connect = sqlite3.connect
    journal.sqlite3.connect = functools.partial(connect, factory=Connection)

    def around(method, label):
        inner = getattr(journal.Journal, method)

        def wrapped(self, record, *args, **changes):
            said = label(record, changes)
            points(said, "before")
            future = inner(self, record, *args, **changes)
            future.add_done_callback(lambda _: points(said, "after"))
            return future

        setattr(journal.Journal, method, wrapped)

    around("insert", lambda *_: "insert")
    around("update", lambda old, new: f"{old.state}>{new.get('state') or '+'.join(sorted(new))}")
