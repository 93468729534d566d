"""An engine stays loaded between commands, whichever backend can keep one."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

DEN = """
import subprocess, sys
from ttv_core import BackendSettings, Capabilities, LocalVideoGenerator, ModelNotFoundError
from ttv_core.kept import kept_workers

PROCESS = '''
import os, signal, sys, threading
from ttv_core.kept import Keeping
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
name, model, idle, tied = sys.argv[1:]
with Keeping(name) as keeping:
    keeping.announce(backend="den", model=model, idle=float(idle), device="cpu")
    os.write(1, b"ready")
    if tied == "True":
        threading.Thread(target=lambda: (os.read(0, 1), ended.set()), daemon=True).start()
    ended.wait()
'''
kept = []

class Settings(BackendSettings):
    den: str = "0a1b2c3d"

class Den(LocalVideoGenerator):
    name = "den"
    Settings = Settings
    models = Capabilities.model_validate({
        "backend": "den", "kind": "local", "models": [{"id": "den-1"}, {"id": "den-2"}]})

    def render(self, plan, context):
        raise AssertionError

    def keep(self, model=None, *, idle=1800.0, tied=False):
        if model == "none":
            raise ModelNotFoundError("there is no such bear")
        if model == "slow":
            import time
            time.sleep(60)
        found = [each for each in kept_workers() if each.id == self.settings.den]
        if not found:
            words = [self.settings.den, model or "den-1", str(idle), str(tied)]
            process = subprocess.Popen([sys.executable, "-c", PROCESS, *words],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            kept.append(process)
            process.stdout.read(5)
        return next(each for each in kept_workers() if each.id == self.settings.den)
"""


@pytest.fixture
def den(shell):
    shell.backend("den", DEN, "Den")
    yield shell
    shell.run("worker", "stop", "--all")


def workers(shell):
    return shell.json("worker", "list")["workers"]


def alive(pid):
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def until_gone(pid, seconds=60):
    deadline = time.monotonic() + seconds
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_engine_is_kept_listed_and_let_go_of(den):
    assert "no engine is kept loaded" in den.run("worker").stderr
    done = den.run("worker", "start", "den")
    assert done.stdout == "0a1b2c3d\n"
    assert "den den-1 · ready in" in done.stderr
    assert "ends after 30 min without work" in done.stderr
    (kept,) = workers(den)
    assert (kept["backend"], kept["model"], kept["idle"]) == ("den", "den-1", 1800)
    listed = den.run("worker").stdout
    assert den.run("worker", "list").stdout == listed
    for word in ("0a1b2c3d", "den-1", "cpu", "idle", str(kept["pid"]), "in 29 min"):
        assert word in listed
    again = den.run("worker", "start", "den")
    assert again.stdout == "0a1b2c3d\n"
    assert "was ready before" in again.stderr
    assert "worker 0a1b2c3d (den den-1) is stopped" in den.run("worker", "stop").stdout
    assert workers(den) == []
    assert "no engine is kept" in den.run("worker", "stop").stderr


@pytest.mark.parametrize(("words", "seconds"), [("45s", 45), ("30m", 1800), ("2h", 7200)])
def test_how_long_it_stays_and_what_it_loads(den, words, seconds):
    kept = den.json("worker", "start", "den", "--idle", words, "--model", "den-2")
    assert (kept["idle"], kept["model"]) == (seconds, "den-2")


def test_what_is_wrong_is_said(den, vendor):
    done = den.run("worker", "start", "snail")
    assert done.returncode == 3
    assert "snail has no engine that could be kept loaded" in done.stderr
    done = den.run("worker", "start", "acme")
    assert done.returncode == 2
    assert "acme does not work on this machine" in done.stderr
    assert den.json("worker", "start", "den", "-m", "none", code=2)["error"]["message"] == (
        "there is no such bear"
    )
    assert den.run("worker", "start", "den", "--idle", "soon").returncode == 2
    assert "'nobody'" in den.run("worker", "stop", "nobody").stderr


def test_which_one_is_meant(den):
    for name in ("0a1b2c3d", "0f000000"):
        (den.cwd / "ttv.yaml").write_text(f"backends: {{den: {{den: '{name}'}}}}\n")
        assert den.run("worker", "start", "den").returncode == 0
    done = den.run("worker", "stop")
    assert done.returncode == 2
    assert "there are 2 workers: 0a1b2c3d (den), 0f000000 (den)" in done.stderr
    assert den.run("worker", "stop", "0a", "--all").returncode == 2
    assert den.json("worker", "stop", "0f0") == {"stopped": ["0f000000"]}
    assert den.json("worker", "stop", "den") == {"stopped": ["0a1b2c3d"]}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_in_the_foreground_it_ends_with_its_command(den, number, code):
    process = den.start("worker", "start", "den", "--foreground")
    assert process.stdout.readline() == "0a1b2c3d\n"
    (kept,) = workers(den)
    assert process.poll() is None
    den.until(process, "ready in")
    os.kill(process.pid, number)
    assert process.wait(60) == code
    process.communicate()
    until_gone(kept["pid"])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_command_in_the_foreground_that_is_killed_takes_it_along(den):
    process = den.start("worker", "start", "den", "--foreground")
    assert process.stdout.readline() == "0a1b2c3d\n"
    (kept,) = workers(den)
    process.kill()
    process.communicate()
    until_gone(kept["pid"])
    assert workers(den) == []


def test_a_command_in_the_foreground_ends_with_it_and_does_not_take_another_over(den):
    process = den.start("worker", "start", "den", "--foreground")
    assert process.stdout.readline() == "0a1b2c3d\n"
    second = den.run("worker", "start", "den", "--foreground")
    assert second.returncode == 2
    assert "worker 0a1b2c3d keeps it already" in second.stderr
    assert den.run("worker", "stop").returncode == 0
    assert process.wait(60) == 0
    assert "has ended" in process.communicate()[1]


def test_ctrl_c_while_it_loads_ends_it(den):
    process = den.start("worker", "start", "den", "-m", "slow")
    den.until(process, "loading den")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    process.communicate()


def test_names_complete(den):
    den.run("worker", "start", "den")
    env = {"_TTV_COMPLETE": "bash_complete", "COMP_WORDS": "ttv worker stop 0a", "COMP_CWORD": "3"}
    done = den.run(env=env)
    assert "0a1b2c3d" in done.stdout
