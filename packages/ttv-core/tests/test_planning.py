"""Planning: what would be sent, what is changed, what stands in the way."""

from __future__ import annotations

import copy
import json
import pickle
import struct
import time
from decimal import Decimal

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from ttv_core import (
    Capabilities,
    InvalidInputError,
    ModelCapabilities,
    ModelNotFoundError,
    PluginError,
    QuotaExceededError,
    VideoRequest,
)
from ttv_core.planning import find_model, make_plan

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 360) + bytes(9)


def model(**table):
    return ModelCapabilities.model_validate({"id": "acme-1"} | table)


def canonical(request, model):
    return request.canonical()


def plan(table=None, native=canonical, **fields):
    request = VideoRequest(**({"prompt": "a fox"} | fields))
    return make_plan(request, table or model(), native, backend="acme")


def adjusted(table, **fields):
    """Return the adjustments, and what is sent."""
    found = plan(table, on_unsupported="adjust", **fields)
    assert found.violations == ()
    return [(item.field, item.asked, item.used) for item in found.adjustments], found.native


def refused(table, **fields):
    found = plan(table, **fields)
    assert found.adjustments == ()
    return [(item.field, item.code, item.message) for item in found.violations]


# --- length -------------------------------------------------------------------------------------

SECONDS = model(durations={"choices": [4, 6, 8], "default": 8}, fps=24)
FRAMES = model(fps=16, frames={"minimum": 5, "maximum": 121, "step": 4, "offset": 1, "default": 81})


def length(native):
    return native.get("duration"), native.get("num_frames"), native.get("fps")


@pytest.mark.parametrize(
    ("table", "asked", "sent"),
    [
        (SECONDS, {}, (8, 192, 24)),
        (SECONDS, {"duration": 6}, (6, 144, 24)),
        (SECONDS, {"num_frames": 96}, (4, 96, 24)),
        (SECONDS, {"fps": 24, "duration": 4}, (4, 96, 24)),
        (FRAMES, {}, (81 / 16, 81, 16)),
        (FRAMES, {"num_frames": 49}, (49 / 16, 49, 16)),
        (FRAMES, {"duration": 5}, (81 / 16, 81, 16)),
        (model(frames=[81]), {"num_frames": 81}, (None, 81, None)),
        (model(durations=[5]), {}, (5, None, None)),
        (model(durations={"maximum": 10}), {"duration": 0.01}, (0.01, None, None)),
        (model(durations={"maximum": 10}, fps=24), {"duration": 0.01}, (0.01, 1, 24)),
        (model(), {}, (None, None, None)),
        (model(), {"duration": 3.5}, (3.5, None, None)),
        (model(), {"duration": 3.5, "fps": 10}, (3.5, 35, 10)),
        (model(), {"num_frames": 35, "fps": 10}, (3.5, 35, 10)),
        (model(), {"num_frames": 35}, (None, 35, None)),
    ],
)
def test_a_legal_length_is_taken_as_it_is_asked(table, asked, sent):
    changes, native = adjusted(table, **asked)
    assert changes == []
    assert length(native) == sent
    assert refused(table, **asked) == []


@pytest.mark.parametrize(
    ("table", "asked", "used", "sent"),
    [
        (SECONDS, {"duration": 5}, {"duration": 6}, (6, 144, 24)),
        (SECONDS, {"duration": 60}, {"duration": 8}, (8, 192, 24)),
        (SECONDS, {"num_frames": 121}, {"num_frames": 144}, (6, 144, 24)),
        (SECONDS, {"fps": 30}, {"fps": 24}, (8, 192, 24)),
        (SECONDS, {"fps": 30, "num_frames": 120}, {"fps": 24, "num_frames": 144}, (6, 144, 24)),
        (FRAMES, {"duration": 10}, {"duration": 7.5625}, (121 / 16, 121, 16)),
        (FRAMES, {"duration": 5.2}, {"duration": 5.3125}, (85 / 16, 85, 16)),
        (FRAMES, {"num_frames": 80}, {"num_frames": 81}, (81 / 16, 81, 16)),
        (model(frames=[81]), {"duration": 5}, {"duration": None}, (None, None, None)),
        (model(durations=[5]), {"num_frames": 81}, {"num_frames": None}, (5, None, None)),
        (
            model(durations={"minimum": 1, "maximum": 2}, fps=8.75),
            {"num_frames": 1},
            {"num_frames": 9},
            (9 / 8.75, 9, 8.75),
        ),
    ],
)
def test_another_length_is_the_nearest_legal_one_and_told(table, asked, used, sent):
    changes, native = adjusted(table, **asked)
    assert {field: value for field, _, value in changes} == used
    assert all(value == asked[field] for field, value, _ in changes)
    if None not in used.values():
        assert length(native) == sent
    assert {field for field, _, _ in refused(table, **asked)} == {*used}


