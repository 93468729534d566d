"""Videos inside of an answer: put into files as they arrive, so that none is held in memory.

Google's client would hold such a video four times: as bytes, as text, as parsed JSON and decoded.
So what its HTTP client receives passes through here first, and Google's client reads an answer in
which each video is a few bytes that name its file.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import tempfile
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpx

from ttv_core import BackendUnavailableError, OutputError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["KEPT", "Kept", "named", "put_aside"]

_FIELD = re.compile(rb'"bytesBase64Encoded"\s*:\s*"')
_LONGEST_FIELD = 128
_PIECE = 1024 * 1024
_LONGEST_ESCAPE = 6
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_SPACE = b" \t\r\n"

KEPT: ContextVar[list[Kept]] = ContextVar("KEPT")
"""Where the videos of the answers that this task waits for are put; unset: they stay in them."""


class Kept:
    """A video in a file without a name: it is gone with this object, however the process ends.

    Raises:
        OutputError: If no such file can be made.
    """

    def __init__(self) -> None:
        try:
            self._file: Any = tempfile.TemporaryFile(prefix="ttv-veo-")  # noqa: SIM115 - see below
        except OSError as error:
            raise _no_room(error) from error
        weakref.finalize(self, self._file.close)
        self._rest = b""
        self.size = 0

    def write(self, text: bytes, *, last: bool = False) -> None:
        """Add base64 as it stands in a JSON string; a part that says nothing alone may be its end.

        Args:
            text: The next part.
            last: Whether it is the last.

        Raises:
            BackendUnavailableError: If it is no base64.
            OutputError: If it cannot be written.
        """
        text = self._rest + text
        self._rest = b""
        try:
            text = text if last else self._without_end(text)
            if b"\\" in text:
                text = json.loads(b'"%b"' % text).encode()
            data = text.translate(_TO_STANDARD, _SPACE)
            if last:
                data += b"=" * (-len(data) % 4)
            whole = len(data) - len(data) % 4
            self._rest = data[whole:] + self._rest
            decoded = binascii.a2b_base64(data[:whole], strict_mode=True)
        except ValueError as error:
            msg = f"the video in Google's answer is damaged: {type(error).__name__}"
            raise BackendUnavailableError(msg, code="bad_answer", retryable=True) from None
        self._write(decoded)

    def _without_end(self, text: bytes) -> bytes:
        """Keep back an escape that may be cut through."""
        cut = text.rfind(b"\\", max(len(text) - _LONGEST_ESCAPE + 1, 0))
        if cut >= 0:
            text, self._rest = text[:cut], text[cut:]
        return text

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise _no_room(error) from error
        self.size += len(data)

    async def read(self) -> AsyncIterator[bytes]:
        """Give the video in pieces, from its beginning."""
        place = 0

        def piece() -> bytes:
            self._file.seek(place)
            data: bytes = self._file.read(_PIECE)
            return data

        while data := await asyncio.to_thread(piece):
            place += len(data)
            yield data


def _no_room(error: OSError) -> OutputError:
    said = error.strerror or type(error).__name__
    return OutputError(
        f"a finished video cannot be put aside in {tempfile.gettempdir()}: {said}",
        code="storage",
        remedy="make room there, or set TMPDIR, then ttv resume",
    )


def named(data: bytes, kept: list[Kept]) -> Kept:
    """Return the file that stands in an answer for a video.

    Args:
        data: What Google's client has decoded.
        kept: The files.
    """
    return kept[int(data)]


async def put_aside(response: httpx.Response) -> None:
    """Let the videos of an answer go into files, as a hook of `httpx.AsyncClient`.

    Args:
        response: An answer whose body has not been read.
    """
    kept = KEPT.get(None)
    if kept is None or response.status_code != httpx.codes.OK:
        return
    response.stream = _Without(response, kept)
    for name in ("Content-Encoding", "Content-Length"):
        response.headers.pop(name, None)


class _Without(httpx.AsyncByteStream):
    """A body without its videos."""

    def __init__(self, response: httpx.Response, kept: list[Kept]) -> None:
        headers = response.headers.copy()
        self._whole = httpx.Response(200, headers=headers, stream=response.stream)
        self._kept = kept

    async def __aiter__(self) -> AsyncIterator[bytes]:
        before, video = b"", None
        async for chunk in self._whole.aiter_bytes(_PIECE):
            data, before = before + chunk, b""
            while data:
                if video is None:
                    found = _FIELD.search(data)
                    end = len(data) - _LONGEST_FIELD if found is None else found.end()
                    if found is None:
                        data, before = data[: max(end, 0)], data[max(end, 0) :]
                        yield data
                        break
                    yield data[:end]
                    data, video = data[end:], Kept()
                text, quote, rest = data.partition(b'"')
                await asyncio.to_thread(video.write, text, last=bool(quote))
                if quote and video.size:  # nothing stays nothing
                    yield base64.b64encode(b"%d" % len(self._kept))
                    self._kept.append(video)
                video = None if quote else video
                data = quote + rest
        yield before

    async def aclose(self) -> None:
        await self._whole.aclose()
