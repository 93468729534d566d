"""Requests: what can be asked, and what a bad value is answered."""

from __future__ import annotations

import json
import math
import pickle
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttv_core import InvalidInputError, MediaInput, VideoRequest
from ttv_core.capabilities import Wish
from ttv_core.request import WISHES


def refused(**fields):
    """Return the violations of a request that is none."""
    with pytest.raises(InvalidInputError) as caught:
        VideoRequest(**({"prompt": "a fox"} | fields))
    assert len(str(caught.value)) < 2000
    assert all(item.message and item.field and item.code for item in caught.value.violations)
    assert json.dumps(caught.value.to_dict())
    return caught.value.violations


def refusal(**fields):
    [violation] = refused(**fields)
    return violation.field, violation.message


HUGE = "x" * 10_000_000


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("prompt", "", "prompt is empty; say what to show, or give an image"),
        ("prompt", " \t\n", "prompt is empty; say what to show, or give an image"),
        ("prompt", HUGE, "is 10,000,000 characters long; no prompt may pass 100,000"),
        ("prompt", "a\x00fox", "has the control character '\\x00' at position 1"),
        ("prompt", "\x1b[31mfox", "has the control character '\\x1b' at position 0"),
        ("prompt", "fox\ud800", "has the control character '\\ud800' at position 3"),
        ("prompt", "\x7f" * 1000, "only text, tabs and line breaks are allowed"),
        ("prompt", None, "valid string"),
        ("prompt", 5, "valid string"),
        ("prompt", b"a fox", "valid string"),
        ("prompt", ["a fox"], "valid string"),
        ("negative_prompt", HUGE, "is 10,000,000 characters long"),
        ("negative_prompt", "\x00", "control character"),
        ("model", "", "model is '': string should have at least 1 character"),
        ("model", 5, "model is 5: input should be a valid string"),
        ("duration", -1, "duration is -1: input should be greater than 0"),
        ("duration", 0, "duration is 0: input should be greater than 0"),
        ("duration", math.nan, "duration is nan: input should be a finite number"),
        ("duration", math.inf, "duration is inf: input should be a finite number"),
        ("duration", 1e308, "duration is 1e+308: input should be less than or equal to 86400"),
        pytest.param("duration", 10**5000, "duration is <int>: input should be", id="digits"),
        ("duration", True, "duration is True: input should be a valid number"),
        ("duration", "5", "duration is '5': input should be a valid number"),
        ("duration", [5], "duration is [5]: input should be a valid number"),
        ("num_frames", 0, "num_frames is 0: input should be greater than or equal to 1"),
        ("num_frames", 1.5, "num_frames is 1.5: input should be a valid integer"),
        ("num_frames", 10**9, "less than or equal to 10000000"),
        ("fps", 0, "fps is 0: input should be greater than 0"),
        ("fps", math.nan, "fps is nan: input should be a finite number"),
        ("fps", 1e6, "fps is 1000000: input should be less than or equal to 1000"),
        ("aspect_ratio", "16x9", "aspect_ratio is '16x9': '16x9' is not an aspect ratio such as"),
        ("aspect_ratio", "0:9", "'0:9' is not an aspect ratio such as '16:9'"),
        ("aspect_ratio", "-16:-9", "is not an aspect ratio such as '16:9'"),
        ("aspect_ratio", "nan:1", "is not an aspect ratio such as '16:9'"),
        ("aspect_ratio", 16 / 9, "aspect_ratio is 1.77778: input should be a valid string"),
        ("aspect_ratio", HUGE, "is not an aspect ratio such as '16:9'"),
        ("resolution", "hd", "resolution is 'hd': 'hd' is not a resolution such as '480p'"),
        ("resolution", 720, "resolution is 720: input should be a valid string"),
        ("size", (0, 0), "size is 0x0: width and height must be whole numbers of pixels, from 1"),
        ("size", "0x0", "size is '0x0': width and height must be whole numbers of pixels, from 1"),
        ("size", (100_000, 100_000), "size is 100000x100000: width and height must be whole"),
        ("size", "100000x100000", "from 1 to 16,384"),
        ("size", (1280.5, 720), "width and height must be whole numbers of pixels"),
        ("size", (True, 720), "width and height must be whole numbers of pixels"),
        ("size", (1280, 720, 3), "width and height must be whole numbers of pixels"),
        ("size", 1280, "size is 1280: width and height must be whole numbers of pixels"),
        ("size", "16:9", "size is '16:9': '16:9' is not a size such as '1280x720'"),
        ("size", HUGE, "is not a size such as '1280x720'"),
        ("seed", -1, "seed is -1: input should be greater than or equal to 0"),
        ("seed", 1.0, "seed is 1: input should be a valid integer"),
        ("seed", 2**64, f"seed is {2**64}: input should be less than {2**64}"),
        ("seed", "7", "seed is '7': input should be a valid integer"),
        ("seed", True, "seed is True: input should be a valid integer"),
        ("audio", 1, "audio is 1: input should be a valid boolean"),
        ("audio", "yes", "audio is 'yes': input should be a valid boolean"),
        ("enhance_prompt", 0, "enhance_prompt is 0: input should be a valid boolean"),
        ("n", 0, "n is 0: input should be greater than or equal to 1"),
        ("n", 10**400, "n is 1000"),
        ("options", {"acme": 5}, "options.acme: input should be a valid dictionary"),
        ("options", 5, "options is 5: input should be a valid dictionary"),
        ("on_unsupported", "guess", "on_unsupported is 'guess': input should be 'error' or 'adju"),
        ("max_cost", -1, "max_cost is -1: input should be greater than or equal to 0"),
        ("max_cost", math.nan, "max_cost is nan: input should be a finite number"),
        ("max_cost", "much", "max_cost is 'much': input should be a valid decimal"),
        ("max_cost", True, "max_cost is True: "),
        ("allow_unknown_cost", "yes", "input should be a valid boolean"),
        ("overwrite", 1, "input should be a valid boolean"),
        ("output", 5, "output is 5: input should be a path"),
        ("idempotency_key", "", "idempotency_key is ''"),
        ("idempotency_key", "a\r\nX-Evil: 1", "idempotency_key is 'a\\r\\nX-Evil: 1'"),
        ("tags", {"a": 5}, "tags.a: input should be a valid string"),
        ("inputs", 5, "inputs is 5; give a list of MediaInput"),
        ("inputs", "fox.png", "inputs is 'fox.png'; give a list of MediaInput"),
        ("inputs", [5], "inputs: 5 is no MediaInput(role=…, source=…)"),
        ("inputs", [{"role": "x", "source": b"x"}], "role 'x' is not first_frame, last_frame"),
        ("image", 5, "image: source: a int is not a path, bytes, an https URL or a data URI"),
        ("image", "http://a.example/fox.png", "is a http URL; give an https URL"),
        ("image", ["a.png", "b.png"], "image: source: a list is not a path"),
        ("reference_images", [None], "reference_images: source: a NoneType is not a path"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else None,
)
def test_a_bad_value_is_quoted_with_what_is_allowed(field, value, told):
    started = time.thread_time()
    where, message = refusal(**{field: value})
    assert time.thread_time() - started < 0.5
    assert where == field
    assert told in message


