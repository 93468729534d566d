"""The animatic as a backend: what is asked is what comes out, and bad input is answered well."""

from __future__ import annotations

import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import ttv_core
from ttv_animatic.generator import AnimaticGenerator
from ttv_animatic.stills import cover, load_still
from ttv_core import InvalidInputError, OutputError
from ttv_core.media import first_frame, frames, last_frame, measure

SMALL = {"backend": "animatic", "size": "128x72", "fps": 12, "duration": 0.5}


def picture(folder, name="p.png", size=(200, 120), colour=(180, 60, 40), **save):
    path = folder / name
    image = Image.new("RGB", size, colour)
    image.paste((20, 90, 160), (0, 0, size[0] // 2, size[1] // 2))
    image.save(path, **save)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("asked", "width", "height", "fps", "count"),
    [
        ({"duration": 1, "size": "64x64", "fps": 24}, 64, 64, 24, 24),
        ({"duration": 1.5, "size": "90x160", "fps": 10}, 90, 160, 10, 15),
        ({"num_frames": 5, "size": (256, 64), "fps": 25}, 256, 64, 25, 5),
        ({"num_frames": 1, "size": "64x64"}, 64, 64, 24, 1),
        ({"duration": 0.2, "aspect_ratio": "1:1", "resolution": "144p"}, 144, 144, 24, 5),
        ({"duration": 0.2, "aspect_ratio": "9:16", "resolution": "144p"}, 144, 256, 24, 5),
        ({"duration": 0.1, "size": "64x64", "fps": 29.97}, 64, 64, 29.97, 3),
    ],
)
def test_duration_fps_size_and_ratio_are_obeyed_exactly(tmp_path, asked, width, height, fps, count):
    video = ttv_core.generate("a fox", backend="animatic", output=tmp_path / "f.mp4", **asked)
    assert (video.width, video.height, video.info.num_frames) == (width, height, count)
    assert video.fps == pytest.approx(fps, rel=1e-3)
    assert video.warnings == ()


def test_the_default_is_six_seconds_of_720p():
    plan = ttv_core.plan("a fox", backend="animatic")
    want = plan.expected
    assert (want.width, want.height, want.duration, want.fps) == (1280, 720, 6, 24)
    assert (want.audio, str(plan.cost)) == (False, "free")


def test_the_same_seed_makes_the_same_file_and_another_does_not(tmp_path):
    def sha(seed, name):
        return ttv_core.generate("a fox", **SMALL, seed=seed, output=tmp_path / name).sha256

    assert sha(0, "1.mp4") == sha(0, "2.mp4")
    assert sha(0, "3.mp4") != sha(1, "4.mp4")
    assert sha(2**64 - 1, "5.mp4") != sha(2**64 - 2, "6.mp4")


def test_it_says_what_it_is(tmp_path):
    video = ttv_core.generate("a fox", **SMALL, output=tmp_path / "f.mp4")
    assert video.attempts[0].reason == "a preview, not a generated video"
    assert AnimaticGenerator().get_capabilities()["kind"] == "preview"


def test_auto_does_not_choose_it_but_a_list_of_fallbacks_may(tmp_path):
    with pytest.raises(ttv_core.AllBackendsFailedError, match="previews"):
        ttv_core.generate("a fox", backend="auto", config={}, output=tmp_path / "f.mp4")
    fields = {**SMALL, "backend": "auto", "config": {}, "fallback_backends": ["animatic"]}
    assert ttv_core.generate("a fox", **fields, output=tmp_path / "f.mp4").backend == "animatic"


def test_a_camera_moves_over_an_image(tmp_path):
    source = picture(tmp_path)
    video = ttv_core.generate(
        "[Pan right]", image=source, **SMALL, seed=1, output=tmp_path / "f.mp4"
    )
    assert video.mode == "image_to_video"
    first, last = first_frame(video.path).astype(int), last_frame(video.path).astype(int)
    assert np.abs(first - last).mean() > 2


def test_a_last_image_is_where_it_ends(tmp_path):
    source, end = picture(tmp_path), picture(tmp_path, "e.png", colour=(20, 160, 60))
    video = ttv_core.generate(
        "a fox", image=source, last_image=end, **SMALL, output=tmp_path / "f.mp4"
    )
    assert video.mode == "first_last_frame"
    wanted = np.asarray(cover(load_still(end), (128, 72))).astype(int)
    assert np.abs(last_frame(video.path).astype(int) - wanted).mean() < 4


def test_an_image_needs_no_prompt(tmp_path):
    video = ttv_core.generate(image=picture(tmp_path), **SMALL, output=tmp_path / "f.mp4")
    assert video.info.num_frames == 6


def test_images_may_be_bytes_and_data_uris(tmp_path):
    import base64

    data = picture(tmp_path).read_bytes()
    uri = "data:image/png;base64," + base64.b64encode(data).decode()
    hashes = {
        ttv_core.generate("[Static]", image=source, **SMALL, output=tmp_path / f"{i}.mp4").sha256
        for i, source in enumerate((data, uri, tmp_path / "p.png"))
    }
    assert len(hashes) == 1


def test_camera_options_reach_the_shots():
    plan = ttv_core.plan(
        "a fox", backend="animatic", options={"animatic": {"camera": "pan left, tilt up"}}
    )
    assert plan.native["camera_moves"] == ("pan left", "tilt up")
    assert ttv_core.plan("a fox", backend="animatic", options={"animatic": {"captions": False}}).ok


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"prompt": "[Pan lefft] a fox"}, "prompt", "pan left"),
        ({"prompt": "x" * 5001}, "prompt", "5,000 characters"),
        ({"options": {"animatic": {"camera": "somersault"}}}, "options.animatic.camera", "Allowed"),
        ({"options": {"animatic": {"camra": "pan left"}}}, "options.animatic.camra", "'camera'"),
        ({"audio": True}, "audio", "allowed: False"),
        ({"n": 2}, "n", "allowed: 1"),
        ({"negative_prompt": "dogs"}, "negative_prompt", "no negative prompt"),
        ({"size": "8000x8000"}, "size", "64 to 4096"),
        ({"size": "32x32"}, "size", "64 to 4096"),
        ({"size": "641x360"}, "size", "multiples of 2"),
        ({"duration": 601}, "duration", "0.01 to 600"),
        ({"fps": 500}, "fps", "1 to 120"),
        ({"reference_images": [b"x"]}, "inputs", "reference_to_video"),
    ],
)
def test_what_it_cannot_do_is_told_with_what_it_can(fields, field, said):
    plan = ttv_core.plan(**({"prompt": "a fox", "backend": "animatic"} | fields))
    found = {violation.field: violation.message for violation in plan.violations}
    assert field in found
    assert said in found[field]


