"""Killed at any moment, worker, parent or both leave no process, no half video, the right error."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ttv_core.media import measure

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MOMENTS = 30 if os.environ.get("TTV_TORTURE") == "full" else 1
STEPS = 20
EVENTS = STEPS + 5

PARENT = """
    import sys
    from ttv_core import VideoGenerationError
    from ttv_diffusers import DiffusersGenerator
    from ttv_diffusers.desk import desk_of

    def hear(event):
        if desk_of("cpu").pid:
            print("event", desk_of("cpu").pid, event.state, flush=True)
            sys.stdin.readline()

    folder, output, steps = sys.argv[1:]
    generator = DiffusersGenerator(model_dir=folder, device="cpu", threads=1, steps=int(steps))
    try:
        generator.generate("a fox", size=(64, 64), num_frames=5, output=output, on_event=hear)
    except VideoGenerationError as error:
        print("error", error.code, flush=True)
"""


def gone(pid, seconds=60):
    deadline = time.monotonic() + seconds
    status = Path(f"/proc/{pid}/stat")
    while time.monotonic() < deadline:
        try:
            if status.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def parent(pipelines, tmp_path):
    (tmp_path / "out").mkdir()
    arguments = (pipelines("wan21_t2v"), tmp_path / "out" / "fox.mp4", STEPS)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def wait_for(process, moment):
    """Let a job go on until it has told so much, or has ended; return its worker and its state."""
    pid, state = 0, ""
    for _ in range(moment + 1):
        word, *found = process.stdout.readline().split() or ("end",)
        if word != "event":
            break
        pid, state = int(found[0]), found[1]
        if _ < moment:
            process.stdin.write("\n")
            process.stdin.flush()
    return pid, state


@pytest.mark.parametrize("who", ["worker", "parent", "both"])
@pytest.mark.parametrize("number", range(MOMENTS))
def test_a_kill_at_any_moment(who, number, parent, tmp_path):
    moment = random.Random(f"{who} {number}").randrange(EVENTS)
    worker, state = wait_for(parent, moment)
    if who != "parent":
        os.kill(worker, signal.SIGKILL)
    if who != "worker":
        parent.kill()
    told, _ = parent.communicate("\n" * EVENTS)
    assert gone(worker)
    left = list((tmp_path / "out").iterdir())
    if who == "worker" and state in {"loading", "running"}:
        assert told.split()[-2:] == ["error", "worker_killed"]
        assert not left
    names = {path.name for path in left}
    assert names <= {"fox.mp4", "fox.mp4.json"}
    if "fox.mp4" in names:
        assert measure(tmp_path / "out" / "fox.mp4").num_frames == 5
