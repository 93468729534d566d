"""The vendor, with a hand on its customer's process, and what must hold after any crash."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import sqlite3
import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

from acme import Acme
from aiohttp import web

from ttv_core.jobs import TERMINAL

TARGET = "fox.mp4"
PROBLEMS = ("lost", "double", "left over")


class Deadly(Acme):
    """The vendor. It may kill whoever asks, before or after it has done what was asked.

    Args:
        film: The bytes of every video.
        point: When to kill: "vendor create after" is when a job is accepted and not yet answered.
    """

    def __init__(self, film, point="", states=("running", "done")):
        super().__init__(states, film)
        self.point = point
        self.victim = None
        self.hold = threading.Event()
        self.hold.set()

    def _wrapped(self, kind, handler):
        async def deadly(request):
            self.strike(f"vendor {kind} before")
            try:
                answer = await handler(request)
            except ConnectionError:  # the customer died while the video was sent
                return web.Response()
            self.strike(f"vendor {kind} after")
            return answer

        return super()._wrapped(kind, deadly)

    def strike(self, point):
        if point == self.point and self.victim is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.victim, signal.SIGKILL)
            self.victim = None

    async def _listening(self):
        self._runner = await super()._listening()
        return self._runner

    def settle(self):
        """Wait until all that was sent by those who are dead has arrived, and had its effect."""
        parts = urlsplit(self.url)
        last = HTTPConnection(parts.hostname, parts.port, timeout=30)
        last.request("GET", "/last-in-the-queue", headers={"Connection": "close"})
        last.getresponse().read()
        last.close()
        asyncio.run_coroutine_threadsafe(self._idle(), self._loop).result(30)

    async def _idle(self):
        while self._runner.server.connections:  # noqa: ASYNC110 - aiohttp tells nobody
            await asyncio.sleep(0.001)
        for _ in range(20):  # handlers whose customer is gone come to their end
            await asyncio.sleep(0)


class Scene:
    """Where one job is made, killed and brought home: a state folder, and one for the video."""

    def __init__(self, folder, kind, vendor):
        self.kind, self.vendor = kind, vendor
        self.state, self.out = folder / "state", folder / "out"
        self.out.mkdir(parents=True)

    def order(self, do, **more):
        target = str(self.out / TARGET)
        where = {"state": str(self.state), "url": self.vendor.url, "output": target}
        return {"do": do, "kind": self.kind, **where, **more}

    def jobs(self):
        """Return (id, state) of each job, and whether the file is whole, with nothing of ours."""
        path = self.state / "jobs.db"
        if not path.exists() or not path.stat().st_size:
            return []
        with contextlib.closing(sqlite3.connect(path)) as connection:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return []
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return connection.execute("SELECT id, state FROM jobs").fetchall()

    def problems(self, before):
        """Return what is wrong after everything has been resumed.

        Args:
            before: `jobs()` when the process had been killed.
        """
        vendor, jobs = self.vendor, self.jobs()
        states = [state for _, state in jobs]
        found = []
        if vendor.accepted > 1:
            found.append(f"double: {vendor.accepted} creates were accepted")
        if len(jobs) > 1 or len(before) > len(jobs):
            found.append(f"lost: {before} became {jobs}")
        if not jobs and vendor.accepted:
            found.append("lost: the vendor has a job that nobody knows")
        doubtful = self.kind == "opaque" and [state for _, state in before] == ["submitting"]
        wanted = "unknown" if doubtful else "completed"
        if states not in ([], [wanted]):
            found.append(f"lost: {states}, not {wanted}")
        if doubtful and vendor.requests["create"] > 1:
            found.append("double: it was sent again although nobody knew")
        return found + self._files(states)

    def _files(self, states):
        names = sorted(path.name for path in self.out.iterdir())
        found = [f"left over: {name}" for name in names if ".part" in name]
        wanted = [TARGET, f"{TARGET}.json"] if states == ["completed"] else []
        if [name for name in names if ".part" not in name] != wanted:
            found.append(f"lost: the files are {names}")
        elif wanted and _digest(self.out / TARGET) != hashlib.sha256(self.vendor.video).hexdigest():
            found.append("lost: the video is another")
        if any(state in TERMINAL for state in states) and list(self.state.glob("inputs/*/*")):
            found.append("left over: inputs")
        return found


def summary(runs, killed, problems):
    """Say in a line what came of many runs."""
    counts = [f"{sum(f'{k}:' in each for each in problems)} {k}" for k in PROBLEMS]
    return f"{runs} runs, {killed} killed, {', '.join(counts)}"


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
