import json
import os
import signal

import pytest


def test_ctrl_c_stops_the_job_and_leaves_nothing(shell, interrupted):
    code, out, err = interrupted(signal.SIGINT)
    assert code == 130
    assert out == ""
    assert err.endswith("stopped\n")
    assert "Traceback" not in err
    assert shell.left_behind() == [], err


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_sigterm_and_a_closed_terminal_do_the_same(shell, interrupted, number, exit_code):
    code, _, err = interrupted(number)
    assert code == exit_code
    assert "Traceback" not in err
    assert shell.left_behind() == [], err


def test_ctrl_c_with_a_fallback_list(shell, interrupted):
    code, _, err = interrupted(signal.SIGINT, words=["--fallback", "five"])
    assert code == 130
    assert "Traceback" not in err
    assert shell.left_behind() == [], err


def test_a_stopped_command_still_prints_one_json_document(interrupted):
    code, out, _ = interrupted(signal.SIGINT, words=["--json"])
    assert code == 130
    assert json.loads(out)["error"]["exit_code"] == 130


def test_the_second_ctrl_c_leaves_at_once(shell):
    process = shell.start(
        "generate", "fox", "-b", "snail", "-d", "4", "-O", "wait=100", "-o", "fox.mp4"
    )
    for line in process.stderr:
        if line.startswith("running"):
            break
    os.killpg(process.pid, signal.SIGINT)
    for line in process.stderr:
        if line.startswith("stopping"):
            break
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130  # the frame under way takes longer than that
    process.communicate()


def test_who_ignores_ctrl_c_is_not_overruled(shell):
    process = shell.start(
        "generate",
        "fox",
        *("-b", "snail", "-d", "1", "-O", "wait=0.05", "-o", "fox.mp4"),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    for line in process.stderr:
        if line.startswith("running"):
            break
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_job_on_this_machine_is_listed_and_cancelled_by_another_command(shell):
    process = shell.start(
        "generate", "a red fox", "-b", "snail", "-d", "4", "-O", "wait=1.5", "-o", "fox.mp4"
    )
    shell.until(process, "running")
    (job,) = shell.json("jobs")["here"]
    assert (job["backend"], job["model"], job["prompt"]) == ("snail", "snail-1", "a red fox")
    listed = shell.run("jobs").stdout
    assert job["id"] in listed
    assert "a red fox" in listed
    assert shell.json("jobs", "--backend", "five")["here"] == []
    done = shell.run("jobs", "cancel", job["id"][-8:])
    assert done.stdout == f"job {job['id']} is stopped\n"
    assert process.wait(60) == 130
    assert f"job {job['id']} was cancelled" in process.communicate()[1]
    assert shell.left_behind() == []
    assert shell.json("jobs")["here"] == []
    assert shell.run("jobs", "cancel", job["id"]).returncode == 2
