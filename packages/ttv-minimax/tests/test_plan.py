"""What would be sent, for every model and mode: exactly what the vendor takes, and no wish lost."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from conftest import png
from hypothesis import given, settings
from hypothesis import strategies as st
from minimax_vendor import V1, V2, wrong_v1, wrong_v2

from ttv_core import MediaInput, ModelNotFoundError
from ttv_minimax import camera
from ttv_minimax.generator import MinimaxGenerator

MINIMAX = MinimaxGenerator(api_key="k")
CLIP = b"\0\0\0\x18ftypisom" + bytes(40)
WAV = b"RIFF\0\0\0\0WAVEfmt " + bytes(30)
A, B = "https://example.com/a.png", "https://example.com/b.png"
ADJUST = {"on_unsupported": "adjust"}


def plan(model, prompt="a fox", **fields):
    return MINIMAX.plan(prompt, model=model, **fields)


def told(found):
    return {violation.field for violation in found.violations}


def short(value):
    """Name a case without megabytes."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)


def on_the_wire(native):
    """Return a plan's body with every picture and video as an address, as it would be sent."""
    if isinstance(native, MediaInput):
        return str(native.source) if native.is_url else "data:image/png;base64,AAAA"
    if isinstance(native, dict):
        return {name: on_the_wire(value) for name, value in native.items()}
    return [on_the_wire(item) for item in native] if isinstance(native, list) else native


def wrong(native):
    body = on_the_wire(native)
    return wrong_v2(body) if "content" in body else wrong_v1(body)


# --- exactly this is sent -----------------------------------------------------------------------

USUAL = {"duration": 6, "resolution": "768P"}
FIRST = {"first_frame_image": A}


@pytest.mark.parametrize(
    ("model", "fields", "body"),
    [
        ("MiniMax-Hailuo-2.3", {}, USUAL),
        ("MiniMax-Hailuo-2.3", {"duration": 10}, {"duration": 10, "resolution": "768P"}),
        ("MiniMax-Hailuo-2.3", {"resolution": "1080p"}, {"duration": 6, "resolution": "1080P"}),
        ("MiniMax-Hailuo-2.3", {"image": A}, {**FIRST, **USUAL}),
        ("MiniMax-Hailuo-2.3", {"num_frames": 240}, {"duration": 10, "resolution": "768P"}),
        ("MiniMax-Hailuo-2.3", {"fps": 24, "audio": False, "n": 1}, USUAL),
        ("MiniMax-Hailuo-2.3", {"enhance_prompt": False}, {**USUAL, "prompt_optimizer": False}),
        ("MiniMax-Hailuo-2.3", {"enhance_prompt": True}, {**USUAL, "prompt_optimizer": True}),
        ("MiniMax-Hailuo-2.3-Fast", {"image": A}, {**FIRST, **USUAL}),
        ("MiniMax-Hailuo-02", {}, USUAL),
        (
            "MiniMax-Hailuo-02",
            {"image": A, "resolution": "512p"},
            {**FIRST, "duration": 6, "resolution": "512P"},
        ),
        (
            "MiniMax-Hailuo-02",
            {"image": A, "last_image": B},
            {**FIRST, "last_frame_image": B, **USUAL},
        ),
        ("T2V-01", {}, {}),
        ("T2V-01-Director", {"duration": 6, "resolution": "720p"}, {}),
        ("I2V-01", {"image": A}, FIRST),
        ("I2V-01-Director", {"image": A}, FIRST),
        ("I2V-01-live", {"image": A, "enhance_prompt": True}, {**FIRST, "prompt_optimizer": True}),
        (
            "S2V-01",
            {"reference_images": [A]},
            {"subject_reference": [{"type": "character", "image": [A]}]},
        ),
    ],
)
def test_v1_is_sent_this_and_nothing_else(model, fields, body):
    found = plan(model, **fields)
    assert found.violations == ()
    assert on_the_wire(found.native) == {"model": model, "prompt": "a fox", **body}
    assert wrong(found.native) == ""


def image(url, role):
    return {"type": "image_url", "image_url": {"url": url}, "role": role}


