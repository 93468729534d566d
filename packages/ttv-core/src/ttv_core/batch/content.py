"""What a request is known by in a batch: its content, not its place in the file."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ttv_core.request import WISHES
from ttv_core.results import plain

if TYPE_CHECKING:
    from ttv_core.inputs import MediaInput
    from ttv_core.request import VideoRequest

__all__ = ["content_key", "key_of_copy"]

_LENGTH = 20


def content_key(request: VideoRequest, backend: str | None, name: str) -> str:
    """Return a short key of what is asked, the same in every run.

    How it is handled does not count, such as where the video goes, what it may cost, or that it may
    be adjusted; what a picture shows does.

    Args:
        request: What is asked.
        backend: Who is to make it, where that is said.
        name: The name it is to get, where that is said.
    """
    asked: dict[str, Any] = {
        field: plain(getattr(request, field)) for field in WISHES if field != "inputs"
    }
    asked["inputs"] = [[item.role, _shown(item)] for item in request.inputs]
    asked |= {"backend": backend, "name": name}
    text = json.dumps(asked, sort_keys=True, ensure_ascii=True)
    return _digest(text)


def key_of_copy(key: str, copy: int) -> str:
    """Return the key of a request whose content came so many times before: each one is wanted."""
    return _digest(f"{key} {copy}") if copy else key


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def _shown(item: MediaInput) -> str:
    if item.is_url:
        return str(item.source)
    try:
        return hashlib.sha256(item.read()).hexdigest()
    except (OSError, ValueError):
        return str(item.source)  # planning will say what is wrong with it
