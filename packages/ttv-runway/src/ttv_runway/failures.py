"""What the vendor's errors mean in ttv's words: statuses and failure codes, as data.

Statuses: docs.dev.runwayml.com/errors/errors. Failure codes: docs.dev.runwayml.com/errors/
task-failures. Both as stored in 2026. The codes are an open set, matched by their beginning.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    QuotaExceededError,
    VideoGenerationError,
    Violation,
)
from ttv_core.http import mapping, retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

__all__ = ["DEFINITE", "failure", "refusal"]

Charged = Literal["yes", "no", "unknown"]

DEFINITE = frozenset({400, 401, 402, 403, 404, 405, 413, 415, 422, 429})
"""Statuses that surely mean that nothing was created. 502 and 503 are documented as "try again
later", but a gateway may say them of a request that has arrived; 500 and 504 say nothing at all."""

_KEY_HELP = "check RUNWAYML_API_SECRET, or make a key at dev.runwayml.com"


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: type[VideoGenerationError]
    charged: Charged = "no"
    retryable: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


_STATUSES = {
    401: _Meaning(AuthenticationError, more={"remedy": _KEY_HELP}),
    402: _Meaning(QuotaExceededError, more={"kind": "credits"}),
    403: _Meaning(AuthenticationError, more={"remedy": _KEY_HELP}),
    404: _Meaning(BackendUnavailableError, more={"remedy": "check base_url"}),
    405: _Meaning(BackendUnavailableError, more={"remedy": "check base_url"}),
    408: _Meaning(BackendUnavailableError, "unknown", retryable=True),
    429: _Meaning(QuotaExceededError, retryable=True),
}
_OTHER_REFUSAL = _Meaning(InvalidInputError)
_OTHER_STATUS = _Meaning(BackendUnavailableError, "unknown", retryable=True)

_INPUT, _OUTPUT = {"stage": "input"}, {"stage": "output"}
_FAILURES: tuple[tuple[str, _Meaning], ...] = (
    ("SAFETY.INPUT", _Meaning(ContentRejectedError, "yes", more=_INPUT)),
    # One page says that it is refunded, another that it costs like a success.
    ("SAFETY.OUTPUT", _Meaning(ContentRejectedError, "unknown", more=_OUTPUT)),
    ("INPUT_PREPROCESSING.SAFETY", _Meaning(ContentRejectedError, more=_INPUT)),
    ("INPUT_PREPROCESSING.INTERNAL", _Meaning(GenerationFailedError, retryable=True)),
    ("INTERNAL.BAD_OUTPUT", _Meaning(GenerationFailedError)),
    ("ASSET.INVALID", _Meaning(InvalidInputError)),
    ("THIRD_PARTY.UNAVAILABLE", _Meaning(GenerationFailedError, retryable=True)),
    ("INTERNAL", _Meaning(GenerationFailedError, retryable=True)),
)
_NO_CODE = _Meaning(GenerationFailedError, retryable=True)
_NEW_CODE = _Meaning(GenerationFailedError, "unknown")


def refusal(status: int, headers: Mapping[str, str], body: Any) -> VideoGenerationError:
    """Return the error that an answer other than 2xx means.

    Args:
        status: HTTP status.
        headers: Of the answer; names in any case.
        body: `{"error": text, "docUrl": …, "issues": […]}`, if it is the vendor's own.
    """
    said = mapping(body)
    meaning = _STATUSES.get(status)
    if meaning is None:
        meaning = _OTHER_REFUSAL if 400 <= status < 500 else _OTHER_STATUS
    more = dict(meaning.more)
    if meaning.kind is InvalidInputError:
        more["violations"] = _violations(said.get("issues"))
    text, page = said.get("error"), said.get("docUrl")
    told = f": {text}" if isinstance(text, str) and text else ""
    if isinstance(page, str) and page:
        more.setdefault("remedy", f"see {page}")
    return meaning.kind(
        f"runway answers {status}{told}",
        backend="runway",
        code=f"http_{status}",
        charged=meaning.charged,
        retryable=meaning.retryable,
        status_code=status,
        retry_after=retry_after(headers.get("retry-after"), now=time.time()),
        request_id=headers.get("x-request-id"),
        **more,
    )


def _violations(issues: Any) -> list[Violation]:
    found = []
    for issue in issues if isinstance(issues, list) else []:
        if isinstance(issue, dict):
            path = issue.get("path")
            place = ".".join(map(str, path)) if isinstance(path, list) else str(path or "request")
            found.append(Violation(place, "refused", str(issue.get("message") or issue)))
        else:
            found.append(Violation("request", "refused", str(issue)))
    return found


def failure(code: Any, text: Any, cost: Decimal | None) -> VideoGenerationError:
    """Return the error that a failed task means.

    Args:
        code: `failureCode`: text, or nothing.
        text: `failure`: for people.
        cost: What was charged in the end, where the task says so; that is surer than the code.
    """
    known = code if isinstance(code, str) and code else None
    meaning = _NO_CODE if known is None else _NEW_CODE
    for start, other in _FAILURES:
        if known is not None and known.startswith(start):
            meaning = other
            break
    charged = meaning.charged if cost is None else "yes" if cost else "no"
    said = text if isinstance(text, str) and text else "it gives no reason"
    more = dict(meaning.more)
    if meaning.kind is ContentRejectedError:
        more["reasons"] = tuple(reason for reason in (known, text) if isinstance(reason, str))
    return meaning.kind(
        f"runway could not make the video: {said}{f' ({known})' if known else ''}",
        backend="runway",
        code=known or "no_code",
        charged=charged,
        retryable=meaning.retryable,
        **more,
    )
