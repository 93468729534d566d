"""What Wan can do is read from its folder; older configurations keep their meaning."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

import ttv_core
from ttv_core import ConfigurationError
from ttv_diffusers import read_checkpoint
from ttv_diffusers.recipes import find_recipe
from ttv_diffusers.testing import rewrite
from ttv_wan.generator import WanGenerator
from ttv_wan.plugin import LEGACY_KEYS
from ttv_wan.settings import WanSettings

TASKS = {
    "wan21_t2v": {"text_to_video"},
    "wan21_i2v": {"image_to_video"},
    "wan21_flf2v": {"first_last_frame"},
    "wan22_t2v": {"text_to_video"},
    "wan22_i2v": {"image_to_video", "first_last_frame"},
    "wan22_ti2v": {"text_to_video", "image_to_video"},
}


@pytest.mark.parametrize("name", TASKS)
def test_the_folder_says_what_can_be_made(name, wans, picture):
    generator = WanGenerator(model_dir=wans(name))
    (model,) = generator.capabilities.models
    assert set(model.modes) == TASKS[name]
    asked = {
        "text_to_video": {},
        "image_to_video": {"image": picture},
        "first_last_frame": {"image": picture, "last_image": picture},
    }
    for mode, pictures in asked.items():
        assert generator.plan("a fox", **pictures).ok == (mode in TASKS[name])


def test_the_small_one_is_known_by_its_heads(wans, tmp_path):
    folder = shutil.copytree(wans("wan21_t2v"), tmp_path / "small")
    rewrite(folder / "transformer" / "config.json", num_attention_heads=12)
    generator = WanGenerator(model_dir=folder)
    (model,) = generator.capabilities.models
    assert model.id == "wan2.1-t2v-1.3b"
    native = generator.plan("a fox").native
    assert (native["width"], native["height"], native["num_frames"]) == (832, 480, 81)
    assert (native["num_inference_steps"], native["guidance_scale"]) == (50, 6.0)
    assert native["flow_shift"] == 8.0


@pytest.mark.parametrize(
    ("name", "length"),
    [("wan21_t2v", 81 / 16), ("wan22_ti2v", 121 / 24)],
)
def test_the_usual_video_is_five_seconds(name, length, wans):
    assert WanGenerator(model_dir=wans(name)).plan("a fox").expected.duration == length


def test_the_shift_follows_the_size(wans, picture):
    generator = WanGenerator(model_dir=wans("wan21_i2v"))
    assert generator.plan("a", image=picture, size="832x480").native["flow_shift"] == 3.0
    assert generator.plan("a", image=picture).native["flow_shift"] == 5.0
    options = {"wan": {"shift": 7.0}}
    assert generator.plan("a", image=picture, options=options).native["flow_shift"] == 7.0


def test_every_recipe_says_what_it_needs_where_that_is_published():
    for recipe in WanGenerator.recipes:
        assert recipe.source
        assert WanGenerator.models.find(recipe.model) is not None
        for need in recipe.needs:
            assert 8 <= need.memory <= 80
            assert need.source.startswith("github.com/Wan-Video/")
    assert len({recipe.model for recipe in WanGenerator.recipes}) == len(WanGenerator.models.models)


def test_official_weights_are_recognised(tmp_path):
    (tmp_path / "models_t5_umt5-xxl-enc-bf16.pth").touch()
    (tmp_path / "Wan2.1_VAE.pth").touch()
    plan = WanGenerator(model_dir=tmp_path).plan("a fox")
    assert "Wan's own repository" in plan.violations[0].message
    assert "-Diffusers" in plan.violations[0].message


def test_a_pipeline_of_another_family_is_told_where_it_runs(wans, tmp_path):
    folder = shutil.copytree(wans("wan21_t2v"), tmp_path / "other")
    rewrite(folder / "model_index.json", _class_name="MochiPipeline")
    message = WanGenerator(model_dir=folder).plan("a fox").violations[0].message
    assert "is a MochiPipeline" in message
    assert "backend diffusers" in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"in_channels": 36}, "in_channels is 36"),
        ({"in_channels": 48}, "in_channels is 48"),
    ],
)
def test_weights_of_another_task_are_refused(changes, said, wans, tmp_path):
    folder = shutil.copytree(wans("wan21_t2v"), tmp_path / "wrong")
    rewrite(folder / "transformer" / "config.json", **changes)
    message = WanGenerator(model_dir=folder).plan("a fox").violations[0].message
    assert said in message


def test_every_tiny_wan_has_a_recipe_of_its_own(wans):
    found = {find_recipe(WanGenerator.recipes, read_checkpoint(wans(name))).model for name in TASKS}
    assert len(found) == len(TASKS)


# --- older configurations -----------------------------------------------------------------------


def test_an_older_configuration_is_understood(wans, picture):
    config = {
        "wan2_dir": "/opt/Wan2.1",
        "i2v_model_dir": str(wans("wan21_i2v")),
        "flf2v_model_dir": str(wans("wan21_flf2v")),
        "total_gpus": 8,
        "gpu_count": 8,
        "size": "832*480",
        "sample_steps": 30,
        "sample_shift": 4.0,
        "guide_scale": 3.5,
        "frame_num": 49,
        "chaining_max_retries": 2,
        "chaining_use_fsdp_flags": True,
    }
    assert set(config) == set(LEGACY_KEYS)
    plan = ttv_core.plan("a fox", backend="wan2.1", config=config, image=picture)
    assert plan.ok
    assert plan.model == "wan2.1-i2v-14b"
    native = plan.native
    assert (native["width"], native["height"], native["num_frames"]) == (624, 624, 49)
    assert (native["num_inference_steps"], native["guidance_scale"]) == (30, 3.5)
    assert native["flow_shift"] == 4.0
    assert "wan2_dir, total_gpus" in plan.warnings[0]
    both = {"image": picture, "last_image": picture, "model": "wan2.1-flf2v-14b"}
    assert ttv_core.plan("a fox", backend="wan", config=config, **both).ok


def test_a_newer_name_goes_before_an_older_one():
    settings = WanSettings.load({"steps": 4, "sample_steps": 50}, path="backends.wan")
    assert settings.steps == 4


def test_a_usual_size_or_length_that_cannot_be_had_is_told(wans):
    generator = WanGenerator(model_dir=wans("wan21_t2v"), size="1000*500", frame_num=50)
    plan = generator.plan("a fox")
    assert (plan.native["width"], plan.native["height"]) == (992, 496)
    assert plan.native["num_frames"] == 49
    assert [warning.partition(" of ")[0] for warning in plan.warnings] == [
        "size 1000x500",
        "frame_num 50",
    ]
    assert generator.plan("a fox", size="832x480", num_frames=81).warnings == ()


def test_a_wrong_setting_is_quoted():
    with pytest.raises(ConfigurationError, match=r"backends\.wan\.size"):
        WanGenerator(size="large")
    with pytest.raises(ConfigurationError, match="did you mean 'i2v_model_dir'"):
        WanGenerator(i2v_modle_dir="/weights")


def test_listing_what_is_installed_imports_no_engine():
    code = """
import sys
from ttv_core.plugins import PluginManager
found = PluginManager().backends()
assert {"wan", "diffusers"} <= set(found), found
heavy = {"torch", "diffusers", "numpy", "av", "ttv_wan.generator"} & sys.modules.keys()
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)
