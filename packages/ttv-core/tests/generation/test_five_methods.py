"""A class with just the five methods is a full citizen, unmodified."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import ttv_core
from ttv_core import (
    AllBackendsFailedError,
    BackendUnavailableError,
    ConfigurationError,
    CostLimitError,
    GenerationFailedError,
    QuotaExceededError,
)

CONFIG = {
    "default_backend": "custom",
    "custom": {"api_key": "${CUSTOM_API_KEY}", "max_duration": 8},
}


@pytest.fixture
def custom(registry, kit, monkeypatch):
    """The class, put in by hand, with its key in the environment."""
    monkeypatch.setenv("CUSTOM_API_KEY", "k-123")

    class CustomGenerator(kit.FiveMethods):
        pass

    registry["custom"] = CustomGenerator
    return CustomGenerator


def test_the_factory_makes_the_class_itself_from_the_configuration(custom):
    generator = ttv_core.create_video_generator(CONFIG)
    assert type(generator) is custom
    assert generator.config == {"api_key": "k-123", "max_duration": 8}


def test_it_generates_plans_and_is_measured(custom, tmp_path):
    plan = ttv_core.plan("a fox", config=CONFIG, duration=2)
    assert (plan.ok, plan.native["duration"], str(plan.cost)) == (True, 2, "free")
    video = ttv_core.generate("a fox", config=CONFIG, duration=2, output=tmp_path / "f.mp4")
    assert (video.path, video.duration, video.backend) == (tmp_path / "f.mp4", 2.0, "custom")
    assert video.charged == "no"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.mp4", "f.mp4.json"]


def test_auto_uses_it(custom, tmp_path):
    video = ttv_core.generate("a fox", backend="auto", config=CONFIG, output=tmp_path / "f.mp4")
    assert video.backend == "custom"


def test_it_falls_back_and_is_fallen_back_to(custom, registry, kit, tmp_path):
    registry["grey"] = kit.Grey
    custom.is_available = lambda self: False
    video = ttv_core.generate(
        "a fox", config=CONFIG, fallback_backends=["grey"], output=tmp_path / "1.mp4"
    )
    assert [(a.backend, a.outcome) for a in video.attempts] == [
        ("custom", "skipped"),
        ("grey", "used"),
    ]
    custom.is_available = lambda self: True
    settings = {"backends": {"grey": {"ready": False}}}
    video = ttv_core.generate(
        "a fox",
        backend="grey",
        config=CONFIG | settings,
        fallback_backends=["custom"],
        output=tmp_path / "2.mp4",
    )
    assert video.backend == "custom"


def test_what_its_capabilities_say_is_held_against_the_request(custom):
    said = ttv_core.plan("a fox", config=CONFIG, duration=12, size="1920x1080").violations
    assert [(v.field, v.code) for v in said] == [
        ("size", "out_of_range"),
        ("duration", "out_of_range"),
    ]
    assert "0 to 10" in said[1].message
    adjusted = ttv_core.plan("a fox", config=CONFIG, duration=12, on_unsupported="adjust")
    assert adjusted.native["duration"] == 10
    assert [(a.field, a.asked, a.used) for a in adjusted.adjustments] == [("duration", 12, 10)]


def test_values_that_look_empty_arrive(custom, tmp_path):
    generator = ttv_core.create_video_generator(CONFIG)
    from ttv_core.five_methods import FiveMethodGenerator

    FiveMethodGenerator("custom", generator).generate(
        "a fox", seed=0, audio=False, output=tmp_path / "f.mp4"
    )
    sent = next(call for call in generator.calls if call[0] == "generate_video")[2]
    assert sent["seed"] == 0
    assert sent["audio"] is False


def test_an_image_arrives_under_both_names(custom, tmp_path):
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\0\0\0\x40\0\0\0\x40" + bytes(20))
    plan = ttv_core.plan("a fox", config=CONFIG, image=picture)
    assert plan.ok
    assert plan.mode == "image_to_video"
    assert plan.native["image"] == plan.native["input_image_path"] == str(picture)


def test_one_that_says_it_is_not_available_is_not_run(registry, kit, tmp_path):
    class Down(kit.FiveMethods):
        def is_available(self):
            return False

        def generate_video(self, prompt, **kwargs):
            raise AssertionError("it was run")

    registry["down"] = Down
    with pytest.raises(BackendUnavailableError) as caught:
        ttv_core.generate("a fox", backend="down", duration=1, output=tmp_path / "f.mp4")
    assert caught.value.message == "down cannot be used: is_available() says no"
    assert (caught.value.backend, caught.value.code) == ("down", "unavailable")
    assert list(tmp_path.iterdir()) == []


def test_where_it_is_told_to_write_there_is_no_file_yet(registry, kit, tmp_path):
    class Careful(kit.FiveMethods):
        def generate_video(self, prompt, output_path, duration=1.0):
            if Path(output_path).exists():
                raise FileExistsError(output_path)
            return str(kit.write_video(Path(output_path), frames=int(24 * duration)))

    registry["careful"] = Careful
    video = ttv_core.generate(
        "a fox", backend="careful", duration=1, output=tmp_path / "f.mp4", sidecar=False
    )
    assert video.info.num_frames == 24
    assert [path.name for path in tmp_path.iterdir()] == ["f.mp4"]


def test_only_what_its_signature_takes_is_sent_and_the_rest_is_refused(registry, kit, tmp_path):
    class Older(kit.FiveMethods):
        def generate_video(self, prompt, input_image_path, output_path, duration=5.0):
            assert input_image_path is None
            kit.write_video(Path(output_path), frames=int(24 * duration))
            return output_path

        def estimate_cost(self, duration, resolution="1280x720"):
            return duration * 0.0

        def validate_inputs(self, prompt, input_image_path=None, duration=5.0):
            return ["too dark"] if "night" in prompt else []

    registry["older"] = Older
    plan = ttv_core.plan("a fox", backend="older", duration=1, seed=3)
    assert [(v.field, v.code) for v in plan.violations] == [("seed", "unused")]
    assert ttv_core.plan("night", backend="older", duration=1).violations[0].message == "too dark"
    video = ttv_core.generate("a fox", backend="older", duration=1, output=tmp_path / "f.mp4")
    assert video.duration == 1.0


def test_a_file_written_elsewhere_is_brought_to_the_output(registry, kit, tmp_path):
    class Stubborn(kit.FiveMethods):
        def generate_video(self, prompt, **kwargs):
            return str(kit.write_video(tmp_path / "own.mp4"))

    registry["stubborn"] = Stubborn
    video = ttv_core.generate("a fox", backend="stubborn", output=tmp_path / "f.mp4")
    assert video.path.read_bytes() == (tmp_path / "own.mp4").read_bytes()


def test_a_cost_limit_is_kept(registry, kit):
    class Dear(kit.FiveMethods):
        def estimate_cost(self, **kwargs):
            return 3.5

    class Silent(kit.FiveMethods):
        def estimate_cost(self, **kwargs):
            return math.nan

    registry["dear"], registry["silent"] = Dear, Silent
    with pytest.raises(CostLimitError, match=r"\$3\.50"):
        ttv_core.generate("a fox", backend="dear", max_cost=2)
    with pytest.raises(CostLimitError, match="unknown"):
        ttv_core.generate("a fox", backend="silent", max_cost=2)
    assert ttv_core.plan("a fox", backend="silent", max_cost=2, allow_unknown_cost=True).ok
    config = {"max_cost_per_video": 1}
    assert not ttv_core.plan("a fox", backend="dear", config=config).ok


@pytest.mark.parametrize(("cost", "charged"), [(0.0, "no"), (0.5, "unknown")], ids=["free", "paid"])
def test_whatever_it_raises_is_ours_and_says_if_money_may_be_gone(
    registry, kit, tmp_path, cost, charged
):
    class Broken(kit.FiveMethods):
        def estimate_cost(self, **kwargs):
            return cost

        def generate_video(self, prompt, **kwargs):
            raise RuntimeError("out of luck")

    registry["broken"] = Broken
    with pytest.raises(GenerationFailedError, match="out of luck") as caught:
        ttv_core.generate("a fox", backend="broken", output=tmp_path / "f.mp4")
    assert (caught.value.charged, caught.value.backend) == (charged, "broken")
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert list(tmp_path.iterdir()) == []


def test_our_own_errors_pass_through_with_their_facts(registry, kit, tmp_path):
    class Limited(kit.FiveMethods):
        def generate_video(self, prompt, **kwargs):
            raise QuotaExceededError("slow down", kind="rate", retry_after=30)

    registry["limited"] = Limited
    with pytest.raises(QuotaExceededError) as caught:
        ttv_core.generate("a fox", backend="limited", output=tmp_path / "f.mp4")
    assert (caught.value.retry_after, caught.value.backend) == (30, "limited")


@pytest.mark.parametrize("made", ["/nowhere/x.mp4", "", None])
def test_no_file_is_an_error(registry, kit, tmp_path, made):
    class Empty(kit.FiveMethods):
        def generate_video(self, prompt, **kwargs):
            return made

    registry["empty"] = Empty
    with pytest.raises(GenerationFailedError, match="no video"):
        ttv_core.generate("a fox", backend="empty", output=tmp_path / "f.mp4")


def test_a_broken_contract_is_told(registry, kit):
    class Odd(kit.FiveMethods):
        def get_capabilities(self):
            return ["10 s"]

    class Raising(kit.FiveMethods):
        def is_available(self):
            raise OSError("no route")

    registry["odd"], registry["raising"] = Odd, Raising
    with pytest.raises(GenerationFailedError, match="returned list"):
        ttv_core.plan("a fox", backend="odd")
    with pytest.raises(AllBackendsFailedError, match="no route"):
        ttv_core.generate("a fox", backend="raising", fallback_backends=["odd"])


def test_settings_it_does_not_take_are_a_configuration_error(registry, kit):
    class Narrow(kit.FiveMethods):
        def __init__(self, api_key):
            super().__init__(api_key=api_key)

    registry["narrow"] = Narrow
    config = {"backends": {"narrow": {"api_key": "k", "colour": "red"}}}
    with pytest.raises(ConfigurationError, match="colour"):
        ttv_core.create_video_generator(config, "narrow")


def test_a_model_is_passed_on_if_it_is_taken(custom, registry, kit):
    assert ttv_core.plan("a fox", config=CONFIG, model="m-1").native["model"] == "m-1"

    class Plain(kit.FiveMethods):
        def generate_video(self, prompt, output_path=None):
            return output_path

    registry["plain"] = Plain
    said = ttv_core.plan("a fox", backend="plain", model="m-1").violations
    assert [v.field for v in said] == ["model"]


def test_a_dictionary_of_resolutions_is_understood(registry, kit):
    class Listed(kit.FiveMethods):
        def get_capabilities(self):
            return {
                "supported_resolutions": ["1280x720", "720x1280"],
                "supports_text_to_video": True,
                "supports_image_to_video": False,
                "api_based": True,
            }

    registry["listed"] = Listed
    said = ttv_core.plan("a fox", backend="listed", size="640x480").violations[0]
    assert said.allowed == "1280x720, 720x1280"
    said = ttv_core.plan("a fox", backend="listed", image=b"\x89PNG").violations
    assert said[0].field == "inputs"


def test_something_without_the_methods_is_no_backend(registry):
    with pytest.raises(TypeError, match="no backend"):
        registry["x"] = dict
    with pytest.raises(BackendUnavailableError, match="there is no backend 'x'"):
        ttv_core.plan("a fox", backend="x")
