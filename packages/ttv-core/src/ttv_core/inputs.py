"""Pictures and videos given to a backend: where they come from, and what they really are.

What a file is comes from its first bytes, never from its name. Only headers are read here, so a
decompression bomb costs nothing to recognise; decoding is left to the backend that needs pixels.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from pydantic import field_validator

from ttv_core.capabilities import Role
from ttv_core.domains import Data

__all__ = ["InputFacts", "MediaInput", "sniff"]

_HEAD = 256 * 1024
_DATA_URI = re.compile(r"data:(?P<type>[\w.+/-]*)(?:;[\w.+-]+=[^;,]*)*(?P<b64>;base64)?,", re.ASCII)


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What the bytes of an input say of themselves.

    Attributes:
        format: "png", "jpeg", "webp", "gif", "mp4", "webm"; None when not recognised.
        size: Bytes.
        width: Pixels; None when the header does not say.
        height: Pixels.
    """

    format: str | None
    size: int
    width: int | None = None
    height: int | None = None


class MediaInput(Data):
    """A picture or video that the generation starts from.

    Attributes:
        role: What it is for: "first_frame", "last_frame", "reference" or "source_video".
        source: A path, the bytes themselves, an https URL or a data URI.
    """

    role: Role
    source: Path | bytes | str

    @field_validator("source", mode="before")
    @classmethod
    def _known_kind(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value.startswith("data:"):
                if _DATA_URI.match(value) is None:
                    msg = (
                        "this data URI cannot be read; it must look like 'data:image/png;base64,…'"
                    )
                    raise ValueError(msg)
                return value
            scheme = urlsplit(value).scheme if "://" in value else ""
            if scheme == "https":
                return value
            if scheme:
                msg = f"{value!r} is a {scheme} URL; give an https URL, a data URI or a file"
                raise ValueError(msg)
            return Path(value)
        if isinstance(value, bytearray | memoryview):
            return bytes(value)
        return value

    @property
    def is_url(self) -> bool:
        """Whether the source is an https URL."""
        return isinstance(self.source, str) and self.source.startswith("https:")

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If the source is a URL, or a data URI that is broken.
        """
        if isinstance(self.source, bytes):
            return self.source
        if isinstance(self.source, Path):
            return self.source.expanduser().read_bytes()
        return _decode_data_uri(self.source)

    def facts(self) -> InputFacts:
        """Read the header.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If the source is a URL, or a data URI that is broken.
        """
        if isinstance(self.source, Path):
            with self.source.expanduser().open("rb") as file:
                head = file.read(_HEAD)
                return sniff(head, file.seek(0, 2))
        data = self.read()
        return sniff(data[:_HEAD], len(data))

    def __repr__(self) -> str:
        """Name the source without printing megabytes."""
        return f"MediaInput(role={self.role!r}, source={self.label!r})"

    @property
    def label(self) -> str:
        """The source in a few words: the path or URL, or how many bytes."""
        if isinstance(self.source, bytes):
            return f"<{len(self.source):,} bytes>"
        if isinstance(self.source, str) and self.source.startswith("data:"):
            return f"<data URI of {len(self.source):,} characters>"
        return str(self.source)


def _decode_data_uri(uri: str) -> bytes:
    match = _DATA_URI.match(uri)
    if match is None:
        msg = "an https URL is not read here; only files, bytes and data URIs are"
        raise ValueError(msg)
    body = unquote_to_bytes(uri[match.end() :])
    if match["b64"] is None:
        return body
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        msg = f"the data URI is not valid base64: {error}"
        raise ValueError(msg) from None


def sniff(head: bytes, size: int) -> InputFacts:
    """Recognise a picture or video from its first bytes.

    Args:
        head: The first bytes, up to a few hundred kilobytes (JPEG keeps its size behind EXIF).
        size: Bytes of the whole file.

    Returns:
        The format, and the size in pixels where the header has it.
    """
    kind, edges = _recognise(head)
    width, height = edges or (None, None)
    return InputFacts(kind, size, width, height)


def _recognise(head: bytes) -> tuple[str | None, tuple[int, int] | None]:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png", _unpack(">II", head, 16)
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg", _jpeg_size(head)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp", _webp_size(head)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif", _unpack("<HH", head, 6)
    if head[4:8] == b"ftyp":
        return "mp4", None
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm", None
    return None, None


def _unpack(layout: str, head: bytes, offset: int) -> tuple[int, int] | None:
    try:
        first, second = struct.unpack_from(layout, head, offset)
    except struct.error:
        return None
    return first, second


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """Walk the segments to the first start-of-frame marker (ITU T.81, annex B)."""
    position = 2
    while position + 4 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            edges = _unpack(">HH", head, position + 5)
            return (edges[1], edges[0]) if edges else None
        (length,) = struct.unpack_from(">H", head, position + 2)
        position += 2 + length
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """Read the size of the three kinds of WebP (RFC 9649, section 2)."""
    chunk = head[12:16]
    if len(head) < 30:
        return None
    if chunk == b"VP8X":
        return (
            1 + int.from_bytes(head[24:27], "little"),
            1 + int.from_bytes(head[27:30], "little"),
        )
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    edges = _unpack("<HH", head, 26)
    return (edges[0] & 0x3FFF, edges[1] & 0x3FFF) if edges else None
