"""A kept worker ends when it is to, and not before; what a killed one leaves is no trouble."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ttv_core import BackendUnavailableError
from ttv_core.kept import Keeping, kept_workers
from ttv_diffusers.kept.client import Client
from ttv_diffusers.kept.keeper import Keeper
from ttv_diffusers.protocol import Channel, Generate, Keep

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

FOR_EVER = 1000
"""Steps that the stand-in never comes to the end of."""
KEEP = """
import sys
from ttv_diffusers import DiffusersGenerator
from ttv_diffusers.kept import starting
starting.COMMAND = (sys.executable, sys.argv[2])
generator = DiffusersGenerator(model_dir=sys.argv[1], device="cpu", threads=1)
worker = generator.keep(tied=sys.argv[3] == "tied")
print(worker.pid, worker.facts["worker"], flush=True)
sys.stdin.readline()
"""


def test_what_stands_in_the_way_of_loading_is_raised_and_nothing_is_left(state, generator):
    with pytest.raises(BackendUnavailableError, match="sage"):
        generator(attention="sage").keep()
    assert not list((state / "workers").iterdir())
    with pytest.raises(BackendUnavailableError) as caught:
        generator(offload="model").keep()
    assert caught.value.remedy == "offload: none"


def test_a_keeper_that_is_killed_is_an_error_and_no_trouble_after(
    quick, generator, client, tmp_path, state, gone
):
    worker = generator().keep()
    running = client("running", steps=FOR_EVER)
    assert running.hear("event running 1")
    os.kill(worker.pid, signal.SIGKILL)
    assert running.hear("error").startswith("error worker_died")
    gone(worker.facts["worker"])
    assert not list((tmp_path / "out").iterdir())
    assert (state / "workers" / worker.id / "socket").exists()
    assert generator().keep().pid != worker.pid
    assert client("next").hear("made")


@pytest.mark.parametrize("how", ["stop", "term"])
def test_it_ends_at_once_and_whoever_it_works_for_hears_why(
    how, quick, generator, client, state, until, gone
):
    worker = generator().keep()
    running = client("running", steps=FOR_EVER)
    assert running.hear("event running 1")
    waiting = client("waiting")
    assert waiting.hear("event waiting")
    if how == "stop":
        worker.stop()
    else:
        os.kill(worker.pid, signal.SIGTERM)
        until(lambda: not worker.alive)
    for each in (running, waiting):
        assert each.hear("error").startswith("error worker_stopped")
    gone(worker.facts["worker"])
    assert not list((state / "workers").iterdir())


def test_a_signal_that_another_thread_takes_ends_it(quick, generator, until):
    worker = generator().keep()
    threads = {int(path.name) for path in Path(f"/proc/{worker.pid}/task").iterdir()}
    another = min(threads - {worker.pid})
    assert ctypes.CDLL(None).tgkill(worker.pid, another, signal.SIGTERM) == 0
    until(lambda: not worker.alive)


def test_it_ends_when_nobody_wants_anything(quick, generator, gone, until):
    with contextlib.suppress(BackendUnavailableError):  # it may be quicker than this process
        gone(generator().keep(idle=0.1).pid)
    until(lambda: not kept_workers())


def test_time_is_counted_from_the_last_job_on_and_not_while_it_works(state, monkeypatch):
    now, left = [0.0], []

    def work(keeper, *_):
        now[0] = 1000.0
        left.append(keeper._time_left())

    monkeypatch.setattr(Keeper, "_new_worker", lambda _: None)
    monkeypatch.setattr(Keeper, "_do", work)
    order = Keep("0a1b2c3d", "diffusers", "m", "/m", "P", {}, {}, idle=10.0)
    with Keeping(order.worker) as keeping:
        keeper = Keeper(order, keeping, lambda: now[0])
        now[0] = 4.0
        assert keeper._time_left() == 6.0
        ours, its = socket.socketpair()
        channel = Channel(ours.makefile("rb"), ours.makefile("wb"))
        channel.send(Generate("j", "/m", "P", {}, {}, 1))
        channel.close()
        ours.close()
        keeper._clients[threading.current_thread()] = client = Client(its)
        keeper._attend(client)
        assert left[0] > 0
        assert keeper._time_left() == 10.0
        now[0] += 10.0
        assert keeper._time_left() is None


@pytest.fixture
def starter(state, pipelines):
    """Return a function that starts a process which keeps a worker."""
    started = []

    def start(keeper, how):
        process = subprocess.Popen(
            [sys.executable, "-c", KEEP, str(pipelines("wan21_t2v")), str(keeper), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_outlives_who_started_it(starter, client, standins):
    process = starter(standins / "keeper.py", "free")
    pid, _ = map(int, process.stdout.readline().split())
    process.communicate("\n")
    assert client("later").hear("made").endswith("None")
    assert kept_workers()[0].pid == pid


@pytest.mark.parametrize("killed", [True, False])
def test_a_tied_one_ends_with_who_started_it(killed, starter, gone, standins):
    process = starter(standins / "keeper.py", "tied")
    both = process.stdout.readline().split()
    if killed:
        process.kill()
    process.communicate("\n")
    gone(*both)
    assert kept_workers() == []


def test_who_is_killed_while_it_loads_leaves_nothing(starter, tmp_path, until, gone):
    loads = tmp_path / "loads.py"
    loads.write_text(
        "import sys\nfrom ttv_diffusers import process\n"
        "from ttv_diffusers.kept.__main__ import main\n"
        "process.COMMAND = (sys.executable, '-c', 'import sys; sys.stdin.read()')\n"
        "sys.exit(main())\n"
    )
    process = starter(loads, "free")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: children.read_text().split())
    (keeper,) = children.read_text().split()
    its = Path(f"/proc/{keeper}/task/{keeper}/children")
    until(lambda: its.read_text().split())
    (worker,) = its.read_text().split()
    process.kill()
    gone(keeper, worker)
    assert kept_workers() == []
