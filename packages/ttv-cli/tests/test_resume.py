"""What a command left at a vendor comes home, whatever ended that command."""

from __future__ import annotations

import json
import os
import signal

import pytest

FOX = ("generate", "a fox", "-b", "acme", "-d", "1")


@pytest.fixture
def left(bare, vendor):
    """Leave jobs at the vendor and return their ids, the oldest first."""

    def leave(*names):
        found = []
        for name in names:
            done = bare.run(*FOX, "-o", f"{name}.mp4", "--detach", "-q")
            assert done.returncode == 0, done.stderr
            found.append(done.stdout.strip())
        return found

    return leave


def test_after_kill_9_the_job_is_listed_and_comes_home_with_one_create(bare, vendor):
    process = bare.start(*FOX, "-o", "fox.mp4")
    bare.until(process, "running")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)

    listed = bare.run("jobs")
    assert listed.returncode == 0, listed.stderr
    record = bare.records()[0]
    short = record.id[-8:]
    assert f"ttv resume {short}" in listed.stdout
    assert "running" in listed.stdout

    vendor.end()
    done = bare.run("resume", short.lower())
    assert done.returncode == 0, done.stderr
    assert done.stdout == "fox.mp4 · 64x36 · 1.0 s · 12 fps · $0.20 · poster fox.poster.jpg\n"
    assert (bare.cwd / "fox.mp4").read_bytes() == vendor.video
    assert (vendor.accepted, vendor.requests["create"], vendor.requests["file"]) == (1, 1, 1)
    assert bare.left_behind() == ["fox.mp4", "fox.mp4.json", "fox.poster.jpg", "ttv.yaml"]

    # It is over: nobody is asked, not even the plugin.
    again = bare.run("resume", record.id, env={"TTV_DISABLE_PLUGINS": "*"})
    assert again.stdout.startswith("fox.mp4 · 64x36")
    assert vendor.requests["file"] == 1


def test_a_request_with_the_same_key_is_the_same_job(bare, vendor):
    vendor.end()
    for name in ("fox.mp4", "again.mp4"):
        done = bare.run(*FOX, "-o", name, "--idempotency-key", "order-17")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("fox.mp4 · 64x36")
    assert vendor.accepted == 1
    other = bare.run("generate", "a hen", "-b", "acme", "-d", "1", "--idempotency-key", "order-17")
    assert (other.returncode, vendor.accepted) == (2, 1)
    assert "idempotency_key" in other.stderr


def test_without_an_id_the_one_unfinished_job_is_meant(bare, vendor, left):
    assert "every job is finished" in bare.run("resume").stderr
    first, second = left("one", "two")
    several = bare.run("resume")
    assert several.returncode == 2
    assert first[-8:] in several.stdout
    assert "--all" in several.stderr
    assert bare.run("jobs", "abandon", second).returncode == 0
    vendor.end()
    assert bare.run("resume", "--no-poster").stdout.startswith("one.mp4 · ")
    assert bare.json("resume") == {"jobs": []}


def test_all_are_taken_up_side_by_side_and_the_worst_counts(bare, vendor, left):
    ids = left("one", "two")
    vendor.fail("create", "reset", after=True)
    assert bare.run(*FOX, "-o", "three.mp4").returncode == 6
    uncertain = bare.records()[0].id
    vendor.end()
    done = bare.run("resume", "--all")
    assert done.returncode == 6
    assert sorted(line.split(" · ")[0] for line in done.stdout.splitlines()) == [
        "one.mp4",
        "two.mp4",
    ]
    assert f"job {uncertain[-8:]}:" in done.stderr
    assert {f"{job[-8:]} measuring" in done.stderr for job in ids} == {True}
    assert vendor.accepted == 3
    assert {record.id for record in bare.records() if record.state == "completed"} == set(ids)


def test_all_as_json_is_one_document(bare, vendor, left):
    (job,) = left("one")
    vendor.end("failed")
    said = bare.json("resume", "--all", code=5)["jobs"]
    assert [(item["id"], item["result"], item["error"]["charged"]) for item in said] == [
        (job, None, "no")
    ]
    assert bare.json("resume", "--all") == {"jobs": []}


def test_two_commands_that_resume_at_once_download_once(bare, vendor, left):
    (job,) = left("fox")
    both = [bare.start("resume", job, "--no-poster") for _ in range(2)]
    # Who works on it says "running", who follows says so.
    said = [bare.until(process, " 0:") for process in both]
    vendor.end()
    outs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outs
    assert {out for out, _ in outs} == {"fox.mp4 · 64x36 · 1.0 s · 12 fps · $0.20\n"}
    assert (vendor.accepted, vendor.requests["file"]) == (1, 1)
    told = [first + rest for first, (_, rest) in zip(said, outs, strict=True)]
    assert sum("another process works on it" in text for text in told) == 1


def test_ctrl_c_during_a_resume_loses_nothing(bare, vendor, left):
    (job,) = left("fox")
    for words in (("resume", job), ("resume", "--all")):
        process = bare.start(*words, "--json")
        bare.until(process, "running 0:")
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert json.loads(out)["error"]["code"] == "detached"
        assert "ttv resume" in err
    assert bare.records()[0].state in {"accepted", "running"}
    assert vendor.requests["cancel"] == 0


def test_a_wait_has_a_limit(bare, vendor, left):
    (job,) = left("fox")
    assert bare.json("jobs", "wait", job, "--timeout", "0.3", code=6)["error"]["job_id"] == job
    said = bare.json("resume", "--all", "--timeout", "0.3", code=6)
    assert said["jobs"][0]["error"]["remedy"] == f"ttv resume {job}"


def test_a_job_whose_plugin_is_gone_stays_and_says_what_to_install(bare, vendor, left):
    (job,) = left("fox")
    bare.env["TTV_DISABLE_PLUGINS"] = "acme"
    assert job[-8:] in bare.run("jobs").stdout
    assert bare.run("resume", job).returncode == 3
    bare.env["TTV_DISABLE_PLUGINS"] = ""
    (bare.site / "acme_engine.py").write_text("1/0")
    broken = bare.run("resume", job)
    assert broken.returncode == 3
    assert "ttv-acme" in broken.stderr
    for path in bare.site.glob("ttv_acme*"):
        (path / "entry_points.txt").unlink()
    gone = bare.run("resume", job)
    assert gone.returncode == 3
    assert f"to mend it: pip install ttv-acme, then ttv resume {job}" in gone.stderr
    assert bare.run("jobs", "show", job).returncode == 0
    assert bare.records()[0].state in {"accepted", "running"}


def test_another_key_is_refused_unless_it_is_said_to_be_new(bare, vendor, left):
    (job,) = left("fox")
    vendor.end()
    bare.env["ACME_API_KEY"] = "another-secret-key"
    refused = bare.run("resume", job)
    assert refused.returncode == 2
    assert "--new-key" in refused.stderr
    assert "another-secret-key" not in refused.stderr
    assert bare.run("resume", job, "--new-key", "-q").returncode == 0


def test_an_id_that_no_job_has(bare):
    done = bare.run("resume", "7QK2M1XA")
    assert done.returncode == 2
    assert "there is no job '7QK2M1XA'" in done.stderr
    assert bare.run("resume", "7QK2M1XA", "--all").returncode == 2