def test_a_duration_that_is_one_frame_off_is_told_and_not_refused():
    found = plan(FRAMES, duration=5)
    assert found.ok
    assert found.warnings == (
        (
            "duration 5 s is made as 5.062 s, 81 frames: "
            "acme-1 makes 5 to 121, as 4k+1 frames at 16 fps"
        ),
    )
    assert plan(FRAMES, duration=81 / 16).warnings == ()
    assert plan(FRAMES, duration=5.04).warnings == ()  # less than half a frame
    assert plan(FRAMES, duration=82.5 / 16).violations[0].field == "duration"


def test_a_refused_length_says_what_is_legal():
    assert refused(SECONDS, duration=5) == [
        ("duration", "out_of_range", "duration 5 is not possible with acme-1; allowed: 4, 6, 8")
    ]
    assert refused(SECONDS, num_frames=121)[0][2] == (
        "num_frames 121 is not possible with acme-1; allowed: 4, 6, 8 seconds at 24 fps"
    )
    assert refused(FRAMES, duration=10)[0][2].endswith(
        "allowed: 5 to 121, as 4k+1 frames at 16 fps"
    )


def test_a_length_in_frames_that_are_not_bound_to_steps_is_rounded():
    table = model(fps=24, frames={"minimum": 1, "maximum": 240})
    assert adjusted(table, duration=5.03)[1]["num_frames"] == 121
    assert type(adjusted(table, duration=5.03)[1]["num_frames"]) is int


def test_what_the_vendor_does_not_say_is_passed_on_with_a_warning():
    found = plan(duration=1234.5, fps=24)
    assert found.ok
    assert found.warnings == (
        "acme-1 does not say which fps it takes; 24 is sent",
        "acme-1 does not say which duration it takes; 1234.5 is sent",
    )


LONG = model(
    fps=16,
    frames={"minimum": 5, "maximum": 121, "step": 4, "offset": 1, "default": 81},
    rules=[
        {
            "when": {"mode": ["text_to_video"]},
            "then": {"num_frames": [81]},
            "why": "only this length is steady",
        }
    ],
)


def test_a_rule_on_frames_holds_for_seconds_too():
    found = plan(LONG, duration=2, on_unsupported="adjust")
    [change] = found.adjustments
    assert (change.field, change.asked, change.used) == ("duration", 2, 5.0625)
    assert change.why == "allowed: 81 frames at 16 fps (only this length is steady)"
    assert found.native["num_frames"] == 81
    assert plan(LONG, duration=5).native["num_frames"] == 81


def test_half_a_frame_is_nothing_to_tell():
    assert plan(FRAMES, duration=81.5 / 16).warnings == ()
    assert plan(FRAMES, duration=81.75 / 16).warnings != ()
    assert plan(FRAMES, duration=82 / 16).ok


# --- rules --------------------------------------------------------------------------------------

RULED = model(
    durations={"choices": [4, 6, 8], "default": 4},
    fps=[24, 48],
    n={"minimum": 1, "maximum": 4},
    audio="optional",
    rules=[
        {"when": {"audio": [True]}, "then": {"duration": [6, 8]}, "why": "sound needs 6 s"},
        {"when": {"duration": [8]}, "then": {"n": [1, 2]}, "why": "long ones in twos"},
        {"when": {"n": [4]}, "then": {"fps": [24]}, "why": "four only at 24 fps"},
    ],
)


def test_a_rule_narrows_values_and_defaults():
    assert adjusted(RULED)[1]["duration"] == 4
    assert adjusted(RULED, audio=True)[1]["duration"] == 6  # the nearest to the default
    assert adjusted(RULED, audio=True, duration=4)[0] == [("duration", 4, 6)]
    assert refused(RULED, audio=True, duration=4)[0][2] == (
        "duration 4 is not possible with acme-1; allowed: 6, 8 (sound needs 6 s)"
    )
    assert adjusted(RULED, duration=8, n=4)[0] == [("n", 4, 2)]
    assert adjusted(RULED, duration=6, n=4)[0] == []


def test_a_rule_said_the_other_way_round_narrows_what_comes_later():
    listed = model(fps=[24, 48], n=[1, 2, 4], rules=[RULED.rules[2].model_dump()])
    assert adjusted(listed, fps=48, n=4)[0] == [("n", 4, 2)]
    assert adjusted(listed, fps=24, n=4)[0] == []


def test_a_rule_that_cannot_narrow_a_range_refuses_what_breaks_it():
    for leave in ("adjust", "error"):
        found = plan(RULED, fps=48, n=4, on_unsupported=leave)
        assert [(item.field, item.code, item.message) for item in found.violations] == [
            (
                "fps",
                "combination",
                "fps 48 is not possible here; allowed: 24; four only at 24 fps",
            )
        ]


def test_rules_that_contradict_each_other_are_told():
    contrary = model(
        durations=[4, 6, 8],
        rules=[
            {"when": {"mode": ["text_to_video"]}, "then": {"duration": [4]}, "why": "one"},
            {"when": {"mode": ["text_to_video"]}, "then": {"duration": [8]}, "why": "two"},
        ],
    )
    assert refused(contrary) == [
        ("duration", "combination", "duration: none of 8 is one of 4; two")
    ]


