"""The process is killed while it renders: no process and no file is left."""

from __future__ import annotations

import sys
import time
from typing import ClassVar

import pytest

from ttv_core.testing.conformance.asking import Asking
from ttv_core.testing.conformance.elsewhere import Elsewhere
from ttv_core.testing.conformance.processes import descendants, is_alive
from ttv_core.testing.conformance.verdict import holds

__all__ = ["Dying"]


class Dying(Asking):
    """A test of what outlives a backend that should not.

    Attributes:
        outlived: Seconds in which the processes of a killed one must be gone.
    """

    outlived: ClassVar[float] = 30.0

    def test_a_killed_process_leaves_nothing(self) -> None:
        """Kill the process in the midst of rendering; its own processes end, too."""
        if sys.platform != "linux":
            pytest.skip("what is left of a process is looked up in /proc")
        told = {"settings": self.ready_settings(), "asks": self.asks, "output": str(self.output)}
        other = Elsewhere("render", of=self.generator, **told)
        if other.line() != "running":
            other.said()
        below = descendants(other.process.pid)
        other.kill()
        until = time.monotonic() + self.outlived
        left = list(below)
        while left and time.monotonic() < until:
            left = [pid for pid, began in below.items() if is_alive(pid, began)]
            time.sleep(0.02 if left else 0)
        holds(
            not left,
            f"{len(left)} processes are left {self.outlived:g} s after theirs was killed",
            mend="end with the parent: read a pipe of its until it is closed, or ask the kernel "
            "(PR_SET_PDEATHSIG)",
            see="ttv_core.LocalVideoGenerator",
        )
        holds(
            not self.left(),
            f"a process that was killed left {self.left()} where its video was to be",
            mend="write into context.folder only",
            see="ttv_core.job.JobContext.folder",
        )
