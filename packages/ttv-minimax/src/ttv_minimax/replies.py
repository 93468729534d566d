"""Read an answer: its data, or the error that it stands for.

v1 tells errors in `base_resp` with HTTP 200, v2 in `error` with a status of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    JobNotFoundError,
)
from ttv_core.http import as_id, mapping
from ttv_minimax.codes import CODES, STATUSES, UNKNOWN, Meaning
from ttv_minimax.settings import CHINA, GLOBAL, is_chinese

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core import VideoGenerationError
    from ttv_core.http import ApiClient, Reply

__all__ = ["good", "job_failed", "no_such_job", "whole"]

_CODE_AT_END = re.compile(r"\((\d{3,6})\)\s*$", re.ASCII)


def good(reply: Reply, api: ApiClient) -> dict[str, Any]:
    """Return the data of an answer that went well.

    Args:
        reply: The answer.
        api: Who was asked, for hints.

    Raises:
        VideoGenerationError: What the vendor means.
    """
    body = mapping(reply.json())
    said = _said(body)
    if reply.ok and body and (said is None or said.number == 0):
        return body
    facts: dict[str, Any] = {
        "backend": api.backend,
        "status_code": reply.status,
        "request_id": as_id(body.get("request_id")) or reply.headers.get("trace-id"),
        "retry_after": reply.retry_after,
    }
    if reply.ok and not body:
        msg = "MiniMax answered with something other than a JSON object"
        raise BackendUnavailableError(
            msg, **facts, code="no_json", retryable=True, charged="unknown"
        )
    # What a broken server says of itself proves no more than that it is broken.
    if said is None or reply.status >= 500:
        facts["code"], meaning = f"http_{reply.status}", _by_status(reply.status)
    else:
        facts["code"] = said.code
        meaning = CODES.get(said.number) or _by_status(reply.status)
    raise _error(meaning, "" if said is None else said.message, facts, api.base_url)


@dataclass(frozen=True, slots=True)
class _Said:
    """What an answer says of itself.

    Attributes:
        number: The vendor's code; 0 for good, -1 if it is none.
        word: The vendor's name of the error; "" if it gives none.
        message: The vendor's words.
    """

    number: int
    word: str
    message: str

    @property
    def code(self) -> str:
        return str(self.number) if self.number > 0 else self.word or "unknown"


def _said(body: Mapping[str, Any]) -> _Said | None:
    """Return what an answer says of itself, if anything; v2 puts its code at the end."""
    base = mapping(body.get("base_resp"))
    if "status_code" in base:
        return _Said(whole(base["status_code"]), "", str(base.get("status_msg") or ""))
    error = mapping(body.get("error"))
    if not error:
        return None
    message, word = str(error.get("message") or ""), str(error.get("type") or "")
    found = _CODE_AT_END.search(message)
    return _Said(int(found[1]) if found else -1, word, message or word)


def whole(value: Any) -> int:
    """Return a code, whether it was sent as a number or as a text; -1 if it is none."""
    text = as_id(value)
    return int(text) if text.isascii() and text.isdigit() else -1


def _by_status(status: int) -> Meaning:
    if status in STATUSES:
        return STATUSES[status]
    if status < 300:
        return UNKNOWN
    slow = status == 408  # "request timeout"
    return Meaning(BackendUnavailableError, f"HTTP {status}", {"retryable": slow or status >= 500})


def _error(
    meaning: Meaning, message: str, facts: Mapping[str, Any], base_url: str
) -> VideoGenerationError:
    said = f"MiniMax says: {meaning.says}"
    if message:
        said += f" ({message})"
    given = {**facts, **meaning.facts}
    if meaning.kind is AuthenticationError:
        given["remedy"] = _about_the_key(base_url)
    if meaning.kind is ContentRejectedError:
        given["reasons"] = (message,) if message else ()
    return meaning.kind(said, **given)


def _about_the_key(base_url: str) -> str:
    """Say what else it can be: each platform refuses the other's keys in the same words."""
    other = GLOBAL if is_chinese(base_url) else CHINA
    return (
        f"check MINIMAX_API_KEY; it was sent to {base_url}, and a key is good in its own region "
        f"only: if it is from the other platform, set base_url (or MINIMAX_API_HOST) to {other}"
    )


def job_failed(code: Any, message: str, *, usual: str = "") -> VideoGenerationError:
    """Return why a job that was accepted came to nothing. Whether it was charged is not documented.

    Args:
        code: The vendor's code; None or 0 when it gives none.
        message: The vendor's words.
        usual: The error's code when the vendor gives none.
    """
    number = whole(code)
    found = _CODE_AT_END.search(message)
    if number <= 0 and found is not None:
        number = int(found[1])
    meaning = CODES.get(number, UNKNOWN)
    kind = meaning.kind
    kept = {ContentRejectedError, InvalidInputError}
    facts: dict[str, Any] = {
        "code": str(number) if number > 0 else as_id(code) or usual or "failed",
        "charged": "unknown",
    }
    if kind not in kept:
        says = meaning.says if number in CODES else "it gives no reason that is documented"
        said = f"MiniMax could not make the video: {says}"
        said += f" ({message})" if message else ""
        return GenerationFailedError(said, **facts, retryable=meaning.server)
    return _error(meaning, message, facts, "")


def no_such_job(error: VideoGenerationError, job: str) -> VideoGenerationError:
    """Return what a refused question about a job means: its id is the only thing that was asked."""
    if isinstance(error, InvalidInputError):
        return JobNotFoundError(
            f"MiniMax knows no job {job}: {error.message}",
            code=error.code,
            status_code=error.status_code,
            request_id=error.request_id,
            charged="unknown",
        )
    return error
