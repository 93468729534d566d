"""From the inputs in a body to links that the vendor can follow: data URIs when small, uploads."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from ttv_core import BackendUnavailableError, DownloadError, InvalidInputError, MediaInput
from ttv_core.http import mapping
from ttv_runway.media import LARGEST, media_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttv_runway.api import RunwayApi

__all__ = ["LONGEST_DATA_URI", "with_links"]

LONGEST_DATA_URI = 5_000_000
"""Characters. The vendor says 5 MB (docs.dev.runwayml.com/assets/inputs), and not of what: the
whole URI is kept below it."""
_ENDINGS = {
    "image/jpeg": "jpg",
    "video/quicktime": "mov",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
}


async def with_links(body: Any, api: RunwayApi, check: Callable[[str], None]) -> Any:
    """Return a body in which every input has become a link.

    It costs nothing and may be repeated: uploads that are not used are gone after 24 hours.

    Args:
        body: With `MediaInput`s where the vendor expects links.
        api: Takes uploads.
        check: Refuses addresses that a file must not be sent to.

    Raises:
        InvalidInputError: If an input cannot be read any more, or has become another.
        BackendUnavailableError: If it cannot be uploaded.
    """
    if isinstance(body, MediaInput):
        return await _link(body, api, check)
    if isinstance(body, dict):
        return {name: await with_links(value, api, check) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [await with_links(value, api, check) for value in body]
    return body


async def _link(item: MediaInput, api: RunwayApi, check: Callable[[str], None]) -> str:
    if item.is_url:
        return str(item.source)
    try:
        data = await asyncio.to_thread(item.read)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        msg = f"{item.role} {item.label} cannot be read: {reason}"
        raise InvalidInputError(msg, backend="runway") from error
    kind = media_type(data)
    if kind is None or len(data) > LARGEST:
        msg = f"{item.role} {item.label} is not what it was when the request was planned"
        raise InvalidInputError(msg, backend="runway")
    head = f"data:{kind};base64,"
    if len(head) + (len(data) + 2) // 3 * 4 <= LONGEST_DATA_URI:
        return head + base64.b64encode(data).decode("ascii")
    return await _uploaded(data, kind, api, check)


async def _uploaded(data: bytes, kind: str, api: RunwayApi, check: Callable[[str], None]) -> str:
    """Ask for a slot and fill it. What goes wrong is begun again with another slot by the core."""
    name = f"input.{_ENDINGS.get(kind, kind.partition('/')[2])}"
    said = mapping(await api.upload_slot(name))
    url, fields, link = (said.get(key) for key in ("uploadUrl", "fields", "runwayUri"))
    whole = isinstance(url, str) and isinstance(fields, dict) and isinstance(link, str) and link
    if not whole:
        msg = "runway gave no slot for an upload"
        raise BackendUnavailableError(msg, backend="runway", code="bad_answer", retryable=True)
    try:
        check(str(url))
    except DownloadError as error:
        msg = f"the slot for an upload is not used: {error.message}"
        raise BackendUnavailableError(msg, backend="runway", code="unsafe_link") from None
    tickets = {str(key): str(value) for key, value in fields.items()}  # type: ignore[union-attr]
    await api.post_file(str(url), tickets, (name, data, kind))
    return str(link)
