"""Read an answer: a job, whatever HTTP status it comes with, or the error that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    GenerationFailedError,
    InvalidInputError,
    JobNotFoundError,
    Poll,
    QuotaExceededError,
    VideoGenerationError,
)
from ttv_core.http import as_id, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core.http import ApiClient, Reply
    from ttv_endpoint.dialects import Dialect

__all__ = ["as_job", "failure", "said", "state_of", "trouble"]

_LONGEST: Final = 500


def as_job(reply: Reply, job: str) -> dict[str, Any] | None:
    """Return the job that an answer tells of, or None.

    A failed one comes with an error's HTTP status at vLLM-Omni, and is a job all the same.

    Args:
        reply: The answer to a question about a job.
        job: Its id.
    """
    body = mapping(reply.json())
    is_it = as_id(body.get("id")) == job or ("id" not in body and body.get("object") == "video")
    return body if is_it and isinstance(body.get("status"), str) else None


def state_of(body: Mapping[str, Any], dialect: Dialect) -> Poll:
    """Return how far a job is; of one that failed, why is in `failure`."""
    word = str(body.get("status"))
    return Poll(state=dialect.states.get(word, "unknown"), word=word, fraction=_fraction(body))


def _fraction(body: Mapping[str, Any]) -> float | None:
    """Return the progress; 0 is what is told where nobody counts."""
    told = body.get("progress")
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 < told <= 100:
        return None
    return told / 100


def failure(body: Mapping[str, Any], dialect: Dialect, *, free: bool) -> VideoGenerationError:
    """Return why a job came to nothing.

    Args:
        body: The job.
        dialect: Who says it.
        free: Whether the server's work costs nothing.
    """
    error = mapping(body.get("error"))
    code, message = error.get("code"), error.get("message")
    text = f"{dialect.title} could not make the video"
    if isinstance(message, str) and message:
        text += f": {message[:_LONGEST]}"
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    facts: dict[str, Any] = {
        "code": str(code) if isinstance(code, int | str) and code else "failed",
        "status_code": status,
        "charged": "no" if free else "unknown",
    }
    if status in {400, 413, 415, 422}:
        return InvalidInputError(text, **facts)
    return GenerationFailedError(text, **facts, retryable=status is not None and status >= 500)


def said(reply: Reply) -> str:
    """Return what a server says of an error; "" if it says nothing that can be read."""
    body = mapping(reply.json())
    detail = body.get("detail") or mapping(body.get("error")).get("message") or body.get("message")
    if isinstance(detail, list):  # of FastAPI: where, and what is wrong there
        items = [mapping(item) for item in detail]
        places = [".".join(str(part) for part in item.get("loc") or ()) for item in items]
        told = (f"{place}: {item.get('msg')}" for place, item in zip(places, items, strict=True))
        return "; ".join(told)[:_LONGEST]
    return detail[:_LONGEST] if isinstance(detail, str) else ""


def trouble(reply: Reply, api: ApiClient, *, job: str = "") -> VideoGenerationError:
    """Return what an answer means that tells of no job.

    Args:
        reply: The answer.
        api: Who gave it.
        job: The id that was asked for; "" if it was no question about a job.
    """
    detail = said(reply)
    kind, what, more = _meaning(reply.status, job)
    facts: dict[str, Any] = {
        "backend": api.backend,
        "status_code": reply.status,
        "code": f"http_{reply.status}",
        "retry_after": reply.retry_after,
    }
    return kind(f"{api.base_url} {what}{f': {detail}' if detail else ''}", **facts | more)


def _meaning(status: int, job: str) -> tuple[type[VideoGenerationError], str, dict[str, Any]]:
    """Return the error that a status stands for, what it says in words, and its further facts."""
    if status == 404 and job:
        return JobNotFoundError, f"has no job {job}", {}
    if status in _MEANINGS:
        return _MEANINGS[status]
    unclear: dict[str, Any] = {"charged": "unknown"}
    if 200 <= status < 300:
        unclear |= {"code": "no_job", "retryable": True}
        return BackendUnavailableError, "answered with something other than a job", unclear
    if 400 <= status < 500 and not job:
        return InvalidInputError, "refuses the request", {}
    return BackendUnavailableError, f"answers {status}", unclear | {"retryable": status >= 500}


_KEY: Final = {"remedy": "export TTV_ENDPOINT_API_KEY=…, the key that the server was started with"}
_ADDRESS: Final = {"remedy": "look at backends.endpoint.base_url"}
_MEANINGS: Final[Mapping[int, tuple[type[VideoGenerationError], str, dict[str, Any]]]] = {
    401: (AuthenticationError, "refuses the key", _KEY),
    403: (AuthenticationError, "refuses the key", _KEY),
    404: (BackendUnavailableError, "has no such API of videos", _ADDRESS),
    405: (BackendUnavailableError, "has no such API of videos", _ADDRESS),
    429: (QuotaExceededError, "is asked too often", {"kind": "rate", "retryable": True}),
}
