"""Bring a finished video to the disk: streamed, resumed where it was cut, never over its limit.

One call is one try. What has arrived stays in the part file; the next call goes on from there, if
the server proves that it is still the same file.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ttv_core import background
from ttv_core.errors import DownloadError, OutputError, VideoGenerationError
from ttv_core.http import import_aiohttp, retry_after, without_query
from ttv_core.output import storage_error

if TYPE_CHECKING:
    from pathlib import Path

    from ttv_core.addresses import Guard

__all__ = ["MAX_BYTES", "Arrived", "Progress", "RemoteFile", "download"]

MAX_BYTES = 20 * 1024**3
STALLED_SECONDS = 30.0
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 120.0
"""Until an answer begins, redirects included."""
SLOWEST = 1024
"""Bytes a second, on average over `SLOW_SECONDS`: less is not waited for."""
SLOW_SECONDS = 60.0
_BUFFER = 1024 * 1024
_PIECE = 2 * 1024 * 1024
_AT_ONCE = 24
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_VIDEO = ("text/", "application/json", "application/xml", "image/")
_RANGE = re.compile(r"bytes (?P<start>\d+)-(?P<end>\d+)/(?P<total>\d+|\*)", re.ASCII)

Progress = Callable[[int, int | None], None]
"""Hears how many bytes are there, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """Where the bytes of a finished video are now.

    Attributes:
        url: An https link.
        headers: Sent to the link's own host, and to no other that it may lead to.
        read: Instead of a link: gives the bytes, for storage with a client of its own, and for a
            vendor that hands them out in its answer.
        size: Bytes; None when the vendor does not say.
    """

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    read: Callable[[], AsyncIterator[bytes]] | None = field(default=None, repr=False)
    size: int | None = None

    def __post_init__(self) -> None:
        """Refuse what leads nowhere, or to two places."""
        if bool(self.url) == (self.read is not None):
            msg = "give a RemoteFile either a url or a read"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Arrived:
    """How far a download has come, and what proves that the rest belongs to it.

    Attributes:
        validator: A strong ETag, or the date of the last change; "" when there is none.
        total: Bytes of the whole file; None when unknown.
    """

    validator: str = ""
    total: int | None = None


async def download(
    file: RemoteFile,
    part: Path,
    guard: Guard,
    *,
    arrived: Arrived | None = None,
    progress: Progress | None = None,
    note: Callable[[Arrived], Any] | None = None,
    limit: int = MAX_BYTES,
    on_disk: Callable[..., Awaitable[Any]] = asyncio.to_thread,
) -> Arrived:
    """Fetch the rest of a file into its part file.

    Args:
        file: Where the bytes are.
        part: An existing file of our own; what is in it is kept if the server allows it.
        guard: Which addresses may be reached.
        arrived: What an earlier try noted.
        progress: Hears how far it is.
        note: Hears, before the first new byte is written, what a later try can be resumed with.
        limit: Most bytes.
        on_disk: Calls a function that waits for the disk, while the event loop goes on.

    Returns:
        What is known of the whole file, which is there now.

    Raises:
        DownloadError: If it did not come whole; `status_code` and `retry_after` as the server
            said. What came is kept.
        OutputError: If it cannot be written.
    """
    door = _door(guard)
    async with door.gate:  # before the part is opened: who waits for a turn holds no file open
        with _opened(part) as sink:
            target = _Sink(sink, part, progress, limit, on_disk)
            if file.read is not None:
                return await _from_reader(file, target)
            return await _from_url(file, target, door, arrived or Arrived(), note)


@contextlib.contextmanager
def _opened(part: Path) -> Any:
    flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(part, flags)
    except OSError as error:
        raise storage_error(error, part) from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            msg = f"{part} is no file of ours"
            raise OutputError(msg, code="storage")
        yield handle
    finally:
        os.close(handle)