def bomb():
    """A PNG of a few bytes that claims 12000 x 12000 pixels."""

    def chunk(kind, body):
        checked = kind + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 12000, 12000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(12000 * 1501), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def bad_pictures(folder):
    good = picture(folder, "good.png", size=(400, 300))
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return {
        "missing": folder / "none.png",
        "folder": folder,
        "empty": b"",
        "text": b"not a picture at all",
        "bomb": bomb(),
        "header only": good.read_bytes()[:20],
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        "truncated jpeg": buffer.getvalue()[: len(buffer.getvalue()) // 2],
        "truncated png": good.read_bytes()[:-200],
    }


def test_a_picture_cut_short_is_named_once(tmp_path):
    source = tmp_path / "short.jpg"
    source.write_bytes(bad_pictures(tmp_path)["truncated jpeg"])
    with pytest.raises(InvalidInputError) as caught:
        ttv_core.generate("a fox", image=source, **SMALL, output=tmp_path / "f.mp4")
    assert caught.value.message.startswith(f"first_frame: {source} is damaged or cut short")
    assert caught.value.message.count("short.jpg") == 1


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "folder",
        "empty",
        "text",
        "bomb",
        "header only",
        "eps",
        "gif",
        "truncated jpeg",
        "truncated png",
    ],
)
def test_a_bad_picture_is_refused_and_nothing_is_left(tmp_path, kind):
    source = bad_pictures(tmp_path)[kind]
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(InvalidInputError) as caught:
        ttv_core.generate("a fox", image=source, **SMALL, output=out / "f.mp4")
    assert caught.value.violations[0].field == "first_frame"
    assert caught.value.charged == "no"
    assert names(out) == []


def test_a_mislabelled_picture_counts_as_what_it_is(tmp_path):
    source = picture(tmp_path, "jpeg.png", format="JPEG")
    video = ttv_core.generate("[Static]", image=source, **SMALL, output=tmp_path / "f.mp4")
    assert video.info.num_frames == 6


def test_characters_that_cannot_be_drawn_are_told():
    plan = ttv_core.plan("a fox \U000e0041\U0001fbff", backend="animatic")
    if plan.warnings:  # a machine may have a font even for these
        assert "no font on this machine" in plan.warnings[0]


def test_a_ten_megabyte_prompt_is_refused_at_once():
    with pytest.raises(InvalidInputError, match="10,000,000 characters"):
        ttv_core.plan("x" * 10_000_000, backend="animatic")


def test_an_existing_file_is_kept(tmp_path):
    (tmp_path / "f.mp4").write_text("precious")
    with pytest.raises(OutputError):
        ttv_core.generate("a fox", **SMALL, output=tmp_path / "f.mp4")
    assert (tmp_path / "f.mp4").read_text() == "precious"


def test_the_plan_is_json():
    plan = ttv_core.plan("a fox", backend="animatic", image=b"\x89PNG\r\n\x1a\n" + bytes(40))
    assert json.loads(json.dumps(plan.to_dict()))["native"]["image"] == "<48 bytes>"


def test_frames_reach_the_file_as_they_are_drawn(tmp_path):
    generator = AnimaticGenerator()
    plan = generator.plan("a fox", size="128x72", fps=12, duration=0.5)

    class Context:
        def progress(self, step, total):
            pass

    drawn = list(generator.render(plan, Context()))
    video = generator.generate(plan.request, output=tmp_path / "f.mp4")
    for mine, coded in zip(drawn, frames(video.path), strict=True):
        error = np.square(mine.astype(float) - coded).mean()
        assert 10 * np.log10(255**2 / max(error, 1e-9)) > 28
    assert measure(video.path).sha256 == video.sha256
