"""Which processes keep an engine loaded is known by a lock, and by nothing that outlives them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from ttv_core import BackendUnavailableError, Capabilities, LocalVideoGenerator
from ttv_core.kept import Keeping, kept_workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there it is refused")

PROCESS = """
    import signal, sys, threading
    from ttv_core.kept import Keeping
    ended = threading.Event()
    if sys.argv[2] == "ends":
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Keeping(sys.argv[1]) as keeping:
        keeping.announce(backend="acme", model="acme-1", idle=60, device="cpu")
        print("ready", flush=True)
        ended.wait()
"""


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def process(state):
    """Return a function that starts a process which keeps something."""
    started = []

    def start(name="0a1b2c3d", how="ends"):
        code = textwrap.dedent(PROCESS)
        process = subprocess.Popen(
            [sys.executable, "-c", code, name, how], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for each in started:
        each.kill()
        each.communicate()


def test_where_none_was_ever_started_nothing_is_made(state):
    assert kept_workers() == []
    assert not state.exists()


def test_a_process_is_listed_with_what_it_says_and_ended_on_request(process, state):
    running = process()
    (worker,) = kept_workers()
    assert (worker.id, worker.backend, worker.model) == ("0a1b2c3d", "acme", "acme-1")
    assert (worker.pid, worker.idle, worker.state) == (running.pid, 60, "idle")
    assert worker.facts == {"device": "cpu"}
    assert json.loads(json.dumps(worker.to_dict()))["pid"] == running.pid
    worker.stop()
    assert running.wait(10) == 0
    assert kept_workers() == []
    assert not list((state / "workers").iterdir())


def test_one_that_does_not_listen_is_killed(process):
    running = process(how="does not end")
    kept_workers()[0].stop(patience=0.1)
    assert running.wait(10) == -signal.SIGKILL
    assert kept_workers() == []


def test_what_a_killed_one_leaves_is_removed_by_the_next_who_looks(process, state):
    running = process()
    (state / "workers" / "0a1b2c3d" / "socket").touch()
    (worker,) = kept_workers()
    running.kill()
    running.wait()
    assert not worker.alive
    assert kept_workers() == []
    assert not list((state / "workers").iterdir())


def test_a_name_is_taken_once_and_free_again_after_a_kill(process):
    running = process()
    with pytest.raises(BackendUnavailableError) as caught:
        Keeping("0a1b2c3d")
    assert caught.value.code == "already_kept"
    running.kill()
    running.wait()
    with Keeping("0a1b2c3d") as mine:
        assert kept_workers() == []  # it is not ready yet, and its folder stays
        mine.announce(backend="acme", model="acme-2", idle=1)
        mine.update(state="working", videos=3)
        (worker,) = kept_workers()
        assert (worker.model, worker.state, worker.videos) == ("acme-2", "working", 3)
        assert worker.alive
    assert kept_workers() == []


def test_nobody_else_can_see_what_is_there(state):
    with Keeping("0a1b2c3d") as mine:
        mine.announce(backend="acme", model="acme-1", idle=1)
        paths = [state / "workers", mine.folder, *mine.folder.iterdir()]
        assert len(paths) == 4
        assert [oct(path.stat().st_mode & 0o077) for path in paths] == ["0o0"] * 4


@pytest.mark.parametrize("wrong", ["open", "link"])
def test_a_folder_that_others_can_write_to_is_not_trusted(state, tmp_path, wrong):
    state.mkdir()
    if wrong == "open":
        (state / "workers").mkdir()
        (state / "workers").chmod(0o770)
    else:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        (state / "workers").symlink_to(tmp_path / "elsewhere")
    for ask in (kept_workers, lambda: Keeping("0a1b2c3d")):
        with pytest.raises(BackendUnavailableError) as caught:
            ask()
        assert caught.value.code == "unsafe_folder"


def test_a_place_without_locks_is_told(state):
    state.mkdir()
    (state / "workers").mkdir(mode=0o700)
    (state / "workers" / "0a1b2c3d").touch()
    with pytest.raises(BackendUnavailableError) as caught:
        Keeping("0a1b2c3d")
    assert "TTV_STATE_DIR" in caught.value.remedy
    assert kept_workers() == []


def test_a_backend_without_an_engine_to_keep_says_so():
    class Acme(LocalVideoGenerator):
        name = "acme"
        models = Capabilities.model_validate(
            {"backend": "acme", "kind": "local", "models": [{"id": "acme-1"}]}
        )

        def render(self, plan, context):
            raise AssertionError

    with pytest.raises(BackendUnavailableError) as caught:
        Acme().keep()
    assert (caught.value.code, caught.value.backend) == ("cannot_keep", "acme")


def test_a_record_that_nobody_can_read_is_not_listed(state):
    with Keeping("0a1b2c3d") as mine:
        for text in ("", "[]", "{}", '{"pid": 1}'):
            (mine.folder / "worker.json").write_text(text)
            assert kept_workers() == []
        assert os.listdir(mine.folder)  # noqa: PTH208
