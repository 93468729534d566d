"""The configuration, old and new, and which engine it means."""

from __future__ import annotations

import pytest

import ttv_core
from ttv_core import ConfigurationError
from ttv_hunyuan.generator import HunyuanGenerator
from ttv_hunyuan.settings import HunyuanSettings


def made(section):
    return ttv_core.create_video_generator(section, "hunyuan", fallback_backends=())


def test_the_older_section_is_taken_as_it_is(tmp_path):
    (tmp_path / "sample_video.py").touch()
    old = {
        "hunyuan_dir": str(tmp_path),
        "config_file": "configs/inference_v1.yaml",
        "ckpt_path": str(tmp_path / "weights.pt"),
        "max_duration": 4,
        "sample_steps": 30,
        "seed": 42,
    }
    generator = made({"hunyuan_video": old})
    plan = generator.plan("a fox", num_frames=49)
    assert plan.native["flags"]["--infer-steps"] == 30
    assert plan.native["flags"]["--dit-weight"] == str(tmp_path / "weights.pt")
    assert plan.native["seed"] == 42
    (said,) = plan.warnings
    assert said.startswith("config_file configs/inference_v1.yaml is not used")
    assert generator.plan("a fox", num_frames=49, seed=0).native["seed"] == 0
    (found,) = generator.plan("a fox", duration=5).violations
    assert found.field == "duration"
    assert found.allowed == "at most 4 s"


def test_max_duration_holds_for_the_usual_length_too(tmp_path):
    (tmp_path / "sample_video.py").touch()
    generator = HunyuanGenerator(hunyuan_dir=tmp_path, max_duration=4)
    (found,) = generator.plan("a fox").violations
    assert found.message == "5.375 s is over max_duration of the configuration, 4 s"


@pytest.mark.parametrize(
    ("settings", "official"),
    [
        ({"hunyuan_dir": "/x"}, True),
        ({"hunyuan_dir": "/x", "model_dir": "/y"}, False),
        ({"hunyuan_dir": "/x", "model_dir": "/y", "engine": "official"}, True),
        ({"hunyuan_dir": "/x", "models": {"a": "/y"}}, False),
        ({"hunyuan_dir": "/x", "engine": "diffusers"}, False),
        ({"model_dir": "/y"}, False),
        ({}, False),
    ],
)
def test_the_engine_follows_from_what_is_set(settings, official):
    assert HunyuanSettings.load(settings, path="backends.hunyuan").official is official


def test_the_official_engine_needs_a_checkout():
    with pytest.raises(ConfigurationError, match="needs hunyuan_dir"):
        HunyuanGenerator(engine="official")


def test_weights_in_the_layout_of_diffusers_may_stand_in_ckpt_path(tmp_path):
    (tmp_path / "model_index.json").write_text("{}")
    settings = HunyuanSettings.load(
        {"ckpt_path": str(tmp_path), "hunyuan_dir": "/x"}, path="backends.hunyuan"
    )
    assert (settings.model_dir, settings.official) == (str(tmp_path), False)