@pytest.mark.parametrize(
    ("model", "fields", "media", "rest"),
    [
        ("MiniMax-H3", {}, [], ("768P", "16:9", 5)),
        ("MiniMax-H3", {"resolution": "1440p", "duration": 15.0}, [], ("2K", "16:9", 15)),
        ("MiniMax-H3", {"aspect_ratio": "21:9", "duration": 4}, [], ("768P", "21:9", 4)),
        ("MiniMax-H3", {"image": A}, [image(A, "first_frame")], ("768P", "adaptive", 5)),
        ("MiniMax-H3", {"last_image": B}, [image(B, "last_frame")], ("768P", "adaptive", 5)),
        (
            "MiniMax-H3",
            {"image": A, "last_image": B, "resolution": "2k"},
            [image(A, "first_frame"), image(B, "last_frame")],
            ("2K", "adaptive", 5),
        ),
        (
            "MiniMax-H3",
            {"reference_images": [A, B], "aspect_ratio": "1:1"},
            [image(A, "reference_image"), image(B, "reference_image")],
            ("768P", "1:1", 5),
        ),
        ("MiniMax-H3-Max", {"resolution": "480p"}, [], ("480P", "16:9", 5)),
        ("MiniMax-H3-Max", {"image": A}, [image(A, "first_frame")], ("768P", "adaptive", 5)),
        ("MiniMax-H3-Highspeed", {"audio": True}, [], ("768P", "16:9", 5)),
        ("MiniMax-H3-Lite", {"resolution": "480p"}, [], ("480P", "16:9", 5)),
    ],
)
def test_v2_is_sent_this_and_nothing_else(model, fields, media, rest):
    found = plan(model, **fields)
    assert found.violations == ()
    assert on_the_wire(found.native) == {
        "model": model,
        "content": [{"type": "text", "text": "a fox"}, *media],
        **dict(zip(("resolution", "ratio", "duration"), rest, strict=True)),
    }
    assert type(found.native["duration"]) is int
    assert wrong(found.native) == ""


# --- what cannot be had -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "fields", "field"),
    [
        ("MiniMax-Hailuo-2.3", {"seed": 0}, "seed"),
        ("MiniMax-Hailuo-2.3", {"negative_prompt": "rain"}, "negative_prompt"),
        ("MiniMax-Hailuo-2.3", {"audio": True}, "audio"),
        ("MiniMax-Hailuo-2.3", {"n": 2}, "n"),
        ("MiniMax-Hailuo-2.3", {"fps": 30}, "fps"),
        ("MiniMax-Hailuo-2.3", {"duration": 5}, "duration"),
        ("MiniMax-Hailuo-2.3", {"duration": 10, "resolution": "1080P"}, "duration"),
        ("MiniMax-Hailuo-2.3", {"resolution": "512p"}, "resolution"),
        ("MiniMax-Hailuo-2.3", {"aspect_ratio": "16:9"}, "aspect_ratio"),
        ("MiniMax-Hailuo-2.3", {"size": "1280x720"}, "size"),
        ("MiniMax-Hailuo-2.3", {"prompt": "x" * 2001}, "prompt"),
        ("MiniMax-Hailuo-2.3", {"image": A, "last_image": B}, "inputs"),
        ("MiniMax-Hailuo-2.3-Fast", {}, "inputs"),
        ("MiniMax-Hailuo-02", {"last_image": B}, "last_frame"),
        ("MiniMax-Hailuo-02", {"resolution": "512p"}, "resolution"),
        ("MiniMax-Hailuo-02", {"image": A, "last_image": B, "resolution": "512p"}, "resolution"),
        ("T2V-01", {"duration": 10}, "duration"),
        ("T2V-01", {"resolution": "1080p"}, "resolution"),
        ("I2V-01", {}, "inputs"),
        ("S2V-01", {"reference_images": [A], "duration": 6}, "duration"),
        ("S2V-01", {"reference_images": [A], "resolution": "720p"}, "resolution"),
        ("S2V-01", {"reference_images": [A, B]}, "reference"),
        ("MiniMax-H3", {"seed": 0}, "seed"),
        ("MiniMax-H3", {"audio": False}, "audio"),
        ("MiniMax-H3", {"negative_prompt": "rain"}, "negative_prompt"),
        ("MiniMax-H3", {"enhance_prompt": False}, "enhance_prompt"),
        ("MiniMax-H3", {"enhance_prompt": True}, "enhance_prompt"),
        ("MiniMax-H3", {"num_frames": 120}, "num_frames"),
        ("MiniMax-H3", {"num_frames": 124}, "num_frames"),
        ("MiniMax-H3", {"duration": 3}, "duration"),
        ("MiniMax-H3", {"duration": 5.5}, "duration"),
        ("MiniMax-H3", {"resolution": "1080p"}, "resolution"),
        ("MiniMax-H3", {"aspect_ratio": "2:1"}, "aspect_ratio"),
        ("MiniMax-H3", {"image": A, "aspect_ratio": "16:9"}, "aspect_ratio"),
        ("MiniMax-H3", {"image": A, "size": "1280x720"}, "size"),
        ("MiniMax-H3", {"image": A, "reference_images": [B]}, "reference"),
        ("MiniMax-H3", {"last_image": A, "reference_images": [B]}, "reference"),
        ("MiniMax-H3", {"reference_images": [A] * 10}, "reference"),
        ("MiniMax-H3", {"reference_images": [CLIP] * 4}, "reference"),
        ("MiniMax-H3", {"reference_images": [*[A] * 9, *[CLIP] * 3, B]}, "reference"),
        ("MiniMax-H3", {"reference_images": [png(extra=30_000_000)]}, "reference"),
        ("MiniMax-H3", {"prompt": "", "image": A}, "prompt"),
        ("MiniMax-H3", {"prompt": "x" * 7001}, "prompt"),
        ("MiniMax-H3", {"source_video": CLIP}, "inputs"),
        ("MiniMax-H3-Max", {"reference_images": [A]}, "inputs"),
        ("MiniMax-H3-Max", {"duration": 4}, "duration"),
        ("MiniMax-H3-Max", {"resolution": "2k"}, "resolution"),
        ("MiniMax-H3-Lite", {"image": A}, "inputs"),
    ],
)
def test_what_a_model_cannot_do_is_refused_by_name(model, fields, field):
    assert field in told(plan(model, **fields))


