"""Measure what a process uses: time, memory, open files. Linux tells; other systems tell less."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


@dataclass
class Figures:
    """What a piece of work took.

    Attributes:
        wall: Seconds.
        cpu: Seconds of processor time, of all threads.
        before: Resident MB when it began.
        peak: Most resident MB ever, in the whole process.
        files: Most open files that were seen.
        failures: Jobs that failed.
        why: The first failure.
    """

    wall: float = 0.0
    cpu: float = 0.0
    before: float = 0.0
    peak: float = 0.0
    files: int = 0
    failures: int = 0
    why: str = ""


class Measured:
    """Measures what happens in its context; `figures` has it afterwards."""

    def __init__(self) -> None:
        self.figures = Figures()
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            with contextlib.suppress(OSError):
                count = sum(1 for _ in Path("/proc/self/fd").iterdir())
                self.figures.files = max(self.figures.files, count)

    def __enter__(self) -> Self:
        """Begin."""
        self.figures.before = _memory("VmRSS")
        self._watching.start()
        self._wall, self._cpu = time.perf_counter(), _cpu()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self.figures.wall = time.perf_counter() - self._wall
        self.figures.cpu = _cpu() - self._cpu
        self.figures.peak = _memory("VmHWM")
        self._over.set()
        self._watching.join()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory(name: str) -> float:
    """Return a figure of this process in MB."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    return 0.0


def tell(figures: Figures) -> None:
    """Print figures for the process that asked for them."""
    print(json.dumps(asdict(figures)))


def in_fresh_process(
    words: Sequence[str], *, limit: float, environ: dict[str, str] | None = None
) -> Figures | None:
    """Run this script again with arguments and return the figures it tells.

    Args:
        words: The arguments.
        limit: Seconds after which it is cut off.
        environ: Variables besides those of this process.

    Returns:
        The figures; None if it was cut off.
    """
    try:
        done = subprocess.run(
            [sys.executable, sys.argv[0], *words],
            check=True,
            timeout=limit,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environ or {})},
        )
    except subprocess.TimeoutExpired:
        return None
    return Figures(**json.loads(done.stdout.splitlines()[-1]))
