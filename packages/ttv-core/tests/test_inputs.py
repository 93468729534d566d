"""Inputs: what a file really is, whatever it is called, and whether a model takes it."""

from __future__ import annotations

import base64
import os
import pickle
import struct
import time
import zlib
from pathlib import Path

import pytest

from ttv_core import InvalidInputError, MediaInput, ModelCapabilities, VideoRequest
from ttv_core.planning import make_plan

# --- pictures by hand ---------------------------------------------------------------------------


def png(width=64, height=36):
    """Return a whole grey PNG; a huge one packs into a few kilobytes."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + (width + 7) // 8)) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", rows + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def jpeg(width=64, height=36, *, before=b"", marker=0xC0):
    """Return the segments of a JPEG up to its size, behind others."""
    start_of_frame = struct.pack(">BBHBHHB", 0xFF, marker, 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + before + start_of_frame + b"\xff\xda\x00\x08" + bytes(20)


def segment(kind, length):
    return bytes([0xFF, kind]) + struct.pack(">H", length) + bytes(length - 2)


def webp(width=64, height=36, kind=b"VP8 "):
    if kind == b"VP8X":
        body = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == b"VP8L":
        body = b"\x2f" + (width - 1 | (height - 1) << 14).to_bytes(4, "little") + bytes(8)
    else:
        body = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width | 1 << 14, height)
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def ftyp(brand):
    return b"\0\0\0\x18ftyp" + brand + bytes(12)


def facts(data):
    found = MediaInput(role="first_frame", source=data).facts()
    return found.format, found.width, found.height


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (png(), "png"),
        (jpeg(), "jpeg"),
        (jpeg(before=segment(0xE0, 16) + segment(0xC4, 30)), "jpeg"),
        (jpeg(before=b"\xff\xff\xff" + segment(0xE1, 9)[1:]), "jpeg"),  # fill bytes
        (jpeg(marker=0xC2), "jpeg"),  # progressive
        (webp(), "webp"),
        (webp(kind=b"VP8L"), "webp"),
        (webp(kind=b"VP8X"), "webp"),
        (b"GIF89a" + struct.pack("<HH", 64, 36), "gif"),
        (b"GIF87a" + struct.pack("<HH", 64, 36), "gif"),
    ],
)
def test_the_size_of_a_picture_is_read_from_its_header(data, kind):
    assert facts(data) == (kind, 64, 36)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (ftyp(b"isom"), "mp4"),
        (ftyp(b"qt  "), "mov"),
        (ftyp(b"heic"), "heic"),
        (ftyp(b"mif1"), "heic"),
        (ftyp(b"avif"), "avif"),
        (b"\x1a\x45\xdf\xa3" + bytes(20), "webm"),
        (b"a fox in the snow", None),
        (b"", None),
    ],
)
def test_other_files_are_told_by_their_first_bytes(data, kind):
    assert facts(data) == (kind, None, None)


def test_a_jpeg_with_megabytes_of_metadata_before_its_size_is_read():
    depth_map = segment(0xE1, 65_535) * 40
    assert facts(jpeg(before=depth_map)) == ("jpeg", 64, 36)


@pytest.mark.parametrize("whole", [png(), jpeg(), webp(), webp(kind=b"VP8L"), webp(kind=b"VP8X")])
def test_no_cut_makes_a_header_say_something_else(whole):
    kind = facts(whole)[0]
    for length in range(len(whole)):
        assert facts(whole[:length]) in {(None, None, None), (kind, None, None), (kind, 64, 36)}


@pytest.mark.parametrize(
    "damaged",
    [
        b"\xff\xd8\xff\xe0\x00\x00" + bytes(50),  # a segment shorter than its own length
        b"\xff\xd8\xff\xe0\x00\x10" + b"x" * 100,  # no marker where one must be
        b"\xff\xd8\xff\xda\x00\x08" + bytes(50),  # pixels before the size
        b"\xff\xd8" + b"\xff" * 5_000_000,  # nothing but markers
        b"\xff\xd8" + segment(0xE0, 2) * 1_000_000,
    ],
)
def test_a_damaged_jpeg_has_no_size_and_takes_no_time(damaged):
    started = time.thread_time()
    assert facts(damaged) == ("jpeg", None, None)
    assert time.thread_time() - started < 1


# --- sources ------------------------------------------------------------------------------------


def test_paths_bytes_and_data_uris_are_one_input(tmp_path):
    path = tmp_path / "fox.png"
    path.write_bytes(png())
    encoded = base64.b64encode(png()).decode()
    sources = [
        path,
        str(path),
        png(),
        bytearray(png()),
        memoryview(png()),
        f"data:image/png;base64,{encoded}",
        f"DATA:image/png;BASE64,{encoded}",
        f"data:;base64,{encoded}",
        f"data:image/png;name=fox.png;base64,{encoded}",
        "data:image/png," + "".join(f"%{byte:02x}" for byte in png()),
    ]
    for source in sources:
        given = MediaInput(role="reference", source=source)
        assert given.read() == png()
        assert facts(source) == ("png", 64, 36)
        assert given.facts().size == len(png())
        assert not given.is_url


def test_a_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "fox.png").write_bytes(png())
    assert facts("~/fox.png") == ("png", 64, 36)


@pytest.mark.parametrize("url", ["https://a.example/fox.png", "HTTPS://a.example/fox.png?x=1"])
def test_an_https_url_is_kept_and_not_read_here(url):
    given = MediaInput(role="first_frame", source=url)
    assert given.is_url
    assert given.source == url
    with pytest.raises(ValueError, match="not read here"):
        given.read()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("http://a.example/fox.png", "http://a.example/fox.png is a http URL; give an https URL"),
        ("file:///etc/passwd", "is a file URL; give an https URL, a data URI or a path"),
        ("s3://bucket/fox.png", "is a s3 URL"),
        ("https://", "is without a host"),
        ("https:///fox.png", "is without a host"),
        ("https://[::1/fox.png", "is not a URL that can be read"),
        ("data:image/png;base64", "this data URI cannot be read"),
        ("data:", "this data URI cannot be read"),
        ("", "the path is empty"),
        (5, "a int is not a path, bytes, an https URL or a data URI"),
        (None, "a NoneType is not a path"),
        (["fox.png"], "a list is not a path"),
    ],
)
def test_a_source_of_another_kind_is_refused_with_what_is_allowed(source, why):
    with pytest.raises(InvalidInputError) as caught:
        MediaInput(role="first_frame", source=source)
    assert why in caught.value.message


@pytest.mark.parametrize("fields", [{"role": "middle_frame", "source": b"x"}, {"source": b"x"}, {}])
def test_an_unknown_role_is_refused_as_our_own_error(fields):
    with pytest.raises(InvalidInputError, match="role"):
        MediaInput(**fields)


def test_secrets_and_megabytes_are_not_shown():
    signed = MediaInput(
        role="first_frame", source="https://me:hunter2@a.example/fox.png?Signature=s3cr3t#t"
    )
    assert repr(signed) == ("MediaInput(role='first_frame', source='https://a.example/fox.png?…')")
    with pytest.raises(InvalidInputError) as caught:
        MediaInput(role="first_frame", source="http://me:hunter2@a.example/f?Signature=s3cr3t")
    assert "hunter2" not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert repr(MediaInput(role="reference", source=bytes(10**6))) == (
        "MediaInput(role='reference', source='<1,000,000 bytes>')"
    )
    uri = "data:image/png;base64," + "A" * 10**6
    assert MediaInput(role="reference", source=uri).label == "<data URI of 1,000,022 characters>"
    for long in ("x" * 10**6, f"https://a.example/{'x' * 10**6}", f"http://{'x' * 10**6}"):
        try:
            shown = MediaInput(role="reference", source=long).label
        except InvalidInputError as error:
            shown = str(error)
        assert len(shown) < 500


def test_a_path_with_control_characters_is_shown_escaped():
    shown = MediaInput(role="reference", source="fox\x1b[31m\ud800.png").label
    assert shown == r"'fox\x1b[31m\ud800.png'"


def test_an_input_survives_pickling():
    given = MediaInput(role="reference", source=Path("fox.png"))
    assert pickle.loads(pickle.dumps(given)) == given


# --- held against a model -----------------------------------------------------------------------

LIMIT = {
    "max_bytes": 100_000,
    "min_edge": 30,
    "max_edge": 4000,
    "max_pixels": 4_000_000,
    "min_ratio": 0.4,
    "max_ratio": 2.5,
}


def model(limit=LIMIT, **table):
    fields = {"id": "acme-1", "modes": ["image_to_video"], "inputs": {"first_frame": limit}}
    return ModelCapabilities.model_validate(fields | table)


def found(source, table=None, **fields):
    request = VideoRequest(prompt="a fox", image=source, **fields)
    plan = make_plan(request, table or model(), lambda asked, _: asked.canonical(), backend="acme")
    assert plan.adjustments == ()  # a picture is never adjusted
    return [(item.field, item.code, item.message) for item in plan.violations]


def test_a_picture_within_the_limits_is_taken():
    assert found(png()) == []
    assert found(png(30, 30)) == []
    assert found(png(75, 30)) == []


@pytest.mark.parametrize(
    ("source", "code", "told"),
    [
        (png(29, 29), "too_small", "is 29x29; acme-1 takes edges of at least 30 pixels"),
        (png(4001, 2000), "too_large", "is 4001x2000; acme-1 takes edges of at most 4000 pixels"),
        (png(2500, 2000), "too_large", "is 2500x2000; acme-1 takes at most 4,000,000 pixels"),
        (png(76, 30), "ratio", "is 76x30, a ratio of 2.53; acme-1 takes ratios from 0.4 to 2.5"),
        (png(30, 76), "ratio", "a ratio of 0.395; acme-1 takes ratios from 0.4 to 2.5"),
        (png() + bytes(10**5), "too_large", "bytes; acme-1 takes at most 100,000"),
        (b"", "unreadable", "first_frame <0 bytes> is empty"),
        (b"GIF89a" + bytes(20), "format", "is gif; acme-1 takes png, jpeg, webp"),
        (b"a fox", "format", "is in no format that is known here; acme-1 takes png, jpeg, webp"),
        (png()[:20], "unreadable", "is cut off or damaged"),
        (jpeg()[:6], "unreadable", "is cut off or damaged"),
        (webp()[:28], "unreadable", "is cut off or damaged"),
        (png(0, 0), "too_small", "is 0x0; acme-1 takes edges of at least 30 pixels"),
    ],
)
def test_a_picture_beyond_a_limit_is_refused_with_the_limit(source, code, told):
    [(field, said, message), *_] = found(source)
    assert (field, said) == ("first_frame", code)
    assert told in message


def test_a_ratio_limit_may_be_open_on_one_side():
    assert found(png(30, 90), model({"min_ratio": 0.5}))[0][2].endswith("takes at least 0.5")
    assert found(png(90, 30), model({"max_ratio": 2}))[0][2].endswith("ratios from 0 to 2")
    assert found(png(90, 30), model({"min_ratio": 0.5})) == []


def test_a_decompression_bomb_is_recognised_without_decoding():
    bomb = png(12_000, 12_000)
    assert len(bomb) < 40_000
    started = time.thread_time()
    [*_, (field, code, message)] = found(bomb)
    assert time.thread_time() - started < 0.5
    assert (field, code) == ("first_frame", "too_large")
    assert "is 12000x12000; acme-1 takes at most 4,000,000 pixels in all" in message


def test_what_counts_is_the_content_not_the_name(tmp_path):
    mislabelled, text = tmp_path / "fox.png", tmp_path / "text.png"
    mislabelled.write_bytes(jpeg())
    text.write_bytes(b"a fox in the snow")
    assert found(mislabelled) == []
    assert found(mislabelled, model({"formats": ["png"]}))[0][1] == "format"
    assert found(text)[0][1:] == (
        "format",
        f"first_frame {text} is in no format that is known here; acme-1 takes png, jpeg, webp",
    )


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    looped = tmp_path / "loop"
    looped.symlink_to(looped)
    for source, reason in (
        (tmp_path / "missing.png", "No such file or directory"),
        (tmp_path, "it is a folder, not a file"),
        (pipe, "it is not a regular file"),
        (Path("/dev/zero"), "it is not a regular file"),
        (looped, "Too many levels of symbolic links"),
        ("fox\0.png", "null byte"),
        ("~nobody-here/fox.png", "home directory"),
        ("data:image/png;base64,????", "the data URI is not valid base64"),
        ("data:image/png;base64,iVBORw0KGgo", "the data URI is not valid base64"),
    ):
        [(field, code, message)] = found(source)
        assert (field, code) == ("first_frame", "unreadable")
        assert reason in message


def test_a_url_is_taken_only_where_the_engine_takes_it():
    url = "https://a.example/fox.png?key=s3cr3t"
    [(field, code, message)] = found(url)
    assert (field, code) == ("first_frame", "unsupported")
    assert message == "first_frame https://a.example/fox.png?… is a URL; acme-1 takes files"
    assert found(url, model({"urls": True})) == []


def test_where_formats_are_unknown_any_file_is_taken():
    anything = model({"formats": []})
    assert found(b"a fox in the snow", anything) == []
    assert found(png()[:20], anything)[0][1] == "unreadable"


def test_a_role_that_is_not_taken_or_taken_less_often_is_refused():
    table = model(
        modes=["image_to_video", "reference_to_video"],
        inputs={"first_frame": {}, "reference": {"maximum": 2}},
    )
    three = found(png(), table, reference_images=[png()] * 3)
    assert [item[:2] for item in three] == [("reference", "too_many")]
    assert three[0][2] == "3 reference inputs were given; acme-1 takes at most 2"
    both = found(png(), table, last_image=png())
    assert [item[:2] for item in both] == [("inputs", "unsupported")]
    taken = model(modes=["first_last_frame"])
    assert [item[:2] for item in found(png(), taken, last_image=png())] == [
        ("last_frame", "unsupported")
    ]
