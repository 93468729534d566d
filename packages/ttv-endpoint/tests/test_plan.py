"""Planning: what would be sent, what cannot be, and that no wish is ever left out unseen."""

from __future__ import annotations

import itertools
import json

import pytest
from conftest import TINY, png
from endpoint_servers import MODEL
from hypothesis import given
from hypothesis import strategies as st

from ttv_core import MediaInput
from ttv_endpoint.dialects import COMMON, DETECT, DIALECTS
from ttv_endpoint.generator import EndpointGenerator
from ttv_endpoint.wire import OPTIONS

URL = "http://127.0.0.1:8000"
KNOWN = [model.id for model in EndpointGenerator.models.models if model.id != "served"]
EACH = pytest.mark.parametrize("dialect", list(DIALECTS))


def made(**settings):
    return EndpointGenerator(**({"base_url": URL, "models": TINY} | settings))


def broken(plan):
    return [violation.field for violation in plan.violations]


# --- what is sent -------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("model", KNOWN)
def test_well_known_models_are_planned_to_the_last_frame(dialect, model):
    table = EndpointGenerator.models.find(model)
    fields = {"image": png(640, 360)} if "text_to_video" not in table.modes else {}
    plan = made(dialect=dialect, model=model).plan("a fox", seed=0, **fields)
    assert plan.ok
    assert str(plan.cost.amount) == "0"
    native, expected = plan.native, plan.expected
    assert (native["dialect"], native["model"], native["seed"]) == (dialect, model, 0)
    assert native["num_frames"] == expected.num_frames == table.frames.default
    assert native["num_frames"] % 4 == 1
    assert native["fps"] == expected.fps == table.fps.default
    if dialect == "fastvideo":
        assert native["size"] == f"{expected.width}x{expected.height}"
        assert "width" not in native
    else:
        assert (native["width"], native["height"]) == (expected.width, expected.height)
    assert "seconds" not in native
    json.dumps(plan.to_dict())


@pytest.mark.parametrize("model", KNOWN)
def test_sizes_are_none_that_a_server_rounds_unseen(model):
    table = EndpointGenerator.models.find(model)
    for mode in table.modes:
        canvas = table.in_mode(mode).canvas
        multiple = canvas.range.multiple_of if canvas.range else 16
        assert multiple % 16 == 0
        for size in canvas.sizes:
            assert (size.width % 16, size.height % 16) == (0, 0)
    assert any("sglang" in note or "fastvideo" in note for note in table.notes)  # its source


def test_planning_asks_nobody(monkeypatch):
    """There is no server at all here, and none that a name could be looked up for."""
    plan = made(base_url="https://endpoint.invalid", model=MODEL).plan("a fox", duration=1)
    assert plan.native == {
        "dialect": DETECT,
        "model": MODEL,
        "prompt": "a fox",
        "width": 64,
        "height": 48,
        "fps": 8,
        "num_frames": 9,
    }
    assert made(base_url="https://endpoint.invalid").availability().ok


# --- models -------------------------------------------------------------------------------------


def test_a_model_goes_by_the_name_that_the_server_has_for_it():
    known = "Wan-AI/Wan2.1-T2V-14B-Diffusers"
    folder = "/models/Wan2.1-T2V-14B-Diffusers/"
    for name in (known, folder, "Wan2.1-T2V-14B-Diffusers"):
        for plan in (made(model=name).plan("a"), made().plan("a", model=name)):
            assert (plan.model, plan.native["model"], plan.ok) == (known, name, True)
            assert (plan.expected.width, plan.warnings) == (1280, ())
    aliased = {known: {"aliases": ["wan"]}}
    plan = made(model="wan", models=aliased).plan("a")
    assert (plan.model, plan.native["model"]) == (known, "wan")


def test_a_model_that_nobody_knows_is_planned_as_asked_with_a_warning():
    plan = made(dialect="sglang").plan("a", model="acme/v9", size="100x60", num_frames=10, fps=8)
    assert (plan.ok, plan.model, plan.native["num_frames"]) == (True, "acme/v9", 10)
    assert (plan.native["model"], str(plan.cost)) == ("acme/v9", "free")
    assert any("not in endpoint's table" in warning for warning in plan.warnings)
    assert (
        made(dialect="sglang").plan("a", model="acme/v9", duration=2, fps=8).native["num_frames"]
        == 16
    )
    with_limit = made(dialect="sglang").plan("a", model="acme/v9", max_cost=0)
    assert with_limit.ok  # it is the user's own server, whatever it has


def test_the_settings_say_what_a_model_can_do_and_what_it_costs():
    price = {"basis": "second", "amount": "0.02", "source": "our cluster"}
    models = {
        "wan-fast": {
            "frames": {"minimum": 5, "maximum": 61, "step": 4, "offset": 1, "default": 61},
            "fps": 16,
            "canvas": {"sizes": ["832x480"]},
            "prices": [price],
        }
    }
    generator = made(model="wan-fast", models=models, dialect="vllm-omni")
    plan = generator.plan("a fox")
    assert (plan.native["num_frames"], plan.native["width"]) == (61, 832)
    assert (str(plan.cost.amount), plan.cost.source) == ("0.07625", "our cluster")
    assert broken(generator.plan("a fox", num_frames=81)) == ["num_frames"]
    assert broken(generator.plan("a fox", max_cost="0.05")) == ["max_cost"]