def test_a_value_that_is_left_to_the_model_can_be_a_condition():
    table = model(
        audio="optional",
        durations=[4, 8],
        rules=[{"when": {"audio": [None, True]}, "then": {"duration": [8]}}],
    )
    assert adjusted(table, duration=4)[0] == [("duration", 4, 8)]
    assert adjusted(table, duration=4, audio=False)[0] == []


GROUPS = model(
    modes=["text_to_video", "first_last_frame", "image_to_video"],
    inputs={"first_frame": {}, "last_frame": {}},
    lone_last_frame=True,
    seed={},
    negative_prompt=True,
    enhance_prompt="optional",
    excludes=[["negative_prompt", "enhance_prompt", "seed"]],
    requires={"last_frame": ["first_frame"]},
)


def test_fields_that_exclude_or_need_each_other_are_told():
    assert refused(GROUPS, seed=0, negative_prompt="blur") == [
        ("seed", "combination", "acme-1 does not take negative_prompt and seed together")
    ]
    assert refused(GROUPS, seed=0) == []
    assert refused(GROUPS, last_image=PNG) == [
        ("last_frame", "combination", "acme-1 takes last_frame with first_frame")
    ]
    assert refused(GROUPS, last_image=PNG, image=PNG) == []


# --- what stands alone --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("support", "asked", "used", "sent"),
    [
        ("optional", False, None, False),
        ("optional", True, None, True),
        ("optional", None, None, None),
        ("unknown", False, None, False),
        ("never", None, None, False),
        ("never", False, None, False),
        ("never", True, {"audio": False}, False),
        ("always", None, None, True),
        ("always", True, None, True),
        ("always", False, {"audio": True}, True),
    ],
)
def test_yes_no_and_nothing_are_three_wishes(support, asked, used, sent):
    for name in ("audio", "enhance_prompt"):
        table = model(**{name: support})
        changes, native = adjusted(table, **{name: asked})
        assert [value for _, _, value in changes] == list((used or {}).values())
        assert native.get(name) is sent
        assert len(refused(table, **{name: asked})) == len(used or {})


def test_what_may_not_be_taken_is_sent_with_a_warning():
    table = model(audio="unknown", negative_prompt="unknown", seed_unknown=True)
    found = plan(table, audio=False, negative_prompt="blur", seed=0)
    assert found.ok
    assert [found.native[name] for name in ("audio", "negative_prompt", "seed")] == [
        False,
        "blur",
        0,
    ]
    assert found.warnings == (
        "whether acme-1 takes audio is unknown; False is passed on",
        "whether acme-1 takes a seed is unknown; 0 is sent",
        "whether acme-1 takes a negative prompt is unknown; it is sent",
    )


def test_sound_that_is_expected_is_told():
    assert plan(model(audio="always")).expected.audio is True
    assert plan(model(audio="never")).expected.audio is False
    assert plan(model(audio="optional")).expected.audio is None
    assert plan(model(audio="optional"), audio=False).expected.audio is False


def test_seeds_stay_exact():
    table = model(seed={"maximum": 2**64 - 1})
    assert adjusted(table, seed=2**64 - 1)[1]["seed"] == 2**64 - 1
    assert adjusted(table, seed=2**53 + 1)[1]["seed"] == 2**53 + 1
    assert adjusted(table, seed=0)[1]["seed"] == 0
    assert adjusted(model(seed={"maximum": 99}), seed=100) == (
        [("seed", 100, 99)],
        {"mode": "text_to_video", "model": "acme-1", "prompt": "a fox", "seed": 99}
        | {"audio": False, "n": 1, "enhance_prompt": False},
    )


def test_what_a_model_does_not_take_is_dropped_only_with_leave():
    changes, native = adjusted(model(), seed=0, negative_prompt="blur")
    assert changes == [("seed", 0, None), ("negative_prompt", "blur", None)]
    assert not {"seed", "negative_prompt"} & {*native}
    assert refused(model(), seed=0, negative_prompt="blur") == [
        ("seed", "unsupported", "seed 0: acme-1 takes no seed"),
        (
            "negative_prompt",
            "unsupported",
            "negative_prompt 'blur': acme-1 takes no negative prompt",
        ),
    ]


def test_a_prompt_is_refused_rather_than_cut():
    table = model(prompt={"maximum": 10})
    assert refused(table, prompt="x" * 10) == []
    for leave in ("adjust", "error"):
        found = plan(table, prompt="x" * 1234, on_unsupported=leave)
        assert [item.message for item in found.violations] == [
            "prompt is 1,234 characters long; acme-1 takes at most 10 characters"
        ]
        assert found.violations[0].allowed == "at most 10 characters"


