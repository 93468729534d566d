"""A job at a vendor outlives the command: left there on purpose, by Ctrl-C, or by a deadline."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

FOX = ("generate", "a fox", "-b", "acme", "-d", "2", "-o", "fox.mp4")


def accepted(shell, *words):
    """Start a generation and return once the vendor has it."""
    process = shell.start(*FOX, *words)
    line = shell.until(process, "accepted").splitlines()[-1]
    return process, line


def test_a_vendors_job_is_announced_when_it_is_accepted(bare, vendor):
    process, line = accepted(bare)
    job = bare.records()[0]
    assert line == f"acme acme-1 · accepted · job {job.id} · about $0.20"
    vendor.end()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out == "fox.mp4 · 64x36 · 1.0 s · 12 fps · $0.20 · poster fox.poster.jpg\n"
    assert "duration" in err  # two seconds were asked for; the file is held against the plan
    assert vendor.accepted == 1


def test_detach_leaves_the_job_at_the_vendor(bare, vendor):
    done = bare.run(*FOX, "--detach")
    assert done.returncode == 0, done.stderr
    record = bare.records()[0]
    assert done.stdout == f"{record.id}\n"
    assert f"ttv resume {record.id}" in done.stderr
    assert (record.state, record.remote_id) in {
        ("accepted", "task-000001"),
        ("running", "task-000001"),
    }
    assert bare.left_behind() == ["ttv.yaml"]


def test_detach_tells_the_job_as_json(bare, vendor):
    said = bare.json(*FOX, "--detach")
    assert said["id"] == bare.records()[0].id
    assert (said["remote_id"], said["prompt"]) == ("task-000001", "a fox")


@pytest.mark.parametrize(
    "words", [("-b", "snail"), ("-b", "five"), ("-b", "snail", "--fallback", "five")]
)
def test_what_works_in_this_process_cannot_be_left(shell, words):
    done = shell.run("generate", "a fox", "--detach", "-o", "fox.mp4", *words)
    assert done.returncode == 2
    assert "--detach is for jobs at a vendor" in done.stderr
    assert shell.left_behind() == []


def test_nothing_that_works_in_this_process_is_fallen_back_to(shell, vendor):
    named = shell.run(*FOX, "--fallback", "snail", "--detach", "-d", "1")
    assert named.returncode == 2
    assert "snail works in this process" in named.stderr
    with (shell.cwd / "ttv.yaml").open("a") as config:
        config.write("fallback_backends: [snail]\n")
    vendor.fail("create", "status", status=402)
    assert shell.run(*FOX, "--detach", "-d", "1").returncode == 3
    assert shell.left_behind() == ["ttv.yaml"]


def test_a_refusal_is_no_detached_job(bare, vendor):
    vendor.fail("create", "status", status=401)
    assert bare.run(*FOX, "--detach").returncode == 3
    assert bare.run(*FOX, "--detach", "--timeout", "5").returncode == 2


def test_ctrl_c_leaves_the_job_and_says_how_to_come_back(bare, vendor):
    process, _ = accepted(bare, "--json")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    record = bare.records()[0]
    assert process.returncode == 130
    assert f"job {record.id} goes on at acme; ttv resume {record.id}" in err
    assert "Ctrl-C again cancels it" in err
    assert "Traceback" not in err
    told = json.loads(out)["error"]
    assert (told["code"], told["job_id"]) == ("detached", record.id)
    assert not record.cancel_asked
    assert vendor.requests["cancel"] == 0
    assert bare.left_behind() == ["ttv.yaml"]


def test_sigterm_leaves_at_once(bare, vendor):
    process, _ = accepted(bare)
    os.killpg(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "goes on at acme" in err
    assert "Ctrl-C" not in err


def test_the_second_ctrl_c_has_the_vendor_cancel_it(bare, vendor):
    process, _ = accepted(bare)
    os.killpg(process.pid, signal.SIGINT)
    bare.until(process, "goes on")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "was cancelled" in err
    assert bare.records()[0].state == "cancelled"
    assert vendor.requests["cancel"] == 1


def test_a_vendor_that_cannot_cancel_is_said(bare, vendor):
    with (bare.cwd / "ttv.yaml").open("a") as config:
        config.write("remote_api_settings: {timeout: 0.5}\n")
    settings = (bare.cwd / "ttv.yaml").read_text().replace("}}", ", can_cancel: false}}")
    (bare.cwd / "ttv.yaml").write_text(settings)
    done = bare.run(*FOX, "--on-timeout", "cancel")
    assert done.returncode == 6
    assert "was not done after 0.5 s, and goes on: acme cannot cancel" in done.stderr
    assert bare.records()[0].state in {"accepted", "running"}
    assert vendor.requests["cancel"] == 0


def test_a_third_ctrl_c_leaves_at_once(bare, vendor):
    vendor.fail("cancel", "silence", seconds=60)
    process, _ = accepted(bare)
    for text in ("goes on", "cancelling"):
        os.killpg(process.pid, signal.SIGINT)
        bare.until(process, text)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    process.communicate()
    assert bare.records()[0].cancel_asked  # whoever resumes it asks again


def test_a_deadline_ends_the_wait_and_not_the_job(bare, vendor):
    said = bare.json(*FOX, "--timeout", "0.5", code=6)["error"]
    record = bare.records()[0]
    assert said["type"] == "GenerationTimeoutError"
    assert said["remedy"] == f"ttv resume {record.id}"
    assert record.state in {"accepted", "running"}
    assert vendor.requests["cancel"] == 0


def test_a_deadline_cancels_if_that_is_wanted(bare, vendor):
    done = bare.run(*FOX, "--timeout", "0.5", "--on-timeout", "cancel")
    assert done.returncode == 6
    assert "and was cancelled" in done.stderr
    assert bare.records()[0].state == "cancelled"
    assert vendor.requests["cancel"] == 1


def test_the_answer_to_a_create_on_its_way_is_waited_for(bare, vendor):
    vendor.slow = True
    process = bare.start(*FOX)
    bare.until(process, "submitting")
    os.killpg(process.pid, signal.SIGTERM)
    bare.until(process, "waiting for the answer of acme")
    vendor.slow = False
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "goes on at acme" in err
    assert bare.records()[0].remote_id == "task-000001"


def test_a_deadline_does_not_leave_before_the_job_is_known(bare, vendor):
    vendor.slow = True
    process = bare.start(*FOX, "--timeout", "0.2")
    bare.until(process, "waiting for the answer of acme")
    wait_for(lambda: vendor.requests["create"])
    vendor.slow = False
    process.communicate(timeout=60)
    assert process.returncode == 6
    assert bare.records()[0].remote_id == "task-000001"


def test_what_was_not_sent_yet_is_not_sent_after_ctrl_c(bare, vendor):
    (bare.cwd / "not-yet").touch()
    process = bare.start(*FOX)
    wait_for(bare.records)
    os.killpg(process.pid, signal.SIGINT)
    wait_for(lambda: bare.records()[0].cancel_asked)
    (bare.cwd / "not-yet").unlink()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "cancelled before anything was sent" in err
    assert bare.records()[0].state == "cancelled"
    assert vendor.requests["create"] == 0


def wait_for(happened):
    """Wait until something has happened in another process."""
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
