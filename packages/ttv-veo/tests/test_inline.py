"""Videos that come inside of Google's answer: whole, and never held in memory."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import tempfile
import textwrap
import threading

import httpx
import pytest
import vertex
from hypothesis import given
from hypothesis import strategies as st

from ttv_core import BackendUnavailableError, OutputError
from ttv_core.jobs.desk import desk
from ttv_veo.inline import KEPT, named, put_aside

MEGABYTES = 24
ROOM = 12


async def read(body, cut, headers=()):
    """Return an answer's text as Google's client sees it, and the videos that were in it."""

    async def chunks():
        for start in range(0, len(body), cut):
            yield body[start : start + cut]

    kept = []
    before = KEPT.set(kept)
    try:
        response = httpx.Response(200, headers=dict(headers), content=chunks())
        await put_aside(response)
        await response.aread()
    finally:
        KEPT.reset(before)
    return response.text, kept


async def whole(video):
    return b"".join([piece async for piece in video.read()])


@given(
    videos=st.lists(st.binary(max_size=300), max_size=3),
    cut=st.integers(1, 400),
    url_safe=st.booleans(),
    padded=st.booleans(),
    escapes=st.sampled_from([(), ("/",), ("=", "+"), ("/", "=", "A")]),
    indent=st.sampled_from([None, 2]),
)
def test_every_way_to_write_it_gives_the_same_bytes(videos, cut, url_safe, padded, escapes, indent):
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    texts = [encode(data).decode() for data in videos]
    texts = texts if padded else [text.rstrip("=") for text in texts]
    said = {
        "name": 'an "operation" with \\ and bytesBase64Encoded":"x',
        "response": {"videos": [{"bytesBase64Encoded": text} for text in texts]},
        "done": True,
    }
    body = json.dumps(said, indent=indent)
    for number, text in enumerate(texts):
        written = text
        for sign in escapes:
            other = "\\/" if sign == "/" and number % 2 else f"\\u{ord(sign):04x}"
            written = written.replace(sign, other)
        body = body.replace(f'"{text}"', f'"{written}"', 1)
    seen, kept = asyncio.run(read(body.encode(), cut))
    seen = json.loads(seen)
    fields = [item["bytesBase64Encoded"] for item in seen["response"]["videos"]]
    found = [named(base64.b64decode(field), kept) if field else None for field in fields]
    assert [asyncio.run(whole(file)) if file else b"" for file in found] == videos
    assert [file.size if file else 0 for file in found] == list(map(len, videos))
    assert seen | {"response": None} == said | {"response": None}


def test_a_compressed_answer_is_read_too():
    import zlib

    body = json.dumps({"bytesBase64Encoded": base64.b64encode(b"fox" * 99).decode()}).encode()
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(body) + packer.flush()
    seen, kept = asyncio.run(read(packed, 50, {"Content-Encoding": "gzip"}))
    assert json.loads(seen)["bytesBase64Encoded"] == "MA=="
    assert asyncio.run(whole(kept[0])) == b"fox" * 99


@pytest.mark.parametrize("text", ["AAAAA", "AA=A", "A\\u00e9AA", "AA\\"])
def test_a_damaged_video_is_told(text):
    body = f'{{"bytesBase64Encoded": "{text}"}}'.encode()
    with pytest.raises(BackendUnavailableError, match="damaged") as caught:
        asyncio.run(read(body, 3))
    assert (caught.value.code, caught.value.retryable) == ("bad_answer", True)


def test_a_damaged_answer_is_asked_for_again(veo, vendor, clip, tmp_path):
    damaged = b'{"done": true, "response": {"videos": [{"bytesBase64Encoded": "AAAAA"}]}}'
    vendor.fail("poll", "body", body=damaged)
    made = veo.generate("a fox", duration=4, output=tmp_path / "fox.mp4")
    assert made.path.read_bytes() == clip.read_bytes()


def test_an_answer_that_comes_slowly_is_not_asked_for_again(veo, vendor, tmp_path, monkeypatch):
    original, go = vertex.Vertex.operation, threading.Event()

    async def slowly(self, *asked):
        answer = await original(self, *asked)
        if b"done" in answer.body:
            await asyncio.to_thread(go.wait, 60)
        monkeypatch.setattr("ttv_core.jobs.watching._LONGEST_POLL", 0.2)  # from the next on
        return answer

    def hears(event):
        if "asking again" in event.message:
            go.set()

    monkeypatch.setattr(vertex.Vertex, "operation", slowly)
    veo.generate("a fox", duration=4, output=tmp_path / "fox.mp4", on_event=hears)
    assert go.is_set()
    assert vendor.requests["poll"] == 2  # "running", and the slow one


def test_no_room_for_a_finished_video_loses_nothing(veo, vendor, clip, tmp_path, monkeypatch):
    target = tmp_path / "fox.mp4"
    with monkeypatch.context() as full:
        full.setattr(tempfile, "TemporaryFile", no_room)
        with pytest.raises(OutputError, match=r"put aside .* No space left") as caught:
            veo.generate("a fox", duration=4, output=target)
    assert not target.exists()
    assert veo.resume(desk().get(caught.value.job_id)).wait(60).path == target
    assert target.read_bytes() == clip.read_bytes()
    assert vendor.accepted == 1


def no_room(*_, **__):
    raise OSError(28, "No space left on device")


def test_a_large_video_takes_no_memory(settings, vendor, clip, tmp_path):
    video = clip.read_bytes()
    free = MEGABYTES * 1_000_000 - len(video)  # a box that holds nothing
    vendor.video = video + free.to_bytes(4) + b"free" + bytes(free - 8)
    code = f"""
        import tracemalloc
        from pathlib import Path
        import ttv_veo.generator as g, dataclasses
        from ttv_core.jobs import Polling
        quick = Polling(floor=0.01, ceiling=0.05)
        g._SEMANTICS = dataclasses.replace(g._SEMANTICS, polling=quick)
        veo = g.VeoGenerator(project_id={vertex.PROJECT!r}, base_url={vendor.url!r},
                             credentials_path={str(settings["credentials_path"])!r})
        tracemalloc.start()
        job = veo.start("a fox", duration=4, output={str(tmp_path / "large.mp4")!r})
        before = tracemalloc.get_traced_memory()[0]  # Google's client is imported by now
        tracemalloc.reset_peak()
        job.wait(60)
        print((tracemalloc.get_traced_memory()[1] - before) / 1e6)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "large.mp4").read_bytes() == vendor.video
    assert float(done.stdout) < ROOM
