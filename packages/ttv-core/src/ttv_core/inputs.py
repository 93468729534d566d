"""Pictures and videos given to a backend: where they come from, and what they really are.

What a file is comes from its first bytes, never from its name. Only headers are read here, so a
decompression bomb costs nothing to recognise; decoding is left to the backend that needs pixels.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from pydantic import ValidationError, field_validator

from ttv_core.capabilities import Role
from ttv_core.domains import Data
from ttv_core.errors import InvalidInputError
from ttv_core.labels import quoted, reason_of
from ttv_core.results import Violation

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["InputFacts", "MediaInput", "sniff"]

_DATA_URI = re.compile(
    r"data:[\w.+/-]*(?:;[\w.+-]+=[^;,]*)*(?P<b64>;base64)?,", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What the bytes of an input say of themselves.

    Attributes:
        format: "png", "jpeg", "webp", "gif", "heic", "avif", "mp4", "mov", "webm"; None when not
            recognised.
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

    Raises:
        InvalidInputError: If the role or the kind of source is unknown.
    """

    role: Role
    source: Path | bytes | str

    def __init__(self, **fields: Any) -> None:
        """Check the role and the kind of source; nothing is read yet."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            found = [_told(item, fields) for item in error.errors(include_url=False)]
            violations = [Violation("inputs", "invalid", message) for message in found]
            raise InvalidInputError(violations=violations) from None

    @field_validator("source", mode="before")
    @classmethod
    def _known_kind(cls, value: Any) -> Any:
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        if isinstance(value, os.PathLike):
            return Path(value)
        if not isinstance(value, str):
            msg = f"a {type(value).__name__} is not a path, bytes, an https URL or a data URI"
            raise ValueError(msg)  # noqa: TRY004 - pydantic tells it with the others
        if not value:
            msg = "the path is empty"
            raise ValueError(msg)
        if value[:5].lower() == "data:":
            return _checked_data_uri(value)
        return _checked_url(value) if "://" in value else Path(value)

    @property
    def is_url(self) -> bool:
        """Whether the source is an https URL."""
        return isinstance(self.source, str) and self.source[:5].lower() != "data:"

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it is no regular file, or a URL, or a data URI that is broken.
        """
        with self._open() as file:
            return file.read()

    def facts(self) -> InputFacts:
        """Read the header.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it is no regular file, or a URL, or a data URI that is broken.
        """
        with self._open() as file:
            return sniff(file)

    def _open(self) -> BinaryIO:
        if isinstance(self.source, bytes):
            return io.BytesIO(self.source)
        if isinstance(self.source, str):
            return io.BytesIO(_decode_data_uri(self.source))
        try:
            path = self.source.expanduser()
        except RuntimeError as error:  # "~nobody/fox.png"
            raise ValueError(str(error)) from None
        if "\0" in str(path):  # each Python says this in other words
            msg = "the path has a null byte"
            raise ValueError(msg)
        # A pipe or a device would be waited for, or read, without end.
        if not stat.S_ISREG(path.stat().st_mode):
            msg = "it is a folder, not a file" if path.is_dir() else "it is not a regular file"
            raise ValueError(msg)
        return path.open("rb")

    def __repr__(self) -> str:
        """Name the source without printing megabytes."""
        return f"MediaInput(role={self.role!r}, source={self.label!r})"

    @property
    def label(self) -> str:
        """The source in a few words: the path or URL, or how many bytes.

        Of a URL, what may hold a secret is left out: the user, and what follows the path.
        """
        if isinstance(self.source, bytes):
            return f"<{len(self.source):,} bytes>"
        if isinstance(self.source, Path):
            text = str(self.source)
            return text if text.isprintable() and len(text) <= 300 else quoted(text)
        if self.is_url:
            return _without_secrets(self.source)
        return f"<data URI of {len(self.source):,} characters>"


def _told(item: Any, fields: dict[str, Any]) -> str:
    """Tell one pydantic error in our words."""
    place = ".".join(str(part) for part in item["loc"])
    if place == "role" and "role" in fields:
        roles = "first_frame, last_frame, reference or source_video"
        return f"role {quoted(fields['role'])} is not {roles}"
    return f"{place}: {reason_of(item)}"


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        msg = f"{quoted(url)} is not a URL that can be read"
        raise ValueError(msg) from None
    if parts.scheme != "https" or not parts.hostname:
        kind = f"a {parts.scheme} URL" if parts.scheme != "https" else "without a host"
        msg = f"{_without_secrets(url)} is {kind}; give an https URL, a data URI or a path"
        raise ValueError(msg)
    return url


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    text = f"{parts.scheme}://{host}{parts.path}"
    shown = text if text.isprintable() and len(text) <= 300 else quoted(text)
    return f"{shown}?…" if parts.query or parts.fragment else shown


def _checked_data_uri(uri: str) -> str:
    if _DATA_URI.match(uri) is None:
        msg = "this data URI cannot be read; it must look like 'data:image/png;base64,…'"
        raise ValueError(msg)
    return uri


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


_BRANDS = {
    b"avif": "avif",
    b"avis": "avif",
    b"heic": "heic",
    b"heix": "heic",
    b"hevc": "heic",
    b"mif1": "heic",
    b"msf1": "heic",
    b"qt  ": "mov",
}


def sniff(file: BinaryIO) -> InputFacts:
    """Recognise a picture or video from its header.

    Args:
        file: Open at its start, and seekable. Of a JPEG every segment up to its size is walked:
            phones put megabytes of metadata before it.

    Returns:
        The format, and the size in pixels where the header has it.
    """
    head = file.read(32)
    kind, edges = _recognise(head)
    if kind == "jpeg":
        edges = _jpeg_size(file)
    width, height = edges or (None, None)
    return InputFacts(kind, file.seek(0, io.SEEK_END), width, height)


def _recognise(head: bytes) -> tuple[str | None, tuple[int, int] | None]:
    kind: str | None = None
    edges: tuple[int, int] | None = None
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        kind, edges = "png", _unpack(">II", head, 16)
    elif head.startswith(b"\xff\xd8\xff"):
        kind = "jpeg"
    elif head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        kind, edges = "webp", _webp_size(head)
    elif head.startswith((b"GIF87a", b"GIF89a")):
        kind, edges = "gif", _unpack("<HH", head, 6)
    elif head[4:8] == b"ftyp":
        kind = _BRANDS.get(head[8:12], "mp4")
    elif head.startswith(b"\x1a\x45\xdf\xa3"):
        kind = "webm"
    return kind, edges


def _unpack(layout: str, data: bytes, offset: int) -> tuple[int, int] | None:
    try:
        first, second = struct.unpack_from(layout, data, offset)
    except struct.error:
        return None
    return first, second


_MOST_SEGMENTS = 10_000  # a file of nothing but markers ends the walk too


def _jpeg_size(file: BinaryIO) -> tuple[int, int] | None:
    """Walk the segments to the first start-of-frame marker (ITU T.81, annex B)."""
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        mark = file.read(4)
        if len(mark) < 4 or mark[0] != 0xFF:
            break
        if mark[1] == 0xFF:  # a fill byte before the marker
            file.seek(-3, io.SEEK_CUR)
            continue
        if 0xC0 <= mark[1] <= 0xCF and mark[1] not in {0xC4, 0xC8, 0xCC}:
            edges = _unpack(">HH", file.read(5), 1)
            return (edges[1], edges[0]) if edges else None
        length = int.from_bytes(mark[2:], "big")
        if length < 2 or mark[1] == 0xDA:  # damaged, or the picture began without its size
            return None
        file.seek(length - 2, io.SEEK_CUR)
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
