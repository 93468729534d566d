"""What networks and servers do to a job, at the real socket: made at most once, and never lost."""

from __future__ import annotations

import email.utils
import json
import socket
import threading
import time

import pytest
from conftest import finish, promise, settings
from endpoint_servers import MODEL

from ttv_core import (
    BackendUnavailableError,
    DownloadError,
    GenerationCancelledError,
    GenerationFailedError,
    GenerationTimeoutError,
    InvalidInputError,
    JobExpiredError,
    QuotaExceededError,
    RemoteRef,
    SubmissionUncertainError,
    VideoGenerationError,
    jobs,
    resume,
)
from ttv_core.jobs import Lookup
from ttv_endpoint.generator import EndpointGenerator


def failure(generator, **fields):
    with pytest.raises(VideoGenerationError) as caught:
        generator.generate("a fox", **fields)
    return caught.value


def resumed(server, job_id, **more):
    return resume(job_id, config={"backends": {"endpoint": settings(server, **more)}}).wait(20)


@pytest.fixture(autouse=True)
def whole(request, clip):
    """Give the servers a video that is the same for every job."""
    for name in ("server", "vllm"):
        if name in request.fixturenames:
            request.getfixturevalue(name).video = clip


# --- creating -----------------------------------------------------------------------------------


def test_nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for more in ({}, {"dialect": "sglang"}):
        error = failure(EndpointGenerator(base_url=url, **more))
        assert type(error) is BackendUnavailableError
        assert (error.code, error.charged) == ("not_sent", "no")
        assert jobs.get(error.job_id).state == "failed"


LOST = {
    "reset within the request": {"fault": "reset"},
    "reset before the answer": {"fault": "reset", "after": True},
    "closed before the answer": {"fault": "close", "after": True},
    "no answer": {"fault": "silence"},
    "no answer, accepted": {"fault": "silence", "after": True},
    "half an answer": {"fault": "cut", "after": True},
    "a page": {"fault": "body", "after": True, "body": b"<html>"},
    "nothing": {"fault": "body", "after": True, "body": b""},
    "no id": {"fault": "body", "after": True, "body": b"{}"},
    "an id of another kind": {"fault": "body", "after": True, "body": b'{"id": [1]}'},
    "a list": {"fault": "body", "after": True, "body": b'["task-1"]'},
    "500": {"fault": "status", "status": 500},
    "500 after it was accepted": {"fault": "status", "status": 500, "after": True},
    "502": {"fault": "status", "status": 502, "after": True},
    "503": {"fault": "status", "status": 503},
    "504": {"fault": "status", "status": 504, "after": True},
    "a redirect": {"fault": "status", "status": 307, "headers": {"Location": "/elsewhere"}},
}


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_never_makes_a_second_job(server, monkeypatch, fault):
    if LOST[fault]["fault"] == "silence":
        promise(monkeypatch, create_timeout=0.5)
    generator = EndpointGenerator(**settings(server, dialect=server.dialect))
    server.fail("create", times=1, **LOST[fault])
    accepted = bool(LOST[fault].get("after"))
    if accepted and server.dialect == "vllm-omni":  # whose list tells the prompts
        assert generator.generate("a fox").path.read_bytes() == server.video
        assert server.requests["list"] >= 1
    else:
        error = failure(generator)
        assert type(error) is SubmissionUncertainError
        assert error.charged == "unknown"
        assert jobs.get(error.job_id).state == "unknown"
    assert (server.requests["create"], server.accepted) == (1, int(accepted))
    if server.dialect != "vllm-omni":
        # Its list tells no prompts: what looks the same may be somebody else's.
        assert server.requests["list"] == 0
        if accepted:
            jobs.adopt(error.job_id, next(iter(server.tasks)))
            assert resumed(server, error.job_id).path.read_bytes() == server.video
            assert server.requests["create"] == 1


REFUSED = {400: InvalidInputError, 404: BackendUnavailableError, 422: InvalidInputError}


@pytest.mark.parametrize("status", REFUSED)
def test_a_refusal_is_definite_and_says_what_the_server_says(server, generator, status):
    detail = [{"loc": ["body", "seconds"], "msg": "not that way"}]
    server.fail("create", "status", status=status, body=json.dumps({"detail": detail}).encode())
    error = failure(generator)
    assert type(error) is REFUSED[status]
    assert "body.seconds: not that way" in error.message
    assert (error.charged, server.requests["create"], server.accepted) == ("no", 1, 0)
    assert jobs.get(error.job_id).state == "failed"


