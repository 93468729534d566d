"""Size, ratio and resolution: one wish in three ways, for engines that take either."""

from __future__ import annotations

import pytest

from ttv_core import Canvas, ModelCapabilities, VideoRequest
from ttv_core.planning import make_plan

SIZES = {
    "sizes": [
        "1280x720",
        "720x1280",
        {"width": 832, "height": 480, "aspect_ratio": "16:9"},
        {"width": 1366, "height": 768, "resolution": "768P"},
        "960x960",
    ],
    "default": "1280x720",
}
LABELS = {
    "aspect_ratios": ["16:9", "9:16", "1:1"],
    "resolutions": ["720p", "1080P"],
    "default_aspect_ratio": "16:9",
}
FREE = {"range": {"min_edge": 256, "max_edge": 1920, "multiple_of": 16}, "default": "1280x720"}


def plan(canvas, rules=(), *, table=None, **fields):
    model = ModelCapabilities.model_validate(
        {"id": "acme-1", "canvas": canvas, "rules": rules} | (table or {})
    )
    return make_plan(
        VideoRequest(**({"prompt": "a fox", "on_unsupported": "adjust"} | fields)),
        model,
        lambda request, _: request.canonical(),
        backend="acme",
    )


def picture(found):
    """Return what is sent of a picture, as text."""
    native = found.native
    size = f"{native['width']}x{native['height']} " if "width" in native else ""
    return f"{size}{native.get('aspect_ratio')} {native.get('resolution')}"


def changes(found):
    assert found.ok
    return [(item.field, item.used) for item in found.adjustments]


@pytest.mark.parametrize(
    ("canvas", "asked", "sent"),
    [
        (SIZES, {}, "1280x720 None None"),
        (SIZES, {"size": "720x1280"}, "720x1280 None None"),
        (SIZES, {"size": "832x480"}, "832x480 16:9 None"),
        (SIZES, {"aspect_ratio": "9:16"}, "720x1280 9:16 None"),
        (SIZES, {"aspect_ratio": "16:9"}, "1280x720 16:9 None"),
        (SIZES, {"resolution": "480p"}, "832x480 16:9 480p"),
        (SIZES, {"resolution": "768p"}, "1366x768 None 768p"),
        (SIZES, {"aspect_ratio": "16:9", "resolution": "480p"}, "832x480 16:9 480p"),
        (SIZES, {"resolution": "960p"}, "960x960 None 960p"),
        (LABELS, {}, "16:9 None"),
        (LABELS, {"aspect_ratio": "1:1"}, "1:1 None"),
        (LABELS, {"aspect_ratio": "32:18"}, "16:9 None"),
        (LABELS, {"resolution": "1080p"}, "16:9 1080P"),
        (LABELS, {"size": "1280x720"}, "16:9 720p"),
        (LABELS, {"size": (1080, 1920)}, "9:16 1080P"),
        ({"resolutions": ["2k"]}, {"resolution": "1440p"}, "None 2k"),
        (FREE, {}, "1280x720 None None"),
        (FREE, {"size": "640x368"}, "640x368 None None"),
        (FREE, {"aspect_ratio": "9:16"}, "720x1280 9:16 None"),
        (FREE, {"aspect_ratio": "1:1", "resolution": "512p"}, "512x512 1:1 512p"),
        ({"range": {"max_edge": 1000}}, {}, "1000x562 None None"),
        ({}, {"size": "123x45"}, "123x45 None None"),
        ({}, {"aspect_ratio": "5:4", "resolution": "4k"}, "5:4 4k"),
    ],
)
def test_a_legal_picture_is_taken_as_it_is_asked(canvas, asked, sent):
    for mode in ("adjust", "error"):
        found = plan(canvas, **asked, on_unsupported=mode)
        assert changes(found) == []
        assert picture(found) == sent


@pytest.mark.parametrize(
    ("canvas", "asked", "used", "sent"),
    [
        (SIZES, {"size": "1300x700"}, {"size": "1280x720"}, "1280x720 None None"),
        (SIZES, {"size": "500x1000"}, {"size": "720x1280"}, "720x1280 None None"),
        (SIZES, {"aspect_ratio": "1:2"}, {"aspect_ratio": "9:16"}, "720x1280 9:16 None"),
        (SIZES, {"resolution": "4k"}, {"resolution": "960p"}, "960x960 None 960p"),
        (
            SIZES,
            {"aspect_ratio": "1:1", "resolution": "480p"},  # the shape counts first
            {"resolution": "960p"},
            "960x960 1:1 960p",
        ),
        (LABELS, {"aspect_ratio": "21:9"}, {"aspect_ratio": "16:9"}, "16:9 None"),
        (LABELS, {"resolution": "4k"}, {"resolution": "1080P"}, "16:9 1080P"),
        (LABELS, {"size": "1280x700"}, {"size": "16:9 at 720p"}, "16:9 720p"),
        ({"aspect_ratios": ["16:9"]}, {"size": "1280x720"}, {"size": "16:9"}, "16:9 None"),
        ({"resolutions": ["720p"]}, {"size": "1280x720"}, {"size": "720p"}, "None 720p"),
        ({"aspect_ratios": ["16:9"]}, {"resolution": "720p"}, {"resolution": None}, "16:9 None"),
        ({"resolutions": ["720p"]}, {"aspect_ratio": "1:1"}, {"aspect_ratio": None}, "None 720p"),
        (FREE, {"size": "3840x2160"}, {"size": "1920x1088"}, "1920x1088 None None"),
        (FREE, {"resolution": "4k"}, {"resolution": "1088p"}, "1920x1088 None 1088p"),
        (FREE, {"resolution": "500p"}, {"resolution": "496p"}, "880x496 None 496p"),
        (FREE, {"aspect_ratio": "10:1"}, {"aspect_ratio": "15:2"}, "1920x256 15:2 None"),
    ],
)
def test_another_picture_is_the_nearest_legal_one_and_told(canvas, asked, used, sent):
    found = plan(canvas, **asked)
    assert dict(changes(found)) == used
    assert picture(found) == sent
    refused = plan(canvas, **asked, on_unsupported="error")
    assert {item.field for item in refused.violations} == {*used}
    assert all(item.message for item in refused.violations)


