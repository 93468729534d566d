"""One worker for each device: it outlives jobs, and nothing outlives it or its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from ttv_core import GenerationFailedError
from ttv_core.media import frames
from ttv_diffusers import DiffusersGenerator
from ttv_diffusers.desk import desk_of

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def gone(pid, seconds=60):
    """Wait until a process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_many_requests_at_once_are_served_in_order_and_none_is_mixed_up(pipelines, tmp_path, make):
    ended, jobs = [], []
    for seed in range(20):  # a generator each, as `ttv_core.generate` makes them
        generator = DiffusersGenerator(
            model_dir=pipelines("wan21_t2v"), device="cpu", threads=1, steps=1
        )
        job = generator.start(
            "a red fox",
            seed=seed % 4,
            size=(32, 32),
            num_frames=5,
            output=tmp_path / f"{seed}.mp4",
            on_event=lambda event, seed=seed: event.state == "measuring" and ended.append(seed),
        )
        jobs.append(job)
    videos = [job.wait(120) for job in jobs]
    assert ended == list(range(20))
    for seed, video in enumerate(videos):
        same = np.stack(list(frames(videos[seed % 4].path)))
        assert np.array_equal(np.stack(list(frames(video.path))), same)
    assert not np.array_equal(
        np.stack(list(frames(videos[0].path))), np.stack(list(frames(videos[1].path)))
    )


def test_a_worker_that_is_killed_is_an_error_and_the_next_job_gets_another(
    pipelines, tmp_path, make
):
    def hear(event):
        if event.state == "running" and event.step == 2:
            os.kill(desk_of("cpu").pid, signal.SIGKILL)

    with pytest.raises(GenerationFailedError) as caught:
        make("wan21_t2v", settings={"steps": 500}, on_event=hear)
    error = caught.value
    assert error.code == "worker_killed"
    assert "signal 9" in error.message
    assert "memory" in error.remedy
    assert (error.backend, error.charged, error.retryable) == ("diffusers", "no", False)
    assert not list(tmp_path.iterdir())
    assert make("wan21_t2v").info.num_frames == 5


def test_a_worker_that_dies_tells_the_end_of_its_output(monkeypatch, make):
    from ttv_diffusers import process

    desk_of("cpu").let_go()
    code = "import sys; print('no such luck', file=sys.stderr); exit(3)"
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", code))
    with pytest.raises(GenerationFailedError) as caught:
        make("wan21_t2v")
    assert caught.value.code == "worker_died"
    assert "status 3" in caught.value.message
    assert "no such luck" in caught.value.message


def lend(generator):
    """Have a worker without a pipeline, which is there in a moment."""
    with desk_of("cpu").working(generator, generator.settings) as worker:
        return worker.pid


def test_an_idle_worker_is_let_go_unless_it_is_to_stay(pipelines):
    pid = lend(DiffusersGenerator(device="cpu", idle_unload=0, keep_warm=True))
    assert lend(DiffusersGenerator(device="cpu", idle_unload=0)) == pid
    assert gone(pid)


def test_closing_lets_go_of_the_worker_unless_another_has_used_it_since():
    first, second = DiffusersGenerator(device="cpu"), DiffusersGenerator(device="cpu")
    pid = lend(first)
    assert lend(second) == pid
    first.unload()
    assert desk_of("cpu").pid == pid
    second.unload()
    assert desk_of("cpu").pid is None
    assert gone(pid)


def test_only_a_worker_that_may_download_is_lent_to_who_may():
    offline, online = (
        DiffusersGenerator(device="cpu", allow_download=may) for may in (False, True)
    )
    pid = lend(offline)
    assert lend(online) != pid
    assert gone(pid)
    desk_of("cpu").let_go()


PARENT = """
    import os, sys
    from ttv_diffusers import DiffusersGenerator
    from ttv_diffusers.desk import desk_of

    def hear(event):
        pid = desk_of("cpu").pid
        if pid and event.state == sys.argv[3] and (event.step or 0) in {0, 2}:
            print(pid, "torch" in sys.modules, flush=True)
            sys.stdin.readline()

    def memory():
        status = open("/proc/self/status").read()
        return int(status.split("VmHWM:")[1].split()[0]) // 1024

    folder, output, _, steps = sys.argv[1:]
    generator = DiffusersGenerator(model_dir=folder, device="cpu", threads=1, steps=int(steps))
    generator.generate("a fox", size=(64, 64), num_frames=5, output=output, on_event=hear)
    print("done", memory(), flush=True)
"""


@pytest.fixture
def parent(pipelines, tmp_path):
    """Return a function that starts a process with a job in some state, and its worker."""
    started = []

    def start(state, steps=3):
        arguments = (pipelines("wan21_t2v"), tmp_path / "out" / "fox.mp4", state, steps)
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PARENT), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        pid, torch = process.stdout.readline().split()
        return process, int(pid), torch == "True"

    (tmp_path / "out").mkdir()
    yield start
    for process in started:
        process.kill()
        process.communicate()


@LINUX
def test_the_parent_imports_no_torch_and_stays_small(parent):
    process, _, torch = parent("encoding")
    output, _ = process.communicate("\n" * 9, timeout=60)
    done, memory = output.split()[-2:]
    assert done == "done"
    assert not torch
    assert int(memory) < 150


@LINUX
@pytest.mark.parametrize(("state", "also"), [("loading", False), ("loading", True)])
def test_a_killed_parent_leaves_no_process_and_no_file(state, also, parent, tmp_path):
    process, worker, _ = parent(state, 1000)
    if also:
        os.kill(worker, signal.SIGKILL)
    process.kill()
    process.wait()
    assert gone(worker)
    assert not list((tmp_path / "out").iterdir())


@LINUX
def test_a_worker_whose_pipe_others_hold_too_ends_with_its_parent():
    """A forked child of the parent keeps its end of the pipe open."""
    code = """
        import os, sys
        from ttv_diffusers.process import WorkerProcess
        worker = WorkerProcess()
        print(worker.pid, flush=True)
        if os.fork() == 0:
            sys.stdin.read()
        os._exit(0)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(process.stdout.readline())
    process.wait()
    assert gone(pid)
    process.communicate()