def test_sounds_count_among_the_twelve():
    options = {"minimax": {"reference_audio": [WAV, WAV]}}
    for videos, field in ((1, set()), (2, {"reference"})):
        found = plan("MiniMax-H3", reference_images=[*[A] * 9, *[CLIP] * videos], options=options)
        assert told(found) == field


@pytest.mark.parametrize("model", [*V1, *V2])
def test_what_is_adjusted_is_what_the_vendor_takes(model):
    frames = {"image": A} if plan(model, image=A).ok else {}
    frames = {"reference_images": [A]} if model == "S2V-01" else frames
    wishes = {"seed": 0, "size": "1280x720", "enhance_prompt": True, "fps": 30, "n": 3}
    wishes |= {"audio": model in V1, "negative_prompt": "rain", "duration": 7.3}
    if model == "S2V-01":  # nothing is known of its length and size, so there is no nearest
        del wishes["size"], wishes["duration"]
    found = plan(model, **wishes, **frames, **ADJUST)
    assert found.violations == ()
    assert wrong(found.native) == ""
    adjusted = {item.field for item in found.adjustments}
    sent = {"enhance_prompt"} if model in V1 else set()
    assert adjusted == wishes.keys() - sent
    assert {item.asked for item in found.adjustments if item.field == "seed"} == {0}


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (png(301, 301), None),
        (png(301, 752), None),
        (png(300, 400), "too_small"),
        (png(400, 1001), "ratio"),
        (png(1001, 400), "ratio"),
        (png(extra=19_999_999 - len(png())), None),
        (png(extra=20_000_000 - len(png())), "too_large"),
        (b"GIF89a" + bytes(20), "format"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "format"),
        (b"", "unreadable"),
    ],
    ids=short,
)
def test_a_picture_for_v1_is_checked_before_anything_is_sent(picture, code):
    found = plan("MiniMax-Hailuo-2.3", image=picture)
    assert [item.code for item in found.violations] == ([code] if code else [])


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (png(256, 640), None),
        (png(255, 400), "too_small"),
        (png(5760, 5760), None),
        (png(5761, 5760), "too_large"),
        (png(1000, 399), "ratio"),
        (png(extra=30_000_000 - len(png())), None),
        (png(extra=30_000_001 - len(png())), "too_large"),
        (b"\0\0\0\x18ftypheic" + bytes(20), None),
        (CLIP, "format"),
    ],
    ids=short,
)
def test_a_picture_for_v2_is_checked_before_anything_is_sent(picture, code):
    found = plan("MiniMax-H3", last_image=picture)
    assert [item.code for item in found.violations] == ([code] if code else [])


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moves", "prompt"),
    [
        ("pan left", "[Pan left] a fox"),
        ("[Push in]", "[Push in] a fox"),
        (["pan-left", "PEDESTAL_UP", "shake"], "[Pan left,Pedestal up,Shake] a fox"),
        ("zoom out, tilt down", "[Zoom out,Tilt down] a fox"),
        ([], "a fox"),
    ],
)
def test_camera_moves_become_tags(moves, prompt):
    found = plan("MiniMax-Hailuo-02", options={"minimax": {"camera": moves}})
    assert (found.ok, found.native["prompt"]) == (True, prompt)


