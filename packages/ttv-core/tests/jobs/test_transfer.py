"""A finished video comes home whole, byte for byte once, or it can be asked for again."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import socket
import struct
import threading
import tracemalloc

import pytest
from aiohttp import web

from ttv_core import (
    DownloadError,
    OutputError,
    RemoteFile,
)
from ttv_core.addresses import Guard
from ttv_core.background import run
from ttv_core.testing import Simulator
from ttv_core.transfer import Arrived, download


@pytest.fixture
def part(tmp_path):
    path = tmp_path / "v.part"
    path.touch()
    return path


@pytest.fixture
def fetch(acme, part):
    """Fetch the vendor's video once; return what is known of it."""

    def fetched(arrived=None, **more):
        notes = []
        how = {"arrived": arrived, "note": notes.append} | more
        fetched.notes = notes
        file = how.pop("file", None) or RemoteFile(url=f"{acme.url}/files/1")
        return run(download(file, part, Guard(acme.url), **how))

    return fetched


def ranges(acme):
    return [
        (each.headers.get("range"), each.headers.get("if-range"))
        for each in acme.log
        if each.kind == "file"
    ]


# --- one try --------------------------------------------------------------------------------------


def test_a_file_comes_whole(fetch, part, acme, video):
    told = []
    arrived = fetch(progress=lambda done, total: told.append((done, total)))
    assert part.read_bytes() == video
    assert arrived == Arrived(f'"{hashlib.sha256(video).hexdigest()[:16]}"', len(video))
    assert fetch.notes == [arrived]
    assert told[-1] == (len(video), len(video))
    assert acme.log[0].headers["accept-encoding"] == "identity"
    assert "authorization" not in acme.log[0].headers


@pytest.mark.parametrize("where", [0.0, 0.01, 0.3, 0.5, 0.999])
def test_a_cut_file_goes_on_where_it_was_cut(where, fetch, part, acme, video):
    at = int(len(video) * where)
    acme.fail("file", "cut", at=at)
    with pytest.raises(DownloadError) as caught:
        fetch()
    assert (caught.value.code, caught.value.retryable, caught.value.charged) == (
        "cut_off",
        True,
        "yes",
    )
    there = part.stat().st_size
    assert there <= at
    (noted,) = fetch.notes
    fetch(noted)
    assert part.read_bytes() == video
    wanted = (f"bytes={there}-", noted.validator) if there else (None, None)
    assert ranges(acme)[1] == wanted
    assert acme.bytes_served == at + len(video) - there