@pytest.mark.parametrize("said", ["0", "http date", "-5", ""])
def test_a_limit_of_a_gateway_passes(vllm, omni, said):
    wait = email.utils.formatdate(time.time() - 60, usegmt=True) if said == "http date" else said
    headers = {"Retry-After": wait} if wait else {}
    vllm.fail("create", "status", status=429, headers=headers)
    assert omni.generate("a fox").path.is_file()
    assert (vllm.requests["create"], vllm.accepted) == (2, 1)


def test_what_a_gateway_asks_for_is_told(server):
    server.fail("create", "status", status=429, headers={"Retry-After": "17"})
    error = failure(EndpointGenerator(**settings(server, max_retries=0, dialect=server.dialect)))
    assert type(error) is QuotaExceededError
    assert (error.retry_after, server.requests["create"]) == (17, 1)


# --- looking a lost job up ----------------------------------------------------------------------


def foreign(**changes):
    return {
        "id": "task-900001",
        "object": "video",
        "model": MODEL,
        "prompt": "a fox",
        "status": "in_progress",
        "created_at": int(time.time()),
        "num_frames": 9,
        "fps": 8.0,
    } | changes


@pytest.fixture
def patient(monkeypatch):
    """Have jobs looked up for long, however busy the machine is."""
    promise(monkeypatch, lookup=Lookup(settle=20))


@pytest.mark.parametrize("lag", [1, 2])
def test_a_job_that_is_listed_late(patient, vllm, lag):
    omni = EndpointGenerator(**settings(vllm, dialect="vllm-omni"))
    vllm.lag = lag
    vllm.fail("create", "reset", after=True)
    assert omni.generate("a fox").path.is_file()
    assert vllm.requests["create"] == 1


def test_a_list_that_fails_at_first(patient, vllm):
    omni = EndpointGenerator(**settings(vllm, dialect="vllm-omni"))
    vllm.fail("create", "reset", after=True).fail("list", "status", status=500, times=2)
    assert omni.generate("a fox").path.is_file()


def test_a_list_that_never_comes(vllm, omni):
    vllm.fail("create", "reset", after=True).fail("list", "body", body=b"[]", times=999)
    assert type(failure(omni)) is SubmissionUncertainError
    assert vllm.requests["create"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": int(time.time()) - 3600},
        {"created_at": int(time.time()) + 3600},
        {"created_at": "soon"},
        {"created_at": None},
        {"model": "another"},
        {"num_frames": 13},
        {"fps": 16},
        {"fps": [8]},
        {"prompt": "another fox"},
        {"prompt": None},
        {"id": ""},
        {"id": 5},
    ],
    ids=str,
)
def test_jobs_that_are_others(vllm, omni, changes):
    plan, now = omni.plan("a fox"), time.time()
    vllm.foreign = [foreign()]
    assert omni.ask(omni.lookup(plan, "", now)).id == "task-900001"
    vllm.foreign = [foreign(**changes)] if changes.get("created_at", 1) else []
    assert omni.ask(omni.lookup(plan, "", now)) is None


def test_a_twin_leaves_it_to_a_person(vllm, omni):
    vllm.foreign = [foreign()]
    vllm.fail("create", "reset", after=True)
    assert type(failure(omni)) is SubmissionUncertainError
    assert vllm.requests["create"] == 1


def test_a_job_of_ours_is_not_taken_for_the_lost_one(vllm, omni):
    omni.generate("a fox")
    vllm.fail("create", "reset")
    assert type(failure(omni)) is SubmissionUncertainError


def test_of_two_lost_jobs_that_ask_for_the_same_neither_takes_the_others(vllm, omni):
    """The list tells no seeds: the one job there may be either."""
    vllm.fail("create", "reset")
    first = failure(omni, seed=1)
    vllm.fail("create", "reset", after=True)
    second = failure(omni, seed=2)
    assert {type(first), type(second)} == {SubmissionUncertainError}
    assert (vllm.requests["create"], vllm.accepted) == (2, 1)
    jobs.confirm_not_submitted(first.job_id)
    jobs.adopt(second.job_id, next(iter(vllm.tasks)))
    assert resumed(vllm, second.job_id, dialect="vllm-omni").seed == 2


def test_every_page_is_read(vllm, omni):
    now = int(time.time())
    others = [foreign(id=f"task-8{i:05}", created_at=now + 9, prompt="b") for i in range(230)]
    vllm.foreign = [*others, foreign()]
    assert omni.ask(omni.lookup(omni.plan("a fox"), "", time.time())).id == "task-900001"
    assert vllm.requests["list"] == 3
    vllm.foreign = [foreign(id=f"task-7{i:05}", created_at=now - 3600) for i in range(230)]
    assert omni.ask(omni.lookup(omni.plan("a fox"), "", time.time())) is None
    assert vllm.requests["list"] == 4  # what is older than the job is not read through