def test_every_move_is_known_and_another_is_not():
    for move in camera.MOVES:
        assert camera.canonical(move.upper()) == move
    found = plan("MiniMax-Hailuo-02", options={"minimax": {"camera": "pan up"}})
    assert "Pan left, Pan right" in found.violations[0].message
    four = ["shake", "pan left", "zoom in", "tilt up"]
    assert not plan("MiniMax-Hailuo-02", options={"minimax": {"camera": four}}).ok


def test_a_prompt_is_sent_as_it_is():
    for prompt in ("[Pan left] a fox", "a fox ", "ein Füchslein\n跑", "x" * 2000):
        assert plan("MiniMax-Hailuo-02", prompt).native["prompt"] == prompt
        assert plan("MiniMax-H3", prompt).native["content"][0]["text"] == prompt


def test_moves_count_as_prompt():
    options = {"minimax": {"camera": "shake"}}
    assert plan("MiniMax-Hailuo-02", "x" * 1992, options=options).ok
    assert told(plan("MiniMax-Hailuo-02", "x" * 1993, options=options)) == {"prompt"}


def test_a_picture_without_a_prompt_is_left_to_the_vendor():
    found = plan("MiniMax-Hailuo-02", "", image=A)
    assert found.ok
    assert "prompt" not in found.native
    assert found.warnings == (
        "whether MiniMax-Hailuo-02 takes a picture without a prompt is not documented",
    )


@pytest.mark.parametrize(
    ("model", "options", "sent"),
    [
        ("MiniMax-Hailuo-02", {"fast_pretreatment": True}, {"fast_pretreatment": True}),
        ("MiniMax-Hailuo-02", {"fast_pretreatment": False}, {"fast_pretreatment": False}),
        (
            "MiniMax-H3-Max",
            {"prompt_expansion_mode": "quality"},
            {"prompt_expansion_mode": "quality"},
        ),
        ("MiniMax-Hailuo-02", {"aigc_watermark": False}, None),
        ("MiniMax-Hailuo-02", {"prompt_expansion_mode": "quality"}, None),
        ("MiniMax-Hailuo-02", {"reference_audio": [WAV]}, None),
        ("MiniMax-H3", {"prompt_expansion_mode": "quality"}, None),
        ("MiniMax-H3", {"fast_pretreatment": False}, None),
        ("MiniMax-H3", {"aigc_watermark": False}, None),
        ("MiniMax-H3", {"camera": "shake"}, None),
        ("MiniMax-H3", {"reference_audio": [WAV]}, None),
    ],
)
def test_an_option_is_sent_where_it_is_known_and_refused_elsewhere(model, options, sent):
    found = plan(model, options={"minimax": options})
    (name,) = options
    if sent is None:
        assert told(found) == {f"options.minimax.{name}"}
    else:
        assert found.ok
        assert found.native == plan(model).native | sent
        assert wrong(found.native) == ""


def test_china_marks_videos():
    china = MinimaxGenerator(api_key="k", region="china")
    found = china.plan("a fox", options={"minimax": {"aigc_watermark": False}})
    assert found.native["aigc_watermark"] is False


@pytest.mark.parametrize(
    ("sound", "wanted"),
    [
        (WAV, None),
        (b"ID3" + bytes(20), None),
        (b"\xff\xfb\x90\x64" + bytes(20), None),
        ("https://example.com/a.mp3", None),
        (png(), "neither wav nor mp3"),
        (WAV + bytes(15_000_000), "at most 15,000,000"),
        ("no-such.wav", "cannot be read"),
    ],
    ids=short,
)
def test_sounds_are_checked(sound, wanted):
    options = {"minimax": {"reference_audio": [sound]}}
    found = plan("MiniMax-H3", reference_images=[A], options=options)
    if wanted is None:
        assert found.ok
        assert found.native["content"][-1]["role"] == "reference_audio"
    else:
        assert wanted in found.violations[0].message


