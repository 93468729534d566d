"""Scripts that behave as those of the official repositories do, and as they should not."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ttv_core import JobContext
from ttv_diffusers.official import Command

BASICS = """
import os, pathlib, signal, subprocess, sys, time
FOLDER = pathlib.Path(sys.argv[1])

def bar(step, steps, out=sys.stderr, word=""):
    percent = 100 * step // steps
    end = "\\n" if step == steps else ""
    out.write(f"\\r{word}{percent:3d}%|#####     | {step}/{steps} [00:01<00:02,  1.00s/it]{end}")
    out.flush()

def note(name="pids"):
    with open(pathlib.Path(__file__).parent / name, "a") as file:
        file.write(f"{os.getpid()}\\n")

def child(code, **how):
    return subprocess.Popen([sys.executable, "-c", CHILD + code, __file__, str(FOLDER)], **how)

CHILD = '''
import os, pathlib, signal, sys, time
with open(pathlib.Path(sys.argv[1]).parent / "pids", "a") as file:
    file.write(f"{os.getpid()}\\\\n")
'''
"""


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class Scene:
    """A checkout with one script, and a job that runs it."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir()
        self.events = []
        self.context = JobContext("01TEST", "test", self.events.append)

    def command(self, source, *arguments, **how):
        script = self.folder / "generate.py"
        script.write_text(BASICS + textwrap.dedent(source), encoding="utf-8")
        how = {"python": Path(sys.executable), "result": "*.mp4", "steps": 4} | how
        folder = str(self.context.folder)
        return Command(script=script, arguments=(folder, *arguments), **how)

    @property
    def left(self):
        """The processes that noted their ids and have not ended."""
        return [pid for pid in self._noted() if _alive(pid)]

    def pids(self, count):
        """Wait until so many processes have noted their ids, and return them."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self._noted()
            if len(found) >= count:
                return found
            os.sched_yield()
        raise AssertionError(f"only {self._noted()} of {count} processes came up")

    def _noted(self):
        file = self.folder / "pids"
        text = file.read_text() if file.exists() else ""
        return [int(line) for line in text.split("\n")[:-1]]


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path / "checkout")
    yield made
    made.context.close()
    assert made.left == []
