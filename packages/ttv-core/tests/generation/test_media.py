"""Reading and writing video files for real."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys

import numpy as np
import pytest

from ttv_core import ExpectedVideo, GenerationFailedError, OutputError, media
from ttv_core.media import (
    VideoWriter,
    contact_sheet,
    first_frame,
    frames,
    last_frame,
    measure,
    overview,
    png,
    poster,
)


@pytest.mark.parametrize("fps", [1, 12, 23.976, 24, 29.97, 30, 59.94, 60, 120, 7.5])
def test_any_frame_rate_is_kept(tmp_path, fps):
    path = tmp_path / "v.mp4"
    with VideoWriter(path, width=64, height=48, fps=fps) as video:
        for i in range(9):
            video.write(np.full((48, 64, 3), i, np.uint8))
    info = measure(path)
    assert info.num_frames == 9
    assert info.fps == pytest.approx(fps, rel=1e-4)
    assert info.duration == pytest.approx(9 / fps, abs=0.5 / fps)
    assert not info.deviations(ExpectedVideo(64, 48, 9 / fps, fps, 9, audio=False))


def test_the_hash_is_of_the_file(kit, tmp_path):
    path = kit.write_video(tmp_path / "v.mp4")
    info = measure(path)
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert info.size == path.stat().st_size


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_no_video_although_it_opens(kit, tmp_path, part):
    path = tmp_path / "v.mp4"
    noise = np.random.default_rng(0)
    with VideoWriter(path, width=128, height=128, fps=24) as video:
        for _ in range(24):
            video.write(noise.integers(0, 256, (128, 128, 3), dtype=np.uint8))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(GenerationFailedError, match="not a whole video"):
        measure(path)


def test_a_short_video_and_a_long_one_are_measured_alike(kit, tmp_path, monkeypatch):
    path = kit.write_video(tmp_path / "v.mp4")
    alone = measure(path)
    monkeypatch.setattr(media, "_FEW_PIXELS", 0)
    assert measure(path) == alone


@pytest.mark.parametrize("few", [0, media._FEW_PIXELS])
def test_letting_go_of_a_video_with_broken_frames_does_not_hang(tmp_path, monkeypatch, few):
    monkeypatch.setattr(media, "_FEW_PIXELS", few)
    path = tmp_path / "v.mp4"
    noise = np.random.default_rng(0)
    with VideoWriter(path, width=640, height=360, fps=24, crf=10) as video:
        for _ in range(24):
            video.write(noise.integers(0, 256, (360, 640, 3), dtype=np.uint8))
    data = bytearray(path.read_bytes())
    for start in range(data.index(b"mdat") + 200_000, len(data) - 1000, 5000):
        data[start : start + 40] = noise.bytes(40)
    path.write_bytes(data)
    script = f"""
import pathlib, ttv_core.media
for _ in range(20):
    ttv_core.media.first_frame(pathlib.Path({str(path)!r}))
