"""v1 of the API: the Hailuo models, and those before them.

Facts: platform.minimax.io, API reference of video generation (read as stored copies, 2026-11-23).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ttv_core import (
    BackendUnavailableError,
    DownloadError,
    Poll,
    RemoteFile,
    RemoteRef,
    SubmitSemantics,
    VideoGenerationError,
)
from ttv_core.http import as_id, mapping
from ttv_core.jobs import Polling
from ttv_minimax import camera
from ttv_minimax.codes import REFUSALS
from ttv_minimax.protocol import DEFINITE_STATUSES, Desk, Protocol, whole_seconds
from ttv_minimax.replies import good, job_failed, no_such_job, whole
from ttv_minimax.settings import is_chinese

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import ModelCapabilities, ResolvedRequest
    from ttv_core.http import Reply

__all__ = ["Hailuo"]

# The 01 series refuses these fields: its length and resolution are fixed.
_WITHOUT_SIZE = re.compile(r".+-01(-.+)?")

_STATES = {
    "preparing": "queued",
    "queueing": "queued",
    "processing": "running",
    "success": "done",
    "fail": "failed",
    "failed": "failed",
}
_ABOUT_THE_JOB = frozenset({1026, 1027})


class Hailuo(Protocol):
    """Errors come with HTTP 200; no list, no cancel; the video is a file to be asked for."""

    name = "v1"
    create_path = "/v1/video_generation"
    uploads = False
    semantics = SubmitSemantics(
        definite_reject=DEFINITE_STATUSES,
        definite_codes=REFUSALS,
        polling=Polling(floor=5.0, ceiling=10.0),
        evidence="https://platform.minimax.io/docs/api-reference/errorcode",
    )

    def native(
        self, request: ResolvedRequest, model: ModelCapabilities, base_url: str
    ) -> dict[str, Any]:
        """Return the body of `POST /v1/video_generation`."""
        body: dict[str, Any] = {"model": request.model}
        if prompt := _prompt(request, model):
            body["prompt"] = prompt
        if request.first_frame is not None:
            body["first_frame_image"] = request.first_frame
        if request.last_frame is not None:
            body["last_frame_image"] = request.last_frame
        if request.references:
            body["subject_reference"] = [{"type": "character", "image": list(request.references)}]
        body |= _length_and_tier(request, model)
        if request.enhance_prompt is not None:
            body["prompt_optimizer"] = request.enhance_prompt
        return body | _options(request, base_url)

    async def create(self, desk: Desk, body: Mapping[str, Any]) -> RemoteRef:
        """Send the one create; see `Protocol.create`."""
        try:
            return await super().create(desk, body)
        except BackendUnavailableError as error:
            # A broken service that names no job has none, as far as it says. Not sure enough to
            # send a paid request again by itself.
            if error.status_code is not None:
                error.retryable = False
            raise

    async def poll(self, desk: Desk, ref: RemoteRef) -> Poll:
        """Ask `GET /v1/query/video_generation`."""
        reply = await desk.api.request(
            "GET", "/v1/query/video_generation", params={"task_id": ref.id}
        )
        body = mapping(reply.json())
        word = str(body.get("status") or "")
        state: Any = _STATES.get(word.casefold(), "unknown")
        base = mapping(body.get("base_resp"))
        code = whole(base.get("status_code"))
        if reply.ok and (state == "failed" or code in _ABOUT_THE_JOB):
            error = job_failed(code, _reason(base))
            error.request_id = reply.headers.get("trace-id")
            return Poll(state="failed", word=word, error=error)
        self._good(desk, reply, ref)
        file_id = as_id(body.get("file_id"))
        kept = {"file_id": file_id} if state == "done" and file_id else {}
        return Poll(state=state, word=word, data=kept)

    def _good(self, desk: Desk, reply: Reply, ref: RemoteRef) -> None:
        try:
            good(reply, desk.api)
        except VideoGenerationError as error:
            raise no_such_job(error, ref.id) from None

    async def fetch(self, desk: Desk, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Ask `GET /v1/files/retrieve` for a fresh link."""
        file_id = as_id(ref.data.get("file_id"))
        if not file_id:
            poll = await self.poll(desk, ref)
            file_id = as_id(poll.data.get("file_id"))
        if not file_id:
            raise _no_video(ref)
        reply = await desk.api.request("GET", "/v1/files/retrieve", params={"file_id": file_id})
        body = good(reply, desk.api)
        if "file" not in body:
            msg = "MiniMax answered without the file that was asked for"
            raise BackendUnavailableError(msg, code="no_file", retryable=True)
        url = mapping(body["file"]).get("download_url")
        if not isinstance(url, str) or not url:
            raise _no_video(ref)
        return [RemoteFile(url=url)]


def _no_video(ref: RemoteRef) -> DownloadError:
    msg = f"MiniMax is done with job {ref.id} and names no video"
    return DownloadError(msg, code="no_result", retryable=False)


def _reason(base: Mapping[str, Any]) -> str:
    said = str(base.get("status_msg") or "")
    return "" if said.casefold() == "success" else said


def _prompt(request: ResolvedRequest, model: ModelCapabilities) -> str:
    moves = request.options.camera
    prompt = camera.tag(moves, request.prompt)
    limit = model.prompt
    if moves and limit.maximum is not None and limit.count(prompt) > limit.maximum:
        allowed = f"at most {limit.maximum:,} {limit.unit}"
        said = f"prompt with its camera moves is {limit.count(prompt):,} {limit.unit} long"
        request.refuse("prompt", f"{said}; {model.id} takes {allowed}", allowed=allowed)
    if not prompt:
        request.warn(f"whether {model.id} takes a picture without a prompt is not documented")
    return prompt


def _length_and_tier(request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if _WITHOUT_SIZE.fullmatch(model.id):
        if model.canvas.resolutions:
            _ = request.resolution  # it is fixed; what else was asked has been told
        return body
    if request.duration is not None:
        body["duration"] = whole_seconds(request.duration)
    if request.resolution is not None:
        body["resolution"] = request.resolution.upper()
    return body


def _options(request: ResolvedRequest, base_url: str) -> dict[str, Any]:
    options = request.options
    body: dict[str, Any] = {}
    if options.fast_pretreatment is not None:
        body["fast_pretreatment"] = options.fast_pretreatment
    if options.aigc_watermark is not None:
        body["aigc_watermark"] = options.aigc_watermark
        if not is_chinese(base_url):
            said = f"only the Chinese platform marks videos; base_url is {base_url}"
            request.refuse("options.minimax.aigc_watermark", said)
    return body