def test_whatever_the_server_has_is_never_given_a_name():
    for plan in (made().plan("a fox"), made().plan("a fox", model="served")):
        assert (plan.model, plan.native) == ("served", {"dialect": DETECT, "prompt": "a fox"})
        assert any("backends.endpoint.model" in warning for warning in plan.warnings)


@EACH
def test_what_a_server_does_about_jobs_is_among_what_can_be_done(dialect):
    for model in made(dialect=dialect).capabilities.models:
        assert model.remote.cancel == (dialect == "vllm-omni")
        assert model.remote.progress == (dialect == "sglang")
    assert made().capabilities.default.remote is None  # nobody knows before it is asked


# --- the picture's shape ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "wanted"),
    [
        (480, 832, (480, 832)),
        (640, 640, (624, 624)),
        (1600, 900, (832, 464)),
        (400, 300, (704, 528)),
    ],
)
def test_a_video_has_the_shape_of_its_picture(width, height, wanted):
    model = "Wan-AI/Wan2.1-I2V-14B-480P-Diffusers"
    plan = made(model=model, dialect="sglang").plan("a", image=png(width, height))
    assert (plan.native["width"], plan.native["height"]) == wanted
    assert (plan.expected.width, plan.expected.height) == wanted
    assert (plan.ok, plan.warnings, plan.request.size) == (True, (), None)


@pytest.mark.parametrize(
    ("picture", "wanted"), [(png(30, 40), (48, 64)), (png(400, 200), (96, 48)), (png(), (64, 48))]
)
def test_of_listed_sizes_the_most_alike_is_taken(picture, wanted):
    plan = made(model=MODEL).plan("a", image=picture)
    assert (plan.native["width"], plan.native["height"]) == wanted


def test_a_shape_that_was_asked_for_holds_and_the_stretching_is_told():
    for fields in ({"size": "64x48"}, {"aspect_ratio": "4:3"}, {"resolution": "48p"}):
        plan = made(model=MODEL).plan("a", image=png(48, 64), **fields)
        assert (plan.native["width"], plan.native["height"]) == (64, 48)
        assert any("48x64 and is stretched to 64x48" in warning for warning in plan.warnings)
    assert made(model=MODEL).plan("a", image=png(), size="64x48").warnings == ()


def test_a_picture_that_cannot_be_measured_has_the_usual_shape():
    plan = made(model=MODEL).plan("a", image="https://example.com/a.png")
    assert (plan.native["width"], plan.native["height"], plan.ok) == (64, 48, True)
    assert broken(made(model=MODEL).plan("a", image="no/such.png")) == ["first_frame"]


# --- no wish is left out ------------------------------------------------------------------------

ONE = {
    "negative_prompt": "rain",
    "duration": 3.0,
    "num_frames": 13,
    "fps": 12,
    "aspect_ratio": "3:4",
    "resolution": "64p",
    "size": "48x64",
    "seed": 0,
    "audio": True,
    "n": 2,
    "image": png(),
    "last_image": png(),
    "reference_images": [png()],
    "source_video": b"\0\0\0\x18ftypmp42" + bytes(40),
    "enhance_prompt": True,
}
CHOICES = {
    "num_inference_steps": 4,
    "guidance_scale": 0.0,
    "guidance_scale_2": 2.5,
    "boundary_ratio": 0.5,
    "flow_shift": 3.0,
    "true_cfg_scale": 1.5,
    "extra_params": {"sigma": [1, 2]},
}
ROLES = {
    "image": "first_frame",
    "last_image": "last_frame",
    "reference_images": "reference",
    "source_video": "source_video",
}


@pytest.mark.parametrize("model", [MODEL, "served", "acme/v9", KNOWN[0], KNOWN[2]])
@pytest.mark.parametrize("dialect", [None, *DIALECTS])
def test_each_wish_alone_is_sent_or_refused(dialect, model):
    generator = made(dialect=dialect, model=model)
    for name in (*ONE, *CHOICES):
        usual = {"image": png()} if model == KNOWN[2] and name != "image" else {}
        fields = {"options": {"endpoint": {name: CHOICES.get(name)}}}
        if name in ONE:
            fields = {name: ONE[name]}
        before = generator.plan("a fox", **usual)
        plan = generator.plan("a fox", **usual, **fields)
        said = {name, ROLES.get(name), f"options.endpoint.{name}"}
        if name in ROLES:
            said.add("inputs")
        assert plan.native != before.native or said & {*broken(plan)}, plan