# --- prices, models -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "fields", "amount"),
    [
        ("MiniMax-Hailuo-2.3", {}, "0.28"),
        ("MiniMax-Hailuo-2.3", {"duration": 10}, "0.56"),
        ("MiniMax-Hailuo-2.3", {"resolution": "1080p"}, "0.49"),
        ("MiniMax-Hailuo-2.3-Fast", {"image": A}, "0.19"),
        ("MiniMax-Hailuo-2.3-Fast", {"image": A, "duration": 10}, "0.32"),
        ("MiniMax-Hailuo-2.3-Fast", {"image": A, "resolution": "1080p"}, "0.33"),
        ("MiniMax-Hailuo-02", {"image": A, "resolution": "512p"}, "0.10"),
        ("MiniMax-Hailuo-02", {"image": A, "resolution": "512p", "duration": 10}, "0.15"),
        ("MiniMax-Hailuo-02", {}, "0.28"),
        ("MiniMax-Hailuo-02", {"duration": 10}, "0.56"),
        ("MiniMax-Hailuo-02", {"resolution": "1080p"}, "0.49"),
        ("T2V-01", {}, None),
        ("S2V-01", {"reference_images": [A]}, None),
        ("MiniMax-H3", {}, "0.40"),
        ("MiniMax-H3", {"resolution": "2k", "duration": 10}, "1.30"),
        ("MiniMax-H3", {"reference_images": [A] * 7}, "0.48"),
        ("MiniMax-H3", {"reference_images": [A, CLIP]}, None),
        ("MiniMax-H3-Max", {"resolution": "480p"}, "0.25"),
        ("MiniMax-H3-Max", {"duration": 15, "image": A, "last_image": B}, "1.20"),
        ("MiniMax-H3-Lite", {}, None),
    ],
)
def test_what_it_costs(model, fields, amount):
    cost = plan(model, **fields).cost
    assert cost.amount == (None if amount is None else Decimal(amount))
    if amount is not None:
        assert cost.source.startswith("platform.minimax.io")
        assert cost.as_of in {"2026-07-10", "2026-10-24"}


def test_older_models_are_told_as_such():
    assert plan("T2V-01").warnings == ("model 'T2V-01' is deprecated; use 'MiniMax-Hailuo-2.3'",)


@pytest.mark.parametrize("model", ["MiniMax-H4", "MiniMax-Hailuo-4", "X2V-02"])
def test_a_model_that_is_not_listed_is_tried_in_the_words_of_its_kind(model):
    fields = {"duration": 6, "resolution": "768p"}
    found = plan(model, **fields | ({"aspect_ratio": "16:9"} if model == "MiniMax-H4" else {}))
    assert found.ok
    assert "is not in minimax's table" in found.warnings[0]
    assert ("content" in found.native) is (model == "MiniMax-H4")
    assert found.native["resolution"] == "768P"
    for wish in ({"seed": 1}, {"negative_prompt": "rain"}, {"n": 2}, {"fps": 24}, {"audio": True}):
        assert told(plan(model, **fields, **wish)) >= set(wish)


def test_a_new_v2_model_needs_what_v2_needs():
    assert told(plan("MiniMax-H4")) == {"duration", "resolution", "aspect_ratio"}
    assert (
        plan("MiniMax-H4", duration=5.5, resolution="768p", aspect_ratio="1:1").native["duration"]
        == 5.5
    )


def test_models_and_prices_come_from_the_configuration_too():
    price = {"basis": "second", "amount": "0.02"}
    models = {
        "MiniMax-H3": {"prices": [price]},
        "MiniMax-H3-Lite": {
            "modes": ["text_to_video", "image_to_video"],
            "inputs": {"first_frame": {"urls": True}},
        },
        "T2V-01": {"status": "retired", "successor": "MiniMax-Hailuo-2.3"},
    }
    changed = MinimaxGenerator(api_key="k", models=models)
    assert changed.plan("a fox", model="MiniMax-H3").cost.amount == Decimal("0.10")
    lite = changed.plan("a fox", model="MiniMax-H3-Lite", image=A)
    assert lite.ok
    assert lite.native["content"][1] == image(
        lite.native["content"][1]["image_url"]["url"], "first_frame"
    )
    with pytest.raises(ModelNotFoundError, match="retired; use"):
        changed.plan("a fox", model="T2V-01")


# --- whatever is asked --------------------------------------------------------------------------