# --- asking how far it is -----------------------------------------------------------------------

POLLS = {
    "500": {"fault": "status", "status": 500},
    "403": {"fault": "status", "status": 403},
    "404": {"fault": "status", "status": 404},
    "429": {"fault": "status", "status": 429},
    "a page": {"fault": "body", "body": b"<html>"},
    "nothing": {"fault": "body", "body": b""},
    "a list": {"fault": "body", "body": b"[1, 2]"},
    "half": {"fault": "cut", "after": True},
    "reset": {"fault": "reset"},
    "an empty object": {"fault": "body", "body": b"{}"},
    "other kinds": {"fault": "body", "body": b'{"id": 5, "status": {"a": 1}}'},
    "another's failure": {"fault": "body", "body": b'{"id": "other", "status": "failed"}'},
}


@pytest.mark.parametrize("fault", POLLS)
def test_a_question_that_fails(vllm, omni, fault):
    vllm.fail("poll", times=2, **POLLS[fault])
    assert omni.generate("a fox").path.is_file()
    assert (vllm.requests["create"], vllm.accepted) == (1, 1)


@pytest.mark.parametrize("word", ["dreaming", "", "unknown", "done", "deleted"])
def test_words_that_nobody_knows_end_nothing(vllm, omni, word):
    vllm.states = [word, word, "completed"]
    heard = []
    omni.generate("a fox", on_event=heard.append)
    assert f"endpoint says {word!r}" in [event.message for event in heard]
    assert vllm.requests["poll"] == 3


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ({"code": 500, "message": "out of memory"}, GenerationFailedError, "500"),
        ({"code": 400, "message": "too many frames"}, InvalidInputError, "400"),
        ({"code": 404, "message": "no weights"}, GenerationFailedError, "404"),
        ({"code": "EngineDeadError", "message": "dead"}, GenerationFailedError, "EngineDeadError"),
        ({"message": "out of memory"}, GenerationFailedError, "failed"),
        (None, GenerationFailedError, "failed"),
        ("odd", GenerationFailedError, "failed"),
    ],
    ids=str,
)
def test_a_job_that_failed_is_read_as_one_behind_any_status(server, generator, error, kind, code):
    """At vLLM-Omni the answer has the status of an error, 404 included."""
    server.states = ["in_progress", {"status": "failed", "error": error}]
    found = failure(generator)
    assert type(found) is kind
    assert (found.code, found.charged) == (code, "no")
    if isinstance(error, dict):
        assert error["message"] in found.message
    assert jobs.get(found.job_id).state == "failed"
    assert (server.accepted, server.requests["file"]) == (1, 0)


def test_a_failed_job_may_be_charged_where_work_has_a_price(server):
    prices = {MODEL: {**settings(server)["models"][MODEL]}}
    prices[MODEL]["prices"] = [{"basis": "second", "amount": "0.01"}]
    given = settings(server, dialect=server.dialect) | {"models": prices}
    generator = EndpointGenerator(**given)
    server.states = [{"status": "failed", "error": {"code": 500, "message": "x"}}]
    assert failure(generator).charged == "unknown"
    assert str(generator.plan("a fox", duration=2).cost) == "$0.02"


def test_a_server_that_was_started_again_knows_the_job_no_more(server, generator, monkeypatch):
    promise(monkeypatch, not_found_grace=0.1)
    generator = EndpointGenerator(**settings(server, dialect=server.dialect))
    server.states = ["in_progress"]
    job = generator.start("a fox")
    server.tasks.clear()
    with pytest.raises(JobExpiredError):
        job.wait(20)
    assert jobs.get(job.id).state == "expired"


def test_a_job_that_never_ends(vllm, omni):
    vllm.states = ["in_progress"]
    runs = threading.Event()
    job = omni.start("a fox", on_event=lambda e: e.state == "running" and runs.set())
    assert runs.wait(20)
    with pytest.raises(GenerationTimeoutError):
        job.wait(0.01)
    assert jobs.get(job.id).state == "running"


# --- stopping -----------------------------------------------------------------------------------


def test_a_running_job_is_stopped_where_the_server_can(vllm, omni):
    vllm.states = ["in_progress"]
    job = omni.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError) as caught:
        job.wait(20)
    assert (caught.value.code, caught.value.charged) == ("cancelled", "no")
    assert (vllm.aborted, vllm.requests["delete"]) == ([job.remote_id], 1)
    assert jobs.get(job.id).state == "cancelled"


