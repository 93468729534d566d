"""Pictures, videos and sounds as MiniMax takes them: within the body, or uploaded before."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ttv_core import InvalidInputError, MediaInput, Violation
from ttv_core.http import as_id, import_aiohttp, mapping
from ttv_minimax.replies import good

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core.http import ApiClient

__all__ = ["Outbox", "kind_of", "sound_format"]

_MIME: Final = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "heic": "image/heic",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
}
_ENDINGS: Final = {"mp4": "video", "mov": "video", "wav": "audio", "mp3": "audio"}

# The body may have 64 MB (API reference of v2). Far below it, for an upload is kept if the create
# has to be sent again, and a body is not.
LARGEST_INLINE: Final = 4_000_000
MOST_INLINE: Final = 24_000_000

# An upload is good for 7 days (API reference, files); a job waits for hours at most.
_UPLOAD_LIFETIME: Final = 5 * 24 * 60 * 60.0
_UPLOAD_SECONDS: Final = 300.0


def kind_of(item: MediaInput) -> str:
    """Return "image", "video" or "audio"; a URL is judged by its ending."""
    if item.is_url:
        ending = urlsplit(str(item.source)).path.rpartition(".")[2].lower()
        return _ENDINGS.get(ending, "image")
    try:
        found = item.facts().format
    except (OSError, ValueError):
        return "image"  # planning has told that it cannot be read
    return _ENDINGS.get(found or "", "image")


def sound_format(head: bytes) -> str | None:
    """Return "wav" or "mp3" by the first bytes; None for anything else."""
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        return "mp3"
    return None


class Outbox:
    """Turns the media of a request into what goes on the wire.

    Args:
        api: Where uploads go.
        uploaded: What was uploaded already: sha256 to (reference, when). It is added to, so that
            repeating costs nothing.
        uploads: Whether the API takes references to uploads; otherwise everything is inlined.
    """

    def __init__(
        self, api: ApiClient, uploaded: dict[str, tuple[str, float]], *, uploads: bool
    ) -> None:
        self._api = api
        self._uploaded = uploaded
        self._uploads = uploads
        self._inlined = 0

    async def packed(self, value: Any) -> Any:
        """Return native parameters with every `MediaInput` in them replaced by its URL.

        Raises:
            InvalidInputError: If a file cannot be read any more.
            VideoGenerationError: If an upload fails.
        """
        if isinstance(value, MediaInput):
            return await self._url(value)
        if isinstance(value, dict):
            return {name: await self.packed(item) for name, item in value.items()}
        if isinstance(value, list):
            return [await self.packed(item) for item in value]
        return value

    async def _url(self, item: MediaInput) -> str:
        if item.is_url:
            return str(item.source)
        try:
            data = await asyncio.to_thread(item.read)
        except (OSError, ValueError) as error:
            said = f"{item.role} {item.label} cannot be read: {error}"
            raise InvalidInputError(
                violations=[Violation(item.role, "unreadable", said)]
            ) from error
        whole = MediaInput(role=item.role, source=data)
        name = whole.facts().format or sound_format(data[:16]) or ""
        mime = _MIME.get(name, "application/octet-stream")
        encoded = (len(data) + 2) // 3 * 4
        small = len(data) <= LARGEST_INLINE and self._inlined + encoded <= MOST_INLINE
        if small or not self._uploads:
            self._inlined += encoded
            return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
        return await self._upload(data, name, mime)

    async def _upload(self, data: bytes, name: str, mime: str) -> str:
        digest = hashlib.sha256(data).hexdigest()
        reference, when = self._uploaded.get(digest, ("", 0.0))
        if reference and time.monotonic() - when < _UPLOAD_LIFETIME:
            return reference
        form = import_aiohttp().FormData()
        form.add_field("purpose", "video_generation_input")
        form.add_field(
            "file", io.BytesIO(data), filename=f"{digest[:16]}.{name}", content_type=mime
        )
        reply = await self._api.request(
            "POST", "/v1/files/upload", data=form, timeout=_UPLOAD_SECONDS
        )
        reference = f"mm_file://{_file_id(good(reply, self._api))}"
        self._uploaded[digest] = (reference, time.monotonic())
        return reference


def _file_id(body: Mapping[str, Any]) -> str:
    found = as_id(mapping(body.get("file")).get("file_id"))
    if not found:
        msg = "MiniMax took an upload and named no file"
        raise InvalidInputError(msg, code="no_file_id", retryable=True)
    return found
