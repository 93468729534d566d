"""v2 of the API: MiniMax-H3 and its kin.

Facts: platform.minimax.io, API reference of video generation v2: create, query, list, delete (read
as stored copies, 2026-11-23).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ttv_core import (
    BackendUnavailableError,
    DownloadError,
    GenerationCancelledError,
    InvalidInputError,
    JobExpiredError,
    JobNotFoundError,
    Poll,
    RemoteFile,
    RemoteRef,
    SubmitSemantics,
    VideoGenerationError,
)
from ttv_core.http import mapping
from ttv_core.jobs import Lookup, Polling
from ttv_minimax.billing import billed
from ttv_minimax.content import native
from ttv_minimax.listing import find
from ttv_minimax.protocol import DEFINITE_STATUSES, Desk, Protocol, path_part
from ttv_minimax.replies import good, job_failed, no_such_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import ExpectedVideo, ModelCapabilities, Plan, ResolvedRequest

__all__ = ["H3"]

_STATES = {
    "queued": "queued",
    "running": "running",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "failed",
}
_DAYS_KEPT = 7
_NOTHING = (b"", b"{}")


class H3(Protocol):
    """Errors are HTTP's own; jobs are listed, and a queued one can be cancelled."""

    name = "v2"
    create_path = "/v2/video_generation"
    uploads = True
    semantics = SubmitSemantics(
        lookup=Lookup(),
        definite_reject=DEFINITE_STATUSES,
        cancel=True,
        result_lifetime=_DAYS_KEPT * 24 * 60 * 60.0,
        polling=Polling(floor=5.0, ceiling=10.0),
        evidence="https://platform.minimax.io/docs/api-reference/video-generation-v2-create; "
        "https://platform.minimax.io/docs/api-reference/video-generation-v2-list; "
        "https://platform.minimax.io/docs/api-reference/video-generation-v2-delete",
    )

    def native(
        self, request: ResolvedRequest, model: ModelCapabilities, base_url: str
    ) -> dict[str, Any]:
        """Return the body of `POST /v2/video_generation`."""
        del base_url
        return native(request, model)

    def expected(self, expected: ExpectedVideo) -> ExpectedVideo:
        """Leave the length open: it is rounded to a grid of 17n+5 frames."""
        return replace(expected, duration=None, num_frames=None)

    async def poll(self, desk: Desk, ref: RemoteRef) -> Poll:
        """Ask `GET /v2/query/video_generation/{task_id}`."""
        task = await self._task(desk, ref)
        word = str(task.get("status") or "")
        state: Any = _STATES.get(word.casefold(), "unknown")
        if state == "failed":
            error = _failure(task) if word.casefold() == "failed" else _expired(ref)
            return Poll(state="failed", word=word, error=error, cost=billed(task, desk.table))
        if state == "done":
            return Poll(state="done", word=word, files=_files(task), cost=billed(task, desk.table))
        return Poll(state=state, word=word)

    async def _task(self, desk: Desk, ref: RemoteRef) -> Mapping[str, Any]:
        path = f"/v2/query/video_generation/{path_part(ref.id)}"
        try:
            body = good(await desk.api.request("GET", path), desk.api)
        except VideoGenerationError as error:
            raise no_such_job(error, ref.id) from None
        task = body.get("task")
        if not isinstance(task, dict):
            msg = "MiniMax answered without the job that was asked for"
            raise BackendUnavailableError(msg, code="no_task", retryable=True, charged="unknown")
        return task

    async def fetch(self, desk: Desk, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Ask for the job again: its links are fresh."""
        try:
            files = _files(await self._task(desk, ref))
        except JobNotFoundError as error:
            raise _gone(ref, error) from None
        if not files:
            msg = f"MiniMax is done with job {ref.id} and names no video"
            raise DownloadError(msg, code="no_result", retryable=False)
        return files

    async def cancel(self, desk: Desk, ref: RemoteRef) -> Poll | None:
        """Cancel a job that waits. What is over is only looked at: a delete would lose the video.

        Raises:
            InvalidInputError: If it runs already.
        """
        now = await self.poll(desk, ref)
        if now.state in {"done", "failed"}:
            return now
        if now.state == "cancelled":  # the answer to an earlier request was lost
            return _cancelled(ref)
        if now.state != "queued":
            msg = f"MiniMax cancels only jobs that wait; job {ref.id} is {now.word or 'unknown'}"
            raise InvalidInputError(msg, code="too_late", charged="unknown")
        path = f"/v2/video_generation/{path_part(ref.id)}"
        reply = await desk.api.request("DELETE", path)
        if not (reply.ok and reply.body.strip() in _NOTHING):
            good(reply, desk.api)
        return _cancelled(ref)

    async def lookup(self, desk: Desk, plan: Plan, since: float) -> RemoteRef | None:
        """Find a job whose answer was lost, in `GET /v2/query/video_generation`."""
        found = await find(desk.api, plan.native, since)
        return None if found is None else RemoteRef(found, {"api": self.name})


def _cancelled(ref: RemoteRef) -> Poll:
    msg = f"job {ref.id} was cancelled before it ran"
    error = GenerationCancelledError(msg, charged="no", code="cancelled")
    return Poll(state="cancelled", word="cancelled", error=error)


def _files(task: Mapping[str, Any]) -> tuple[RemoteFile, ...]:
    url = mapping(task.get("content")).get("url")
    return (RemoteFile(url=url),) if isinstance(url, str) and url else ()


def _failure(task: Mapping[str, Any]) -> VideoGenerationError:
    error = mapping(task.get("error"))
    return job_failed(error.get("code"), str(error.get("message") or ""))


def _expired(ref: RemoteRef) -> JobExpiredError:
    msg = f"MiniMax let job {ref.id} expire"
    return JobExpiredError(msg, charged="unknown", code="expired")


def _gone(ref: RemoteRef, error: VideoGenerationError) -> VideoGenerationError:
    """Return what a lost result is: gone for good, if it is the vendor that says so."""
    if error.code.startswith("http_"):
        msg = f"MiniMax does not find the video of job {ref.id}: {error.message}"
        return DownloadError(msg, code=error.code, status_code=error.status_code)
    msg = f"MiniMax keeps jobs for {_DAYS_KEPT} days and has job {ref.id} no more"
    return JobExpiredError(msg, code=error.code, status_code=error.status_code)
