"""A job is stopped by a signal, and by another process, with a worker of its own or a kept one."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

import pytest

from ttv_core.jobs import jobs_here
from ttv_core.kept import kept_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

FOR_EVER = 1000
"""Steps that the stand-in never comes to the end of."""


@pytest.fixture(params=["its own", "kept"])
def running(request, quick, generator, client):
    """A process with a job that is being made, and what its worker is."""
    if request.param == "kept":
        generator().keep()
    process = client("running", steps=FOR_EVER)
    assert process.hear("event running 1")
    return process


def workers_of(process):
    """Return the processes that it has started, from whichever of its threads."""
    found = []
    for task in Path(f"/proc/{process.process.pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended
            found += (task / "children").read_text().split()
    return found


def test_ctrl_c_stops_it_and_leaves_nothing(running, gone, until, tmp_path):
    workers = workers_of(running)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == -signal.SIGINT
    gone(*workers)
    assert not list((tmp_path / "out").iterdir())
    until(lambda: all(worker.state == "idle" for worker in kept_workers()))


def test_another_process_stops_it_at_its_next_step(running, until, tmp_path):
    (job,) = jobs_here()
    assert (job.backend, job.pid) == ("diffusers", running.process.pid)
    assert job.stop(30)
    assert running.hear("error").endswith("was cancelled")
    assert not list((tmp_path / "out").iterdir())
    until(lambda: all(worker.state == "idle" for worker in kept_workers()))