@given(
    st.sampled_from(sorted(VideoRequest.model_fields)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
)
def test_any_value_in_any_field_is_taken_or_refused_as_our_own_error(field, value):
    try:
        request = VideoRequest(**({"prompt": "a fox"} | {field: value}))
    except InvalidInputError as error:
        assert {item.field for item in error.violations} == {field}  # noqa: PT017
    else:
        assert pickle.loads(pickle.dumps(request)) == request


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("durations", "unknown field 'durations'; did you mean 'duration'?"),
        ("imge", "unknown field 'imge'; did you mean 'image'?"),
        ("quality", "unknown field 'quality'; known fields: allow_unknown_cost, aspect_ratio"),
    ],
)
def test_an_unknown_field_is_told_with_the_nearest_name(name, hint):
    where, message = refusal(**{name: "s3cr3t"})
    assert where == name
    assert message.startswith(hint)
    assert "s3cr3t" not in message


def test_everything_that_is_wrong_is_told_at_once():
    found = refused(duration=-1, seed="x", image=5, size="big")
    assert [item.field for item in found] == ["image", "duration", "size", "seed"]


def test_fields_that_do_not_fit_together_are_told_at_once():
    found = refused(duration=5, num_frames=81, size="640x360", aspect_ratio="16:9")
    assert [(item.field, item.code) for item in found] == [
        ("num_frames", "combination"),
        ("size", "combination"),
    ]
    assert refusal(size="640x360", resolution="720p")[0] == "size"