class Breaks:
    """A server of one answer: half of it comes, and the connection breaks once it is told to."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._now = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        connection, _ = self._listener.accept()
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\nETag: "a"\r\n\r\n0123456789')
        self._now.wait(60)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def broken(self):
        """Break it off, and return when that is done."""
        self._now.set()
        self._thread.join(60)
        self._listener.close()


def test_what_came_before_the_note_is_written_down_is_kept(part):
    """The disk of the journal is slow, and the connection breaks meanwhile."""
    server = Breaks()
    seen = []

    async def note(arrived):
        await asyncio.to_thread(server.broken)
        for _ in range(100):  # until the loop has surely heard of it
            await asyncio.sleep(0)
        seen.append((arrived, part.read_bytes()))

    with pytest.raises(DownloadError) as caught:
        run(download(RemoteFile(url=f"{server.url}/v"), part, Guard(server.url), note=note))
    assert caught.value.code == "cut_off"
    assert seen == [(Arrived('"a"', 20), b"")]
    assert part.read_bytes() == b"0123456789"


def test_what_cannot_be_written_down_is_not_written(fetch, part):
    async def note(arrived):
        raise OutputError("the journal is full")

    with pytest.raises(OutputError, match="the journal is full"):
        fetch(note=note)
    assert part.read_bytes() == b""


def test_what_only_drips_in_is_given_up_and_goes_on_from_there(
    fetch, part, acme, video, monkeypatch
):
    """Each byte comes in time, so silence alone never ends it; a place is not held for ever."""
    monkeypatch.setattr("ttv_core.transfer.SLOW_SECONDS", 0.1)
    monkeypatch.setattr("ttv_core.transfer.SLOWEST", 10**6)
    acme.fail("file", "drip", seconds=0.01)
    with pytest.raises(DownloadError, match="TimeoutError") as caught:
        fetch()
    assert caught.value.code == "cut_off"
    came = part.stat().st_size
    assert 0 < came < len(video)
    fetch(arrived=fetch.notes[-1])
    assert part.read_bytes() == video
    assert ranges(acme)[-1][0] == f"bytes={came}-"


@pytest.mark.parametrize("fault", ["no_range", "new_etag", "gzip"])
def test_what_does_not_belong_to_the_part_replaces_it(fault, fetch, part, acme, video):
    acme.fail("file", "cut").fail("file", fault)
    with pytest.raises(DownloadError):
        fetch()
    acme.video = video[::-1]  # it is another file by now
    fetch(fetch.notes[0])
    assert part.read_bytes() == acme.video


def test_a_part_without_proof_is_fetched_anew(fetch, part, acme, video):
    part.write_bytes(b"x" * 100)
    fetch(Arrived("", len(video)))
    assert part.read_bytes() == video
    assert ranges(acme) == [(None, None)]


def test_a_part_that_is_whole_already_is_taken(fetch, part, acme, video):
    tag = f'"{hashlib.sha256(video).hexdigest()[:16]}"'
    part.write_bytes(video)
    arrived = Arrived(tag, len(video))
    assert fetch(arrived) == arrived
    assert acme.bytes_served == 0


def test_a_part_that_is_too_long_is_dropped(fetch, part, acme, video):
    tag = f'"{hashlib.sha256(video).hexdigest()[:16]}"'
    part.write_bytes(video + b"more")
    with pytest.raises(DownloadError) as caught:
        fetch(Arrived(tag, len(video)))
    assert caught.value.status_code == 416
    assert part.read_bytes() == b""
    fetch(Arrived(tag, len(video)))
    assert part.read_bytes() == video


def test_a_length_that_is_a_lie_is_noticed(fetch, part, acme):
    acme.fail("file", "wrong_length")
    with pytest.raises(DownloadError) as caught:
        fetch()
    assert caught.value.code == "cut_off"


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"<html>gone</html>", "text/html", "no_video"),
        (b'{"error": "expired"}', "application/json", "no_video"),
        (b"<Error/>", "application/xml", "no_video"),
        (b"\x89PNG", "image/png", "no_video"),
        (b"", "video/mp4", "empty"),
    ],
)
def test_what_is_no_video_is_not_kept(body, kind, code, fetch, part, acme):
    acme.fail("file", "body", body=body, content_type=kind)
    with pytest.raises(DownloadError) as caught:
        fetch()
    assert caught.value.code == code
    assert part.read_bytes() == b""


@pytest.mark.parametrize("status", [201, 204, 304, 400, 401, 403, 404, 410, 429, 500, 503])
def test_what_a_server_answers_instead_is_told(status, fetch, part, acme):
    acme.fail("file", "status", status=status, headers={"Retry-After": "7"})
    with pytest.raises(DownloadError, match=f"answers {status}") as caught:
        fetch()
    assert (caught.value.status_code, caught.value.retry_after) == (status, 7.0)
    assert caught.value.retryable is True


@pytest.fixture
def served(part):
    """Serve one file by hand, and return what became of fetching it."""

    def made(handler, **how):
        class Server(Simulator):
            def routes(self):
                return [("file", "GET", "/v.mp4", handler)]

        with Server() as server:
            file = RemoteFile(url=f"{server.url}/v.mp4")
            return run(download(file, part, Guard(server.url), **how))

    return made


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Range": "bytes 3-9/10"},
        {"Content-Range": "bytes 0-9/10"},
        {"Content-Range": "bytes 5-9/11", "ETag": '"a"'},
        {"Content-Range": "bytes 5-9/10", "ETag": '"b"'},
        {"Content-Range": "bytes 5-9", "ETag": '"a"'},
        {"Content-Range": "5-9"},
        {"Content-Range": "bytes 5-9/10", "ETag": '"a"', "Content-Encoding": "gzip"},
    ],
    ids=repr,
)
def test_another_part_than_was_asked_for_is_not_taken(headers, served, part):
    async def wrong(request):
        assert request.headers["Range"] == "bytes=5-"
        body = gzip.compress(b"56789") if "Content-Encoding" in headers else b"56789"
        return web.Response(status=206, body=body, headers=headers)

    part.write_bytes(b"01234")
    with pytest.raises(DownloadError) as caught:
        served(wrong, arrived=Arrived('"a"', 10))
    assert caught.value.code == "cut_off"
    assert part.read_bytes() == b""  # nothing proves what it was


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 5-9/10", "ETag": '"a"'},
        {"Content-Range": "bytes 5-9/*"},
        {"Content-Range": "bytes 5-9/10"},
    ],
    ids=repr,
)
def test_the_part_that_was_asked_for_is_taken(headers, served, part):
    async def right(request):
        return web.Response(status=206, body=b"56789", headers=headers)

    part.write_bytes(b"01234")
    assert served(right, arrived=Arrived('"a"', 10)).total == 10
    assert part.read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": 'W/"weak"'}, ""),
        ({"ETag": 'W/"weak"', "Last-Modified": "Fri, 15 Jan 2027 08:00:30 GMT"}, "Fri, 15 Jan"),
        ({"ETag": '"strong"', "Last-Modified": "Fri, 15 Jan 2027 08:00:30 GMT"}, '"strong"'),
        ({}, ""),
    ],
)
def test_only_what_proves_the_same_bytes_is_noted(headers, validator, served):
    async def whole(request):
        return web.Response(body=b"0123456789", headers=headers)

    assert served(whole).validator.startswith(validator)
    assert bool(served(whole).validator) is bool(validator)


def test_a_file_without_a_length_comes_too(served, part):
    async def chunked(request):
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"01234")
        await response.write(b"56789")
        return response

    assert served(chunked) == Arrived("", 10)
    assert part.read_bytes() == b"0123456789"


def test_a_file_has_a_limit(served, part):
    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(bytes(1_000_000))
        return response

    with pytest.raises(DownloadError, match="longer than 3,000,000 bytes") as caught:
        served(endless, limit=3_000_000)
    assert (caught.value.code, caught.value.retryable) == ("too_large", False)
    assert part.stat().st_size <= 3_000_000


def test_a_bomb_has_the_same_limit(served, part):
    bomb = gzip.compress(bytes(50_000_000))

    async def packed(request):
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    with pytest.raises(DownloadError, match=r"longer than|was cut off"):
        served(packed, limit=1_000_000)
    assert part.stat().st_size <= 1_000_000


def test_memory_is_flat(served, part):
    piece = os.urandom(1_000_000)

    async def long(request):
        response = web.StreamResponse()
        response.content_length = 40 * len(piece)
        await response.prepare(request)
        for _ in range(40):
            await response.write(piece)
        return response

    tracemalloc.start()
    try:
        served(long)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert part.stat().st_size == 40_000_000
    assert peak < 20_000_000


def reading(*pieces, size=None):
    async def read():
        for piece in pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    return RemoteFile(read=read, size=size)


def test_a_backends_own_reader_is_read(fetch, part):
    part.write_bytes(b"from before")
    assert fetch(file=reading(b"01234", b"", b"56789", size=10)) == Arrived("", 10)
    assert part.read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (reading(b"01234", size=10), "cut_off"),
        (reading(), "empty"),
        (reading(b"01234", ConnectionResetError("gone")), "cut_off"),
        (reading(KeyError("bucket")), "cut_off"),
        (reading(DownloadError("mine", code="mine")), "mine"),
    ],
)
def test_a_reader_that_fails_is_told_as_a_download_that_failed(file, code, fetch):
    with pytest.raises(DownloadError) as caught:
        fetch(file=file)
    assert caught.value.code == code
    assert caught.value.retryable


@pytest.mark.parametrize("given", [{}, {"url": "https://a.example", "read": reading().read}])
def test_a_file_is_in_one_place(given):
    with pytest.raises(ValueError, match="either a url or a read"):
        RemoteFile(**given)


def test_a_part_that_is_gone_is_told(acme, tmp_path):
    with pytest.raises(OutputError):
        run(download(RemoteFile(url=f"{acme.url}/files/1"), tmp_path / "no", Guard(acme.url)))


def test_a_part_that_is_a_pipe_is_not_written_to(acme, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OutputError, match="no file of ours"):
        run(download(RemoteFile(url=f"{acme.url}/files/1"), tmp_path / "pipe", Guard(acme.url)))
    os.close(reader)
