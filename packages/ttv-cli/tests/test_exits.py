from pathlib import Path

import pytest

import ttv_core
from ttv_cli.exits import EXITS, INTERNAL, exit_code, told
from ttv_core import AllBackendsFailedError, Attempt, InvalidInputError, OutputError, Violation


def raised(name):
    kind, _, code = name.partition(":")
    return getattr(ttv_core, kind)("x", **({"code": code} if code else {}))


CASES = [(name, item.code) for item in EXITS for name in item.errors if name != "UsageError"]


@pytest.mark.parametrize(("name", "code"), CASES)
def test_every_error_of_the_table_ends_so(name, code):
    assert exit_code(raised(name)) == code


def test_every_error_of_the_core_has_an_exit_code_that_is_not_a_fault():
    for name in ttv_core.__all__:
        if name.endswith("Error"):
            assert exit_code(getattr(ttv_core, name)("x")) in {2, 3, 4, 5, 6, 130}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OutputError("x", code="disk_full"), 5),
        (InvalidInputError(violations=[Violation("prompt", "policy", "no")]), 4),
        (
            InvalidInputError(
                violations=[Violation("prompt", "policy", "no"), Violation("fps", "x", "y")]
            ),
            2,
        ),
        (ZeroDivisionError(), INTERNAL),
    ],
)
def test_the_finer_cases(error, code):
    assert exit_code(error) == code


def failed(*names):
    return AllBackendsFailedError(
        attempts=[Attempt(str(i), "failed", "r", error=raised(n)) for i, n in enumerate(names)]
    )


def test_several_backends_end_as_they_agree():
    assert exit_code(failed("QuotaExceededError", "AuthenticationError")) == 3
    assert exit_code(failed("QuotaExceededError", "GenerationFailedError")) == 5
    assert exit_code(AllBackendsFailedError(attempts=[Attempt("a", "skipped", "r")])) == 3


def test_the_help_has_the_whole_table():
    assert all(f"  {item.code:<4} {item.meaning}" in told() for item in EXITS)


def test_the_readme_has_the_whole_table():
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"| {item.code} | {item.meaning} |" in readme for item in EXITS)


def test_what_the_vendor_cancels_was_not_stopped_by_the_user():
    error = ttv_core.GenerationCancelledError("gone", code="cancelled_by_vendor")
    assert exit_code(error) == 5
    assert exit_code(ttv_core.GenerationCancelledError("stopped")) == 130
