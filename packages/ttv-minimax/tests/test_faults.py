"""What networks and vendors do to a job, at the real socket: paid at most once, and never lost."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest
from minimax_vendor import KEY

from ttv_core import (
    DownloadError,
    JobExpiredError,
    RemoteRef,
    SubmissionUncertainError,
    VideoGenerationError,
    jobs,
    resume,
)
from ttv_core.jobs import Lookup
from ttv_minimax.h3 import H3
from ttv_minimax.hailuo import Hailuo

BOTH = pytest.mark.parametrize("model", ["MiniMax-Hailuo-2.3", "MiniMax-H3"])
V1, V2 = "MiniMax-Hailuo-2.3", "MiniMax-H3"


def failure(generator, **fields):
    with pytest.raises(VideoGenerationError) as caught:
        generator.generate("a fox", **fields)
    return caught.value


def resumed(vendor, job_id):
    settings = {"base_url": vendor.url, "api_key": KEY}
    return resume(job_id, config={"backends": {"minimax": settings}}).wait(60)


# --- creating (R1 to R9) ------------------------------------------------------------------------


# What is lost in every vendor's way is in the kit; these are MiniMax's own.
LOST = {
    "an id of another kind": {"fault": "body", "after": True, "body": b'{"task_id": [1]}'},
    "529": {"fault": "status", "status": 529},
}


def promise(monkeypatch, *protocols, **changes):
    for protocol in protocols or (Hailuo, H3):
        changed = dataclasses.replace(protocol.semantics, **changes)
        monkeypatch.setattr(protocol, "semantics", changed)


@pytest.fixture
def patient(monkeypatch):
    """Have jobs looked up for long, however busy the machine is."""
    promise(monkeypatch, H3, lookup=Lookup(settle=20))


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_of_v1_is_left_to_a_person(vendor, minimax, fault):
    vendor.fail("create", times=1, **LOST[fault])
    error = failure(minimax)
    assert type(error) is SubmissionUncertainError
    assert (error.charged, vendor.requests["create"]) == ("unknown", 1)
    assert vendor.accepted <= 1
    assert jobs.get(error.job_id).state == "unknown"
    if vendor.accepted:
        jobs.adopt(error.job_id, next(iter(vendor.tasks)))
        assert resumed(vendor, error.job_id).path.read_bytes() == vendor.video
        assert vendor.requests["create"] == 1


# --- looking up (R11) ---------------------------------------------------------------------------


def foreign(**changes):
    now = int(time.time())
    return {
        "id": "task-900001",
        "model": V2,
        "status": "running",
        "created_at": now,
        "resolution": "768P",
        "duration": 5,
        "ratio": "16:9",
    } | changes


@pytest.mark.parametrize("lag", [1, 2])
def test_r11_a_job_that_is_listed_late(vendor2, h3, patient, lag):
    vendor2.lag = lag
    vendor2.fail("create", "reset", after=True)
    assert h3.generate("a fox").path.is_file()
    assert vendor2.requests["create"] == 1


def test_r11_a_list_that_fails_at_first(vendor2, h3, patient):
    vendor2.fail("create", "reset", after=True).fail("list", "status", status=500, times=2)
    assert h3.generate("a fox").path.is_file()


def test_r11_a_list_that_never_comes(vendor2, h3):
    vendor2.fail("create", "reset", after=True).fail("list", "body", body=b"[]", times=99)
    error = failure(h3)
    assert type(error) is SubmissionUncertainError
    assert vendor2.requests["create"] == 1


OTHERS = [
    {"created_at": int(time.time()) - 3600},
    {"created_at": (int(time.time()) - 3600) * 1000},
    {"created_at": "2026-01-01T00:00:00Z"},
    {"created_at": "soon"},
    {"created_at": None},
    {"model": "MiniMax-H3-Max"},
    {"duration": 6},
    {"resolution": "2K"},
    {"ratio": "9:16"},
    {"content": [{"type": "text", "text": "another fox"}]},
    {"prompt": "another fox"},
    {"id": ""},
]


@pytest.mark.parametrize("changes", OTHERS, ids="".join)
def test_r11_jobs_that_are_others(vendor2, h3, changes):
    vendor2.foreign = [foreign(**changes)]
    vendor2.fail("create", "reset", after=True)
    video = h3.generate("a fox")
    assert jobs.get(video.job_id).remote_id == "task-000001"
    lost = dict(vendor2.tasks)
    vendor2.fail("create", "reset")
    error = failure(h3)
    assert type(error) is SubmissionUncertainError
    assert vendor2.tasks == lost


def test_r11_a_twin_leaves_it_to_a_person(vendor2, h3):
    vendor2.foreign = [foreign(content=[{"type": "text", "text": "a fox"}])]
    vendor2.fail("create", "reset", after=True)
    error = failure(h3)
    assert type(error) is SubmissionUncertainError
    assert vendor2.requests["create"] == 1


def test_r11_a_job_of_ours_is_not_taken_for_the_lost_one(vendor2, h3):
    h3.generate("a fox")
    vendor2.fail("create", "reset")
    error = failure(h3)
    assert type(error) is SubmissionUncertainError


@pytest.mark.parametrize("unit", ["seconds", "text", "milliseconds", "iso"])
def test_r11_times_in_every_unit(vendor2, h3, unit):
    now = time.time()
    written = {
        "seconds": int(now),
        "text": str(int(now)),
        "milliseconds": int(now * 1000),
        "iso": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
    }
    vendor2.foreign = [foreign(created_at=written[unit])]
    plan = h3.plan("a fox")
    found = h3.ask(h3.lookup(plan, "", now))
    assert found.id == "task-900001"
    assert h3.ask(h3.lookup(plan, "", now + 3600)) is None
    assert h3.ask(h3.lookup(plan, "", now - 3600)) is None


def test_r11_every_page_is_read(vendor2, h3):
    old = [foreign(id=f"task-8{i:05}", created_at=1) for i in range(45)]
    vendor2.foreign = [*old, foreign()]
    assert h3.ask(h3.lookup(h3.plan("a fox"), "", time.time())).id == "task-900001"
    assert vendor2.requests["list"] == 3


# --- polling (R12 to R14) -----------------------------------------------------------------------

# What fails in every vendor's way is in the kit.
POLLS = {
    "a list": {"fault": "body", "body": b"[1, 2]"},
    "other kinds": {"fault": "body", "body": b'{"task": 5, "status": {"a": 1}, "base_resp": 7}'},
}


@BOTH
@pytest.mark.parametrize("fault", POLLS)
def test_r12_a_question_that_fails(vendor, minimax, model, fault):
    vendor.fail("poll", times=2, **POLLS[fault])
    assert minimax.generate("a fox", model=model).path.is_file()
    assert (vendor.requests["create"], vendor.accepted) == (1, 1)


@pytest.mark.parametrize(("model", "end"), [(V1, "Success"), (V2, "succeeded")])
@pytest.mark.parametrize("word", ["Dreaming", "", "unknown", "done"])
def test_r12_words_that_nobody_knows_end_nothing(vendor, minimax, model, end, word):
    vendor.states = [word, word, end]
    heard = []
    minimax.generate("a fox", model=model, on_event=heard.append)
    assert f"minimax says {word!r}" in [event.message for event in heard]
    assert vendor.requests["poll"] == 3


def test_r12_a_job_that_expired_or_was_cancelled_at_the_vendor(vendor2, h3):
    vendor2.states = ["expired"]
    error = failure(h3)
    assert type(error) is JobExpiredError
    vendor2.states = ["cancelled"]
    assert failure(h3).code == "cancelled_by_vendor"


@BOTH
def test_r12_a_job_that_is_gone_for_good(vendor, minimax, model, monkeypatch):
    promise(monkeypatch, not_found_grace=0.1)
    vendor.states = ["running"]
    job = minimax.start("a fox", model=model)
    vendor.tasks.clear()
    with pytest.raises(JobExpiredError):
        job.wait(60)
    assert jobs.get(job.id).state == "expired"


# --- the video (R15 to R17) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "state"),
    [
        (V1, {"status": "Success", "file_id": ""}),
        (V1, {"status": "Success", "file_id": None}),
        (V1, {"status": "Success", "file_id": {"a": 1}}),
        (V2, {"status": "succeeded", "content": {}}),
        (V2, {"status": "succeeded", "content": None}),
        (V2, {"status": "succeeded", "content": {"url": ["a"]}}),
    ],
)
def test_r15_done_without_a_video_is_an_error_and_can_be_taken_up_again(
    vendor, minimax, model, state, tmp_path
):
    vendor.states = [state]
    error = failure(minimax, model=model, output=tmp_path / "fox.mp4")
    assert type(error) is DownloadError
    assert (error.code, error.charged) == ("no_result", "yes")
    assert not (tmp_path / "fox.mp4").exists()
    assert jobs.get(error.job_id).state == "remote_done"
    for task in vendor.tasks.values():
        task.states.append("Success" if model == V1 else "succeeded")
        task.states.popleft()
    assert resumed(vendor, error.job_id).path.read_bytes() == vendor.video
    assert vendor.requests["create"] == 1


def test_r15_a_file_that_has_no_link(vendor, minimax):
    body = {"file": {"file_id": 5}, "base_resp": {"status_code": 0}}
    vendor.fail("retrieve", "body", body=json.dumps(body).encode())
    assert failure(minimax).code == "no_result"


@BOTH
@pytest.mark.parametrize(
    "link", ["http://example.com/a.mp4", "https://127.0.0.1:1/a.mp4", "https://169.254.169.254/a"]
)
def test_r15_a_link_that_leads_astray_is_not_followed(vendor, minimax, model, link):
    vendor.link = link
    error = failure(minimax, model=model)
    assert (type(error), error.code) == (DownloadError, "unsafe_link")
    assert jobs.get(error.job_id).state == "remote_done"
    vendor.link = None
    assert resumed(vendor, error.job_id).path.is_file()


@BOTH
@pytest.mark.parametrize("dead", [1, 2])
def test_r16_an_expired_link_is_asked_for_anew(vendor, minimax, model, dead):
    vendor.dead_links = dead
    assert minimax.generate("a fox", model=model).path.read_bytes() == vendor.video
    assert vendor.requests["file"] == dead + 1


@BOTH
def test_r16_a_link_that_is_dead_for_ever_leaves_the_job_there(vendor, minimax, model):
    vendor.dead_links = 999
    error = failure(minimax, model=model)
    assert (type(error), error.retryable) == (DownloadError, True)
    vendor.dead_links = 0
    assert resumed(vendor, error.job_id).path.is_file()


def test_r16_a_job_that_the_vendor_forgot_is_expired(vendor2, h3):
    vendor2.dead_links = 999
    error = failure(h3)
    vendor2.tasks.clear()
    with pytest.raises(VideoGenerationError) as caught:
        resumed(vendor2, error.job_id)
    assert type(caught.value) is JobExpiredError
    assert jobs.get(error.job_id).state == "expired"


def test_r16_a_page_that_is_not_found_proves_nothing(vendor2, h3):
    h3.generate("a fox")
    ref = RemoteRef(next(iter(vendor2.tasks)), {"api": "v2"})
    vendor2.fail("poll", "status", status=404, body=b"<html>")
    with pytest.raises(DownloadError) as caught:
        h3.ask(h3.fetch(ref))
    assert caught.value.retryable
