"""What the vendor's codes and answers mean."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ttv_core import (
    BackendUnavailableError,
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    SubmissionUncertainError,
)
from ttv_runway.failures import DEFINITE, failure, refusal
from ttv_runway.generator import RunwayGenerator
from ttv_runway.tasks import created, credits_left, poll_of, usd

CODES = {
    "SAFETY.INPUT": (ContentRejectedError, "input", "yes", False),
    "SAFETY.INPUT.TEXT": (ContentRejectedError, "input", "yes", False),
    "SAFETY.OUTPUT": (ContentRejectedError, "output", "unknown", False),
    "SAFETY.OUTPUT.VIDEO": (ContentRejectedError, "output", "unknown", False),
    "INPUT_PREPROCESSING.SAFETY.TEXT": (ContentRejectedError, "input", "no", False),
    "INPUT_PREPROCESSING.INTERNAL": (GenerationFailedError, None, "no", True),
    "INTERNAL.BAD_OUTPUT.CODE01": (GenerationFailedError, None, "no", False),
    "INTERNAL": (GenerationFailedError, None, "no", True),
    "INTERNAL.ELSE": (GenerationFailedError, None, "no", True),
    "ASSET.INVALID": (InvalidInputError, None, "no", False),
    "THIRD_PARTY.UNAVAILABLE": (GenerationFailedError, None, "no", True),
    None: (GenerationFailedError, None, "no", True),
    "": (GenerationFailedError, None, "no", True),
    7: (GenerationFailedError, None, "no", True),
    "NEW.CODE": (GenerationFailedError, None, "unknown", False),
}


@pytest.mark.parametrize(("code", "meaning"), CODES.items(), ids=map(str, CODES))
def test_a_failure_code_is_read_by_its_beginning(code, meaning):
    kind, stage, charged, retryable = meaning
    error = failure(code, "because", None)
    assert type(error) is kind
    assert (error.charged, error.retryable) == (charged, retryable)
    assert getattr(error, "stage", None) == stage
    assert "because" in error.message
    if stage:
        assert error.reasons == (code, "because")


@pytest.mark.parametrize(
    ("code", "spent", "charged"),
    [("SAFETY.OUTPUT", 0, "no"), ("SAFETY.OUTPUT", 60, "yes"), ("SAFETY.INPUT", 0, "no")],
)
def test_what_the_task_says_it_cost_is_surer_than_its_code(code, spent, charged):
    said = {"status": "FAILED", "failureCode": code, "failure": "no", "cost": {"credits": spent}}
    last = poll_of(said)
    assert (last.state, last.error.charged, last.cost) == (
        "failed",
        charged,
        Decimal(spent) / 100,
    )


@pytest.mark.parametrize("said", [None, [], "<html>", {}, {"status": None}, {"state": "RUNNING"}])
def test_what_is_no_answer_about_a_task_is_asked_again(said):
    with pytest.raises(BackendUnavailableError) as caught:
        poll_of(said)
    assert caught.value.retryable


@pytest.mark.parametrize("said", [None, [], "", {}, {"id": None}, {"id": ""}, {"id": 3}])
def test_a_create_without_an_id_is_uncertain(said):
    with pytest.raises(SubmissionUncertainError):
        created(said)


def test_a_create_says_what_it_will_take():
    ref = created({"id": "t-1", "estimatedCost": {"credits": 60.5}})
    assert (ref.id, ref.cost) == ("t-1", Decimal("0.605"))


@pytest.mark.parametrize(
    "cost", [None, {}, {"credits": None}, {"credits": True}, {"credits": -1}, {"credits": "60"}, 60]
)
def test_a_cost_that_is_none_is_not_known(cost):
    assert usd(cost) is None
    assert usd({"credits": float("nan")}) is None


@pytest.mark.parametrize(("said", "fraction"), [(0.25, 0.25), (7, 1.0), ("x", None), (True, None)])
def test_progress_is_a_fraction(said, fraction):
    assert poll_of({"status": "RUNNING", "progress": said}).fraction == fraction


def test_statuses_that_say_nothing_about_a_create_are_not_definite():
    assert DEFINITE.isdisjoint({408, 409, 500, 504, 307})
    for status in (408, 500, 504, 599, 307):
        error = refusal(status, {}, None)
        assert (error.charged, error.retryable) == ("unknown", True)
    assert RunwayGenerator.semantics.evidence.startswith("https://docs.dev.runwayml.com")


def test_credits_that_are_left_are_told():
    assert credits_left({"creditBalance": 1234}).reasons == ("1,234 credits are left ($12.34)",)
    empty = credits_left({"creditBalance": 0})
    assert (empty.ok, empty.remedies) == (False, ("buy credits at dev.runwayml.com",))
    assert credits_left({}).ok
    assert credits_left("<html>").ok
