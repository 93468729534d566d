"""What is known of a create that returned no job, and whether it may be sent again."""

from __future__ import annotations

import asyncio

import pytest

from ttv_core import errors
from ttv_core.errors import NOT_SENT, VideoGenerationError
from ttv_core.jobs.semantics import (
    LONGEST_CREATE,
    LONGEST_JOB,
    IdempotencyKey,
    Lookup,
    Polling,
    SubmitSemantics,
    may_send_again,
    outcome_of,
)

OPAQUE = SubmitSemantics()
STRICT = SubmitSemantics(
    definite_reject=frozenset({400, 429}), definite_codes=frozenset({"busy"}), evidence="a page"
)


def test_who_declares_nothing_is_treated_with_most_care():
    assert (OPAQUE.idempotency, OPAQUE.lookup, OPAQUE.cancel) == (None, None, False)
    assert OPAQUE.definite_reject == OPAQUE.definite_codes == frozenset()
    assert OPAQUE.result_lifetime is None
    assert (OPAQUE.not_found_grace, OPAQUE.create_timeout) == (120.0, 180.0)
    assert (OPAQUE.polling.floor, OPAQUE.polling.ceiling) == (2.0, 15.0)
    assert (LONGEST_CREATE, LONGEST_JOB) == (180.0, 86400.0)
    assert Lookup() == Lookup(settle=150.0, absence_is_proof=False)


@pytest.mark.parametrize(
    "promise",
    [
        {"idempotency": IdempotencyKey(lifetime=60)},
        {"lookup": Lookup()},
        {"definite_reject": frozenset({400})},
        {"definite_codes": frozenset({"busy"})},
    ],
    ids=lambda promise: next(iter(promise)),
)
def test_a_promise_needs_evidence(promise):
    with pytest.raises(ValueError, match=r"^say in evidence where the vendor promises this$"):
        SubmitSemantics(**promise)
    assert SubmitSemantics(**promise, evidence="a page").evidence == "a page"


def test_what_is_no_promise_needs_none():
    assert SubmitSemantics(cancel=True, not_found_grace=1, create_timeout=1).evidence == ""


@pytest.mark.parametrize(("floor", "ceiling"), [(0, 1), (-1, 1), (2, 1)])
def test_polling_without_a_pause_is_refused(floor, ceiling):
    told = f"^0 < floor <= ceiling, not {floor} and {ceiling}$"
    with pytest.raises(ValueError, match=told):
        Polling(floor=floor, ceiling=ceiling)


def test_a_floor_may_be_the_ceiling():
    assert Polling(floor=3, ceiling=3).ceiling == 3
    assert Polling(floor=0.5, ceiling=0.5).floor == 0.5


@pytest.mark.parametrize(
    ("error", "opaque", "strict"),
    [
        (VideoGenerationError(code=NOT_SENT), "not_sent", "not_sent"),
        (VideoGenerationError(code=NOT_SENT, status_code=500), "not_sent", "not_sent"),
        (VideoGenerationError(status_code=400), "ambiguous", "rejected"),
        (VideoGenerationError(status_code=429), "ambiguous", "rejected"),
        (VideoGenerationError(status_code=500, code="busy"), "ambiguous", "rejected"),
        (VideoGenerationError(status_code=500), "ambiguous", "ambiguous"),
        (VideoGenerationError(), "ambiguous", "ambiguous"),
        (errors.AuthenticationError(), "ambiguous", "ambiguous"),
        (errors.BackendUnavailableError(code="no_answer"), "ambiguous", "ambiguous"),
        (errors.SubmissionUncertainError(code="no_id"), "ambiguous", "ambiguous"),
        (TimeoutError(), "ambiguous", "ambiguous"),
        (ConnectionRefusedError(), "ambiguous", "ambiguous"),
        (ConnectionResetError(), "ambiguous", "ambiguous"),
        (asyncio.CancelledError(), "ambiguous", "ambiguous"),
        (KeyError("id"), "ambiguous", "ambiguous"),
    ],
    ids=repr,
)
def test_only_what_was_declared_is_definite(error, opaque, strict):
    assert outcome_of(error, OPAQUE) == opaque
    assert outcome_of(error, STRICT) == strict


@pytest.mark.parametrize("retryable", [True, False])
def test_only_what_was_surely_not_accepted_is_sent_again(retryable):
    error = VideoGenerationError(retryable=retryable)
    assert may_send_again(error, "not_sent") is True
    assert may_send_again(error, "rejected") is retryable
    assert may_send_again(error, "ambiguous") is False


def test_money_that_is_not_there_is_not_asked_for_twice():
    assert not may_send_again(errors.QuotaExceededError(kind="credits"), "rejected")
    assert may_send_again(errors.QuotaExceededError(kind="rate"), "rejected")
