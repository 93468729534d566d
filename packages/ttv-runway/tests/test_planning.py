"""Plans: the exact body of every model and mode, and nothing dropped in silence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import runway_sdk_types as sdk_types
from hypothesis import given, settings
from hypothesis import strategies as st

from ttv_core import InvalidInputError, MediaInput
from ttv_runway.forms import endpoint_of_body
from ttv_runway.generator import RunwayGenerator

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes([0, 0, 2, 128, 0, 0, 1, 104]) + bytes(100)
MP4 = b"\0\0\0\x18ftypmp42" + bytes(600)
MP3 = b"ID3" + bytes(600)
GENERATOR = RunwayGenerator()
MODELS = [model for model in GENERATOR.models.models if model.status != "retired"]
MODES = [(model.id, mode) for model in MODELS for mode in model.modes]


def inputs(model, mode):
    """Return what a mode of a model needs to be given."""
    found = {}
    if mode in {"image_to_video", "first_last_frame"} or (
        mode == "reference_to_video" and model.startswith("klingO3")
    ):
        found["image"] = PNG
    if mode == "first_last_frame":
        found["last_image"] = PNG
    if mode == "reference_to_video":
        found["reference_images"] = [PNG]
    if mode == "video_to_video":
        found["source_video"] = MP4
    return found


def sent(value):
    """Return a body as it looks once its inputs are links."""
    if isinstance(value, MediaInput):
        return "https://files.example.com/a"
    if isinstance(value, dict):
        return {name: sent(item) for name, item in value.items()}
    return [sent(item) for item in value] if isinstance(value, list) else value


def plan(prompt="a fox", **fields):
    return GENERATOR.plan(prompt, **fields)


def refused(**fields):
    return {violation.field for violation in plan(**fields).violations}


@pytest.mark.parametrize(("model", "mode"), MODES)
def test_every_mode_of_every_model_makes_a_body_that_the_sdk_knows(model, mode):
    made = plan(model=model, **inputs(model, mode))
    assert (made.violations, made.mode) == ((), mode)
    body = sent(made.native)
    assert sdk_types.problems(endpoint_of_body(body), body) == []


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (
            {"duration": 5, "aspect_ratio": "9:16", "seed": 0},
            {"duration": 5, "promptText": "a fox", "ratio": "720:1280", "seed": 0},
        ),
        (
            {"model": "veo3.1", "duration": 4, "audio": False, "negative_prompt": "snow"},
            {
                "promptText": "a fox",
                "ratio": "1280:720",
                "audio": False,
                "duration": 4,
                "negativePrompt": "snow",
            },
        ),
        (
            {"model": "hailuo3", "duration": 6, "resolution": "2k", "aspect_ratio": "21:9"},
            {"promptText": "a fox", "duration": 6, "ratio": "21:9", "resolution": "2k"},
        ),
        (
            {"model": "h3_max", "resolution": "480p", "enhance_prompt": False, "seed": 3},
            {
                "promptText": "a fox",
                "promptExpansionMode": "disabled",
                "resolution": "480p",
                "seed": 3,
            },
        ),
        (
            {"model": "wan3", "image": PNG, "resolution": "1080p", "audio": True},
            {
                "promptImage": [{"uri": "https://files.example.com/a", "position": "first"}],
                "promptText": "a fox",
                "audio": True,
                "ratio": "auto_1080p",
            },
        ),
        (
            {"model": "gen4_turbo", "image": PNG, "last_image": None, "size": "960x960"},
            {
                "promptImage": [{"uri": "https://files.example.com/a", "position": "first"}],
                "ratio": "960:960",
                "promptText": "a fox",
            },
        ),
        (
            {"model": "veo3.1", "image": PNG, "last_image": PNG, "duration": 8},
            {
                "promptImage": [
                    {"uri": "https://files.example.com/a", "position": "first"},
                    {"uri": "https://files.example.com/a", "position": "last"},
                ],
                "ratio": "1280:720",
                "duration": 8,
                "promptText": "a fox",
            },
        ),
        (
            {"model": "aleph2", "source_video": MP4, "aspect_ratio": "21:9"},
            {
                "videoUri": "https://files.example.com/a",
                "promptText": "a fox",
                "targetAspectRatio": "21:9",
            },
        ),
        (
            {"model": "seedance2", "reference_images": [PNG, PNG], "size": "992x432"},
            {
                "promptText": "a fox",
                "ratio": "992:432",
                "references": [{"uri": "https://files.example.com/a"}] * 2,
            },
        ),
    ],
    ids=lambda value: value.get("model", "gen4.5") if "promptText" not in value else "",
)
def test_the_body_is_exactly_this(fields, body):
    made = plan(**fields)
    assert made.violations == ()
    assert sent(made.native) == {"model": fields.get("model", "gen4.5")} | body


WISHES = {
    "negative_prompt": st.sampled_from(["snow"]),
    "duration": st.sampled_from([1, 4, 5, 7.5, 8, 30]),
    "fps": st.sampled_from([24, 30]),
    "aspect_ratio": st.sampled_from(["16:9", "9:16", "1:1", "5:4"]),
    "resolution": st.sampled_from(["480p", "720p", "768p", "1080p", "2k", "4k"]),
    "seed": st.sampled_from([0, 7, 2**40]),
    "audio": st.booleans(),
    "n": st.sampled_from([1, 2]),
    "enhance_prompt": st.booleans(),
}
OPTIONS = {
    "public_figure_threshold": "low",
    "output_format": "prores",
    "cfg_scale": 0.0,
    "shots": [{"prompt": "a", "duration": 3}, {"prompt": "b", "duration": 4}],
    "keep_original_sound": False,
    "video_mode": "reference",
    "auto_duration": True,
    "prompt_expansion": "quality",
    "draft": False,
    "reference_videos": "https://files.example.com/a.mp4",
    "reference_audio": [MP3],
    "keyframes": [{"image": PNG, "at": 0.5}],
    "middle_image": PNG,
}
CARRIED = {
    "negative_prompt": {"negativePrompt"},
    "duration": {"duration"},
    "fps": set(),
    "aspect_ratio": {"ratio", "targetAspectRatio"},
    "resolution": {"ratio", "resolution"},
    "seed": {"seed"},
    "audio": {"audio"},
    "n": set(),
    "enhance_prompt": {"promptExpansionMode"},
    "public_figure_threshold": {"contentModeration"},
    "output_format": {"outputFormat"},
    "cfg_scale": {"cfgScale"},
    "shots": {"providerSettings"},
    "keep_original_sound": {"providerSettings"},
    "video_mode": {"mode"},
    "auto_duration": {"duration"},
    "prompt_expansion": {"promptExpansionMode"},
    "draft": {"draft"},
    "reference_videos": {"referenceVideos"},
    "reference_audio": {"referenceAudio"},
    "keyframes": {"keyframes"},
    "middle_image": {"promptImage"},
}


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(MODES),
    st.fixed_dictionaries({}, optional=WISHES),
    st.sets(st.sampled_from(sorted(OPTIONS)), max_size=2),
    st.sampled_from(["error", "adjust"]),
)
def test_every_wish_ends_in_the_body_or_is_told(which, wishes, options, policy):
    model, mode = which
    chosen = {"runway": {name: OPTIONS[name] for name in options}} if options else {}
    made = plan(model=model, on_unsupported=policy, options=chosen, **inputs(model, mode), **wishes)
    told = {item.field for item in (*made.adjustments, *made.violations)}
    body = sent(made.native)
    if not made.violations:
        assert sdk_types.problems(endpoint_of_body(body), body) == []
    fixed = {"n": 1, "fps": 24 if model.startswith("veo") else None}
    for name, value in wishes.items():
        if name not in told and fixed.get(name) != value:
            assert CARRIED[name] & body.keys(), name
    for name in options:
        if f"options.runway.{name}" not in told and not made.violations:
            assert CARRIED[name] & body.keys(), name
            if name == "middle_image":
                assert "middle" in {item["position"] for item in body["promptImage"]}
            if name == "keep_original_sound":
                assert body["providerSettings"]["keepOriginalSound"] is False
            if name == "auto_duration":
                assert body["duration"] == "auto"


def test_what_cannot_be_said_is_refused_or_left_out_with_leave():
    wishes = {"fps": 30, "audio": False, "enhance_prompt": False, "seed": 1}
    assert refused(model="kling2.5_turbo_pro", **wishes) == set(wishes)
    made = plan(model="kling2.5_turbo_pro", on_unsupported="adjust", **wishes)
    assert made.violations == ()
    assert {item.field: item.used for item in made.adjustments} == dict.fromkeys(wishes)
    assert refused(model="kling2.5_turbo_pro", image=PNG, size="720x720") == {"size"}
    assert refused(num_frames=120) == {"num_frames"}
    assert refused(model="h3_max", num_frames=120) == {"num_frames"}


def test_a_prompt_is_counted_in_utf_16():
    assert plan("🦊" * 500).ok
    assert refused(prompt="🦊" * 500 + "a") == {"prompt"}
    assert plan("a" * 3500, model="seedance2").ok
    assert refused(prompt="a" * 3501, model="seedance2") == {"prompt"}


def test_a_prompt_is_needed_where_the_vendor_needs_one():
    assert refused(prompt="", image=PNG) == {"prompt"}
    assert plan("", model="gen4_turbo", image=PNG).ok
    assert "promptText" not in plan("", model="gen4_turbo", image=PNG).native
    assert refused(prompt="", model="kling_4", source_video=MP4) == {"prompt"}


def test_a_fraction_of_a_second_is_told_where_no_durations_are_known():
    assert refused(model="seedance2", duration=5.5) == {"duration"}
    made = plan(model="seedance2", duration=5.6, on_unsupported="adjust")
    assert (made.native["duration"], made.adjustments[0].used) == (6, 6)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.0.0.1/a.png", "fetches from domains"),
        ("https://[::1]/a.png", "fetches from domains"),
        ("https://localhost/a.png", "fetches from domains"),
        ("https://example.com/" + "a" * 2048, "characters long"),
    ],
)
def test_a_link_that_the_vendor_does_not_follow_is_refused(url, why):
    made = plan(image=url)
    assert [v.field for v in made.violations] == ["first_frame"]
    assert why in made.violations[0].message


def test_a_link_is_passed_through():
    url = "https://example.com/fox.png?signature=abc"
    made = plan(image=url)
    assert made.ok
    assert made.native["promptImage"][0]["uri"].source == url


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"image": b"GIF89a" + bytes(100)}, "first_frame"),
        ({"image": PNG[:20]}, "first_frame"),
        ({"image": Path("missing.png")}, "first_frame"),
        ({"last_image": PNG, "image": PNG}, "inputs"),
        ({"model": "h3_max", "image": PNG.replace(b"\0\0\1\x68", b"\0\0\0\x68")}, "first_frame"),
        ({"model": "grok_imagine_1_5", "image": PNG.replace(b"\2\x80", b"\4\x80")}, "first_frame"),
        ({"model": "seedance2", "image": PNG, "reference_images": [PNG]}, "reference"),
        ({"model": "hailuo3", "reference_images": [PNG] * 10}, "reference"),
        ({"model": "klingO3_pro", "reference_images": [PNG]}, "reference"),
        ({"model": "klingO3_pro", "source_video": MP4, "reference_images": [PNG] * 5}, "reference"),
        ({"model": "kling_4", "image": PNG, "reference_images": [PNG] * 10}, "reference"),
        ({"model": "aleph2", "source_video": PNG}, "source_video"),
        ({"model": "aleph2"}, "inputs"),
    ],
)
def test_inputs_are_checked_before_anything_is_sent(fields, field):
    assert field in refused(**fields)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"prores_profile": "422"}, "prores_profile goes with"),
        ({"output_format": "png_sequence"}, "output_format"),
        ({"output_format": "prores"}, "seedance2_5 makes no prores; allowed: mp4, mov"),
        ({"cfg_scale": 1.5}, "cfg_scale"),
        ({"shots": [{"prompt": "a", "duration": 2}]}, "3 to 15"),
        ({"keyframes": [{"image": PNG}]}, "seconds or at"),
        (
            {"keyframes": [{"image": PNG, "at": 0.1, "range": (0, 1)}, {"image": PNG, "at": 1}]},
            "range",
        ),
        ({"draft": True, "output_format": "mov"}, "draft"),
        ({"reference_audio": [PNG]}, "not audio"),
        ({"reference_videos": "https://127.0.0.1/a.mp4"}, "fetches from domains"),
        ({"reference_videos": "missing.mp4"}, "No such file"),
        ({"middle_image": MP4}, "not image"),
    ],
)
def test_an_option_that_is_wrong_is_told(options, told):
    model = {"keyframes": "aleph2", "middle_image": "kling_4"}.get(
        next(iter(options)), "seedance2_5"
    )
    given_too = {"aleph2": {"source_video": MP4}, "kling_4": {"image": PNG}}.get(model, {})
    found = plan(model=model, options={"runway": options}, **given_too).violations
    assert any(told in violation.message for violation in found)


def test_a_video_that_is_extended_or_edited_keeps_its_shape():
    def body(**fields):
        made = plan(model="seedance2_5", source_video=MP4, **fields)
        return made.native if made.ok else {v.field for v in made.violations}

    assert "ratio" in body()
    extended = body(options={"runway": {"video_mode": "extend"}}, duration=4)
    assert ("ratio" in extended, extended["duration"]) == (False, 4)
    edited = body(options={"runway": {"video_mode": "edit"}})
    assert ("ratio" in edited, edited["duration"]) == (False, "auto")
    edit = {"options": {"runway": {"video_mode": "edit"}}}
    assert body(**edit, duration=4, size="1280x720") == {"duration", "size"}
    assert body(**edit, prompt="") == {"prompt"}


def test_a_draft_is_finished_by_its_id_alone():
    fields = {"model": "seedance2_5", "options": {"runway": {"draft_task_id": "t-1"}}}
    assert refused(**fields) == {"prompt"}
    made = plan(**fields, seed=4, on_unsupported="adjust")
    assert made.native == {"model": "seedance2_5", "draftTaskId": "t-1"}
    assert [item.field for item in made.adjustments] == ["prompt", "seed"]
    assert made.cost.amount is None


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"duration": 5}, "0.60"),
        ({"duration": 5, "options": {"runway": {"output_format": "prores"}}}, "0.85"),
        ({"duration": 5, "options": {"runway": {"output_format": "hdr10"}}}, "1.60"),
        ({"model": "veo3.1", "duration": 8, "audio": True}, "3.20"),
        ({"model": "veo3.1", "duration": 8, "audio": False}, "1.60"),
        ({"model": "veo3.1", "duration": 8}, None),
        ({"model": "seedance2", "duration": 5, "size": "992x432"}, "1.80"),
        ({"model": "seedance2", "duration": 5, "size": "3840x1646"}, "7.50"),
        ({"model": "seedance2_mini", "duration": 2}, "0.64"),
        ({"model": "seedance2", "options": {"runway": {"auto_duration": True}}}, None),
        ({"model": "seedance2_5", "duration": 5, "options": {"runway": {"draft": True}}}, None),
        ({"model": "seedance2_5", "duration": 5, "source_video": MP4}, None),
        (
            {
                "model": "seedance2_5",
                "duration": 5,
                "options": {"runway": {"reference_videos": "https://files.example.com/a.mp4"}},
            },
            None,
        ),
        ({"model": "hailuo3", "duration": 5, "image": PNG}, "0.50"),
        ({"model": "hailuo3", "duration": 5, "reference_images": [PNG] * 3}, "0.56"),
        ({"model": "aleph2", "source_video": MP4}, None),
        ({"model": "wan3", "duration": 5}, None),
    ],
)
def test_the_cost_is_what_the_vendor_would_take(fields, amount):
    made = plan(**fields)
    assert made.violations == ()
    assert made.cost.amount == (None if amount is None else Decimal(amount))


def test_the_older_section_still_works():
    older = RunwayGenerator(
        api_key="k", model_version="gen4_turbo", max_duration=6, default_ratio="720:1280", seed=9
    )
    made = older.plan("a fox", image=PNG, duration=5)
    assert (made.model, made.native["ratio"], made.native["seed"]) == ("gen4_turbo", "720:1280", 9)
    assert older.plan("a fox", image=PNG, seed=0).native["seed"] == 0
    assert [v.field for v in older.plan("a fox", image=PNG, duration=8).violations] == ["duration"]
    moving = RunwayGenerator(motion_amount=5).plan("a fox")
    assert moving.ok
    assert "no current Runway model has it" in moving.warnings[0]
    assert "motion" not in str(moving.native)


@pytest.mark.parametrize(
    ("ratio", "model", "sent_as"),
    [
        ("9:16", "gen4.5", "720:1280"),
        ("9:16", "hailuo3", "9:16"),
        ("1584:672", "gen4.5", "1280:720"),  # not with text alone
        ("9:16", "veo3.1", "720:1280"),
    ],
)
def test_a_default_ratio_is_used_by_the_models_that_have_it(ratio, model, sent_as):
    generator = RunwayGenerator(default_ratio=ratio)
    assert generator.plan("a fox", model=model).native["ratio"] == sent_as
    other = "1:1" if model == "hailuo3" else "16:9"
    assert generator.plan("a fox", model=model, aspect_ratio=other).native["ratio"] in {
        "1:1",
        "1280:720",
    }


def test_models_can_be_added_and_changed_without_code():
    generator = RunwayGenerator(
        models={
            "gen5": {
                "durations": [5, 10],
                "canvas": {"sizes": ["1920x1080"]},
                "inputs": {"first_frame": {"urls": True}},
                "modes": ["text_to_video", "image_to_video"],
                "seed": {"minimum": 0},
                "prices": [{"basis": "second", "amount": "0.30"}],
            },
            "gen4.5": {"prices": [{"basis": "second", "amount": "0.10"}]},
        }
    )
    made = generator.plan("a fox", model="gen5", duration=5, seed=1)
    assert made.native == {
        "model": "gen5",
        "promptText": "a fox",
        "duration": 5,
        "ratio": "1920:1080",
        "seed": 1,
    }
    assert made.cost.amount == Decimal("1.5")
    assert generator.plan("a fox", duration=5).cost.amount == Decimal("0.5")


def test_an_unknown_model_is_tried_with_a_warning():
    made = plan(model="gen9", duration=5, size="1280x720")
    assert made.native == {
        "model": "gen9",
        "promptText": "a fox",
        "duration": 5,
        "ratio": "1280:720",
    }
    assert "not in runway's table" in made.warnings[0]


def test_planning_needs_no_key_and_no_network(monkeypatch):
    monkeypatch.setattr("socket.socket.connect", None)
    with pytest.raises(InvalidInputError):
        plan(duration=60).check()
    assert plan(duration=5).ok