def test_a_job_that_is_being_stopped_is_waited_for(vllm, omni):
    vllm.states, vllm.draining = ["in_progress"], 1
    job = omni.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError) as caught:
        job.wait(20)
    assert caught.value.code == "cancelled"
    assert vllm.requests["delete"] == 1


def test_a_stop_whose_answer_is_lost_is_asked_for_again(vllm, omni):
    vllm.states = ["in_progress"]
    vllm.fail("delete", "reset", after=True)
    job = omni.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError):
        job.wait(20)
    assert vllm.requests["delete"] == 2


def test_a_video_that_is_done_is_never_deleted(vllm, omni):
    job = omni.start("a fox")
    job.wait(20)
    for state, wanted in (
        ("completed", "done"),
        ({"status": "failed", "error": {"code": 500, "message": "x"}}, "failed"),
    ):
        for task in vllm.tasks.values():
            task.states.clear()
            task.states.append(state)
        ref = RemoteRef(job.remote_id, {"dialect": "vllm-omni"})
        assert omni.ask(omni.cancel(ref)).state == wanted
    assert vllm.requests["delete"] == 0


@pytest.mark.parametrize("told", [True, False], ids=["told", "detected"])
def test_a_server_that_only_forgets_is_not_asked_to_stop(server, told):
    if server.dialect == "vllm-omni":
        pytest.skip("it stops jobs")
    more = {"dialect": server.dialect} if told else {}
    generator = EndpointGenerator(**settings(server, **more))
    server.states = ["in_progress"]
    job = generator.start("a fox")
    with pytest.raises(VideoGenerationError, match="cannot cancel"):
        job.cancel()
    finish(server, "completed")
    assert job.wait(20).path.is_file()
    assert (server.forgotten, server.requests["delete"]) == ([], 0)


# --- the video ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 422, 500, 503])
def test_a_video_that_is_not_there_yet_is_asked_for_again(server, generator, status):
    server.fail("file", "status", status=status, times=2)
    assert generator.generate("a fox").path.read_bytes() == server.video
    assert server.accepted == 1


def test_a_job_that_failed_after_all_ends(server, generator):
    """A video that cannot be fetched has the job looked at again."""
    for code in (500, 400):
        failed = {"status": "failed", "error": {"code": code, "message": "the disk is full"}}
        server.states = ["completed", failed]
        error = failure(generator)
        assert type(error) is GenerationFailedError
        assert "the disk is full" in error.message
        assert jobs.get(error.job_id).state == "failed"


def test_a_job_that_is_not_done_after_all_is_waited_for(vllm, omni):
    vllm.states = ["completed", "in_progress", "in_progress", "completed"]
    vllm.fail("file", "status", status=404, times=1)
    assert omni.generate("a fox").path.read_bytes() == vllm.video


@pytest.mark.parametrize("kind", ["cut", "no_range", "new_etag", "wrong_length", "gzip", "reset"])
def test_a_download_that_breaks_is_gone_on_with(vllm, omni, kind):
    vllm.fail("file", "cut", at=500).fail("file", kind)
    video = omni.generate("a fox")
    assert video.path.read_bytes() == vllm.video
    assert (vllm.requests["create"], video.charged) == (1, "yes")


def test_a_video_that_never_comes_leaves_the_job_there(vllm, omni, tmp_path):
    vllm.fail("file", "status", status=500, times=99)
    error = failure(omni, output=tmp_path / "fox.mp4")
    assert (type(error), error.retryable) == (DownloadError, True)
    assert not (tmp_path / "fox.mp4").exists()
    vllm.heal()
    assert resumed(vllm, error.job_id).path.read_bytes() == vllm.video
    assert vllm.requests["create"] == 1


@pytest.mark.parametrize("kind", ["nothing", "a page", "half", "noise"])
def test_what_is_no_whole_video_is_no_file(vllm, omni, kind, clip, tmp_path):
    vllm.video = {
        "nothing": b" ",
        "a page": b"<html>not found</html>" * 20,
        "half": clip[: len(clip) // 2],
        "noise": bytes(5000),
    }[kind]
    error = failure(omni, output=tmp_path / "fox.mp4")
    assert type(error) is DownloadError
    assert not (tmp_path / "fox.mp4").exists()
    vllm.video = clip
    assert resumed(vllm, error.job_id).path.read_bytes() == clip
    assert (vllm.requests["create"], vllm.accepted) == (1, 1)
