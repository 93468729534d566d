"""A script as a job: its progress told, its video found, and none of its processes left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ttv_core import GenerationCancelledError, GenerationFailedError
from ttv_diffusers.official import Command, run, running, warden

SAVE = "(FOLDER / 'film.mp4').write_bytes(b'film')"
FOR_EVER = "while True: time.sleep(60)"


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    """Some of the processes here do not hear a request to end; nobody is to wait for them."""
    monkeypatch.setattr(running, "GRACE", 0.2)


def failing(scene, source, *arguments, **how):
    command = scene.command(source, *arguments, **how)
    with pytest.raises(GenerationFailedError) as caught:
        run(command, scene.context)
    assert caught.value.charged == "no"
    return caught.value


def test_the_video_is_found_and_the_progress_told(scene):
    made = run(
        scene.command(
            f"""
            note()
            for i in range(3): bar(i, 2, word="Loading shards: ")
            for i in range(5): bar(i, 4)
            for i in range(9): bar(i, 8)
            {SAVE}
            """
        ),
        scene.context,
    )
    assert made == scene.context.folder / "film.mp4"
    assert made.read_bytes() == b"film"
    assert [event.state for event in scene.events] == ["loading"] + ["running"] * 4
    assert [event.step for event in scene.events[1:]] == [1, 2, 3, 4]
    assert {event.total for event in scene.events[1:]} == {4}


def test_it_runs_in_the_checkout_with_the_environment_given_and_no_input(scene, monkeypatch):
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("MASTER_PORT", "29500")
    command = scene.command(
        """
        assert os.getcwd() == os.path.dirname(os.path.abspath(__file__)), os.getcwd()
        assert sys.stdin.read() == ""
        assert not {"RANK", "WORLD_SIZE", "MASTER_PORT"} & os.environ.keys()
        (FOLDER / sys.argv[2]).write_text(os.environ["WHO"])
        """,
        "狐狸 -x=$HOME *.mp4",
        environment={"WHO": "us"},
    )
    made = run(command, scene.context)
    assert (made.name, made.read_text()) == ("狐狸 -x=$HOME *.mp4", "us")


def test_every_rank_has_its_number_and_all_meet_at_one_free_port(scene):
    made = run(
        scene.command(
            """
            note()
            names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR",
                     "MASTER_PORT")
            said = " ".join(os.environ[name] for name in names)
            (FOLDER / f"{os.environ['RANK']}.txt").write_text(said)
            bar(int(os.environ["RANK"]) + 1, 4)
            print("rank", os.environ["RANK"])
            if os.environ["RANK"] == "0":
                (FOLDER / "film.mp4").write_bytes(b"film")
            """,
            ranks=3,
        ),
        scene.context,
    )
    said = [(made.parent / f"{rank}.txt").read_text().split() for rank in range(3)]
    assert [words[:5] for words in said] == [
        [str(rank), str(rank), "3", "3", "127.0.0.1"] for rank in range(3)
    ]
    assert len({words[5] for words in said}) == 1
    assert 1023 < int(said[0][5]) < 65_536


def test_two_runs_meet_at_different_ports(scene):
    source = "(FOLDER / (os.environ['MASTER_PORT'] + '.mp4')).write_bytes(b'film')"
    first, second = (run(scene.command(source, ranks=2), scene.context) for _ in range(2))
    assert (first.name, second.name) != ("29500.mp4", "29500.mp4")


def test_ending_well_without_a_video_is_an_error_that_quotes_the_script(scene):
    error = failing(
        scene,
        """
        note()
        bar(4, 4)
        print("cache_video failed, error: no codec")
        print("Finished.")
        """,
    )
    assert error.code == "no_file"
    assert "cache_video failed, error: no codec\nFinished." in error.message
    assert "%|" not in error.message


@pytest.mark.parametrize(
    "source", ["(FOLDER / 'film.mp4').touch()", "(FOLDER / 'film.mp4').mkdir()", "pass"]
)
def test_an_empty_file_and_a_folder_are_no_video(scene, source):
    assert failing(scene, source).code == "no_file"


def test_a_file_of_any_name_in_a_folder_of_its_own_is_found(scene):
    name = "2026-11-20-12-00-00_seed7_狐狸.mp4"
    command = scene.command(
        f"""
        (FOLDER / "out").mkdir()
        (FOLDER / "out" / "{name}").write_bytes(b"film")
        (FOLDER / "out" / "film_config.json").write_text("{{}}")
        """,
        result="out/*.mp4",
    )
    assert run(command, scene.context) == scene.context.folder / "out" / name


def test_a_crash_after_progress_tells_the_last_lines(scene):
    error = failing(
        scene,
        """
        note()
        for i in range(3): bar(i, 4)
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        """,
    )
    assert error.code == "engine_failed"
    assert "ended with exit code 1" in error.message
    assert error.message.endswith("RuntimeError: CUDA out of memory. Tried to allocate 2 GiB")
    assert [event.step for event in scene.events if event.step] == [1, 2]


def test_being_killed_is_told_with_the_signal(scene):
    error = failing(scene, "os.kill(os.getpid(), signal.SIGKILL)")
    assert error.code == "killed"
    assert "was killed by SIGKILL" in error.message
    assert "memory" in error.remedy


def test_what_cannot_be_started_is_told(scene):
    error = failing(scene, "pass", python=Path("/nowhere/python"))
    assert "/nowhere/python cannot be started: No such file or directory" in error.message
    gone = Command(Path(sys.executable), scene.folder / "none" / "x.py", (), "*.mp4", 4)
    with pytest.raises(GenerationFailedError, match="cannot be started"):
        run(gone, scene.context)


def test_one_rank_that_fails_ends_the_others_and_its_words_are_told(scene):
    error = failing(
        scene,
        f"""
        note()
        if os.environ["RANK"] != "1":
            {FOR_EVER}
        while len(open(pathlib.Path(__file__).parent / "pids").readlines()) < 3: pass
        sys.exit("rank 1 has no GPU")
        """,
        ranks=3,
    )
    assert "rank 1 has no GPU" in error.message
    assert scene.left == []


DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
FAMILY = f"""
{DEAF}
child({FOR_EVER!r}, start_new_session=True)
child({DEAF!r} + "\\n" + {FOR_EVER!r})
middle = '''
import subprocess
subprocess.Popen([sys.executable, "-c", sys.argv[3], sys.argv[1], sys.argv[2]],
                 start_new_session=True)
'''
subprocess.run([sys.executable, "-c", CHILD + middle, __file__, str(FOLDER), CHILD + {FOR_EVER!r}])
note()
print("all are up")
{FOR_EVER}
"""


def test_cancelling_ends_every_process_however_it_hides(scene):
    """Children in sessions of their own, orphans of these, and some that hear no request."""

    def cancel_when_all_are_up():
        scene.pids(5)
        scene.context.cancel()

    watcher = threading.Thread(target=cancel_when_all_are_up)
    watcher.start()
    with pytest.raises(GenerationCancelledError):
        run(scene.command(FAMILY), scene.context)
    watcher.join()
    assert scene.left == []


def test_children_left_by_a_script_that_ended_well_are_ended_too(scene):
    command = scene.command(f"note(); child({FOR_EVER!r}, start_new_session=True)\n{SAVE}")
    assert run(command, scene.context).name == "film.mp4"
    assert scene.left == []


def test_a_script_that_hangs_is_ended_after_the_timeout(scene):
    command = scene.command(f"note(); print('waiting for rank 1')\n{FOR_EVER}")
    with pytest.raises(GenerationFailedError) as caught:
        run(command, scene.context, timeout=0.5)
    assert caught.value.code == "timeout"
    assert scene.left == []


PARENT = """
import pathlib, sys
from ttv_core import JobContext
from ttv_diffusers.official import Command, run
context = JobContext("01TEST", "test")
print(context.folder, flush=True)
run(Command(python=pathlib.Path(sys.executable), script=pathlib.Path(sys.argv[1]),
            arguments=(str(context.folder),), result="*.mp4", steps=4, ranks=int(sys.argv[2])),
    context)