def test_a_prompt_that_is_counted_in_tokens_only_warns():
    table = model(prompt={"maximum": 5, "unit": "tokens"})
    assert plan(table, prompt="a fox in the snow").warnings == ()
    found = plan(table, prompt="a red fox in the snow")
    assert found.ok
    assert found.warnings == (
        "prompt is about 6 tokens long; acme-1 reads at most 5 tokens, and may ignore the rest",
    )


def test_a_prompt_is_needed_with_a_picture_only_where_the_engine_says_so():
    table = {"modes": ["image_to_video"], "inputs": {"first_frame": {}}}
    assert refused(model(**table), prompt="", image=PNG) == [
        ("prompt", "missing", "acme-1 needs a prompt; it is empty")
    ]
    found = plan(model(**table, prompt={"required": False}), prompt="", image=PNG)
    assert found.ok
    assert found.mode == "image_to_video"


def test_one_video_is_made_unless_more_are_asked():
    assert adjusted(model(n={"minimum": 1}))[1]["n"] == 1
    assert adjusted(model(n={"minimum": 2, "maximum": 4}))[1]["n"] == 2
    assert adjusted(model(n={"minimum": 1, "maximum": 4, "default": 2}))[1]["n"] == 2
    assert adjusted(model(), n=1)[0] == []
    assert adjusted(model(), n=3)[0] == [("n", 3, 1)]


# --- modes --------------------------------------------------------------------------------------

EVERY_ROLE = {role: {} for role in ("first_frame", "last_frame", "reference")} | {
    "source_video": {"formats": ["mp4"]}
}
MP4 = b"\0\0\0\x18ftypisom" + bytes(12)


@pytest.mark.parametrize(
    ("inputs", "mode"),
    [
        ({}, "text_to_video"),
        ({"image": PNG}, "image_to_video"),
        ({"image": PNG, "last_image": PNG}, "first_last_frame"),
        ({"image": PNG, "reference_images": [PNG]}, "reference_to_video"),
        ({"source_video": MP4, "reference_images": [PNG]}, "video_to_video"),
    ],
)
def test_the_mode_follows_from_what_is_given(inputs, mode):
    modes = [
        "text_to_video",
        "image_to_video",
        "first_last_frame",
        "reference_to_video",
        "video_to_video",
    ]
    found = plan(model(modes=modes, inputs=EVERY_ROLE), **inputs)
    assert found.ok
    assert found.mode == found.native["mode"] == mode
    without = model(modes=[other for other in modes if other != mode], inputs=EVERY_ROLE)
    for leave in ("adjust", "error"):
        lacking = plan(without, **inputs, on_unsupported=leave)
        assert [item.field for item in lacking.violations] == ["inputs"]
        assert mode in lacking.violations[0].message or mode == "text_to_video"


def test_a_model_may_do_other_things_in_another_mode():
    table = model(
        modes=["text_to_video", "image_to_video"],
        inputs={"first_frame": {}},
        canvas={"sizes": ["1280x720", "960x960"]},
        by_mode={"text_to_video": {"canvas": {"sizes": ["1280x720"]}, "audio": "always"}},
    )
    assert plan(table, image=PNG, size="960x960").ok
    assert refused(table, size="960x960")[0][:2] == ("size", "out_of_range")
    assert (plan(table).expected.audio, plan(table, image=PNG).expected.audio) == (True, False)


@pytest.mark.parametrize(
    "by_mode",
    [
        {"video_to_video": {"audio": "always"}},
        {"text_to_video": {"modes": ["image_to_video"]}},
        {"text_to_video": {"audio": "loud"}},
    ],
)
def test_what_cannot_be_in_a_mode_is_refused_when_it_is_read(by_mode):
    with pytest.raises(ValueError, match=r"by_mode|audio"):
        model(by_mode=by_mode)


def test_a_model_that_needs_a_picture_says_so():
    table = model(modes=["image_to_video", "reference_to_video"], inputs=EVERY_ROLE)
    [violation] = plan(table).violations
    assert violation.message == "acme-1 needs an image or reference images; none was given"
    assert violation.allowed == "image_to_video, reference_to_video"


def test_a_last_frame_without_a_first_needs_an_engine_that_takes_it():
    table = {"modes": ["first_last_frame"], "inputs": EVERY_ROLE}
    assert refused(model(**table), last_image=PNG)[0][2] == (
        "acme-1 takes a last frame with a first"
    )
    assert refused(model(**table, lone_last_frame=True), last_image=PNG) == []


# --- what a backend reads -----------------------------------------------------------------------

FULL = model(
    durations={"maximum": 10},
    fps={"maximum": 60},
    canvas={"range": {"max_edge": 2048}},
    seed={},
    audio="optional",
    enhance_prompt="optional",
    negative_prompt=True,
    n={"minimum": 1, "maximum": 4},
    modes=["reference_to_video", "first_last_frame", "text_to_video"],
    inputs=EVERY_ROLE,
)
ASKED = {
    "negative_prompt": "blur",
    "duration": 5,
    "fps": 24,
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "seed": 0,
    "audio": False,
    "n": 2,
    "enhance_prompt": False,
}


