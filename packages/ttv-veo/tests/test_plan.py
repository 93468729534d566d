"""What would be sent: nothing is dropped, and Google's own types take all of it."""

from __future__ import annotations

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from vertex import wrong_in

from ttv_core import InvalidInputError, ModelNotFoundError, VideoRequest
from ttv_veo.generator import VeoGenerator
from ttv_veo.settings import VeoOptions

MODELS = [model.id for model in VeoGenerator.models.models if model.status != "retired"]
IMAGE = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x48\x00\x80" + b"\x00" * 64
CLIP = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 64
WORDS = {"seed": "seed", "audio": "generate_audio", "negative_prompt": "negative_prompt"}

REQUESTS = st.fixed_dictionaries(
    {"model": st.sampled_from(MODELS), "prompt": st.sampled_from(["a fox", "ein Fuchs"])},
    optional={
        "duration": st.sampled_from([1, 4, 5, 6, 7, 8, 60]),
        "fps": st.sampled_from([24, 30]),
        "aspect_ratio": st.sampled_from(["16:9", "9:16", "1:1"]),
        "resolution": st.sampled_from(["480p", "720p", "1080p", "4k"]),
        "seed": st.sampled_from([0, 7, 4294967295, 4294967296]),
        "audio": st.booleans(),
        "n": st.integers(1, 5),
        "negative_prompt": st.just("rain"),
        "enhance_prompt": st.booleans(),
        "image": st.just(IMAGE),
        "last_image": st.just(IMAGE),
        "reference_images": st.lists(st.just(IMAGE), min_size=1, max_size=4),
        "source_video": st.just(CLIP),
        "options": st.just({"veo": {"person_generation": "dont_allow"}}),
        "on_unsupported": st.sampled_from(["error", "adjust"]),
    },
)


@given(REQUESTS)
def test_every_wish_is_in_what_is_sent_or_told(fields):
    request = VideoRequest(**fields)
    plan = VeoGenerator(project_id="p").plan(request)
    told = {item.field for item in (*plan.adjustments, *plan.violations)}
    sent = {**plan.native.get("config", {}), **plan.native.get("source", {})}
    if plan.ok:
        for wish, name in WORDS.items():
            if wish in request.wishes and wish not in told:
                assert sent[name] == getattr(request, wish)
        for wish in ("duration", "aspect_ratio", "resolution"):
            value = getattr(request, wish)
            assert value is None or wish in told or value in [*sent.values(), 7]
        types.GenerateVideosConfig.model_validate(
            {k: v for k, v in plan.native["config"].items() if k not in MEDIA}
        )


MEDIA = {"last_frame", "reference_images"}


INPUTS = {
    "text_to_video": {},
    "image_to_video": {"image": IMAGE},
    "first_last_frame": {"image": IMAGE, "last_image": IMAGE},
    "reference_to_video": {"reference_images": [IMAGE]},
    "video_to_video": {"source_video": CLIP},
}
SENT_AS = {
    "negative_prompt": "negative_prompt",
    "seed": "seed",
    "audio": "generate_audio",
    "n": "number_of_videos",
    "duration": "duration_seconds",
    "aspect_ratio": "aspect_ratio",
    "resolution": "resolution",
    **{
        name: name for name in ("person_generation", "compression_quality", "resize_mode", "labels")
    },
}
WISHES = [
    ("negative_prompt", "rain"),
    *[("seed", value) for value in (0, 4294967295, 4294967296)],
    *[("audio", value) for value in (False, True)],
    *[("n", value) for value in (1, 4, 5)],
    *[("duration", value) for value in (1, 4, 5, 6, 7, 7.5, 8, 60)],
    *[("num_frames", value) for value in (96, 168, 192, 100)],
    *[("fps", value) for value in (24, 30)],
    *[("aspect_ratio", value) for value in ("16:9", "9:16", "1:1")],
    *[("resolution", value) for value in ("480p", "720p", "1080p", "4k")],
    *[("size", value) for value in ("1280x720", "1080x1920", "640x640")],
    *[("enhance_prompt", value) for value in (True, False)],
    ("person_generation", "allow_all"),
    ("compression_quality", "lossless"),
    ("resize_mode", "crop"),
    ("labels", {"team": "a"}),
]
SIZES = {"1280x720": ("16:9", "720p"), "1080x1920": ("9:16", "1080p")}


def arrives(config, mode, wish, value):
    """Tell whether a wish stands in what is sent, as it was asked."""
    if wish == "duration" and mode == "video_to_video":
        return "duration_seconds" not in config and value == 7  # the one length that there is
    if wish == "num_frames":
        return arrives(config, mode, "duration", value / 24)
    if wish == "size":
        return (config["aspect_ratio"], config["resolution"]) == SIZES.get(value)
    if wish in {"fps", "enhance_prompt"}:
        return value == {"fps": 24, "enhance_prompt": True}[wish]  # Veo has no other
    return config.get(SENT_AS[wish]) == value


