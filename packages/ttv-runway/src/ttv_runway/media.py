"""Pictures, videos and sounds: what they are, and whether the vendor takes them."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ttv_core import InvalidInputError, MediaInput, Violation

if TYPE_CHECKING:
    from ttv_core.capabilities import Role

__all__ = ["LARGEST", "check_url", "media_type", "option_input"]

LARGEST = 200_000_000
"""Bytes of an upload; the vendor does not say whether its MB are of 10**6."""
_LONGEST_URL = 2048
_HEAD = 16
_FIRST_BYTES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"}


def media_type(data: bytes) -> str | None:
    """Return the media type that the first bytes of a file say; None when they say none."""
    for start, kind in _FIRST_BYTES:
        if data.startswith(start):
            return kind
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12])
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video/mp4")
    is_mpeg_audio = data[:1] == b"\xff" and data[1:2] >= b"\xe0"
    return "audio/mpeg" if is_mpeg_audio else None


def check_url(item: MediaInput) -> str | None:
    """Return why the vendor does not fetch from a URL (docs.dev.runwayml.com/assets/inputs)."""
    if not item.is_url:
        return None
    url = str(item.source)
    if len(url) > _LONGEST_URL:
        return f"the URL is {len(url):,} characters long; allowed: {_LONGEST_URL:,}"
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        is_domain = "." in host.strip(".")
    else:
        is_domain = False
    return None if is_domain else f"Runway fetches from domains, not from {host[:80]!r}"


def option_input(
    option: str, source: bytes | Path | str, kind: Literal["image", "video", "audio"]
) -> MediaInput:
    """Return what an option gives as an input, once it is seen to be what it must be.

    Args:
        option: The option, for messages.
        source: A path, bytes, an https URL or a data URI.
        kind: What it must be.

    Raises:
        InvalidInputError: If it cannot be read, or is something else.
    """
    role: Role = "source_video" if kind == "video" else "reference"
    field = f"options.runway.{option}"
    problem: str | None
    try:
        item = MediaInput(role=role, source=source)
        problem = check_url(item) if item.is_url else _problem(item, kind)
        if problem is None:
            return item
    except InvalidInputError as error:
        problem = error.message
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
    violation = Violation(field, "invalid", f"{field}: {problem}")
    raise InvalidInputError(violations=[violation])


def _problem(item: MediaInput, kind: str) -> str | None:
    size, found = item.facts().size, media_type(_head(item))
    if found is None or not found.startswith(f"{kind}/"):
        return f"{item.label} is {found or 'of no kind that is known here'}, not {kind}"
    if size > LARGEST:
        return f"{item.label} has {size:,} bytes; allowed: {LARGEST:,}"
    return None


def _head(item: MediaInput) -> bytes:
    if isinstance(item.source, Path):
        with item.source.expanduser().open("rb") as file:
            return file.read(_HEAD)
    return item.read()[:_HEAD]
