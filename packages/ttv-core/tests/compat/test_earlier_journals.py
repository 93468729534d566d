"""Jobs that an earlier version wrote down are read, taken up and brought home by this one."""

from __future__ import annotations

import json
import shutil
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

import ttv_core
from ttv_core import VideoGenerationError, jobs
from ttv_core.jobs.codec import decode_plan
from ttv_core.jobs.schema import VERSION

HERE = Path(__file__).parent
JOURNALS = sorted((HERE / "journals").iterdir())
FOLDER, ADDRESS = "/frozen", "http://127.0.0.1:9"


def test_there_is_a_journal_of_each_version():
    assert [path.name for path in JOURNALS] == [str(number) for number in range(1, VERSION + 1)]


@pytest.fixture(params=JOURNALS, ids=lambda path: path.name)
def earlier(request, state):
    """The state folder of an earlier version, and what its jobs were, by their state."""
    shutil.copytree(request.param / "state", state)
    known = json.loads((request.param / "jobs.json").read_text(encoding="utf-8"))
    assert {job["state"] for job in known} == set(jobs.STATES) or request.param.name != str(VERSION)
    return {job["tags"]["is"]: job for job in known}


@pytest.fixture
def at_home(earlier, state, tmp_path, vendor, frozen):
    """The same, whose vendor is there, and whose videos go to the test's own folder."""
    with sqlite3.connect(state / "jobs.db") as journal:
        for was, becomes in ((f"{FOLDER}/", f"{tmp_path}/"), (ADDRESS, vendor.url)):
            journal.execute("UPDATE jobs SET data = replace(data, ?, ?)", (was, becomes))
    journal.close()
    for job in earlier.values():
        if job["remote_id"]:
            vendor.has(job["remote_id"], "-", "running", "done")
    return earlier


def test_every_job_means_what_it_meant(earlier):
    found = {job.tags["is"]: job for job in jobs.select()}
    assert found.keys() == earlier.keys()
    for name, job in found.items():
        said = json.loads(json.dumps(job.to_dict()))
        said["attempts"] = [attempt.to_dict() for attempt in jobs.attempts(job.id)]
        # There may be more to say by now, but nothing may be said otherwise.
        assert {key: said.get(key) for key in earlier[name]} == earlier[name]


def test_every_plan_is_read_whole(earlier):
    for name, job in earlier.items():
        plan = decode_plan(jobs.get(job["id"]).plan)
        assert (plan.backend, plan.model) == ("frozen", "frozen-1")
        assert plan.request.prompt == f"a fox, {name} 🦊"
        assert plan.request.output == Path(FOLDER, f"{name}.mp4")
        assert plan.native["seconds"] == plan.request.duration == plan.expected.duration
        assert plan.cost.amount == Decimal(plan.request.duration) / 10
    picture = decode_plan(jobs.get(earlier["prepared"]["id"]).plan).request.inputs[0]
    assert picture.role == "first_frame"


def test_what_was_made_or_ended_says_so_again(at_home, vendor):
    made = ttv_core.resume(at_home["completed"]["id"], config=vendor.config).wait()
    assert (made.width, made.height, str(made.cost.actual)) == (64, 36, "0.20")
    for name, kind in ENDS.items():
        with pytest.raises(VideoGenerationError) as caught:
            ttv_core.resume(at_home[name]["id"], config=vendor.config).wait()
        assert type(caught.value) is getattr(ttv_core, kind)
    assert vendor.log == []


ENDS = {
    "failed": "GenerationFailedError",
    "filtered": "ContentRejectedError",
    "cancelled": "GenerationCancelledError",
    "expired": "JobExpiredError",
    "abandoned": "GenerationFailedError",
}


@pytest.mark.parametrize("name", ["accepted", "running", "remote_done"])
def test_what_the_vendor_has_is_brought_home(at_home, vendor, tmp_path, name):
    made = ttv_core.resume(at_home[name]["id"], config=vendor.config).wait(timeout=60)
    assert made.path == tmp_path / f"{name}.mp4"
    assert made.path.read_bytes() == vendor.video
    assert vendor.accepted == 0


def test_what_was_being_cancelled_is_cancelled(at_home, vendor):
    with pytest.raises(ttv_core.GenerationCancelledError):
        ttv_core.resume(at_home["cancelling"]["id"], config=vendor.config).wait(timeout=60)
    assert vendor.accepted == 0


def test_what_was_never_sent_is_sent_once_with_its_picture(at_home, vendor, tmp_path):
    made = ttv_core.resume(at_home["prepared"]["id"], config=vendor.config).wait(timeout=60)
    assert made.path == tmp_path / "prepared.mp4"
    sent = vendor.tasks[jobs.get(made.job_id).remote_id].request
    assert (sent["text"], sent["image_bytes"], vendor.accepted) == ("a fox, prepared 🦊", 82, 1)


@pytest.mark.parametrize("name", ["submitting", "reconciling", "unknown"])
def test_a_lost_answer_is_looked_up_by_the_same_key(at_home, vendor, tmp_path, name):
    job = at_home[name]
    vendor.has("found", f"{job['id']}-1", "running", "done")
    made = ttv_core.resume(job["id"], config=vendor.config).wait(timeout=60)
    assert made.path == tmp_path / f"{name}.mp4"
    assert (vendor.accepted, jobs.get(job["id"]).remote_id) == (0, "found")


def test_a_person_can_settle_what_is_unknown(at_home, vendor, tmp_path):
    vendor.has("theirs", "-", "done")
    job = jobs.adopt(at_home["unknown"]["id"], "theirs")
    assert ttv_core.resume(job.id, config=vendor.config).wait(timeout=60).charged == "yes"
    assert jobs.abandon(at_home["accepted"]["id"]).state == "abandoned"


def test_a_key_that_was_used_finds_its_job(at_home, vendor, tmp_path):
    asked = {"duration": 1, "seed": 0, "output": tmp_path / "x.mp4", "idempotency_key": "mine-1"}
    again = ttv_core.generate(
        "a fox, completed 🦊", backend="frozen", config=vendor.config, overwrite=True, **asked
    )
    assert (again.job_id, vendor.accepted) == (at_home["completed"]["id"], 0)