@pytest.mark.parametrize("policy", ["error", "adjust"])
@pytest.mark.parametrize("mode", INPUTS)
@pytest.mark.parametrize("model", MODELS)
def test_no_wish_is_dropped_in_any_mode_of_any_model(model, mode, policy):
    possible = mode in VeoGenerator.models.find(model).modes
    for wish, value in WISHES:
        option = wish in VeoOptions.model_fields
        asked = {"options": {"veo": {wish: value}}} if option else {wish: value}
        fields = INPUTS[mode] | asked
        plan = VeoGenerator().plan("a fox", model=model, on_unsupported=policy, **fields)
        told = {item.field for item in (*plan.adjustments, *plan.violations)}
        assert possible or not plan.ok
        if plan.ok and wish not in told:
            assert arrives(plan.native["config"], mode, wish, value), (wish, value)
        elif possible:
            assert told >= {wish} or plan.ok, (wish, value, told)
        if plan.ok:
            there = {**plan.native["source"], **plan.native["config"]}
            names = {"image": "image", "last_image": "last_frame", "source_video": "video"}
            for name in INPUTS[mode]:
                assert names.get(name, name) in there
            plain = {k: v for k, v in plan.native["config"].items() if k not in MEDIA}
            types.GenerateVideosConfig.model_validate(plain)


@pytest.mark.parametrize("model", MODELS)
def test_zero_and_false_are_values(model):
    config = VeoGenerator().plan("fox", model=model, seed=0, audio=False).native["config"]
    assert (config["seed"], config["generate_audio"]) == (0, False)
    assert type(config["duration_seconds"]) is int


def test_what_is_not_said_is_said_to_google_all_the_same_where_it_bears_on_the_price():
    plan = VeoGenerator().plan("fox")
    assert plan.native["config"] == {
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "number_of_videos": 1,
        "duration_seconds": 8,
    }
    assert str(plan.cost) == "$3.20"


@pytest.mark.parametrize(
    ("model", "resolution", "price"),
    [
        ("veo-3.1-generate-001", "4k", "$4.80"),
        ("veo-3.1-fast-generate-001", "1080p", "$0.96"),
        ("veo-3.1-lite-generate-001", "720p", "$0.40"),
    ],
)
def test_prices(model, resolution, price):
    plan = VeoGenerator().plan("fox", model=model, resolution=resolution, duration=8)
    assert str(plan.cost) == price
    assert plan.cost.as_of == "2026-10-25"


def test_references_make_eight_seconds_and_exclude_a_first_frame():
    plan = VeoGenerator().plan("fox", reference_images=[IMAGE], duration=4)
    assert [violation.field for violation in plan.violations] == ["duration"]
    both = VeoGenerator().plan("fox", reference_images=[IMAGE], image=IMAGE)
    assert not both.ok


def test_an_extension_sends_no_length_and_expects_none():
    plan = VeoGenerator().plan("on it runs", source_video=CLIP)
    assert plan.ok, plan.violations
    assert "duration_seconds" not in plan.native["config"]
    assert plan.expected.duration is None
    assert str(plan.cost) == "$2.80"


def test_a_retired_model_names_its_successor():
    with pytest.raises(ModelNotFoundError, match=r"veo-3\.1-generate-001") as caught:
        VeoGenerator().plan("fox", model="veo-3.0-generate-001")
    assert caught.value.code == "retired"


def test_the_longest_video_of_the_configuration_holds():
    plan = VeoGenerator(max_duration=6).plan("fox", duration=8)
    assert plan.violations[0].allowed == "at most 6 s"


def test_the_older_name_of_the_model_is_read():
    lite = "veo-3.1-lite-generate-001"
    assert VeoGenerator(veo_model=lite).plan("fox").model == lite


def test_an_option_that_there_is_not_is_told():
    plan = VeoGenerator().plan("fox", options={"veo": {"person_generation": "all"}})
    assert plan.violations[0].field == "options.veo.person_generation"
    with pytest.raises(InvalidInputError):
        plan.check()


def test_the_vendor_of_these_tests_is_strict():
    good = {"instances": [{"prompt": "fox"}], "parameters": {"sampleCount": 1}}
    assert wrong_in(MODELS[0], good) is None
    for parameters in ({"sampleCount": "1"}, {"audio": True}, {"seed": -1}, {"resolution": "2k"}):
        assert wrong_in(MODELS[0], good | {"parameters": parameters})
    for instance in ({}, {"prompt": "x", "lastFrame": {}}, {"prompt": "x", "mask": {}}):
        assert wrong_in(MODELS[0], good | {"instances": [instance]})
