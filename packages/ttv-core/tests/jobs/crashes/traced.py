"""A thread under strace: its system calls are counted, or it is killed at one of them.

strace counts for each thread on its own, and would only ever kill the thread that comes first to a
number. So one thread is traced at a time, and every call of every thread has its turn.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter

WRITES = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate")
NAMES = ("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat")
NETWORK = ("sendto", "sendmsg", "recvfrom", "recvmsg", "connect")
CALLS = (*WRITES, *NAMES, *NETWORK)
_CALL = re.compile(r"(\w+)\(")


class NoTraceError(Exception):
    """strace is not allowed here."""


class Traced:
    """strace, attached to a thread.

    Args:
        thread: Its number.
        log: Where calls are written.
        kill: A system call and its number at which the process is killed.
    """

    def __init__(self, thread, log, kill=None):
        self._log = log
        what = [f"trace={','.join(CALLS)}"]
        if kill is not None:
            call, number = kill
            what += [f"inject={call}:signal=KILL:when={number}"]
        options = [each for one in what for each in ("-e", one)]
        self._process = subprocess.Popen(
            ["strace", "-o", str(log), *options, "-p", str(thread)],
            stderr=subprocess.PIPE,
            text=True,
        )
        said = self._process.stderr.readline()
        if "attached" not in said:
            self.end()
            raise NoTraceError(said.strip())

    def end(self):
        """Wait until it has seen the end of the thread."""
        self._process.wait(120)
        self._process.stderr.close()

    def calls(self):
        """Return how often each call was made."""
        found = (_CALL.match(line) for line in self._log.read_text().splitlines())
        return Counter(each[1] for each in found if each)
