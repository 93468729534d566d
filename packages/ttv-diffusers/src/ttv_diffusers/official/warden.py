"""Start the ranks of a command and end them with all that they have started, come what may.

It is run as a program of its own and imports nothing but the standard library:

    python -I warden.py RANKS PORT GRACE FOLDER PROGRAM ARGUMENT...

Standard input is its lifeline: when it ends, because whoever started it wants the command to stop
or has died itself, everything is ended (asked first, by force after GRACE seconds) and FOLDER is
removed. A rank that fails ends the others. The output of rank 0 goes to standard output, that of
the others to standard error. It exits as the command does; a signal that killed a rank is told as
128 and its number.

On Linux it adopts what is orphaned below it, so that processes in sessions of their own, as those
of torchrun are, are found as well; were it killed itself, the kernel kills the ranks.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 15.0
"""Seconds after which a process is left that waits for a device and cannot be ended by anybody."""
STOPPED = 143
CANNOT_START = 127
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_RANK_VARIABLES = frozenset(
    {"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}
)


def main(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    ranks, port, grace, folder, *command = arguments
    _ask_kernel(_PR_SET_CHILD_SUBREAPER, 1)
    wake, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    children: set[int] = set()
    try:
        for rank in range(int(ranks)):
            children.add(_start(command, rank, int(ranks), port))
    except OSError as error:
        sys.stdout.write(f"{command[0]} cannot be started: {error.strerror}\n")
        sys.stdout.flush()
        code = CANNOT_START
    else:
        code = _watch(children, wake)
    _end_all(float(grace))
    if code == STOPPED:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _start(command: list[str], rank: int, ranks: int, port: str) -> int:
    environment = {name: v for name, v in os.environ.items() if name not in _RANK_VARIABLES}
    if ranks > 1:
        number = str(rank)
        size = str(ranks)
        environment |= {"RANK": number, "LOCAL_RANK": number}
        environment |= {"WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
        environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    output = sys.stdout if rank == 0 else sys.stderr
    process = subprocess.Popen(  # noqa: S603 - the command is what this is for
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - there are no threads here
    )
    process.returncode = 0  # it is waited for here, together with those that are adopted
    return process.pid


def _die_with_parent() -> None:
    _ask_kernel(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _ask_kernel(option: int, value: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _watch(children: set[int], wake: int) -> int:
    """Wait until all ranks have ended, one has failed, or the lifeline has; return the code."""
    lifeline = sys.stdin.fileno()
    with selectors.DefaultSelector() as selector:
        selector.register(wake, selectors.EVENT_READ)
        selector.register(lifeline, selectors.EVENT_READ)
        while True:
            for pid, status in _reaped():
                if pid in children:
                    children.remove(pid)
                    if status != 0:
                        return status
            if not children:
                return 0
            for key, _ in selector.select():
                data = os.read(key.fd, 4096)
                asked = key.fd == wake and set(data) - {signal.SIGCHLD}
                if asked or (key.fd == lifeline and not data):
                    return STOPPED


def _reaped() -> list[tuple[int, int]]:
    """Return the processes that have ended, with their exit codes."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            code = os.waitstatus_to_exitcode(status)
            found.append((pid, code if code >= 0 else 128 - code))
    return found


def _end_all(grace: float) -> None:
    """End everything below this process: asked first, by force after so many seconds."""
    begun = time.monotonic()
    asked: set[int] = set()
    while (alive := _descendants()) and time.monotonic() < begun + PATIENCE:
        late = time.monotonic() > begun + grace
        for pid in alive if late else alive - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= alive
        time.sleep(0.02)
        _reaped()


def _descendants() -> set[int]:
    """Return all processes below this one that have not ended."""
    below: dict[int, list[int]] = {}
    for pid, parent in _processes():
        below.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        children = below.get(waiting.pop(), [])
        found.update(children)
        waiting += children
    return found


def _processes() -> list[tuple[int, int]]:
    """Return every process that has not ended, with its parent."""
    if not Path("/proc/self/stat").exists():
        return _listed()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                # Behind the name, which may hold anything: state, parent.
                state, parent = (
                    (folder / "stat").read_text("latin-1").rpartition(")")[2].split()[:2]
                )
                if state not in "ZX":
                    found.append((int(folder.name), int(parent)))
    return found


def _listed() -> list[tuple[int, int]]:
    """As `_processes`, where there is no /proc."""
    listing = subprocess.Popen(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True
    )
    told, _ = listing.communicate()
    rows = [line.split() for line in told.splitlines()]
    return [
        (int(pid), int(parent))
        for pid, parent, state in rows
        if int(pid) != listing.pid and not state.startswith("Z")
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