def reads(*names):
    def native(request, model):
        return {name: getattr(request, name) for name in names}

    return native


def test_what_a_mapping_never_reads_is_refused():
    found = plan(FULL, reads(), **ASKED, image=PNG, last_image=PNG, reference_images=[PNG])
    inputs = {"first_frame", "last_frame", "reference"}
    assert {(item.field, item.code) for item in found.violations} == {
        (name, "unused") for name in {"prompt", *ASKED} | inputs
    }
    assert found.violations[0].message == "prompt was set, but acme makes no use of it"


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ({"duration": 5}, ("duration",)),
        ({"duration": 5, "fps": 24}, ("num_frames", "fps")),
        ({"num_frames": 24, "fps": 24}, ("duration", "fps")),
        ({"size": "1280x720"}, ("width", "height")),
        ({"aspect_ratio": "1:1"}, ("aspect_ratio",)),
        ({"aspect_ratio": "1:1"}, ("width", "height")),
        ({"resolution": "720p"}, ("resolution",)),
        ({"resolution": "720p"}, ("width", "height")),
        ({"seed": 0}, ("seed",)),
        ({"audio": False}, ("audio",)),
        ({"reference_images": [PNG]}, ("references",)),
    ],
)
def test_a_wish_may_be_read_in_any_way_that_carries_it(asked, read):
    assert plan(FULL, reads("prompt", *read), **asked).ok
    for i in range(len(read)):
        less = plan(FULL, reads("prompt", *read[:i], *read[i + 1 :]), **asked)
        assert [item.code for item in less.violations] == ["unused"]


def test_reading_a_field_that_is_not_known_carries_nothing():
    for native, asked in (
        (reads("prompt", "num_frames"), {"duration": 5}),  # no fps, so no frames
        (reads("prompt", "width", "height"), {"aspect_ratio": "1:1"}),  # no pixels known
        (reads("prompt", "aspect_ratio", "resolution"), {"size": "640x360"}),
    ):
        [violation] = plan(None, native, **asked).violations
        assert (violation.field, violation.code) == (*asked, "unused")


def test_a_size_may_be_carried_by_the_one_label_that_the_engine_takes():
    table = model(canvas={"aspect_ratios": ["16:9", "1:1"]})
    found = plan(table, reads("prompt", "aspect_ratio"), size="64x64", on_unsupported="adjust")
    assert found.ok
    assert [item.used for item in found.adjustments] == ["1:1"]
    [violation] = plan(table, reads("prompt"), size="64x64", on_unsupported="adjust").violations
    assert (violation.field, violation.code) == ("size", "unused")


def test_what_is_adjusted_still_has_to_be_sent():
    found = plan(SECONDS, reads("prompt"), duration=5, on_unsupported="adjust")
    assert [(item.field, item.code) for item in found.violations] == [("duration", "unused")]


@pytest.mark.parametrize(
    ("table", "asked"),
    [
        ({"durations": [5]}, {"duration": 5}),
        ({"durations": [5], "fps": 16}, {"num_frames": 80}),
        ({"fps": 16}, {"fps": 16}),
        ({"frames": [81], "fps": 16}, {"num_frames": 81}),
        ({"frames": [80], "fps": 16}, {"duration": 5}),
        ({"audio": "never"}, {"audio": False}),
        ({"audio": "always"}, {"audio": True}),
        ({}, {"n": 1}),
        ({"canvas": {"sizes": ["640x360"]}}, {"size": "640x360"}),
    ],
)
def test_what_an_engine_does_by_itself_need_not_be_sent(table, asked):
    assert plan(model(**table), reads("prompt"), **asked).ok


def test_one_value_that_only_a_rule_leaves_still_has_to_be_sent():
    table = model(
        durations=[4, 8],
        rules=[{"when": {"mode": ["text_to_video"]}, "then": {"duration": [8]}}],
    )
    [violation] = plan(table, reads("prompt"), duration=8).violations
    assert (violation.field, violation.code) == ("duration", "unused")


def test_a_backend_may_refuse_adjust_and_warn():
    def native(request, model):
        if request.seed == 13:
            request.refuse("seed", "seed 13 brings bad luck", allowed="any other")
        if request.duration and request.duration > 5:
            request.adjust("duration", asked=request.duration, used=5, why="at most 5")
        if request.n > 1:
            request.warn("several at once are slow")
            request.warn("several at once are slow")
        return {"prompt": request.prompt, "n": request.n}

    found = plan(FULL, native, seed=13)
    assert [(item.field, item.code, item.allowed) for item in found.violations] == [
        ("seed", "unsupported", "any other")
    ]
    assert plan(FULL, native, duration=7).violations[0].message == (
        "duration 7 is not possible with acme-1; allowed: at most 5"
    )
    changed = plan(FULL, native, duration=7, on_unsupported="adjust")
    assert changed.ok
    assert [(item.asked, item.used) for item in changed.adjustments] == [(7, 5)]
    assert plan(FULL, native, n=2).warnings == ("several at once are slow",)


