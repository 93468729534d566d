"""From an accepted job to its video: questions, failures, stopping, and fetching."""

from __future__ import annotations

import pytest
from conftest import failure, finish, promise, resumed, settings
from endpoint_servers import MODEL, FastVideo, SGLang

from ttv_core import (
    DownloadError,
    GenerationCancelledError,
    GenerationFailedError,
    InvalidInputError,
    JobExpiredError,
    RemoteRef,
    VideoGenerationError,
    jobs,
)
from ttv_endpoint.generator import EndpointGenerator

pytestmark = pytest.mark.usefixtures("whole")


# --- asking how far it is -----------------------------------------------------------------------

# What fails in every server's way is in the kit.
POLLS = {
    "other kinds": {"fault": "body", "body": b'{"id": 5, "status": {"a": 1}}'},
    "another's failure": {"fault": "body", "body": b'{"id": "other", "status": "failed"}'},
}


@pytest.mark.parametrize("fault", POLLS)
def test_a_question_that_fails(vllm, omni, fault):
    vllm.fail("poll", times=2, **POLLS[fault])
    assert omni.generate("a fox").path.is_file()
    assert (vllm.requests["create"], vllm.accepted) == (1, 1)


def test_an_id_may_be_a_number_and_an_answer_may_leave_it_out(vllm, omni):
    vllm.fail("create", "body", after=True, body=b'{"id": 7, "status": "queued"}')
    job = omni.start("a fox")
    vllm.tasks["7"] = vllm.tasks.pop("task-000001")
    states = ("in_progress", {"status": "in_progress", "id": 7}, {"status": "completed", "id": 7})
    vllm.tasks["7"].states.clear()
    vllm.tasks["7"].states.extend(states)
    vllm.fail("poll", "body", body=b'{"object": "video", "status": "in_progress"}')
    assert job.wait(60).path.read_bytes() == vllm.video
    assert job.remote_id == "7"


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
        job.wait(60)
    assert jobs.get(job.id).state == "expired"


# --- stopping -----------------------------------------------------------------------------------


def test_a_running_job_is_stopped_where_the_server_can(vllm, omni):
    vllm.states = ["in_progress"]
    job = omni.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError) as caught:
        job.wait(60)
    assert (caught.value.code, caught.value.charged) == ("cancelled", "no")
    assert (vllm.aborted, vllm.requests["delete"]) == ([job.remote_id], 1)
    assert jobs.get(job.id).state == "cancelled"


def test_a_job_that_is_being_stopped_is_waited_for(vllm, omni):
    vllm.states, vllm.draining = ["in_progress"], 1
    job = omni.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError) as caught:
        job.wait(60)
    assert caught.value.code == "cancelled"
    assert vllm.requests["delete"] == 1


def test_a_stop_whose_answer_is_lost_is_asked_for_again(vllm, omni):
    vllm.states = ["in_progress"]
    vllm.fail("delete", "reset", after=True)
    job = omni.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError):
        job.wait(60)
    assert vllm.requests["delete"] == 2


def test_a_video_that_is_done_is_never_deleted(vllm, omni):
    job = omni.start("a fox")
    job.wait(60)
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
@pytest.mark.parametrize("kind", [SGLang, FastVideo])
def test_a_server_that_only_forgets_is_not_asked_to_stop(kind, told, clip):
    with kind() as server:
        server.video, server.states = clip, ["in_progress"]
        more = {"dialect": server.owner} if told else {}
        job = EndpointGenerator(**settings(server, **more)).start("a fox")
        with pytest.raises(VideoGenerationError, match="cannot cancel"):
            job.cancel()
        finish(server, "completed")
        assert job.wait(60).path.is_file()
        assert (server.forgotten, server.requests["delete"]) == ([], 0)


# --- the video ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 422, 500, 503])
def test_a_video_that_is_not_there_yet_is_asked_for_again(vllm, omni, status):
    vllm.fail("file", "status", status=status, times=2)
    assert omni.generate("a fox").path.read_bytes() == vllm.video
    assert vllm.accepted == 1


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


def test_a_video_that_never_comes_leaves_the_job_there(vllm, omni, tmp_path):
    vllm.fail("file", "status", status=500, times=99)
    error = failure(omni, output=tmp_path / "fox.mp4")
    assert (type(error), error.retryable) == (DownloadError, True)
    assert not (tmp_path / "fox.mp4").exists()
    vllm.heal()
    assert resumed(vllm, error.job_id).path.read_bytes() == vllm.video
    assert vllm.requests["create"] == 1
