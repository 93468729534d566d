"""What networks and servers do to a job, at the real socket: made at most once, and never lost."""

from __future__ import annotations

import json
import socket
import time

import pytest
from conftest import failure, promise, resumed, settings
from endpoint_servers import MODEL

from ttv_core import (
    BackendUnavailableError,
    InvalidInputError,
    SubmissionUncertainError,
    jobs,
)
from ttv_core.jobs import Lookup
from ttv_endpoint.generator import EndpointGenerator

pytestmark = pytest.mark.usefixtures("whole")

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


# What is lost in every server's way is in the kit; here is what becomes of it.
LOST = {
    "reset before the answer": {"fault": "reset", "after": True},
    "an id of another kind": {"fault": "body", "after": True, "body": b'{"id": [1]}'},
    "503": {"fault": "status", "status": 503},
}


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_never_makes_a_second_job(server, monkeypatch, fault):
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
        {"ago": 3600},
        {"ago": -3600},
        {"created_at": "soon"},
        {"created_at": None},
        {"model": "another"},
        {"num_frames": 13},
        {"fps": 16},
        {"fps": [8]},
        {"prompt": "another fox"},
        {"prompt": None},
        {"id": ""},
        {"id": [5]},
    ],
    ids=str,
)
def test_jobs_that_are_others(vllm, omni, changes):
    plan, now = omni.plan("a fox"), time.time()
    if "ago" in changes:
        changes = {"created_at": int(now) - changes["ago"]}
    vllm.foreign = [foreign()]
    assert omni.ask(omni.lookup(plan, "", now)).id == "task-900001"
    vllm.foreign = [foreign(**changes)]
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
