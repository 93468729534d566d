"""What the vendor's error codes mean, as data.

From its pages on error codes and of the v2 API, and its own clients (read 2026-11-23). The set is
open: a code that is not here is told as it is, and proves nothing about a create.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    JobNotFoundError,
    QuotaExceededError,
    VideoGenerationError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CODES", "REFUSALS", "STATUSES", "Meaning"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code.

    Attributes:
        kind: The error it becomes.
        says: What it means, for people.
        facts: Further facts of the error.
        server: Whether the fault is the vendor's own.
    """

    kind: type[VideoGenerationError]
    says: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    server: bool = False


def _server(says: str) -> Meaning:
    return Meaning(BackendUnavailableError, says, {"retryable": True}, server=True)


def _quota(says: str, kind: str) -> Meaning:
    return Meaning(QuotaExceededError, says, {"kind": kind})


CODES: Final[Mapping[int, Meaning]] = {
    1000: _server("an unknown error"),
    1001: _server("a timeout"),
    1002: _quota("the rate limit is reached", "rate"),
    1004: Meaning(AuthenticationError, "the key is refused"),
    1008: _quota("the balance is too low", "credits"),
    1013: _server("an internal error of the service"),
    1024: _server("an internal error"),
    1026: Meaning(ContentRejectedError, "the input was found sensitive", {"stage": "input"}),
    1027: Meaning(ContentRejectedError, "the output was found sensitive", {"stage": "output"}),
    1028: _quota("the quota is used up", "credits"),
    1030: _quota("the quota is used up", "credits"),
    1033: _server("a system error further down"),
    1039: _quota("the token limit is reached", "rate"),
    1041: _quota("the limit of connections is reached", "concurrency"),
    1042: Meaning(InvalidInputError, "the prompt has too many invisible characters"),
    2013: Meaning(InvalidInputError, "a parameter is wrong"),
    2038: Meaning(AuthenticationError, "the account has no real-name verification (China)"),
    2045: _quota("the number of requests grows too fast", "rate"),
    2049: Meaning(AuthenticationError, "the key is not valid"),
    2056: _quota("the plan's use for these five hours is spent", "credits"),
    2061: _quota("the model is not part of the plan", "credits"),
}

AMBIGUOUS: Final = 1001
"""The one code after which a create may have been accepted all the same."""

REFUSALS: Final[frozenset[str]] = frozenset(str(code) for code in CODES if code != AMBIGUOUS)
"""In v1's answer of HTTP 200 to a create: surely no job."""

STATUSES: Final[Mapping[int, Meaning]] = {
    400: Meaning(InvalidInputError, "the request is refused"),
    401: Meaning(AuthenticationError, "the key is refused"),
    402: _quota("the balance is too low", "credits"),
    403: Meaning(AuthenticationError, "access is denied"),
    404: Meaning(JobNotFoundError, "there is no such thing"),
    413: Meaning(InvalidInputError, "the request is too large"),
    415: Meaning(InvalidInputError, "the request is of a kind that is not taken"),
    422: Meaning(ContentRejectedError, "the input was found sensitive", {"stage": "input"}),
    429: _quota("the rate limit is reached", "rate"),
    529: _server("the service is overloaded"),
}

UNKNOWN: Final = Meaning(GenerationFailedError, "an error that is not documented")