"""
    # In a process of its own: what hangs there holds the GIL, so nothing inside could end it.
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("data", [b"", b"<html>expired</html>" * 100, b"\0" * 4096])
def test_what_is_no_video_is_said_to_be_none(tmp_path, data):
    path = tmp_path / "v.mp4"
    path.write_bytes(data)
    for read in (measure, first_frame, last_frame):
        with pytest.raises(GenerationFailedError, match="not a whole video"):
            read(path)


@pytest.mark.parametrize("read", [measure, first_frame, last_frame])
def test_a_missing_file_is_told(tmp_path, read):
    with pytest.raises(OutputError, match="is no file"):
        read(tmp_path / "none.mp4")


@pytest.mark.parametrize("read", [first_frame, last_frame])
def test_a_video_without_a_single_frame_is_told(kit, tmp_path, read):
    path = kit.write_video(tmp_path / "v.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 4])
    with pytest.raises(GenerationFailedError, match=r"v\.mp4 has no frames"):
        read(path)


def test_a_file_without_pictures_is_no_video(tmp_path):
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(GenerationFailedError, match="no video"):
        measure(path)


def test_first_and_last_frames_are_those(tmp_path):
    path = tmp_path / "v.mp4"
    with VideoWriter(path, width=64, height=64, fps=24, crf=0) as video:
        for level in range(0, 240, 10):
            video.write(np.full((64, 64, 3), level, np.uint8))
    assert abs(int(first_frame(path).mean()) - 0) <= 2
    assert abs(int(last_frame(path).mean()) - 230) <= 2
    assert len(list(frames(path))) == 24


def test_stills_are_written_as_jpeg(kit, tmp_path):
    path = kit.write_video(tmp_path / "v.mp4", frames=10)
    assert poster(path, tmp_path / "p.jpg").read_bytes().startswith(b"\xff\xd8")
    sheet = contact_sheet(path, tmp_path / "s.jpg", columns=3, rows=2)
    assert first_frame(sheet).shape == (72, 192, 3)


def test_an_overview_has_one_still_of_each_whatever_its_shape(tmp_path):
    paths = []
    for i, (width, height) in enumerate([(64, 36), (36, 64), (32, 32)]):
        paths.append(tmp_path / f"{i}.mp4")
        with VideoWriter(paths[-1], width=width, height=height, fps=12) as video:
            for _ in range(3):
                video.write(np.full((height, width, 3), 200, np.uint8))
    sheet = first_frame(overview(paths, tmp_path / "o.jpg", columns=2, width=64, height=36))
    assert sheet.shape == (72, 128, 3)
    assert sheet[18, 32].min() > 150  # the wide one fills its field
    assert sheet[18, 96].min() > 150
    assert sheet[18, 70].max() < 50  # beside the tall one it is black
    assert sheet[54, 96].max() < 50  # there is no fourth


def test_a_frame_as_png_is_that_frame_exactly():
    import av

    frame = np.random.default_rng(0).integers(0, 256, (37, 61, 3), dtype=np.uint8)
    with av.open(io.BytesIO(png(frame))) as container:
        (picture,) = container.decode(video=0)
        assert np.array_equal(picture.to_ndarray(format="rgb24"), frame)
    assert png(frame[:, ::-1]) == png(frame[:, ::-1].copy())


def test_a_still_that_cannot_be_written_is_told(kit, tmp_path):
    path = kit.write_video(tmp_path / "v.mp4")
    with pytest.raises(OutputError):
        poster(path, tmp_path / "none" / "p.jpg")


def test_a_video_that_cannot_be_opened_for_writing_is_told(tmp_path):
    video = VideoWriter(tmp_path / "none" / "v.mp4", width=64, height=64, fps=24)
    video.write(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(OutputError, match="cannot be written"):
        video.close()


def test_deviations_name_each_difference(kit, tmp_path):
    info = measure(kit.write_video(tmp_path / "v.mp4", frames=24))
    said = info.deviations(ExpectedVideo(128, 36, 2.0, 30, 60, audio=True))
    assert [line.split()[0] for line in said] == ["width", "fps", "duration", "audio"]
    assert info.deviations(ExpectedVideo(duration=1 + 1 / 24)) == ()
    assert info.deviations(ExpectedVideo()) == ()


def test_decoding_threads_never_call_into_python(kit, tmp_path):
    """With any log level set, they wait for the GIL to tell it, and who closes waits for them."""
    import av

    measure(kit.write_video(tmp_path / "v.mp4"))
    assert av.logging.get_level() is None


def test_files_may_be_named_by_text(tmp_path):
    name, still = str(tmp_path / "a.mp4"), str(tmp_path / "a.jpg")
    with media.VideoWriter(name, width=64, height=36, fps=12) as video:
        for _ in range(6):
            video.write(np.zeros((36, 64, 3), np.uint8))
    assert media.measure(name).num_frames == len(list(media.frames(name))) == 6
    assert media.first_frame(name).shape == media.last_frame(name).shape
    joined = media.join([name, name], str(tmp_path / "b.mp4")).path
    assert media.measure(joined).num_frames == 12
    for write in (media.poster, media.contact_sheet):
        assert write(name, still).is_file()
    assert media.overview([name, name], still).is_file()
    with pytest.raises(OutputError, match="is no file"):
        media.measure("nowhere.mp4")