WISHES = {
    "duration": st.sampled_from([1, 4, 5, 5.5, 6, 6.0, 10, 15, 20]),
    "num_frames": st.sampled_from([24, 120, 124, 144, 240]),
    "fps": st.sampled_from([12, 24, 30]),
    "aspect_ratio": st.sampled_from(["16:9", "9:16", "1:1", "2:1"]),
    "resolution": st.sampled_from(["480p", "512P", "720p", "768p", "1080p", "2k", "4k"]),
    "size": st.sampled_from(["1280x720", "768x768", "1366x768", "720x1280"]),
    "seed": st.sampled_from([0, 7]),
    "audio": st.booleans(),
    "n": st.sampled_from([1, 2]),
    "negative_prompt": st.just("rain"),
    "enhance_prompt": st.booleans(),
    "image": st.sampled_from([A, png(), png(100, 100)]),
    "last_image": st.sampled_from([B, png(500, 500)]),
    "reference_images": st.sampled_from([[A], [A, B], [png(), CLIP], [A] * 10]),
    "options": st.fixed_dictionaries(
        {},
        optional={
            "camera": st.sampled_from(["pan left", "shake,zoom in"]),
            "fast_pretreatment": st.booleans(),
            "aigc_watermark": st.booleans(),
            "prompt_expansion_mode": st.just("balanced"),
            "reference_audio": st.sampled_from([[WAV], [b"ID3" + bytes(9)]]),
        },
    ).map(lambda options: {"minimax": options}),
}
ROLES = {"image": "first_frame", "last_image": "last_frame", "reference_images": "reference"}


def arrived(native, field, value):
    """Tell whether a wish stands in the body as it was asked."""
    content = native.get("content", [])
    roles = {item.get("role", "") for item in content}
    text = native.get("prompt") or "".join(item.get("text", "") for item in content)
    fixed = native["model"].endswith("-01") or "-01-" in native["model"]
    tier = str(value).upper()
    checks = {
        "duration": lambda: native.get("duration") == value or (fixed and value == 6),
        "num_frames": lambda: "content" not in native and (native.get("duration", 6) * 24 == value),
        "fps": lambda: value == 24,
        "aspect_ratio": lambda: native.get("ratio") == value,
        "resolution": lambda: native.get("resolution") == tier or (fixed and value == "720p"),
        "size": lambda: (
            (native.get("ratio"), native.get("resolution"))
            == {"768x768": ("1:1", "768P"), "1366x768": ("16:9", "768P")}.get(value)
        ),
        "audio": lambda: value is bool(content),
        "n": lambda: value == 1,
        "enhance_prompt": lambda: native.get("prompt_optimizer") is value,
        "image": lambda: "first_frame_image" in native or "first_frame" in roles,
        "last_image": lambda: "last_frame_image" in native or "last_frame" in roles,
        "reference_images": lambda: (
            "subject_reference" in native or any(role.startswith("reference_") for role in roles)
        ),
        "camera": lambda: text.startswith("["),
        "fast_pretreatment": lambda: native.get("fast_pretreatment") is value,
        "prompt_expansion_mode": lambda: native.get("prompt_expansion_mode") == value,
        "reference_audio": lambda: "reference_audio" in roles,
    }
    return checks.get(field, lambda: False)()


@given(
    model=st.sampled_from([*V1, *V2]),
    wishes=st.fixed_dictionaries({}, optional=WISHES),
    adjust=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_no_wish_is_lost(model, wishes, adjust):
    if "size" in wishes:
        wishes = {k: v for k, v in wishes.items() if k not in {"aspect_ratio", "resolution"}}
    if "duration" in wishes:
        wishes = {k: v for k, v in wishes.items() if k != "num_frames"}
    found = plan(model, **wishes, **(ADJUST if adjust else {}))
    answered = told(found) | {item.field for item in found.adjustments}
    if found.ok:
        assert wrong(found.native) == ""
    flat = {**wishes, **wishes.get("options", {}).get("minimax", {})}
    flat.pop("options", None)
    if not found.native:
        return
    # A mode that is refused takes its pictures with it.
    answered |= set(ROLES.values()) if "inputs" in answered else set()
    for field, value in flat.items():
        name = ROLES.get(field, field)
        if answered.isdisjoint({name, f"options.minimax.{name}"}):
            assert arrived(found.native, field, value), (field, value, found)


def test_the_length_of_v2_is_left_open():
    expected = plan("MiniMax-H3").expected
    assert dataclasses.astuple(expected) == (None, None, None, 24, None, True)
    expected = plan("MiniMax-Hailuo-2.3").expected
    assert (expected.duration, expected.audio) == (6, False)