class _Sink:
    """The part file: counts, limits, and tells the disk's troubles in our words."""

    def __init__(
        self,
        handle: int,
        part: Path,
        progress: Progress | None,
        limit: int,
        on_disk: Callable[..., Awaitable[Any]],
    ) -> None:
        self.on_disk = on_disk
        self._handle = handle
        self._part = part
        self._progress = progress
        self._limit = limit
        self._told = 0.0
        self.size = os.fstat(handle).st_size
        self.total: int | None = None

    def begin(self, offset: int) -> None:
        """Drop what is there beyond an offset and go on from it."""
        os.ftruncate(self._handle, offset)
        os.lseek(self._handle, offset, os.SEEK_SET)
        self.size = offset

    def pour(self, chunks: list[bytes]) -> None:
        for chunk in chunks:
            self.write(chunk)

    def write(self, data: bytes) -> None:
        if self.size + len(data) > self._limit:
            msg = f"the video is longer than {self._limit:,} bytes, which is refused"
            raise DownloadError(msg, code="too_large", retryable=False)
        view = memoryview(data)
        try:
            while view:
                written = os.write(self._handle, view)
                view = view[written:]
                self.size += written
        except OSError as error:
            raise storage_error(error, self._part) from error

    def tell(self, *, always: bool = False) -> None:
        now = time.monotonic()
        if self._progress is not None and (always or now - self._told > 0.1):
            self._told = now
            self._progress(self.size, self.total)


async def _from_reader(file: RemoteFile, sink: _Sink) -> Arrived:
    """Take the bytes from a backend's own reader: all of them, as nothing proves a part."""
    assert file.read is not None
    sink.begin(0)
    sink.total = file.size
    try:
        await _poured(file.read(), sink)
    except VideoGenerationError:
        raise
    except Exception as error:
        msg = f"the video was cut off: {type(error).__name__}: {error}"
        raise DownloadError(msg, code="cut_off") from error
    return _whole(sink, file.size, Arrived(total=file.size))


async def _from_url(
    file: RemoteFile,
    sink: _Sink,
    door: _Door,
    arrived: Arrived,
    note: Callable[[Arrived], Any] | None,
) -> Arrived:
    aiohttp = import_aiohttp()
    headers = dict(file.headers)
    if sink.size and arrived.validator:
        headers |= {"Range": f"bytes={sink.size}-", "If-Range": arrived.validator}
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            found = await _followed(door.session, file.url, headers, door.guard)
        async with found as answer:
            return await _received(answer, file, sink, arrived, note)
    except aiohttp.ClientError as error:
        msg = f"{without_query(file.url)} was cut off: {type(error).__name__}"
        raise DownloadError(msg, code="cut_off") from None
    except (TimeoutError, OSError, ValueError) as error:
        msg = f"{without_query(file.url)} cannot be fetched: {type(error).__name__}"
        raise DownloadError(msg, code="cut_off") from None


class _Door:
    """The way to files behind one guard: connections without any credentials, so many at once."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.gate = asyncio.Semaphore(_AT_ONCE)

    @cached_property
    def session(self) -> Any:
        aiohttp = import_aiohttp()
        made = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=self.guard.resolver(), limit=_AT_ONCE),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=STALLED_SECONDS
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=_BUFFER,
            headers={"Accept-Encoding": "identity"},
        )
        background.at_end(made.close)
        return made


_doors: dict[tuple[asyncio.AbstractEventLoop, Guard], _Door] = {}


def _door(guard: Guard) -> _Door:
    """Return this loop's way to files behind a guard."""
    loop = asyncio.get_running_loop()
    for other, _ in list(_doors):
        if other is not loop and other.is_closed():
            _doors.clear()
    if (loop, guard) not in _doors:
        _doors[loop, guard] = _Door(guard)
    return _doors[loop, guard]


async def _followed(session: Any, url: str, headers: Mapping[str, str], guard: Guard) -> Any:
    """Follow redirects by hand: each one is checked, and none gets what was meant for another."""
    sent = dict(headers)
    for _ in range(_MOST_REDIRECTS + 1):
        guard.check(url)
        answer = await session.get(url, headers=sent, allow_redirects=False)
        where = answer.headers.get("Location")
        if answer.status not in _REDIRECTS or not where:
            return answer
        answer.close()
        further = urljoin(url, where)
        if _origin(further) != _origin(url):
            sent = {name: sent[name] for name in ("Range", "If-Range") if name in sent}
        url = further
    msg = f"the link to the video leads on more than {_MOST_REDIRECTS} times"
    raise DownloadError(msg, code="unsafe_link", retryable=False)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