def test_a_backend_may_say_what_costs_more():
    def native(request, model):
        request.add_cost(Decimal("0.25"), "for gold")
        return request.canonical()

    table = model(prices=[{"basis": "video", "amount": "1"}])
    assert plan(table, native).cost.amount == Decimal("1.25")
    assert plan(table, native, max_cost=1).violations[0].code == "cost_limit"


def test_a_request_that_a_backend_sees_cannot_be_changed():
    def native(request, model):
        request.seed = 5

    with pytest.raises(PluginError, match=r"cannot set seed; use refuse\(\) or adjust\(\)"):
        plan(FULL, native)


def test_what_the_user_asked_can_be_looked_up_without_counting_as_read():
    found = plan(FULL, lambda request, _: {"text": request.asked.prompt + request.prompt}, seed=1)
    assert found.native == {"text": "a foxa fox"}
    assert [item.field for item in found.violations] == ["seed"]


def test_a_mapping_that_fails_is_the_plugins_fault():
    def native(request, model):
        return {"seconds": request.seconds}

    with pytest.raises(PluginError) as caught:
        plan(FULL, native)
    assert "acme failed to plan: AttributeError" in caught.value.message
    assert (caught.value.backend, caught.value.model) == ("acme", "acme-1")
    assert isinstance(caught.value.__cause__, AttributeError)


def test_an_error_of_ours_from_a_mapping_is_kept():
    def quota(request, model):
        raise QuotaExceededError("no credits")

    with pytest.raises(QuotaExceededError):
        plan(FULL, quota)

    def invalid(request, model):
        raise InvalidInputError("not today")

    found = plan(FULL, invalid)
    assert [(item.field, item.message) for item in found.violations] == [("request", "not today")]
    assert found.native == {}


def test_a_mapping_that_fails_on_a_refused_request_does_not_hide_why():
    def native(request, model):
        return {"last": request.references[-1]}

    found = plan(native=native, seed=5)
    assert [item.field for item in found.violations] == ["seed"]
    assert found.native == {}
    assert found.warnings == (
        "what would be sent cannot be shown while something stands in the way",
    )


# --- options ------------------------------------------------------------------------------------


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    motion: int = Field(default=5, ge=1, le=10)
    style: str | None = None
    camera: str = Field(default="", alias="cameraMove")
    lens: str = Field(default="", validation_alias=AliasChoices("lens_mm", "focal"))
    token: SecretStr | None = None


class Careless(BaseModel):
    """Pydantic's default is to drop what it does not know."""

    motion: int = 5


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Bare(BaseModel):
    """There is nothing to choose."""


class Needy(BaseModel):
    region: str


class Lens(BaseModel):
    length: int = 50


class Judging(BaseModel):
    lens: Lens | None = None
    film: str = ""
    grain: int = 0

    @field_validator("film")
    @classmethod
    def _is_sold(cls, value):
        if value:
            raise ValueError("no film is sold any more")
        return value

    @model_validator(mode="after")
    def _fits(self):
        if self.grain and self.lens:
            raise ValueError("grain and lens exclude each other")
        return self


def options(given, kind=Options, native=canonical):
    request = VideoRequest(prompt="a fox", options=given)
    return make_plan(request, model(), native, backend="acme", options=kind)


def test_own_options_are_sent_and_others_left_alone():
    found = options({"acme": {"motion": 7, "cameraMove": "pan", "focal": "35"}, "other": {"x": 1}})
    assert found.ok
    assert found.native["options"] == {"motion": 7, "camera": "pan", "lens": "35"}
    assert found.warnings == ("options for 'other' do not concern acme",)
    assert "options" not in options({"acme": {}}).native
    assert options({}).ok
    assert options({"acme": {"anything": 1}}, Open).native["options"] == {"anything": 1}


@pytest.mark.parametrize(
    ("given", "kind", "field", "code", "told"),
    [
        ({"moton": 7}, Options, "moton", "unknown_field", "is not known; did you mean 'motion'?"),
        ({"moton": 7}, Careless, "moton", "unknown_field", "is not known; did you mean 'motion'?"),
        ({"zzz": 7}, Careless, "zzz", "unknown_field", "is not known; known: motion"),
        ({"zzz": 7}, Judging, "zzz", "unknown_field", "is not known; known: film, grain, lens"),
        ({"zzz": 7}, Bare, "zzz", "unknown_field", "is not known; known: none"),
        ({"motion": 70}, Options, "motion", "invalid", "is 70: Input should be less than or eq"),
        ({"motion": "x" * 999}, Options, "motion", "invalid", "Input should be a valid integer"),
        ({"motion": 7}, None, "motion", "unknown_field", "takes no options; 'motion' was given"),
        ({}, Needy, "region", "missing", "options.acme.region is needed"),
        (
            {"film": "x"},
            Judging,
            "film",
            "invalid",
            "options.acme.film is 'x': no film is sold any more",
        ),
        (
            {"lens": {"length": "x"}},
            Judging,
            "lens.length",
            "invalid",
            "options.acme.lens.length: Input",
        ),
        (
            {"lens": {}, "grain": 1},
            Judging,
            "options",
            "invalid",
            "options.acme.options: grain and lens exclude each other",
        ),
    ],
)
def test_an_option_that_is_wrong_is_told_by_its_full_name(given, kind, field, code, told):
    [violation] = options({"acme": given}, kind).violations
    assert (violation.field, violation.code) == (f"options.acme.{field}", code)
    assert told in violation.message
    assert len(violation.message) < 300
    known = {"zzz": {Careless: "motion", Judging: "film, grain, lens", Bare: "none"}}
    if field in known:
        assert violation.allowed == known[field][kind]
    if code == "missing":
        assert violation.allowed == ""


