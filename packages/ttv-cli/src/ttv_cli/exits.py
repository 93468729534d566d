"""The exit codes of `ttv`, as data, and which error has which."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttv_core import AllBackendsFailedError, InvalidInputError

__all__ = ["EXITS", "INTERNAL", "UNAVAILABLE", "USAGE", "Exit", "exit_code", "told", "worst"]

INTERNAL = 1
USAGE = 2
UNAVAILABLE = 3
REFUSED = 4
FAILED = 5
UNCERTAIN = 6
STOPPED = 130


class Exit(NamedTuple):
    """One exit code.

    Attributes:
        code: The number.
        meaning: For people.
        errors: Names of the errors that end with it; "Name:code" for those of one code only.
    """

    code: int
    meaning: str
    errors: tuple[str, ...] = ()


EXITS = (
    Exit(0, "done"),
    Exit(INTERNAL, "a fault in ttv itself"),
    Exit(
        USAGE,
        "usage, invalid input or configuration",
        (
            "UsageError",
            "InvalidInputError",
            "ConfigurationError",
            "ModelNotFoundError",
            "JobNotFoundError",
            "OutputError:exists",
            "OutputError:bad_name",
            "OutputError:no_folder",
            "OutputError:missing",
            "OutputError:journal",
            "OutputError:journal_cantopen",
            "OutputError:journal_corrupt",
            "OutputError:journal_error",
            "OutputError:journal_newer",
            "OutputError:journal_notadb",
            "OutputError:journal_readonly",
        ),
    ),
    Exit(
        UNAVAILABLE,
        "no backend can be used: not installed, not configured, no credit",
        (
            "BackendUnavailableError",
            "PluginError",
            "AuthenticationError",
            "QuotaExceededError",
            "AllBackendsFailedError",
        ),
    ),
    Exit(
        REFUSED,
        "refused by budget, policy or moderation",
        ("CostLimitError", "ContentRejectedError"),
    ),
    Exit(
        FAILED,
        "the generation failed",
        ("VideoGenerationError", "GenerationCancelledError:cancelled_by_vendor"),
    ),
    Exit(
        UNCERTAIN,
        "uncertain, or still running",
        (
            "SubmissionUncertainError",
            "GenerationTimeoutError",
            "VideoGenerationError:cannot_cancel",
            "VideoGenerationError:not_cancelled",
        ),
    ),
    Exit(STOPPED, "stopped by Ctrl-C (143: by SIGTERM)", ("GenerationCancelledError",)),
)

_FROM_THE_WORST = (INTERNAL, UNCERTAIN, FAILED, REFUSED, UNAVAILABLE, USAGE, STOPPED)
_CODES = {name: item.code for item in EXITS for name in item.errors}
_POLICY = frozenset({"policy", "policy_failed", "cost_limit", "cost_unknown"})
"""Codes of violations that say no for reasons other than what the model can do."""


def told() -> str:
    """Return the table for people, one code a line."""
    return "\n".join(f"  {item.code:<4} {item.meaning}" for item in EXITS)


def exit_code(error: BaseException) -> int:
    """Return the exit code for an error."""
    names = [cls.__name__ for cls in type(error).__mro__]
    if names[0] == "InvalidInputError":
        return _of_violations(error)  # type: ignore[arg-type]
    if names[0] == "AllBackendsFailedError":
        return _of_attempts(error)  # type: ignore[arg-type]
    code = getattr(error, "code", "")
    for name in names:
        for key in (f"{name}:{code}", name):
            if key in _CODES:
                return _CODES[key]
    return INTERNAL


def worst(codes: Iterable[int]) -> int:
    """Return the exit code for several outcomes: what a person must look at first."""
    found = set(codes)
    return next((code for code in _FROM_THE_WORST if code in found), 0)


def _of_violations(error: InvalidInputError) -> int:
    """Policy is told apart from impossible wishes; what is both is impossible first."""
    codes = {violation.code for violation in error.violations}
    return REFUSED if codes and codes <= _POLICY else USAGE


def _of_attempts(error: AllBackendsFailedError) -> int:
    """Return what the backends that were tried agree on; none was tried: unavailable."""
    tried = {
        exit_code(attempt.error)
        for attempt in error.attempts
        if attempt.outcome == "failed" and attempt.error is not None
    }
    if not tried:
        return UNAVAILABLE
    return tried.pop() if len(tried) == 1 else FAILED