@pytest.mark.parametrize("role", ["first_frame", "last_frame", "source_video"])
def test_a_role_is_given_once(role):
    given = MediaInput(role=role, source=b"x")
    assert refusal(inputs=[given, given]) == (role, f"{role} is given more than once; give one")


def test_a_picture_that_cannot_be_read_is_not_also_a_missing_prompt():
    assert refusal(prompt="", image=5)[0] == "image"


def test_the_error_of_a_library_does_not_show_through():
    with pytest.raises(InvalidInputError) as caught:
        VideoRequest(prompt="a fox", seed="x")
    assert caught.value.__cause__ is caught.value.__context__ is None


# --- what is taken ------------------------------------------------------------------------------


def test_values_are_kept_as_they_are_asked():
    request = VideoRequest(
        prompt="une renarde\n\t狐 🦊",
        duration=5,
        fps=23.976,
        size="1280x720",
        seed=0,
        audio=False,
        n=1,
        max_cost=0.1,
        output="fox.mp4",
        idempotency_key="order-17",
    )
    assert request.size == (1280, 720)
    assert VideoRequest(prompt="a", size=[1280, 720]).size == (1280, 720)
    assert VideoRequest(prompt="a", resolution="1080P").resolution == "1080p"
    assert request.max_cost == Decimal("0.1")
    assert VideoRequest(prompt="a", max_cost="1.10").max_cost == Decimal("1.10")
    assert request.output == Path("fox.mp4")


def test_zero_false_and_one_are_wishes_and_nothing_is_not():
    asked = VideoRequest(prompt="a fox", seed=0, audio=False, n=1, enhance_prompt=False)
    assert asked.wishes == ("prompt", "seed", "audio", "n", "enhance_prompt")
    empty = VideoRequest(
        prompt="a fox", negative_prompt="", seed=None, audio=None, inputs=(), options={}, size=None
    )
    assert empty.wishes == ("prompt",)
    assert VideoRequest(image=b"x").wishes == ("inputs",)


def test_every_field_is_a_wish_or_about_handling():
    handling = {
        "on_unsupported",
        "max_cost",
        "allow_unknown_cost",
        "output",
        "overwrite",
        "sidecar",
        "idempotency_key",
        "tags",
    }
    assert {*WISHES} | handling == {*VideoRequest.model_fields}
    roles = {"first_frame", "last_frame", "reference", "source_video"}
    named = {name for part in Wish.__args__ for name in part.__args__}
    assert named == {*WISHES} - {"model", "inputs", "options"} | roles


def test_short_names_are_inputs_by_role():
    request = VideoRequest(
        image="a.png",
        last_image=b"b",
        reference_images=["c.png", b"d"],
        source_video=MediaInput(role="source_video", source="e.mp4"),
        inputs=[{"role": "reference", "source": "f.png"}],
    )
    assert [(item.role, item.source) for item in request.inputs] == [
        ("reference", Path("f.png")),
        ("first_frame", Path("a.png")),
        ("last_frame", b"b"),
        ("reference", Path("c.png")),
        ("reference", b"d"),
        ("source_video", Path("e.mp4")),
    ]
    assert request.by_role("reference")[1].source == Path("c.png")
    assert VideoRequest(reference_images="c.png").by_role("reference")[0].source == Path("c.png")
    moved = VideoRequest(last_image=MediaInput(role="first_frame", source=b"x"))
    assert moved.inputs[0].role == "last_frame"
    assert VideoRequest(prompt="a", image=None).inputs == ()


def test_a_copy_is_checked_again():
    request = VideoRequest(prompt="a fox", duration=5, image=b"a", reference_images=[b"r"])
    assert request.with_(seed=0).seed == 0
    assert request.with_(duration=None, num_frames=81).num_frames == 81
    with pytest.raises(InvalidInputError, match="both say how long"):
        request.with_(num_frames=81)
    assert request.duration == 5
    replaced = request.with_(image=b"b")
    assert [item.source for item in replaced.inputs] == [b"r", b"b"]
    assert [item.role for item in request.with_(image=None).inputs] == ["reference"]
    assert request.with_(inputs=()).inputs == ()


def test_a_request_is_frozen_and_survives_pickling():
    request = VideoRequest(prompt="a fox", duration=5, image=b"a", max_cost=1)
    with pytest.raises(ValueError, match="frozen"):
        request.duration = 6
    again = pickle.loads(pickle.dumps(request))
    assert again == request
    assert again.wishes == request.wishes