def test_the_options_are_those_that_are_sent():
    assert set(CHOICES) == set(OPTIONS)
    assert set(OPTIONS) == set(EndpointGenerator.Options.model_fields)
    for dialect in DIALECTS.values():
        assert dialect.further <= {*OPTIONS, "generate_sound", "enhance_prompt"}
        assert not dialect.further & COMMON


WISHES = st.fixed_dictionaries(
    {},
    optional={
        "negative_prompt": st.sampled_from(["rain", "x" * 300]),
        "duration": st.sampled_from([0.125, 1, 2.5, 5, 600]),
        "fps": st.sampled_from([1, 8, 12.5, 24, 240]),
        "aspect_ratio": st.sampled_from(["4:3", "3:4", "16:9"]),
        "resolution": st.sampled_from(["48p", "720p"]),
        "seed": st.sampled_from([0, 1, 2**53 + 1, 2**63 - 1, 2**64 - 1]),
        "audio": st.booleans(),
        "n": st.sampled_from([1, 2]),
        "enhance_prompt": st.booleans(),
        "inputs": st.sampled_from(
            [
                (MediaInput(role="first_frame", source=png()),),
                (MediaInput(role="first_frame", source="https://example.com/a.png"),),
                (MediaInput(role="last_frame", source=png()),),
            ]
        ),
        "options": st.fixed_dictionaries(
            {}, optional={name: st.just(value) for name, value in CHOICES.items()}
        ).map(lambda options: {"endpoint": options}),
    },
)


@given(
    wishes=WISHES,
    model=st.sampled_from([MODEL, "served", "acme/v9", *KNOWN]),
    dialect=st.sampled_from([None, *DIALECTS]),
    adjust=st.booleans(),
)
def test_every_mix_of_wishes_is_sent_adjusted_or_refused(wishes, model, dialect, adjust):
    generator = made(dialect=dialect, model=model)
    policy = {"on_unsupported": "adjust"} if adjust else {}
    plan = generator.plan("a fox", **wishes, **policy)
    if not plan.ok:
        assert all(violation.message for violation in plan.violations)
        return
    native, changed = plan.native, {adjustment.field for adjustment in plan.adjustments}
    # Planning itself has seen that each is read; here is what became of those with a plain place.
    for name in {"negative_prompt", "seed", "fps"} & wishes.keys() - changed:
        assert native[name] == wishes[name]
    for name, value in wishes.get("options", {}).get("endpoint", {}).items():
        assert native[name] == value
    if "audio" in wishes and "audio" not in changed:
        never = generator.capabilities.find(plan.model).audio == "never"
        assert native.get("generate_sound", False if never else None) == wishes["audio"]
    if "duration" in wishes and "duration" not in changed:
        assert {"num_frames", "seconds"} & native.keys()
    if "num_frames" in native and "fps" in native:
        assert plan.expected.duration == pytest.approx(native["num_frames"] / native["fps"])
    if dialect is not None:
        wire = {*DIALECTS[dialect].takes, "dialect", "size", DIALECTS[dialect].picture_url}
        assert native.keys() <= wire


@pytest.mark.parametrize("taken", ["num_frames", "seed", "flow_shift", "size", "prompt"])
def test_a_field_with_a_way_of_its_own_cannot_hide_among_the_extra_ones(taken):
    options = {"endpoint": {"extra_params": {taken: 5, "sigma": 1}}}
    plan = made(dialect="sglang", model=MODEL).plan("a", options=options)
    assert broken(plan) == ["options.endpoint.extra_params"]
    assert taken in plan.violations[0].message


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"guidance": 5}, "guidance_scale"),
        ({"num_inference_steps": 0}, "greater"),
        ({"fps": 8}, ""),
    ],
)
def test_options_that_are_wrong(options, allowed):
    plan = made(model=MODEL).plan("a", options={"endpoint": options})
    assert not plan.ok
    assert allowed in plan.violations[0].message


@EACH
def test_rates_and_seconds_that_are_no_whole_numbers(dialect):
    generator = made(dialect=dialect, model="served")
    plan = generator.plan("a", fps=12.5, num_frames=25)
    assert broken(plan) == ([] if dialect == "vllm-omni" else ["fps"])
    plan = generator.plan("a", duration=2.5)
    assert broken(plan) == ["duration"]
    assert "give fps too" in plan.violations[0].message
    plan = generator.plan("a", duration=2.5, fps=8)
    assert (plan.ok, plan.native["num_frames"]) == (True, 20)


@pytest.mark.parametrize("name", ["aspect_ratio", "resolution"])
def test_a_shape_without_pixels_needs_a_model_that_is_known(name):
    value = {"aspect_ratio": "16:9", "resolution": "720p"}[name]
    plan = made().plan("a", **{name: value})
    assert broken(plan) == [name]
    assert "give size in pixels" in plan.violations[0].message
    assert made(model=KNOWN[1]).plan("a", **{name: value}).ok


def test_dialects_can_be_told_apart():
    for one, other in itertools.combinations(DIALECTS.values(), 2):
        assert not one.owners & other.owners
        assert one.mark != other.mark
