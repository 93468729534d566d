"""Errors: one tree, whole facts, no loss on the way between processes."""

from __future__ import annotations

import inspect
import json
import pickle
import re

import pytest

from ttv_core import Attempt, Violation, errors
from ttv_core.errors import (
    AllBackendsFailedError,
    ContentRejectedError,
    GenerationFailedError,
    GenerationTimeoutError,
    InvalidInputError,
    QuotaExceededError,
    VideoGenerationError,
)
from ttv_core.results import error_of

CLASSES = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, VideoGenerationError)
]
FACTS = {
    "backend": "acme",
    "model": "m-1",
    "job_id": "J1",
    "code": "x",
    "retryable": True,
    "charged": "yes",
    "retry_after": 3.5,
    "status_code": 429,
    "request_id": "r-1",
    "remedy": "wait",
}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    drawn = re.findall(r"^([│├└─ ]*)(\w+Error)", errors.__doc__, re.MULTILINE)
    parents, found = [], {}
    for indent, name in drawn:
        depth = len(indent) // 4
        parents[depth:] = [name]
        found[name] = parents[depth - 1] if depth else "Exception"
    assert found == {cls.__name__: cls.__base__.__name__ for cls in CLASSES}


def test_every_error_is_public():
    assert sorted(cls.__name__ for cls in CLASSES) == sorted(errors.__all__)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_survives_pickling_with_all_its_facts(cls):
    error = cls("it broke", **FACTS)
    error.add_note("by the way")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert copy.__dict__ == error.__dict__
    assert str(copy) == str(error) == "it broke\n  to mend it: wait"
    assert copy.args == error.args
    for name, value in FACTS.items():
        assert getattr(copy, name) == value


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_is_json(cls):
    told = json.loads(json.dumps(cls("it broke", **FACTS).to_dict()))
    assert told["type"] == cls.__name__
    assert told["message"] == "it broke"
    assert {name: told[name] for name in FACTS} == FACTS


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_has_a_code_and_an_honest_charge(cls):
    error = cls("it broke")
    assert re.fullmatch(r"[a-z_]+", error.code)
    assert error.charged in {"yes", "no", "unknown"}
    assert error.remedy is None


def test_what_is_special_survives_too():
    violation = Violation("size", "out_of_range", "too big", "small")
    wrong = InvalidInputError(violations=[violation])
    assert str(wrong) == "too big"
    failed = AllBackendsFailedError("none", attempts=[Attempt("a", "failed", "broke", error=wrong)])
    copy = pickle.loads(pickle.dumps(failed))
    assert copy.attempts[0].error.violations == (violation,)
    assert str(copy) == "none\n  a: broke"
    told = json.loads(json.dumps(failed.to_dict()))
    assert told["attempts"][0]["error"]["violations"][0]["allowed"] == "small"
    assert pickle.loads(pickle.dumps(QuotaExceededError("x", kind="credits"))).kind == "credits"
    rejected = pickle.loads(pickle.dumps(ContentRejectedError("x", stage="output", reasons=["a"])))
    assert (rejected.stage, rejected.reasons) == ("output", ("a",))


@pytest.mark.parametrize(
    "error",
    [
        InvalidInputError(violations=[Violation("size", "out_of_range", "too big", "small")]),
        ContentRejectedError("no", stage="output", reasons=["blood", "gore"], charged="yes"),
        QuotaExceededError("no money", kind="credits", remedy="pay"),
        GenerationFailedError("it broke", code="odd"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_was_told_of_an_error_brings_it_back(error):
    back = error_of(json.loads(json.dumps(error.to_dict())))
    assert type(back) is type(error)
    assert back.__dict__ == error.__dict__


def test_a_timeout_pickles_without_its_live_job():
    error = GenerationTimeoutError("slow", job=lambda: None, job_id="J1")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.job, copy.job_id) == (None, "J1")
    assert error.job is not None
