"""What planning says: field, code and what is allowed in a refusal, both values in a change."""

from __future__ import annotations

import struct

import pytest

from ttv_core import ExpectedVideo, ModelCapabilities, VideoRequest
from ttv_core.planning import make_plan

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 360) + bytes(9)
URL = "https://a.example/fox.png"
SIZES = {"canvas": {"sizes": ["1280x720", "720x1280"]}}
RANGE = {"canvas": {"range": {"min_edge": 64, "max_edge": 1024, "multiple_of": 16}}}
LABELS = {"canvas": {"aspect_ratios": ["16:9", "1:1"], "resolutions": ["720p"]}}
EDGES = "64 to 1024 pixels an edge, multiples of 16"


def still(**limit):
    return {"modes": ["image_to_video"], "inputs": {"first_frame": limit}}


def plan(table, **fields):
    facts = ModelCapabilities.model_validate({"id": "acme-1"} | table)
    request = VideoRequest(**({"prompt": "a fox"} | fields))
    return make_plan(request, facts, lambda r, _: r.canonical(), backend="acme")


CHANGED = [
    ({"audio": "never"}, {"audio": True}, False, "unsupported", "False"),
    ({"audio": "always"}, {"audio": False}, True, "unsupported", "True"),
    ({"seed": {"maximum": 9}}, {"seed": 10}, 9, "out_of_range", "0 to 9"),
    (SIZES, {"size": (640, 360)}, "1280x720", "out_of_range", "1280x720, 720x1280"),
    (SIZES, {"aspect_ratio": "2:1"}, "16:9", "out_of_range", "1280x720, 720x1280"),
    (SIZES, {"resolution": "1080p"}, "720p", "out_of_range", "1280x720, 720x1280"),
    (RANGE, {"size": (2000, 2000)}, "1024x1024", "out_of_range", EDGES),
    (RANGE, {"resolution": "4k"}, "576p", "out_of_range", EDGES),
    (LABELS, {"size": (500, 700)}, "1:1 at 720p", "out_of_range", "16:9, 1:1 in 720p"),
    (LABELS, {"aspect_ratio": "9:10"}, "1:1", "out_of_range", "16:9, 1:1"),
]


@pytest.mark.parametrize(("table", "asked", "used", "code", "allowed"), CHANGED)
def test_a_value_that_is_not_possible(table, asked, used, code, allowed):
    [(field, value)] = asked.items()
    [refusal] = plan(table, **asked).violations
    assert (refusal.field, refusal.code, refusal.allowed) == (field, code, allowed)
    assert refusal.message.endswith(f" is not possible with acme-1; allowed: {allowed}")
    found = plan(table, **asked, on_unsupported="adjust")
    [change] = found.adjustments
    assert (change.field, change.asked, change.used) == (field, value, used)
    assert change.why == f"allowed: {allowed}"
    assert found.ok


@pytest.mark.parametrize(
    ("table", "asked", "why"),
    [
        (
            {"canvas": {"aspect_ratios": ["16:9"]}},
            {"resolution": "720p"},
            "acme-1 takes no resolution",
        ),
        (
            {"durations": [5]},
            {"num_frames": 81},
            "acme-1 does not say its frame rate; give duration in seconds",
        ),
        ({"frames": [81]}, {"duration": 5.0}, "the frame rate is unknown; give num_frames"),
    ],
)
def test_a_wish_for_what_there_is_not(table, asked, why):
    [(field, value)] = asked.items()
    [refusal] = plan(table, **asked).violations
    assert (refusal.field, refusal.code, refusal.allowed) == (field, "unsupported", "")
    assert refusal.message.endswith(f": {why}")
    [change] = plan(table, **asked, on_unsupported="adjust").adjustments
    assert (change.field, change.asked, change.used, change.why) == (field, value, None, why)


@pytest.mark.parametrize(
    ("table", "asked", "told"),
    [
        ({"prompt": {"maximum": 3}}, {}, ("prompt", "too_long", "at most 3 characters")),
        ({}, {"image": PNG}, ("inputs", "unsupported", "text_to_video")),
        (still(), {}, ("inputs", "missing", "image_to_video")),
        (
            {"modes": ["reference_to_video"], "inputs": {"reference": {"maximum": 1}}},
            {"reference_images": [PNG, PNG]},
            ("reference", "too_many", "at most 1"),
        ),
        (
            {"modes": ["first_last_frame"], "inputs": {"first_frame": {}, "last_frame": {}}},
            {"last_image": PNG},
            ("last_frame", "combination", ""),
        ),
        (still(), {"image": URL}, ("first_frame", "unsupported", "a path, bytes or a data URI")),
        (still(formats=["jpeg"]), {"image": PNG}, ("first_frame", "format", "jpeg")),
        (still(max_bytes=32), {"image": PNG}, ("first_frame", "too_large", "at most 32")),
        (
            still(max_edge=639),
            {"image": PNG},
            ("first_frame", "too_large", "edges of at most 639 pixels"),
        ),
    ],
)
def test_what_cannot_be_adjusted(table, asked, told):
    for policy in ("error", "adjust"):
        found = plan(table, **asked, on_unsupported=policy)
        [refusal] = found.violations
        assert (refusal.field, refusal.code, refusal.allowed) == told
        assert found.adjustments == ()


def test_what_is_just_within_its_limits_is_taken():
    limit = {"max_bytes": len(PNG), "min_edge": 360, "max_edge": 640, "max_pixels": 640 * 360}
    assert plan(still(**limit), image=PNG).ok


def test_what_is_expected_of_the_video_is_what_was_settled():
    table = {"audio": "always", "durations": [5], "fps": 24, "canvas": {"sizes": ["640x360"]}}
    assert plan(table).expected == ExpectedVideo(640, 360, 5, 24, 120, audio=True)