async def _received(
    answer: Any,
    file: RemoteFile,
    sink: _Sink,
    arrived: Arrived,
    note: Callable[[Arrived], Any] | None,
) -> Arrived:
    where = without_query(file.url)
    if answer.status == 416 and arrived.total is not None and sink.size == arrived.total:
        return arrived  # nothing is left to fetch
    if answer.status not in {200, 206}:
        if answer.status == 416:
            sink.begin(0)
        wait = retry_after(answer.headers.get("Retry-After"), now=time.time())
        msg = f"{where} answers {answer.status}"
        raise DownloadError(msg, code="http", status_code=answer.status, retry_after=wait)
    kind = (answer.headers.get("Content-Type") or "").lower()
    if kind.startswith(_NO_VIDEO):
        raise DownloadError(f"{where} gives {kind[:60]!r}, not a video", code="no_video")
    facts, start = _facts(answer, file)
    if answer.status == 206 and not (0 < start == sink.size and _same(facts, arrived)):
        sink.begin(0)
        raise DownloadError(f"{where} gives another part than was asked for", code="cut_off")
    sink.begin(start)
    sink.total = facts.total
    noted = note(facts) if note is not None and facts != arrived else None
    await _poured(answer.content.iter_chunked(_BUFFER), sink, noted)
    return _whole(sink, facts.total, facts)


async def _poured(
    chunks: AsyncIterator[bytes], sink: _Sink, noted: Awaitable[Any] | None = None
) -> None:
    """Write what comes beside the event loop, which a slow disk would stop for every other job.

    A piece is written while the next one comes. It is not small, for each change of thread costs.

    Args:
        chunks: What comes.
        sink: Where it is written.
        noted: Must be done before the first byte is written. The bytes are taken meanwhile: what
            nobody has taken when a connection breaks is lost.
    """
    held: list[bytes] = []
    writing: asyncio.Future[Any] | None = None if noted is None else asyncio.ensure_future(noted)

    async def written() -> None:
        if writing is not None:
            await asyncio.wait([writing])  # not cancelled with this: the file must stay open
            writing.result()

    clock = asyncio.get_running_loop().time
    since, came = clock(), 0
    try:
        async for chunk in chunks:
            held.append(chunk)
            came += len(chunk)
            if (seconds := clock() - since) > SLOW_SECONDS:
                if came < SLOWEST * seconds:
                    # Whoever waits for this place gets it; the rest is asked for again.
                    msg = f"only {came:,} bytes came in {seconds:.0f} s"
                    raise TimeoutError(msg)
                since, came = clock(), 0
            if sum(map(len, held)) >= _PIECE:
                await written()
                sink.tell()
                writing = asyncio.ensure_future(sink.on_disk(sink.pour, held))
                held = []
    finally:  # however it ends, what came is kept
        await written()
        writing = asyncio.ensure_future(sink.on_disk(sink.pour, held))
        await written()


def _facts(answer: Any, file: RemoteFile) -> tuple[Arrived, int]:
    """Return what the answer says of the whole file, and where its own bytes begin."""
    headers = answer.headers
    tag = headers.get("ETag") or ""
    strong = tag if tag.startswith('"') else ""
    validator = strong or headers.get("Last-Modified") or ""
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        return Arrived(), 0  # what is counted is not what arrives, so nothing can be resumed
    if answer.status == 206:
        told = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if told is None:
            return Arrived(), -1
        total = None if told["total"] == "*" else int(told["total"])
        return Arrived(validator, total), int(told["start"])
    length = headers.get("Content-Length")
    total = int(length) if length and length.isascii() and length.isdigit() else file.size
    return Arrived(validator, total), 0


def _same(facts: Arrived, arrived: Arrived) -> bool:
    """Tell whether a part belongs to what is there already."""
    return facts.validator in {"", arrived.validator} and (
        None in {facts.total, arrived.total} or facts.total == arrived.total
    )


def _whole(sink: _Sink, total: int | None, facts: Arrived) -> Arrived:
    """Check the length: some ways of being cut off look like the end."""
    sink.tell(always=True)
    if sink.size == 0:
        raise DownloadError("the video that was sent is empty", code="empty")
    if total is not None and sink.size != total:
        msg = f"{sink.size:,} of {total:,} bytes of the video came"
        raise DownloadError(msg, code="cut_off")
    return replace(facts, total=sink.size)
