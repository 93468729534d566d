"""A process that has everything imported and forks a child for every job: one that may be killed.

It reads an order a line: where to report to, and what to do. A child reports over a socket, so that
whoever sent it hears when it is gone.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import os
import signal
import socket
import sys
import threading
import traceback

import crash_points
from acme import KEY, KINDS

import ttv_core
from ttv_core import GENERATOR_REGISTRY, background, http, media
from ttv_core.jobs import Lookup
from ttv_core.jobs.desk import desk
from ttv_core.jobs.states import STATES, TERMINAL

LONGEST_LIFE = 180
# The vendor's answers have all had their effect before anybody looks: `Deadly.settle`.
SETTLE = 0.2
# What prctl(2) calls these.
_DIE_WITH_PARENT = 1
_MAY_BE_TRACED, _BY_ANYBODY = 0x59616D61, -1


class Child:
    """One order, carried out in a process of its own."""

    def __init__(self, order):
        self.order = order
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(order["report"])
        self._channel = self._socket.makefile("rw", buffering=1)
        self.points = crash_points.Points(order.get("die"))

    def tell(self, **facts):
        self._channel.write(json.dumps(facts) + "\n")
        self._channel.flush()

    def wait_for_go(self, **facts):
        self.tell(pid=os.getpid(), **facts)
        self._channel.readline()

    def run(self):
        order = self.order
        os.environ["TTV_STATE_DIR"] = order["state"]
        GENERATOR_REGISTRY["acme"] = KINDS[order["kind"]]
        listed = KINDS["listed"]
        quick = Lookup(settle=SETTLE, absence_is_proof=True)
        listed.semantics = dataclasses.replace(listed.semantics, lookup=quick)
        crash_points.install(self.points, order["kind"])
        if order.get("warm"):
            background.run(ready())
        threads = {each.name: each.native_id for each in threading.enumerate()}
        # What Python keeps of the main thread is the parent's number.
        self.wait_for_go(threads=threads | {"MainThread": os.getpid()})
        settings = {"base_url": order["url"], "api_key": KEY, **order.get("settings", {})}
        config = {"backends": {"acme": settings}}
        said = getattr(self, order["do"])(config)
        self.tell(done=True, said=said, points=self.points.passed)

    def make(self, config):
        job = ttv_core.start(
            "a red fox", backend="acme", config=config, duration=1, output=self.order["output"]
        )
        return [ended(job)]

    def resume(self, config):
        """Do what `ttv resume` does: with the job that is named, or with all that are not over."""
        unfinished = {*STATES} - TERMINAL
        named = self.order.get("job")
        ids = [named] if named else [r.id for r in desk().store.select(states=unfinished)]
        jobs = [ttv_core.resume(each, config=config, on_event=self.event) for each in ids]
        return [ended(job) for job in jobs]

    def event(self, event):
        if self.order.get("events"):
            self.tell(event=event.state, message=event.message)


async def ready():
    """Have the journal open and the threads running before the job begins."""
    await desk().outside.on_disk(int)


def ended(job):
    try:
        return str(job.wait(LONGEST_LIFE).path)
    except ttv_core.VideoGenerationError as error:
        return type(error).__name__


def carry_out(order):
    signal.alarm(LONGEST_LIFE)  # one that hangs ends, and is missed
    system = ctypes.CDLL(None)
    system.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    system.prctl(_MAY_BE_TRACED, ctypes.c_long(_BY_ANYBODY))
    child = Child(order)
    try:
        child.run()
    except BaseException:  # noqa: BLE001 - told to whoever waits
        child.tell(failed=traceback.format_exc())
    background._stop()
    os._exit(0)


def main():
    http.import_aiohttp()
    media.pyav()
    assert threading.active_count() == 1
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            carry_out(order)


if __name__ == "__main__":
    main()
