"""What Google says, in ttv's errors: HTTP answers, operations that failed, and safety filters."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    JobNotFoundError,
    ModelNotFoundError,
    QuotaExceededError,
    VideoGenerationError,
)
from ttv_core.http import retry_after

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["filtered", "of_exception", "of_operation", "told"]

_NOT_SENT = "not_sent"
_SUPPORT = re.compile(r"[Ss]upport codes?:\s*(?P<codes>\d[\d,\s]*)")
_GOOGLE_CODES = {
    1: "CANCELLED",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
}
"""google.rpc.Code, as far as an operation of Veo's may end with it."""


@cache
def _reasons() -> dict[int, str]:
    table = json.loads((files(__package__) / "safety.json").read_bytes())
    return {code: reason for reason, codes in table["codes"].items() for code in codes}


def _support_codes(texts: Iterable[str]) -> list[int]:
    found = [match["codes"] for text in texts for match in _SUPPORT.finditer(text)]
    return [int(code) for codes in found for code in re.findall(r"\d+", codes)]


def filtered(texts: Iterable[str], stage: Literal["input", "output"]) -> ContentRejectedError:
    """Return the error of a request or a video that a safety filter stopped.

    Args:
        texts: What Google says of it.
        stage: What was filtered.
    """
    said = [text for text in texts if text]
    codes = _support_codes(said)
    named = dict.fromkeys(_reasons().get(code, f"support code {code}") for code in codes)
    reasons = list(named) or said or ["no reason is given"]
    what = "the request" if stage == "input" else "the video"
    return ContentRejectedError(
        f"Veo's safety filter stopped {what}: {', '.join(reasons)}", stage=stage, reasons=reasons
    )


def of_operation(error: Mapping[str, Any]) -> VideoGenerationError:
    """Return the error of an operation that failed.

    Args:
        error: Its `error`: a google.rpc.Status.
    """
    code, text = int(error.get("code") or 0), str(error.get("message") or "")
    if _support_codes([text]):
        return filtered([text], "input")
    name = _GOOGLE_CODES.get(code, f"code {code}")
    message = f"Veo could not make the video ({name}): {text or 'no reason is given'}"
    if code == 3:
        return InvalidInputError(message, code=name)
    if code == 8:
        return QuotaExceededError(message, code=name)
    return GenerationFailedError(message, code=name, retryable=code in {4, 13, 14})


@contextmanager
def told(*, polling: bool = False, signing_in: bool = False) -> Iterator[None]:
    """Raise whatever the client, its transport or its credentials raise as one of ours.

    Args:
        polling: Whether a job is asked for, so that "not found" is about the job.
        signing_in: Whether credentials are read, so that what is wrong with a file is about them.

    Raises:
        VideoGenerationError: One of its kinds. The cause is not chained: it may hold a token.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - Google's libraries have many kinds of their own
        raise of_exception(error, polling=polling, signing_in=signing_in) from None


def of_exception(
    error: Exception, *, polling: bool = False, signing_in: bool = False
) -> VideoGenerationError:
    """Return what the client, its transport or its credentials raised, as one of ours.

    Args:
        error: What was raised.
        polling: Whether a job was asked for, so that "not found" is about the job.
        signing_in: Whether credentials were read, so that what is wrong with a file is about them.
    """
    import google.auth.exceptions as auth
    import httpx
    from google.api_core.exceptions import GoogleAPICallError
    from google.genai import errors
    from requests.exceptions import RequestException  # noqa: TID251 - Google's storage raises it

    if isinstance(error, VideoGenerationError):
        return error
    if isinstance(error, errors.APIError):
        said = str(error.message or "no reason is given")
        found = _of_answer(int(error.code or 0), str(error.status or ""), said, polling=polling)
        headers = getattr(error.response, "headers", None) or {}
        found.retry_after = retry_after(headers.get("retry-after"), now=time.time())
        return found
    if isinstance(error, GoogleAPICallError):
        return _of_answer(int(error.code or 0), "", str(error.message), polling=polling)
    never = httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
    lost = BackendUnavailableError(
        f"Vertex AI gave no answer: {type(error).__name__}",
        code=_NOT_SENT if isinstance(error, never) else "no_answer",
        charged="no" if isinstance(error, never) else "unknown",
        retryable=True,
    )
    if isinstance(error, httpx.HTTPError | auth.TransportError | RequestException):
        return lost
    about_keys = auth.GoogleAuthError | OSError | ValueError if signing_in else auth.GoogleAuthError
    if isinstance(error, about_keys):
        return AuthenticationError(
            f"there are no usable Google credentials: {type(error).__name__}",
            remedy="gcloud auth application-default login, or set credentials_path",
        )
    no_json = isinstance(error, json.JSONDecodeError)
    lost.code = "bad_answer" if no_json else "backend_error"
    what = "answers with something other than JSON" if no_json else "makes its client fail"
    lost.message = f"Google {what}: {type(error).__name__}"
    return lost


_ANSWERS: dict[int, tuple[type[VideoGenerationError], str]] = {
    400: (InvalidInputError, ""),
    401: (AuthenticationError, ""),
    403: (AuthenticationError, "check project_id, region and the credentials' roles"),
    404: (ModelNotFoundError, "the model is retired, or not in this location"),
    429: (QuotaExceededError, ""),
}


def _of_answer(status: int, name: str, text: str, *, polling: bool) -> VideoGenerationError:
    message = f"Google answers {status} {name}: {text}".replace(" :", ":")
    if status == 400 and _support_codes([text]):
        found: VideoGenerationError = filtered([text], "input")
        found.status_code, found.charged = status, "no"
        return found
    if status == 404 and polling:
        return JobNotFoundError(message, status_code=status, code=name or None)
    kind, hint = _ANSWERS.get(status, (BackendUnavailableError, ""))
    found = kind(f"{message} ({hint})" if hint else message, status_code=status, code=name or None)
    if status >= 500:
        found.charged, found.retryable = "unknown", True
    return found