def test_a_ratio_is_hit_by_a_smaller_picture_where_the_largest_misses_it():
    tight = {"range": {"min_edge": 64, "max_edge": 2048, "multiple_of": 16, "max_pixels": 921_600}}
    found = plan(tight, aspect_ratio="2.39:1", on_unsupported="error")
    assert (found.violations, found.warnings) == ((), ())
    assert picture(found) == "1456x608 2.39:1 None"


def test_the_usual_shape_gives_way_to_a_tier_that_it_cannot_have():
    small = {"range": {"max_edge": 2048, "multiple_of": 16, "max_pixels": 921_600}}
    found = plan(small, resolution="768p", on_unsupported="error")
    assert found.violations == ()
    assert picture(found) == "1200x768 None 768p"
    found = plan(small, resolution="1080p")  # none is that large, so the shape is kept
    assert picture(found) == "1280x720 None 720p"


def test_a_size_of_an_extreme_shape_is_adjusted_like_any_other():
    found = plan({"resolutions": ["768p", "1080p"]}, size=(7, 4153))
    assert dict(changes(found)) == {"size": "768p"}


def test_a_refusal_lists_what_is_legal():
    [violation] = plan(SIZES, size=(500, 500), on_unsupported="error").violations
    assert violation.message == (
        "size 500x500 is not possible with acme-1; "
        "allowed: 1280x720, 720x1280, 832x480, 1366x768, 960x960"
    )
    [violation] = plan(LABELS, resolution="4k", on_unsupported="error").violations
    assert (violation.code, violation.allowed) == ("out_of_range", "720p, 1080P")
    [violation] = plan(FREE, size=(10, 10), on_unsupported="error").violations
    assert violation.allowed == "256 to 1920 pixels an edge, multiples of 16"


def test_a_ratio_that_whole_multiples_cannot_hit_is_told():
    coarse = {"range": {"max_edge": 2048, "multiple_of": 32}}
    found = plan(coarse, aspect_ratio="16:9", resolution="480p")
    assert picture(found) == "864x480 16:9 480p"
    assert found.adjustments == ()
    assert found.warnings[0].startswith("aspect_ratio 16:9 is made as 864x480: 16 to 2048 pixels")


def test_what_is_unknown_is_passed_on_with_a_warning():
    found = plan({}, size="123x45")
    assert found.warnings == ("which sizes acme-1 takes is unknown; the wish is passed on",)
    assert (found.expected.width, found.expected.height) == (123, 45)
    assert plan({}).warnings == ()


def test_an_engine_that_does_only_one_thing_need_not_be_told():
    for canvas in ({"sizes": ["1280x720"]}, {"aspect_ratios": ["16:9"], "resolutions": ["720p"]}):
        model = ModelCapabilities.model_validate({"id": "acme-1", "canvas": canvas})
        for asked in ({"size": "1280x720"}, {"aspect_ratio": "16:9", "resolution": "720p"}):
            request = VideoRequest(prompt="a fox", **asked)
            found = make_plan(request, model, lambda r, _: {"text": r.prompt}, backend="acme")
            assert found.ok == (asked.keys() != {"size"} or "sizes" in canvas)


# --- rules --------------------------------------------------------------------------------------

TIER_BY_MODE = {"when": {"mode": ["text_to_video"]}, "then": {"resolution": ["720p"]}, "why": "no"}
SQUARE_IS_SMALL = {"when": {"aspect_ratio": ["1:1"]}, "then": {"resolution": ["720p"]}}
LARGE_IS_WIDE = {"when": {"resolution": ["1080p"]}, "then": {"aspect_ratio": ["16:9"]}}


