"""Put a request on the wire: as JSON, or as a form with its parts."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from typing import TYPE_CHECKING, Any, Final

from ttv_core import InvalidInputError, MediaInput, Violation
from ttv_core.http import import_aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_endpoint.dialects import Dialect

__all__ = ["body_of", "with_picture"]

_ENDINGS: Final = {"jpeg": "jpg"}


async def with_picture(dialect: Dialect, native: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with its picture read.

    Raises:
        InvalidInputError: If it cannot be read any more.
    """
    body = dict(native)
    for name in ("input_reference", dialect.picture_url):
        item = body.get(name)
        if not isinstance(item, MediaInput):
            continue
        if item.is_url:
            url = str(item.source)
            body[name] = {"image_url": url} if dialect.wraps_url else url
        else:
            body[name] = await _read(item)
            if dialect.picture == "data_uri":
                data, kind = body[name]
                encoded = base64.b64encode(data).decode("ascii")
                body[name] = f"data:image/{kind};base64,{encoded}"
    return body


async def _read(item: MediaInput) -> tuple[bytes, str]:
    """Return the bytes of a picture and their format."""
    try:
        data = await asyncio.to_thread(item.read)
    except (OSError, ValueError) as error:
        said = f"{item.role} {item.label} cannot be read: {error}"
        raise InvalidInputError(violations=[Violation(item.role, "unreadable", said)]) from error
    return data, MediaInput(role=item.role, source=data).facts().format or "png"


def body_of(dialect: Dialect, native: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `ApiClient.create` sends: `json`, or `data` with a form.

    Args:
        dialect: The server's.
        native: A request in its names, with its picture read.
    """
    has_file = any(isinstance(value, tuple) for value in native.values())
    if dialect.encoding == "json" and not has_file:
        return {"json": dict(native)}
    form = import_aiohttp().FormData(default_to_multipart=True)
    for name, value in native.items():
        if isinstance(value, tuple):
            data, kind = value
            file = f"{name}.{_ENDINGS.get(kind, kind)}"
            form.add_field(name, io.BytesIO(data), filename=file, content_type=f"image/{kind}")
        else:
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    return {"data": form}
