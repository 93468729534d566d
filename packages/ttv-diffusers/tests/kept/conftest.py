"""A state folder for each test, kept workers that need no torch, and processes that use them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ttv_core.kept import kept_workers
from ttv_diffusers import DiffusersGenerator
from ttv_diffusers.desk import desk_of
from ttv_diffusers.kept import starting

STANDINS = Path(__file__).parent / "standins"


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def until():
    """Return a function that waits for something to come true."""
    return wait_until


@pytest.fixture
def gone():
    """Return a function that waits until processes have ended."""

    def ended(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    return lambda *pids: wait_until(lambda: all(map(ended, pids)))


@pytest.fixture
def standins():
    """Return the folder of what takes the place of a worker, and of a keeper of one."""
    return STANDINS


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A state folder for the test, where nothing is left running after it."""
    monkeypatch.setenv("TTV_STATE_DIR", str(tmp_path / "state"))
    desk_of("cpu").let_go()
    yield tmp_path / "state"
    for worker in kept_workers():
        worker.stop()


@pytest.fixture
def quick(state, monkeypatch):
    """Have workers that need no torch."""
    monkeypatch.setenv("TTV_STANDIN", str(STANDINS / "worker.py"))
    monkeypatch.setattr(starting, "COMMAND", (sys.executable, str(STANDINS / "keeper.py")))


@pytest.fixture
def generator(pipelines):
    def made(**settings):
        usual = {"model_dir": pipelines("wan21_t2v"), "device": "cpu", "threads": 1}
        return DiffusersGenerator(**(usual | settings))

    return made


class Process:
    """A process that makes a video."""

    def __init__(self, *arguments, env=None):
        self.process = subprocess.Popen(
            [sys.executable, str(STANDINS / "client.py"), *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (env or {}),
        )

    def hear(self, *beginning):
        """Read on to a line that begins so, and return it; None if there is none."""
        wanted = " ".join(map(str, beginning))
        for line in self.process.stdout:
            if line.startswith(wanted):
                return line.strip()
        return None


@pytest.fixture
def client(pipelines, tmp_path):
    """Return a function that starts such a process."""
    started = []

    def start(name, *, steps=1, seed=1, settings=(), env=None):
        (tmp_path / "out").mkdir(exist_ok=True)
        arguments = pipelines("wan21_t2v"), tmp_path / "out" / f"{name}.mp4", steps, seed
        started.append(Process(*arguments, *settings, env=env))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()