def test_every_option_that_is_wrong_is_told_and_no_secret_is_shown():
    found = options({"acme": {"motion": 0, "moton": 1, "token": ["s3cr3t"]}})
    assert {item.field for item in found.violations} == {
        "options.acme.motion",
        "options.acme.moton",
        "options.acme.token",
    }
    assert "s3cr3t" not in str([item.message for item in found.violations])


def test_an_option_that_is_never_read_is_refused():
    given = {"acme": {"motion": 5, "style": None}}
    found = options(given, native=reads("prompt"))
    assert [(item.field, item.code) for item in found.violations] == [
        ("options.acme.motion", "unused"),
        ("options.acme.style", "unused"),
    ]
    by_name = options(given, native=lambda r, _: {"p": r.prompt, "m": r.options.motion})
    assert [item.field for item in by_name.violations] == ["options.acme.style"]
    whole = options(
        given, native=lambda r, _: {"p": r.prompt} | r.options.model_dump(exclude_unset=True)
    )
    assert whole.ok
    assert whole.native == {"p": "a fox", "motion": 5, "style": None}


def test_options_read_one_after_the_other_all_count():
    given = {"acme": {"motion": 7, "style": "ink"}}
    found = options(
        given, native=lambda r, _: {"m": [r.options.motion, r.options.style], "p": r.prompt}
    )
    assert found.ok
    assert found.native == {"m": [7, "ink"], "p": "a fox"}


def test_what_a_mapping_refuses_or_adjusts_is_told_and_needs_no_reading():
    def native(request, model):
        request.refuse("seed", "seed 1: an even one, please")
        request.adjust("negative_prompt", asked="blur", used=None, why="acme has none")
        return {"prompt": request.prompt}

    table = model(seed={"maximum": 9}, negative_prompt=True)
    asked = {"seed": 1, "negative_prompt": "blur", "on_unsupported": "adjust"}
    found = plan(table, native, **asked)
    [violation] = [item for item in found.violations if item.code != "unused"]
    assert violation.message == "seed 1: an even one, please"
    assert (violation.field, violation.code, violation.allowed) == ("seed", "unsupported", "")
    [change] = found.adjustments
    assert (change.field, change.asked, change.used) == ("negative_prompt", "blur", None)
    assert "negative_prompt" not in {item.field for item in found.violations}


def test_options_can_be_handed_around():
    def native(request, model):
        return {"prompt": request.prompt, "motion": copy.copy(request.options).motion}

    assert options({"acme": {"motion": 7}}, native=native).native["motion"] == 7


def test_options_have_their_defaults_where_none_are_given():
    seen = []
    options(
        {}, native=lambda r, _: seen.append((r.options.motion, r.options.style)) or r.canonical()
    )
    assert seen == [(5, None)]


# --- models -------------------------------------------------------------------------------------

TABLE = Capabilities.model_validate(
    {
        "backend": "acme",
        "kind": "remote",
        "models": [
            {"id": "acme-2", "aliases": ["acme-latest"]},
            {
                "id": "acme-1",
                "status": "deprecated",
                "status_date": "2027-01-31",
                "successor": "acme-2",
            },
            {
                "id": "acme-0",
                "status": "retired",
                "status_date": "2025-06-01",
                "successor": "acme-2",
            },
            {"id": "acme-00", "status": "retired"},
            {"id": "acme-i2v", "modes": ["image_to_video"], "status": "deprecated"},
        ],
    }
)
OPEN = TABLE.model_copy(update={"unknown_models": True})


def test_a_model_is_found_by_name_or_by_default():
    assert find_model(TABLE, None).id == find_model(TABLE, "acme-latest").id == "acme-2"
    assert find_model(TABLE, "acme-1").id == "acme-1"


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("acme-0", "retired", "'acme-0' of acme is retired since 2025-06-01; use 'acme-2'"),
        ("acme-00", "retired", "is retired; use one of: acme-2, acme-1, acme-i2v"),
        ("Acme-Lates", "unknown_model", "it has acme-2, acme-1, acme-i2v; did you mean 'acme-la"),
        ("veo", "unknown_model", "acme has no model 'veo'; it has acme-2, acme-1, acme-i2v"),
        ("x" * 10**6, "unknown_model", "acme has no model 'xxxx"),
    ],
)
def test_a_model_that_cannot_be_used_names_those_that_can(name, code, told):
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(TABLE, name)
    assert told in caught.value.message
    assert len(caught.value.message) < 300
    assert (caught.value.code, caught.value.backend, caught.value.model) == (code, "acme", name)


