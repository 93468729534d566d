"""From a file's outside: whether it is a video, and whether its end is there."""

from __future__ import annotations

import struct

import pytest

from ttv_core import GenerationFailedError
from ttv_core.containers import check_container


def box(kind, body=b""):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def large(kind, body=b""):
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
MOOV, MDAT = box(b"moov", b"x" * 20), box(b"mdat", b"y" * 40)
OPEN = struct.pack(">I4s", 0, b"mdat") + b"y" * 40  # to the end of the file, however long

WHOLE = {
    "faststart": FTYP + MOOV + MDAT,
    "at the end": FTYP + MDAT + MOOV,
    "with others between": FTYP + box(b"free", b"z" * 9) + MOOV + box(b"uuid") + MDAT,
    "in a large box": FTYP + MOOV + large(b"mdat", b"y" * 40),
    "open to its end": FTYP + MOOV + OPEN,
    "in another container": b"\x1a\x45\xdf\xa3" + b"\x42\x82\x84webm" + bytes(40),
}
BROKEN = {
    "nothing": (b"", "no video"),
    "text": (b"<html>" * 20, "no video"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(60), "a png file"),
    "cut in a box": ((FTYP + MOOV + MDAT)[:-1], "cut off"),
    "cut in a head": (FTYP + MOOV + MDAT + b"\0\0\0", "cut off"),
    "cut in a large box": (FTYP + MOOV + large(b"mdat", b"y" * 40)[:-1], "cut off"),
    "cut in a large head": (FTYP + MOOV + large(b"mdat")[:12], "cut off"),
    "a box that is too small": (FTYP + MOOV + struct.pack(">I4s", 4, b"mdat"), "cut off"),
    "a box that goes nowhere": (FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 0), "cut off"),
    "without a head": (FTYP + MDAT, "without its moov part"),
    "without pictures": (FTYP + MOOV, "without its mdat part"),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_a_whole_file(data, tmp_path):
    (tmp_path / "v.mp4").write_bytes(data)
    check_container(tmp_path / "v.mp4")


@pytest.mark.parametrize(("data", "why"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file(data, why, tmp_path):
    (tmp_path / "v.mp4").write_bytes(data)
    with pytest.raises(GenerationFailedError, match=why) as caught:
        check_container(tmp_path / "v.mp4")
    assert caught.value.code == "bad_video"


def test_every_cut_of_a_real_video_is_seen(video, tmp_path):
    for at in range(0, len(video), 997):
        (tmp_path / "v.mp4").write_bytes(video[:at])
        with pytest.raises(GenerationFailedError):
            check_container(tmp_path / "v.mp4")
    (tmp_path / "v.mp4").write_bytes(video)
    check_container(tmp_path / "v.mp4")