@pytest.mark.parametrize(
    ("canvas", "rule", "asked", "used", "sent"),
    [
        (LABELS, TIER_BY_MODE, {"resolution": "1080p"}, {"resolution": "720p"}, "16:9 720p"),
        (LABELS, TIER_BY_MODE, {"size": "1920x1080"}, {"size": "16:9 at 720p"}, "16:9 720p"),
        (
            LABELS,
            SQUARE_IS_SMALL,
            {"aspect_ratio": "1:1", "resolution": "1080p"},
            {"resolution": "720p"},
            "1:1 720p",
        ),
        (
            LABELS,
            LARGE_IS_WIDE,  # said the other way round, it still is the tier that gives way
            {"aspect_ratio": "1:1", "resolution": "1080p"},
            {"resolution": "720p"},
            "1:1 720p",
        ),
        (SIZES, TIER_BY_MODE, {"size": "960x960"}, {"size": "1280x720"}, "1280x720 None None"),
        (SIZES, TIER_BY_MODE, {"aspect_ratio": "1:1"}, {"aspect_ratio": "16:9"}, "1280x720 16:9 "),
        (
            SIZES,
            {"when": {"mode": ["text_to_video"]}, "then": {"size": ["832*480", "960x960"]}},
            {"aspect_ratio": "9:16"},
            {"aspect_ratio": "1:1"},
            "960x960 1:1 None",
        ),
        (
            FREE,
            {"when": {"mode": ["text_to_video"]}, "then": {"size": ["640x368", "368x640"]}},
            {"size": "1280x720"},
            {"size": "640x368"},
            "640x368 None None",
        ),
    ],
)
def test_rules_narrow_what_is_legal(canvas, rule, asked, used, sent):
    found = plan(canvas, [rule], **asked)
    assert dict(changes(found)) == used
    assert picture(found).startswith(sent)


def test_the_reason_of_a_rule_is_told():
    [change] = plan(LABELS, [TIER_BY_MODE], resolution="1080p").adjustments
    assert change.why == "allowed: 720p (no)"
    [violation] = plan(
        LABELS, [TIER_BY_MODE], resolution="1080p", on_unsupported="error"
    ).violations
    assert violation.message == "resolution '1080p' is not possible with acme-1; allowed: 720p (no)"


EIGHT_SECONDS = {
    "when": {"resolution": ["1080p"]},
    "then": {"duration": [8]},
    "why": "1080p is made at 8 s only",
}


def test_a_default_gives_way_to_a_wish_that_comes_later():
    table = {"durations": [4, 6, 8]}
    for canvas, smaller in (
        (LABELS | {"default_resolution": "1080P"}, "16:9 720p"),
        ({"sizes": ["1920x1080", "1280x720"]}, "1280x720 None None"),
    ):
        for asked in ({"duration": 4}, {"num_frames": 96, "fps": 24}):
            found = plan(canvas, [EIGHT_SECONDS], table=table, on_unsupported="error", **asked)
            assert found.violations == ()
            assert picture(found) == smaller
        large = plan(canvas, [EIGHT_SECONDS], table=table, duration=8)
        assert picture(large) != smaller


def test_what_is_asked_first_holds_and_what_comes_later_gives_way():
    found = plan(
        LABELS, [EIGHT_SECONDS], table={"durations": [4, 6, 8]}, resolution="1080p", duration=4
    )
    assert changes(found) == [("duration", 8)]
    assert found.adjustments[0].why == "allowed: 8 (1080p is made at 8 s only)"


@pytest.mark.parametrize(("canvas", "field"), [(LABELS, "resolution"), (SIZES, "size")])
def test_rules_that_leave_nothing_are_told(canvas, field):
    contrary = [
        {"when": {"mode": ["text_to_video"]}, "then": {"resolution": ["720p"]}, "why": "one"},
        {"when": {"mode": ["text_to_video"]}, "then": {"resolution": ["1080p"]}, "why": "two"},
    ]
    violation = plan(canvas, contrary, resolution="720p").violations[0]
    assert (violation.field, violation.code) == (field, "combination")
    assert violation.message == f"no {field} is possible with what is settled before it; two"
    assert violation.allowed


def test_a_rule_on_ratios_does_not_loosen_a_range_of_sizes():
    rule = {"when": {"mode": ["text_to_video"]}, "then": {"aspect_ratio": ["16:9"]}, "why": "wide"}
    [violation] = plan(FREE, [rule], aspect_ratio="1:1").violations
    assert (violation.field, violation.code) == ("aspect_ratio", "combination")
    assert "allowed: 16:9; wide" in violation.message
    assert plan(FREE, [rule], aspect_ratio="16:9").ok


def test_a_size_is_short_for_its_edges_and_what_it_is_filed_under():
    short = Canvas.model_validate({"sizes": ["992x432 21:9 480p", "640x640 480p", "1280x720"]})
    assert [(str(s), s.aspect_ratio, s.resolution) for s in short.sizes] == [
        ("992x432", "21:9", "480p"),
        ("640x640", None, "480p"),
        ("1280x720", None, None),
    ]
    for wrong in ("992x432 wide", "", "21:9 992x432"):
        with pytest.raises(ValueError, match=r"is not|expected"):
            Canvas.model_validate({"sizes": [wrong]})
