"""Sends processes on their way, and hears what becomes of them."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE = 240


class Nursery:
    """Starts children; each is a fork of one process that has everything imported.

    Args:
        folder: For the socket over which they report.
    """

    def __init__(self, folder):
        self._address = str(folder / "reports")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self._address)
        self._socket.listen(64)
        self._socket.settimeout(PATIENCE)
        path = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TTV_")}
        self._parent = subprocess.Popen(
            [sys.executable, str(HERE / "doomed.py")],
            stdin=subprocess.PIPE,
            text=True,
            env={**kept, "PYTHONPATH": path.rstrip(os.pathsep)},
        )

    def start(self, **order):
        """Start a child that is ready, and waits for `go`."""
        self._parent.stdin.write(json.dumps({"report": self._address, **order}) + "\n")
        self._parent.stdin.flush()
        return Child(self._socket.accept()[0])

    def run(self, **order):
        """Start a child, let it go, and wait until it is gone."""
        return self.start(**order).go().gone()

    def close(self):
        self._parent.stdin.close()
        self._parent.wait(PATIENCE)
        self._socket.close()


class Child:
    """A process that carries out an order.

    Attributes:
        pid: Its number.
        threads: Those it has when it is ready: name to number.
        done: Whether it came to the end of its order.
        said: What became of each job: a path, or the name of an error.
        points: The crash points that it passed.
    """

    def __init__(self, connection):
        connection.settimeout(PATIENCE)
        self._connection = connection
        self._channel = connection.makefile("rw", buffering=1)
        ready = self.hear()
        self.pid, self.threads = ready["pid"], ready["threads"]
        self._process = os.pidfd_open(self.pid)
        self.done, self.said, self.points = False, [], []

    def hear(self):
        """Return the next thing that it tells; None once it is gone."""
        try:
            line = self._channel.readline()
        except ConnectionResetError:
            return None
        told = json.loads(line) if line.endswith("\n") else None
        if told and "failed" in told:
            raise AssertionError(told["failed"])
        if told and told.get("done"):
            self.done, self.said, self.points = True, told["said"], told["points"]
        return told

    def go(self):
        self._channel.write("go\n")
        self._channel.flush()
        return self

    def gone(self):
        """Wait until the kernel has let go of everything that it held."""
        while self.hear() is not None:
            pass
        assert select.select([self._process], [], [], PATIENCE)[0], "it does not end"
        os.close(self._process)
        self._channel.close()
        self._connection.close()
        return self