"""


def parent(scene, source, ranks):
    script = scene.command(source).script
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(script), str(ranks)],
        stdout=subprocess.PIPE,
        text=True,
    )


def soon(true):
    """Wait until something is true; the warden that brings it about is nobody's child here."""
    for _ in range(6_000):
        if true():
            return True
        threading.Event().wait(0.01)
    return False


def gone(scene):
    return soon(lambda: not scene.left)


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_killed_parent_leaves_no_process_and_no_folder(scene, ranks):
    source = f"note()\n(FOLDER / 'half.mp4').write_bytes(b'half')\n{FOR_EVER}"
    with parent(scene, source, ranks) as process:
        folder = Path(process.stdout.readline().strip())
        scene.pids(ranks)
        os.kill(process.pid, signal.SIGKILL)
    assert gone(scene)
    assert soon(lambda: not folder.exists())


def test_a_killed_warden_leaves_no_process_and_is_an_error(scene):
    def kill_the_warden():
        (rank,) = scene.pids(1)
        stat = Path(f"/proc/{rank}/stat").read_text().rpartition(")")[2].split()
        os.kill(int(stat[1]), signal.SIGKILL)

    watcher = threading.Thread(target=kill_the_warden)
    watcher.start()
    error = failing(scene, f"note()\n{FOR_EVER}")
    watcher.join()
    assert error.code == "killed"
    assert gone(scene)


