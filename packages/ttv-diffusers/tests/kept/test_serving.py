"""A kept worker serves every process whose settings say the same, in order of coming."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from ttv_core import GenerationCancelledError
from ttv_core.kept import kept_workers
from ttv_core.media import frames
from ttv_diffusers.kept.borrowing import borrow
from ttv_diffusers.kept.sockets import check_peer, connect, listen
from ttv_diffusers.protocol import Channel, Failed, Generate, Queued

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

FOR_EVER = 1000
"""Steps that the stand-in never comes to the end of."""


def pixels(path):
    return np.stack(list(frames(path)))


def test_commands_use_a_warm_worker_and_a_killed_one_attaches_to_it_again(
    state, generator, client, pipelines, bare, tmp_path, until
):
    worker = generator().keep()
    assert generator().keep().pid == worker.pid
    first = client("killed", steps=1000)
    assert first.hear("event running 2")
    first.process.kill()
    first.process.wait()
    until(lambda: kept_workers()[0].state == "idle")  # its job has stopped, whatever was left
    assert not list((tmp_path / "out").iterdir())
    again = client("killed", steps=2)
    warm, own = again.hear("made").split()[-2:]
    assert own == "None"  # it has no worker of its own
    _, torch, memory = again.hear("process").split()
    assert torch == "False"
    assert int(memory) < 150
    until(lambda: kept_workers()[0].videos == 1)  # it is counted when its client knows already
    (kept,) = kept_workers()
    assert (kept.pid, kept.facts["worker"]) == (worker.pid, worker.facts["worker"])
    wanted = bare(pipelines("wan21_t2v"), width=64, height=64)
    assert np.abs(pixels(tmp_path / "out" / "killed.mp4").astype(int) - wanted).mean() < 12

    killed = client("other", steps=1000)
    assert killed.hear("event running 2")
    os.kill(kept.facts["worker"], signal.SIGKILL)
    told = killed.hear("error")
    assert told.startswith("error worker_killed")
    assert "signal 9" in told
    cold, _ = client("next", steps=1).hear("made").split()[-2:]  # another in the same process
    assert float(warm) < float(cold)
    assert kept_workers()[0].pid == worker.pid


def test_frames_are_those_of_each_ones_own_job_and_jobs_come_in_order(
    quick, generator, client, tmp_path, until
):
    generator().keep()
    first = client("first", steps=FOR_EVER)
    assert first.hear("event running 1")
    others = []
    for number in range(3):
        others.append(client(f"c{number}", seed=50 * number))
        heard = others[-1].hear("event waiting")
        assert f"makes {number + 1} video" in heard
    first.process.send_signal(signal.SIGKILL)
    for number, other in enumerate(others):
        (turn, *_) = other.hear("made").split()[-3:]
        assert int(turn) == number + 2  # as the worker has counted, for each hears it when it can
        grey = pixels(tmp_path / "out" / f"c{number}.mp4").mean()
        assert abs(int(grey) - 50 * number) <= 2
    until(lambda: kept_workers()[0].videos == 3)


def test_each_client_stops_its_own_job(quick, generator, client, tmp_path):
    generator(steps=FOR_EVER).keep()
    running = client("running", steps=FOR_EVER)
    assert running.hear("event running 1")
    in_line = threading.Event()
    waiting = generator(steps=1).start(
        "a fox",
        size=(64, 64),
        num_frames=5,
        seed=1,
        output=tmp_path / "waiting.mp4",
        on_event=lambda event: event.state == "waiting" and in_line.set(),
    )
    assert in_line.wait(60)
    waiting.cancel()
    with pytest.raises(GenerationCancelledError):
        waiting.wait(60)
    assert running.hear("event running")  # it goes on
    running.process.kill()
    steps = []
    stopped = generator(steps=FOR_EVER).start(
        "a fox",
        size=(64, 64),
        num_frames=5,
        seed=1,
        output=tmp_path / "stopped.mp4",
        on_event=lambda event: event.step and (steps.append(event.step), stopped.cancel()),
    )
    with pytest.raises(GenerationCancelledError):
        stopped.wait(60)
    assert len(steps) < FOR_EVER
    assert not (tmp_path / "stopped.mp4").exists()
    assert generator(steps=1).generate(
        "a fox", size=(64, 64), num_frames=5, seed=1, output=tmp_path / "next.mp4"
    )


def test_it_has_no_keys_and_whoever_asks_for_something_else_is_refused(
    quick, generator, monkeypatch
):
    monkeypatch.setenv("MINIMAX_API_KEY", "canary")
    worker = generator().keep()
    for pid in (worker.pid, worker.facts["worker"]):
        assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()
    for wrong in ({"checkpoint": "/etc"}, {"levers": worker.facts["levers"] | {"compile": True}}):
        order = {"checkpoint": worker.facts["checkpoint"], "levers": worker.facts["levers"]}
        connection = connect(worker.folder, seconds=5)
        channel = Channel(connection.makefile("rb"), connection.makefile("wb"))
        channel.send(Generate("j", pipeline="P", call={}, seed=1, **(order | wrong)))
        assert channel.receive()[0] == Queued(0)
        answer = channel.receive()[0]
        assert isinstance(answer, Failed)
        assert answer.facts["code"] == "other_settings"
        channel.close()
        connection.close()
    with connect(worker.folder, seconds=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(1) == b""  # it hangs up, and lives
    assert worker.alive


def test_a_socket_may_lie_deep_and_is_its_users_alone(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    with listen(deep) as listener, connect(deep, seconds=5) as connection:
        assert (deep / "socket").stat().st_mode & 0o777 == 0o600
        accepted, _ = listener.accept()
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        for end in (accepted, connection):
            with pytest.raises(PermissionError):
                check_peer(end)
        accepted.close()
    with pytest.raises(OSError, match=r"refused|No such"):
        connect(deep, seconds=5)


def test_one_that_does_not_answer_is_as_if_it_were_not_there(quick, generator, tmp_path, until):
    """It ends at the very moment: it takes connections that it never serves."""
    worker = generator().keep()
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not worker.alive)
    (worker.folder / "socket").unlink()
    order = Generate("j", "/a", "P", {}, generator().settings.levers, 1)
    assert borrow(worker, order, []) is None
    with listen(worker.folder) as listener:

        def hang_up():
            connection, _ = listener.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert borrow(worker, order, []) is None
        thread.join()