def test_a_default_that_is_retired_is_refused_too():
    retired = TABLE.model_copy(update={"default_model": "acme-0"})
    with pytest.raises(ModelNotFoundError, match="'acme-0' of acme is retired") as caught:
        find_model(retired, None)
    assert caught.value.model == "acme-0"


def test_a_retired_model_is_never_suggested():
    facts = [{"id": "swan-1", "status": "retired"}, {"id": "fox-1"}]
    table = Capabilities.model_validate({"backend": "acme", "kind": "remote", "models": facts})
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(table, "swan-2")
    assert caught.value.message == "acme has no model 'swan-2'; it has fox-1"
    only = table.model_copy(update={"models": table.models[:1]})
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(only, "swan-1")
    assert caught.value.message == "model 'swan-1' of acme is retired; use one of: none"


def test_a_deprecated_model_warns_with_its_end_and_successor():
    assert plan(find_model(TABLE, "acme-1")).warnings == (
        "model 'acme-1' is deprecated and ends on 2027-01-31; use 'acme-2'",
    )
    found = plan(find_model(TABLE, "acme-i2v"), image=PNG)
    assert found.warnings[0] == "model 'acme-i2v' is deprecated"
    assert plan(find_model(TABLE, "acme-2")).warnings == ()


def test_an_unknown_model_is_tried_with_a_warning_where_the_backend_takes_those():
    table = find_model(OPEN, "acme-3")
    assert table.provisional
    asked = ASKED | {"duration": 7, "n": 3, "image": "https://a.example/fox.png"}
    found = plan(table, **asked, prompt="x" * 99_999)
    assert found.ok
    assert found.native["n"] == 3
    assert found.cost.amount is None
    assert found.warnings[0] == (
        "model 'acme-3' is not in acme's table; nothing about it is checked; did you mean 'acme-2'?"
    )
    frames = plan(table, num_frames=81)
    assert frames.ok
    assert frames.native["num_frames"] == 81
    lone = plan(find_model(OPEN, "whatever"), seed=2**64 - 1)
    assert lone.warnings[0].endswith("nothing about it is checked")
    with pytest.raises(ModelNotFoundError):
        find_model(OPEN, "acme-0")


def test_an_unknown_model_is_asked_for_a_last_frame_alone_if_any_model_takes_one():
    modes = ["text_to_video", "first_last_frame"]
    facts = {"id": "acme-1", "modes": modes, "inputs": {"first_frame": {}, "last_frame": {}}}
    table = Capabilities.model_validate(
        {"backend": "acme", "kind": "remote", "models": [facts], "unknown_models": True}
    )
    assert not plan(find_model(table, "acme-1"), last_image=PNG).ok
    assert plan(find_model(table, "acme-9"), prompt="", n=1, last_image=PNG).violations == ()


# --- the plan itself ----------------------------------------------------------------------------


def test_a_plan_prints_as_json_and_survives_pickling():
    found = plan(FULL, **ASKED, reference_images=[PNG], max_cost=1)
    said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert said["native"]["references"] == ["<33 bytes>"]
    assert said["native"]["seed"] == 0
    assert said["ok"] is False
    assert (said["backend"], said["model"], said["mode"]) == (
        "acme",
        "acme-1",
        "reference_to_video",
    )
    assert list(said) == [
        *("backend", "model", "mode", "ok", "native", "adjustments", "violations", "warnings"),
        *("cost", "expected"),
    ]
    assert said["violations"][0]["code"] == "cost_unknown"
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_plan_that_stands_raises_nothing_and_a_refused_one_says_all():
    plan(FULL).check()
    found = plan(seed=1, negative_prompt="blur")
    with pytest.raises(InvalidInputError) as caught:
        found.check()
    assert caught.value.violations == found.violations
    assert (caught.value.backend, caught.value.model) == ("acme", "acme-1")
    more = plan(FULL).refused(*found.violations)
    assert not more.ok
    assert more.violations == found.violations


def test_planning_is_pure():
    request = VideoRequest(prompt="a fox", duration=5, options={"acme": {"motion": 7}})
    before = pickle.dumps(request)
    first = make_plan(request, FULL, canonical, backend="acme", options=Options)
    assert make_plan(request, FULL, canonical, backend="acme", options=Options) == first
    assert pickle.dumps(request) == before


def test_thousands_of_plans_take_no_time():
    request = VideoRequest(prompt="a fox", duration=5, fps=30, size="1000x500", seed=1)
    started = time.thread_time()
    for _ in range(1000):
        make_plan(request, RULED, canonical, backend="acme")
    assert time.thread_time() - started < 2.5  # 0.1 ms each on a slow core, with room
