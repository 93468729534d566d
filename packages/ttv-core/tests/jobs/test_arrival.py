"""A video is fetched, seen to be whole, and then given its name; or it can be asked for again."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct

import av
import numpy as np
import pytest

import ttv_core.media
from ttv_core import (
    BackendUnavailableError,
    DownloadError,
    OutputError,
    Poll,
    RemoteFile,
    jobs,
)
from ttv_core.media import VideoWriter
from ttv_core.output import PendingFile
from ttv_core.testing import Fault


def ranges(acme):
    return [each.headers.get("range") for each in acme.log if each.kind == "file"]


def made(backend, tmp_path, **more):
    fields = {"duration": 1, "output": tmp_path / "fox.mp4"} | more
    return backend().generate("a fox", **fields)


def nothing_left(tmp_path):
    return [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


TROUBLES = {
    "cut": [Fault(kind="cut")],
    "cut three times": [Fault(kind="cut", at=1000), Fault(kind="cut", at=2000), Fault(kind="cut")],
    "cut, then all of it": [Fault(kind="cut"), Fault(kind="no_range")],
    "cut, then another file": [Fault(kind="cut"), Fault(kind="new_etag")],
    "gzip": [Fault(kind="gzip")],
    "wrong length": [Fault(kind="wrong_length")],
    "expired": [Fault(kind="status", status=403)],
    "cut, then expired": [Fault(kind="cut"), Fault(kind="status", status=403)],
    "gone for a while": [Fault(kind="status", status=404)] * 4,
    "busy": [Fault(kind="status", status=503, headers={"Retry-After": "0"})] * 4,
    "cut, then 416": [Fault(kind="cut"), Fault(kind="status", status=416)],
    "reset": [Fault(kind="reset")] * 4,
    "closed": [Fault(kind="close")] * 4,
    "empty": [Fault(kind="body", content_type="video/mp4")],
    "HTML": [Fault(kind="body", body=b"<html>", content_type="text/html")],
    "HTML under another name": [Fault(kind="body", body=b"<html>" * 99, content_type="video/mp4")],
    "JSON under no name": [Fault(kind="body", body=b"{}" * 99, content_type="binary/octet-stream")],
}


@pytest.mark.parametrize("faults", TROUBLES.values(), ids=TROUBLES)
def test_a_download_that_fails_is_tried_again(faults, acme, backend, tmp_path, video):
    for fault in faults:
        acme.fail("file", fault)
    result = made(backend, tmp_path)
    assert result.path.read_bytes() == video
    assert result.sha256 == hashlib.sha256(video).hexdigest()
    assert (acme.accepted, acme.requests["create"]) == (1, 1)
    assert nothing_left(tmp_path)


def test_what_came_is_not_fetched_again(acme, backend, tmp_path, video):
    half = len(video) // 2
    acme.fail("file", "cut", at=half)
    made(backend, tmp_path)
    assert acme.bytes_served <= len(video) + half // 20
    assert ranges(acme)[1] is not None


def test_an_expired_link_is_asked_for_anew(acme, backend, tmp_path, video):
    acme.fail("file", "cut").fail("file", "status", status=403)
    result = made(backend, tmp_path)
    fetches = [each.kind for each in acme.log if each.kind in {"poll", "file"}]
    assert fetches[-4:] == ["file", "file", "poll", "file"]
    assert acme.bytes_served < 1.1 * len(video)
    assert result.path.read_bytes() == video


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(kind="status", status=403), "http"),
        (Fault(kind="status", status=404), "http"),
        (Fault(kind="body", body=b"<html>", content_type="text/html"), "no_video"),
    ],
)
def test_a_download_that_only_fails_can_be_taken_up_later(
    fault, code, acme, backend, tmp_path, video
):
    acme.fail("file", fault, times=99)
    with pytest.raises(DownloadError) as caught:
        made(backend, tmp_path)
    error = caught.value
    assert (error.code, error.charged, error.retryable) == (code, "yes", True)
    assert error.remedy == f"ttv resume {error.job_id}"
    assert acme.requests["file"] == 8
    job = jobs.get(error.job_id)
    assert (job.state, job.owner, job.charged) == ("remote_done", None, "yes")
    acme.heal()
    assert backend().resume(job).wait(timeout=60).path.read_bytes() == video
    assert (acme.accepted, acme.requests["create"]) == (1, 1)
    assert nothing_left(tmp_path)


def test_tries_that_bring_it_further_do_not_count(acme, backend, tmp_path, video):
    for i in range(20):
        acme.fail("file", "cut", at=(i + 1) * len(video) // 25)
    assert made(backend, tmp_path).path.read_bytes() == video
    assert acme.requests["file"] == 21


def flipped(data):
    spoiled = bytearray(data)
    place = data.index(b"mdat") + 8
    for i in range(place, len(data)):
        spoiled[i] ^= 0x5A
    return bytes(spoiled)


def audio_only(data, tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    sound = path.read_bytes()
    path.unlink()
    return sound


SPOILED = {
    "truncated": lambda data, _: data[: len(data) * 3 // 4],
    "only its head": lambda data, _: data[: data.index(b"mdat") + 8],
    "flipped": lambda data, _: flipped(data),
    "noise": lambda data, _: os.urandom(len(data)),
    "a picture": lambda data, _: b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "sound alone": audio_only,
    "a playlist": lambda data, _: b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n",
    "boxes without end": lambda data, _: struct.pack(">I4sI", 8, b"ftyp", 0) * 100,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_spoiled_video_is_fetched_once_more(spoil, acme, backend, tmp_path, video):
    acme.video = spoil(video, tmp_path)
    real = acme.file
    tries = []

    async def file(request, data=None, content_type="video/mp4"):
        tries.append(1)
        if len(tries) == 2:
            data = video
        return await real(request, data, content_type)

    acme.file = file
    assert made(backend, tmp_path).path.read_bytes() == video
    assert len(tries) == 2


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_video_that_stays_spoiled_is_kept_aside(spoil, acme, backend, tmp_path, video):
    spoiled = acme.video = spoil(video, tmp_path)
    (tmp_path / "fox.rejected").write_text("mine")
    with pytest.raises(DownloadError, match="gave no whole video") as caught:
        made(backend, tmp_path)
    error = caught.value
    assert (error.code, error.charged) == ("bad_video", "yes")
    (kept,) = [p for p in tmp_path.glob("*.rejected") if p.name != "fox.rejected"]
    assert str(kept) in error.remedy
    assert kept.read_bytes() == spoiled
    assert (tmp_path / "fox.rejected").read_text() == "mine"
    assert not (tmp_path / "fox.mp4").exists()
    job = jobs.get(error.job_id)
    assert (job.state, job.charged, acme.requests["create"]) == ("remote_done", "yes", 1)
    acme.video = video
    assert backend().resume(job).wait(timeout=60).path.read_bytes() == video
    assert nothing_left(tmp_path)


def test_a_video_that_is_not_what_was_planned_is_told(acme, backend, tmp_path):
    path = tmp_path / "long.mp4"
    with VideoWriter(path, width=64, height=36, fps=12) as writer:
        for i in range(24):
            writer.write(np.full((36, 64, 3), i * 9, np.uint8))
    acme.video = path.read_bytes()
    result = made(backend, tmp_path)
    assert result.warnings == (
        "fps is 12, planned 24",
        "duration is 2.000 s, planned 1 s",
    )


# --- where it goes --------------------------------------------------------------------------------


def held(acme, backend, tmp_path, act, **more):
    """Make a video; something happens while it is being fetched."""
    real = acme.file

    async def file(request, data=None, content_type="video/mp4"):
        if acme.requests["file"] == 1:
            act()
        return await real(request, data, content_type)

    acme.file = file
    return made(backend, tmp_path, **more)


def test_a_name_that_is_taken_meanwhile_is_not_taken_away(acme, backend, tmp_path, video):
    target = tmp_path / "fox.mp4"
    result = held(acme, backend, tmp_path, lambda: target.write_text("mine"))
    assert target.read_text() == "mine"
    assert result.path == tmp_path / f"fox-{result.job_id.lower()}.mp4"
    assert result.path.read_bytes() == video
    assert result.warnings[0] == f"{target} has come up meanwhile; the video is {result.path}"
    assert nothing_left(tmp_path)


def test_a_link_that_is_planted_at_the_name_is_not_followed(acme, backend, tmp_path, video):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    target = tmp_path / "fox.mp4"
    result = held(acme, backend, tmp_path, lambda: target.symlink_to(victim))
    assert victim.read_text() == "mine"
    assert target.is_symlink()
    assert result.path.read_bytes() == video


def test_a_file_that_may_be_replaced_is(acme, backend, tmp_path, video):
    (tmp_path / "fox.mp4").write_text("old")
    result = made(backend, tmp_path, overwrite=True)
    assert (result.path, result.path.read_bytes()) == (tmp_path / "fox.mp4", video)


def test_a_folder_that_goes_meanwhile_can_come_back(acme, backend, tmp_path, video):
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(OutputError) as caught:
        held(acme, backend, tmp_path, lambda: shutil.rmtree(folder), output=folder / "fox.mp4")
    error = caught.value
    assert (error.charged, error.code) == ("yes", "storage")
    assert jobs.get(error.job_id).state == "remote_done"
    with pytest.raises(OutputError):
        backend().resume(jobs.get(error.job_id)).wait(timeout=60)
    folder.mkdir()
    result = backend().resume(jobs.get(error.job_id)).wait(timeout=60)
    assert result.path.read_bytes() == video
    assert acme.requests["create"] == 1


def test_the_part_is_beside_its_target_and_hidden(acme, backend, tmp_path):
    seen = []

    def look():
        seen.extend(path for path in tmp_path.iterdir() if path.is_file())

    held(acme, backend, tmp_path, look)
    (part,) = [path for path in seen if path.suffix == ".mp4"]
    assert part.name.startswith(".fox.")
    assert ".part" in part.name


def test_a_link_that_is_planted_at_the_part_is_not_followed(acme, backend, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")

    def swap():
        (part,) = tmp_path.glob(".fox.*.part.mp4")
        part.unlink()
        part.symlink_to(victim)

    acme.fail("file", "cut", at=0)
    with pytest.raises(OutputError) as caught:
        held(acme, backend, tmp_path, swap)
    assert victim.read_text() == "mine"
    assert caught.value.charged == "yes"
    assert jobs.get(caught.value.job_id).state == "remote_done"


# --- several videos -------------------------------------------------------------------------------


def several(backend, count):
    generator = backend()

    async def fetch(ref):
        return [RemoteFile(url=f"{generator.base_url}/files/{i}") for i in range(count)]

    generator.fetch = fetch
    return generator


def test_several_videos_come_home(acme, backend, tmp_path, video):
    acme.fail("file", "cut", at=1000).fail("file", "status", status=403)
    result = several(backend, 3).generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    paths = [result.path, *(each.path for each in result.more)]
    assert [path.name for path in paths] == ["fox.mp4", "fox-2.mp4", "fox-3.mp4"]
    assert {path.read_bytes() for path in paths} == {video}
    assert [each.info.num_frames for each in result.more] == [24, 24]
    assert nothing_left(tmp_path)


def test_of_several_videos_those_that_came_are_not_fetched_again(acme, backend, tmp_path, video):
    good = Fault(kind="no_range")
    acme.fail("file", good).fail("file", "reset", times=99)
    generator = several(backend, 2)
    with pytest.raises(DownloadError) as caught:
        generator.generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    assert not (tmp_path / "fox.mp4").exists()  # all of them or none
    acme.heal()
    result = generator.resume(jobs.get(caught.value.job_id)).wait(timeout=60)
    assert [each.path.read_bytes() for each in (result, *result.more)] == [video] * 2
    assert acme.bytes_served <= 2 * len(video) + 100


def test_a_reader_brings_a_video_home(acme, backend, tmp_path, video):
    generator = backend()
    tries = []

    async def fetch(ref):
        async def read():
            tries.append(1)
            yield video[:100]
            if len(tries) < 3:
                raise ConnectionResetError("gone")
            yield video[100:]

        return [RemoteFile(read=read, size=len(video))]

    generator.fetch = fetch
    result = generator.generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    assert result.path.read_bytes() == video
    assert len(tries) == 3


def test_a_poll_that_says_where_saves_a_question(acme, backend, tmp_path, video):
    generator = backend()
    poll = generator.poll

    async def knowing(ref):
        said = await poll(ref)
        files = [RemoteFile(url=f"{acme.url}/files/1")] if said.state == "done" else []
        return Poll(state=said.state, files=files)

    async def fetch(ref):
        raise AssertionError

    generator.poll, generator.fetch = knowing, fetch
    result = generator.generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    assert result.path.read_bytes() == video


def test_without_the_extra_a_video_comes_unmeasured(acme, backend, tmp_path, video, monkeypatch):
    def missing(path):
        raise BackendUnavailableError("av is not installed")

    monkeypatch.setattr(ttv_core.media, "measure", missing)
    result = made(backend, tmp_path)
    assert (result.path.read_bytes(), result.info, result.width) == (video, None, None)
    assert any("ttv-core[media]" in warning for warning in result.warnings)
    acme.video = video[:-100]  # that its end is there is seen all the same
    with pytest.raises(DownloadError, match="cut off"):
        made(backend, tmp_path, output=tmp_path / "b.mp4")


def test_a_disk_that_is_full_at_last_keeps_the_video(acme, backend, tmp_path, video, monkeypatch):
    def full(self):
        raise OutputError("no space left", code="disk_full")

    with monkeypatch.context() as patch:
        patch.setattr(PendingFile, "publish", full)
        with pytest.raises(OutputError) as caught:
            made(backend, tmp_path)
    assert (caught.value.code, caught.value.charged) == ("disk_full", "yes")
    fetched = acme.requests["file"]
    result = backend().resume(jobs.get(caught.value.job_id)).wait(timeout=60)
    assert result.path.read_bytes() == video
    assert acme.requests["file"] == fetched + 1  # asked whether it is still the same
    assert acme.bytes_served == len(video)
