"""After a job at a vendor, another backend is tried only where surely nothing was paid."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal

import pytest
from acme import KEY, Acme, AcmeGenerator

import ttv_core
from ttv_core import (
    AllBackendsFailedError,
    AuthenticationError,
    Availability,
    BackendUnavailableError,
    ContentRejectedError,
    CostLimitError,
    DownloadError,
    GenerationCancelledError,
    GenerationFailedError,
    GenerationTimeoutError,
    InvalidInputError,
    OutputError,
    SubmissionUncertainError,
    jobs,
)
from ttv_core.routing import may_fall_back


class Other(AcmeGenerator):
    name = "other"
    models = AcmeGenerator.models.model_copy(update={"backend": "other"})


@pytest.fixture
def other(video):
    """A second vendor."""
    with Acme(video=video) as vendor:
        yield vendor


@pytest.fixture
def config(acme, other, registry):
    """Two vendors, the second as fallback of the first."""
    registry["other"] = Other
    return {
        "default_backend": "acme",
        "fallback_backends": ["other"],
        "backends": {
            "acme": {"base_url": acme.url, "api_key": KEY, "max_retries": 1},
            "other": {"base_url": other.url, "api_key": KEY},
        },
    }


def made(config, tmp_path, **fields):
    fields = {"duration": 1, "output": tmp_path / "fox.mp4"} | fields
    return ttv_core.generate("a fox", config=config, **fields)


NEXT = {
    "rejected: 400": lambda acme: acme.fail("create", "status", status=400),
    "rejected: the key": lambda acme: acme.fail("create", "status", status=401),
    "rejected: no credits": lambda acme: acme.fail("create", "status", status=402),
    "rejected: no such model": lambda acme: acme.fail("create", "status", status=404),
    "rejected: fields": lambda acme: acme.fail("create", "status", status=422),
    "too many requests": lambda acme: acme.fail(
        "create", "status", status=429, headers={"Retry-After": "0"}, times=2
    ),
    "failed, and not charged": lambda acme: setattr(acme, "states", ["running", "failed"]),
}


@pytest.mark.parametrize("happens", NEXT.values(), ids=NEXT)
def test_where_surely_nothing_was_paid_the_next_is_tried(
    happens, config, acme, other, tmp_path, video
):
    happens(acme)
    result = made(config, tmp_path)
    assert result.path.read_bytes() == video
    assert (result.backend, other.accepted) == ("other", 1)
    assert [(a.backend, a.outcome) for a in result.attempts] == [
        ("acme", "failed"),
        ("other", "used"),
    ]
    first, second = result.attempts
    assert first.error.charged == "no"
    assert jobs.get(first.error.job_id).state == "failed"
    assert (jobs.get(result.job_id).backend, second.error) == ("other", None)


def test_where_nobody_listens_the_next_is_tried(config, acme, other, tmp_path):
    config["backends"]["acme"]["base_url"] = "http://127.0.0.1:1"
    result = made(config, tmp_path)
    assert (result.backend, acme.accepted) == ("other", 0)
    assert result.attempts[0].error.code == "not_sent"


NEVER = {
    "the answer is lost": (
        lambda acme: acme.fail("create", "reset", after=True),
        SubmissionUncertainError,
    ),
    "a 500": (lambda acme: acme.fail("create", "status", status=500), SubmissionUncertainError),
    "no id": (lambda acme: acme.fail("create", "body", body=b"{}"), SubmissionUncertainError),
    "content, charged": (lambda acme: setattr(acme, "states", ["filtered"]), ContentRejectedError),
    "cancelled over there": (
        lambda acme: setattr(acme, "states", ["cancelled"]),
        GenerationCancelledError,
    ),
    "the download fails": (
        lambda acme: acme.fail("file", "status", status=404, times=99),
        DownloadError,
    ),
}


@pytest.mark.parametrize(("happens", "kind"), NEVER.values(), ids=NEVER)
def test_where_something_may_have_been_paid_no_other_is_tried(
    happens, kind, config, acme, other, tmp_path
):
    happens(acme)
    with pytest.raises(kind) as caught:
        made(config, tmp_path)
    assert other.requests == {}
    assert caught.value.charged != "no"
    assert any("no other backend was tried" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    "kind",
    [SubmissionUncertainError, GenerationCancelledError, ContentRejectedError, OutputError],
)
def test_some_errors_are_no_reason_even_if_they_say_that_nothing_was_paid(kind):
    allowed, why = may_fall_back(kind("no", charged="no"))
    assert not allowed
    assert why


@pytest.mark.parametrize("place", ["poll", "fetch"])
def test_a_question_that_is_refused_while_the_job_runs_is_no_reason_either(
    place, config, acme, other, tmp_path, registry, monkeypatch
):
    """Such an error costs nothing by itself; the job that it is about does."""
    from ttv_core.jobs import watching

    monkeypatch.setattr(watching, "_DENIED_SECONDS", 0.0)

    class Refused(AcmeGenerator):
        pass

    async def refused(self, ref):
        raise AuthenticationError("the key was revoked")

    setattr(Refused, place, refused)
    registry["acme"] = Refused
    with pytest.raises(AuthenticationError) as caught:
        made(config, tmp_path)
    assert caught.value.charged in {"unknown", "yes"}
    assert (acme.accepted, other.requests) == (1, {})


def test_a_wait_that_ends_is_no_reason(config, acme, other, tmp_path, video):
    acme.states = ["running"]
    job = ttv_core.start("a fox", config=config, duration=1, output=tmp_path / "fox.mp4")
    with pytest.raises(GenerationTimeoutError):
        job.wait(timeout=0)
    assert other.requests == {}
    acme.finish()
    assert job.wait(timeout=60).path.read_bytes() == video
    assert other.requests == {}


def test_a_deadline_that_ends_lets_no_other_begin_later(config, acme, other, tmp_path):
    """Nobody waits any more: whatever becomes of the first, no second is paid for."""
    acme.states = ["running"]
    with pytest.raises(GenerationTimeoutError) as caught:
        made(config, tmp_path, timeout=0.2)
    acme.finish("failed")
    with pytest.raises(GenerationFailedError):
        caught.value.job.wait(timeout=60)
    assert other.requests == {}


def test_the_job_of_a_chain_is_the_vendors_own(config, acme, other, tmp_path, video):
    acme.states = ["running"]
    job = ttv_core.start("a fox", config=config, duration=1, output=tmp_path / "fox.mp4")
    assert (job.backend, job.state in {"accepted", "running"}) == ("acme", True)
    assert jobs.get(job.id).remote_id == "task-000001"
    assert job.to_dict()["id"] == job.id
    again = ttv_core.resume(job.to_dict(), config=config)
    acme.tasks["task-000001"].states.append("done")
    assert again.wait(timeout=60).path.read_bytes() == video
    assert job.wait(timeout=60).job_id == job.id
    assert (acme.accepted, other.requests) == (1, {})


def test_a_chain_returns_its_job_once_one_has_accepted(config, acme, other, tmp_path):
    acme.fail("create", "status", status=422)
    other.states = ["running"]
    job = ttv_core.start("a fox", config=config, duration=1, output=tmp_path / "fox.mp4")
    assert (job.backend, other.accepted, acme.accepted) == ("other", 1, 0)
    job.cancel()
    with pytest.raises(GenerationCancelledError):
        job.wait(timeout=60)
    assert other.requests["cancel"] == 1


def test_the_id_of_a_chain_is_in_the_journal_also_for_who_has_not_waited(
    config, acme, other, tmp_path, video
):
    job = ttv_core.start("a fox", config=config, duration=1, output=tmp_path / "a.mp4", wait=False)
    kept = job.id
    assert job.wait(30).job_id == kept == job.id
    assert jobs.get(kept).backend == "acme"
    acme.fail("create", "status", status=422)
    job = ttv_core.start("a hen", config=config, duration=1, output=tmp_path / "b.mp4", wait=False)
    kept = job.id
    job.wait(30)
    assert jobs.get(kept).state == "failed"  # the first that was begun
    assert jobs.get(job.id).backend == "other"


def test_a_plan_says_who_is_passed_over_and_why(config, acme, other):
    assert ttv_core.plan("a fox", config=config, duration=1).warnings == ()
    config["backends"]["acme"]["enabled"] = False
    del config["fallback_backends"]
    plan = ttv_core.plan("a fox", config=config, duration=1, fallback_backends=["other"])
    assert plan.backend == "other"
    assert [w for w in plan.warnings if w.startswith("acme is passed over: ")]


def test_a_chain_that_nobody_accepts_says_so(config, acme, other, tmp_path):
    acme.fail("create", "status", status=422)
    other.fail("create", "status", status=402)
    with pytest.raises(AllBackendsFailedError) as caught:
        ttv_core.start("a fox", config=config, duration=1, output=tmp_path / "fox.mp4")
    assert caught.value.charged == "no"
    assert [a.error.status_code for a in caught.value.attempts] == [422, 402]


def test_an_uncertain_one_in_a_chain_is_raised_from_its_start(config, acme, other, tmp_path):
    acme.fail("create", "close", after=True)
    with pytest.raises(SubmissionUncertainError):
        ttv_core.start("a fox", config=config, duration=1, output=tmp_path / "fox.mp4")
    assert other.requests == {}


def test_auto_falls_back_as_well(config, acme, other, tmp_path):
    acme.fail("create", "status", status=422)
    chosen = {**config, "default_backend": "auto", "api_priority_order": ["acme", "other"]}
    result = made(chosen, tmp_path)
    assert [(a.backend, a.outcome) for a in result.attempts] == [
        ("acme", "failed"),
        ("other", "used"),
    ]


def test_a_cancelled_chain_tries_no_other(config, acme, other, tmp_path):
    acme.states = ["running"]
    job = ttv_core.start("a fox", config=config, duration=1, output=tmp_path / "fox.mp4")
    job.cancel()
    with pytest.raises(GenerationCancelledError):
        job.wait(timeout=60)
    assert other.requests == {}


def test_async_callers_fall_back_too(config, acme, other, tmp_path, video):
    acme.fail("create", "status", status=422)

    async def asked():
        fields = {"duration": 1, "output": tmp_path / "fox.mp4"}
        return await ttv_core.agenerate("a fox", config=config, **fields)

    result = asyncio.run(asked())
    assert (result.backend, result.path.read_bytes()) == ("other", video)


# --- with the caller's own key --------------------------------------------------------------------


def test_a_key_holds_through_a_fallback(config, acme, other, tmp_path):
    acme.fail("create", "status", status=422)
    first = made(config, tmp_path, idempotency_key="mine")
    again = made(config, tmp_path, idempotency_key="mine")
    assert first.backend == "other"
    assert (again.job_id, again.path) == (first.job_id, first.path)
    assert (acme.accepted, other.accepted) == (0, 1)
    assert acme.requests["create"] == 1


def test_a_key_of_another_backends_job_pays_for_no_second(config, acme, other, tmp_path):
    made({**config, "default_backend": "other"}, tmp_path, idempotency_key="mine")
    with pytest.raises(InvalidInputError, match="asks for something else"):
        made(config, tmp_path, idempotency_key="mine", output=tmp_path / "b.mp4")
    assert (acme.accepted, other.accepted) == (0, 1)


# --- the budget -----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["request", "config"])
def test_a_budget_refuses_before_the_wire(where, config, acme, other, tmp_path):
    fields = {"max_cost": "0.05"} if where == "request" else {}
    if where == "config":
        config["max_cost_per_video"] = "0.05"
    config["fallback_backends"] = []
    with pytest.raises(CostLimitError) as caught:
        made(config, tmp_path, **fields)
    assert caught.value.charged == "no"
    assert acme.requests == other.requests == {}
    assert jobs.select() == []


def test_a_budget_that_suffices_lets_it_pass(config, acme, tmp_path):
    config["max_cost_per_video"] = "0.10"
    result = made(config, tmp_path, max_cost="0.10")
    assert (result.cost.amount, result.cost.actual) == (Decimal("0.10"), Decimal("0.20"))


def test_a_chain_keeps_to_the_budget_in_each_backend(config, acme, other, tmp_path, registry):
    class Dear(Other):
        models = Other.models.model_validate(
            Other.models.model_dump(mode="json")
            | {
                "models": [
                    Other.models.models[0].model_dump(mode="json", exclude_defaults=True)
                    | {"prices": [{"basis": "second", "amount": "9"}]}
                ]
            }
        )

    registry["other"] = Dear
    acme.fail("create", "status", status=422)
    with pytest.raises(AllBackendsFailedError):
        made(config, tmp_path, max_cost="0.50")
    assert other.requests == {}


def test_events_of_a_chain_name_the_job_at_work(config, acme, other, tmp_path):
    acme.fail("create", "status", status=422)
    heard = []
    lock = threading.Lock()

    def hear(event):
        with lock:
            heard.append((event.backend, event.state))

    result = made(config, tmp_path, on_event=hear)
    assert heard[0] == ("acme", "submitting")
    assert ("acme", "failed") in heard
    assert heard[-1] == ("other", "completed")
    assert isinstance(result.attempts[0].error, InvalidInputError | GenerationFailedError)


@pytest.fixture
def impatient(config, acme, other):
    """The second vendor takes long, and the settings would not wait for it."""
    acme.fail("create", "status", status=401)
    other.states = ["running"]
    config["backends"]["other"]["timeout"] = 0.3
    return config


def goes_on(error, other, video):
    """The wait has ended; the job has not."""
    assert (error.backend, "not done after 0.3 s" in error.message) == ("other", True)
    other.finish()  # its create may not have come to it yet
    return error.job.wait(timeout=60).path.read_bytes() == video


def test_a_call_waits_as_long_as_whoever_makes_it_is_set_to(impatient, other, tmp_path, video):
    with pytest.raises(GenerationTimeoutError) as caught:
        made(impatient, tmp_path)
    assert goes_on(caught.value, other, video)


def test_so_does_one_that_does_not_block(impatient, other, tmp_path, video):
    wanted = {"config": impatient, "duration": 1, "output": tmp_path / "fox.mp4"}
    with pytest.raises(GenerationTimeoutError) as caught:
        asyncio.run(ttv_core.agenerate("a fox", **wanted))
    assert goes_on(caught.value, other, video)


def test_the_call_itself_may_want_longer_than_the_settings(config, acme, tmp_path, video):
    acme.fail("create", "status", status=401)
    config["backends"]["other"]["timeout"] = 0.001
    assert made(config, tmp_path, timeout=30).path.read_bytes() == video


class Keyless(AcmeGenerator):
    """Has no key, which can be seen without asking."""

    name = "acme"

    def availability(self, *, deep=False):
        assert not deep
        return Availability(ok=False, reasons=("no key",), remedies=("export ACME_API_KEY=…",))


def test_what_cannot_be_used_makes_no_job_and_the_next_is_tried(
    config, registry, acme, tmp_path, video
):
    with pytest.raises(BackendUnavailableError, match="acme cannot be used: no key") as caught:
        Keyless(base_url=acme.url).generate("a fox", duration=1)
    assert (caught.value.charged, caught.value.remedy) == ("no", "export ACME_API_KEY=…")
    assert (jobs.select(), acme.requests) == ([], {})
    registry["acme"] = Keyless
    assert made(config, tmp_path).path.read_bytes() == video
    assert [job.backend for job in jobs.select()] == ["other"]