def test_torchrun_like_launchers_are_ended_with_their_workers(scene):
    """A launcher that is killed outright leaves workers that sit in sessions of their own."""
    launcher = f"""
    note()
    workers = [child({DEAF!r} + "\\n" + {FOR_EVER!r}, start_new_session=True) for _ in range(2)]
    for worker in workers: worker.wait()
    """

    def kill_the_launcher():
        launching, *_ = scene.pids(3)
        os.kill(launching, signal.SIGKILL)

    watcher = threading.Thread(target=kill_the_launcher)
    watcher.start()
    assert failing(scene, launcher).code == "killed"
    watcher.join()
    assert scene.left == []


def test_ctrl_c_at_the_terminal_does_not_reach_the_script(scene):
    """The job decides what becomes of it; the script must not die under its hands."""
    with parent(scene, f"note()\n{FOR_EVER}", 1) as process:
        process.stdout.readline()
        (rank,) = scene.pids(1)
        assert os.getpgid(rank) != os.getpgid(process.pid)
        assert os.getsid(rank) != os.getsid(process.pid)
        process.kill()
    assert gone(scene)


def test_without_proc_processes_are_listed_all_the_same(monkeypatch):
    sleeper = subprocess.Popen(
        [sys.executable, "-c", FOR_EVER.replace("while", "import time\nwhile")]
    )
    with contextlib.ExitStack() as stack:
        stack.callback(sleeper.wait)
        stack.callback(sleeper.kill)
        monkeypatch.setattr(warden, "_processes", warden._listed)
        assert sleeper.pid in warden._descendants()


def test_the_warden_needs_nothing_but_the_standard_library():
    """It must come up in no time, and whatever the environment of the repository holds."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='warden')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, warden.__file__], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_killing_the_parent_and_the_warden_at_once_leaves_no_process(scene):
    """Then nobody is left to end the ranks but the kernel."""
    with parent(scene, f"note()\n{FOR_EVER}", 2) as process:
        process.stdout.readline()
        ranks = scene.pids(2)
        stat = Path(f"/proc/{ranks[0]}/stat").read_text().rpartition(")")[2].split()
        os.kill(int(stat[1]), signal.SIGKILL)
        os.kill(process.pid, signal.SIGKILL)
    assert gone(scene)
