"""A vendor that is down is left alone for a while; what it has already is not."""

from __future__ import annotations

import pytest
from acme import KEY
from grey import Grey

import ttv_core
from ttv_core import BackendUnavailableError, InvalidInputError, VideoGenerationError, jobs
from ttv_core.jobs.breaker import Breaker, is_down


def test_five_failures_in_a_row_and_then_each_one_more():
    breaker = Breaker()
    for now in range(4):
        breaker.failed(now)
    assert breaker.left(4) == 0
    breaker.failed(4)
    assert (breaker.left(4), breaker.left(34), breaker.left(64)) == (60, 30, 0)
    breaker.failed(70, retry_after=200.0)
    assert breaker.left(70) == 200
    breaker.went_well()
    assert breaker.left(70) == 0
    breaker.failed(71)
    assert breaker.left(71) == 0


@pytest.mark.parametrize(
    ("error", "down"),
    [
        (BackendUnavailableError("no", code="no_answer"), True),
        (VideoGenerationError("no", status_code=503), True),
        (VideoGenerationError("no", code="not_sent"), True),
        (VideoGenerationError("no", status_code=429), False),
        (InvalidInputError(violations=[]), False),
    ],
)
def test_who_says_no_is_not_down(error, down):
    assert is_down(error) is down


@pytest.fixture
def down(acme, backend):
    """Have creates fail until the vendor is left alone."""

    def failing(status=503):
        acme.fail("create", "status", status=status, times=6)
        for _ in range(6):
            with pytest.raises(VideoGenerationError):
                backend().generate("a fox", duration=1)

    return failing


def test_no_job_is_begun_with_who_is_down(down, acme, backend):
    down()
    asked, before = acme.requests["create"], len(jobs.select())
    with pytest.raises(BackendUnavailableError, match="acme has failed again and again") as caught:
        backend().generate("a fox", duration=1)
    error = caught.value
    assert (error.code, error.charged, error.retryable) == ("resting", "no", True)
    assert 0 < error.retry_after <= 60
    assert (acme.requests["create"], len(jobs.select())) == (asked, before)


def test_who_only_says_no_is_asked_on(down, acme, backend, tmp_path):
    down(status=422)
    assert backend().generate("a fox", duration=1, output=tmp_path / "a.mp4").path.exists()


def test_another_account_is_not_concerned(down, backend, tmp_path):
    down()
    other = backend(api_key=f"{KEY}-2")
    with pytest.raises(VideoGenerationError) as caught:
        other.generate("a fox", duration=1, output=tmp_path / "a.mp4")
    assert caught.value.code != "resting"


def test_what_the_vendor_has_comes_home_all_the_same(acme, backend, tmp_path, down):
    acme.states = ["running"]
    job = backend().start("a fox", duration=1, output=tmp_path / "a.mp4")
    down()
    for task in acme.tasks.values():
        task.states.append("done")
    assert job.wait(30).path.exists()


def test_after_a_while_it_is_asked_again(down, acme, backend, tmp_path, monkeypatch):
    monkeypatch.setattr("ttv_core.jobs.breaker._SECONDS", 0.0)
    down()
    assert backend().generate("a fox", duration=1, output=tmp_path / "a.mp4").path.exists()


def test_the_next_backend_is_tried_at_once(down, acme, registry, tmp_path):
    registry["grey"] = Grey
    down()
    asked = acme.requests["create"]
    config = {"backends": {"acme": {"base_url": acme.url, "api_key": KEY}}}
    made = ttv_core.generate(
        "a fox",
        backend="acme",
        duration=1,
        config=config,
        fallback_backends=["grey"],
        output=tmp_path / "a.mp4",
    )
    assert made.backend == "grey"
    assert "left alone" in made.attempts[0].reason
    assert acme.requests["create"] == asked
