"""A plan is exactly what is called, and says what it changes."""

from __future__ import annotations

import pytest

from ttv_core import ConfigurationError
from ttv_diffusers import DiffusersGenerator, size_of_picture
from ttv_diffusers.sizes import crop_box
from ttv_diffusers.worker.levers import memory_preset


@pytest.fixture
def planned(pipelines):
    def plan(name, *, settings=None, **asked):
        generator = DiffusersGenerator(model_dir=pipelines(name), **(settings or {}))
        return generator.plan("a fox", **asked)

    return plan


def draw(path, size):
    from PIL import Image

    Image.new("RGB", size).save(path)
    return path


def test_the_plan_is_the_call(planned, pipelines):
    plan = planned("wan21_t2v", size=(64, 96), num_frames=9, seed=0, negative_prompt="blur")
    assert plan.ok
    assert plan.native == {
        "checkpoint": str(pipelines("wan21_t2v")),
        "pipeline": "WanPipeline",
        "prompt": "a fox",
        "negative_prompt": "blur",
        "width": 64,
        "height": 96,
        "num_frames": 9,
        "num_inference_steps": 50,
        "guidance_scale": 5.0,
        "seed": 0,
        "fps": 16,
    }
    assert str(plan.cost) == "free"


def test_frames_and_sizes_follow_the_folder(planned):
    plan = planned("wan21_t2v", num_frames=8)
    assert plan.violations[0].field == "num_frames"
    plan = planned("wan21_t2v", num_frames=8, size=(70, 64), on_unsupported="adjust")
    used = {adjustment.field: adjustment.used for adjustment in plan.adjustments}
    assert used == {"num_frames": 9, "size": "64x64"}
    assert planned("wan22_ti2v", size=(48, 64)).violations[0].field == "size"


def test_a_picture_gives_the_shape_and_the_size_the_number_of_pixels(planned, tmp_path):
    plan = planned("wan21_i2v", image=draw(tmp_path / "tall.png", (100, 200)))
    assert (plan.native["width"], plan.native["height"]) == (432, 880)
    assert (plan.expected.width, plan.expected.height) == (432, 880)
    assert plan.native["width"] * plan.native["height"] <= 832 * 480
    plan = planned("wan21_i2v", image=draw(tmp_path / "a.png", (100, 200)), size=(64, 64))
    assert (plan.native["width"], plan.native["height"]) == (64, 64)
    assert "cut off" in plan.warnings[0]


def test_a_size_is_refused_where_the_picture_alone_decides(planned, picture):
    plan = planned("hunyuan15_i2v", image=picture, size=(64, 64))
    assert plan.violations[0].field == "size"
    assert planned("hunyuan15_i2v", image=picture).expected.width is None


def test_sizes_of_pictures():
    assert size_of_picture((1280, 720), 832 * 480) == (832, 464)
    assert size_of_picture((1, 1), 640 * 640, 32) == (640, 640)
    assert crop_box((100, 100), (832, 480)) == (0, 21, 100, 79)
    assert crop_box((200, 100), (100, 100)) == (50, 0, 150, 100)
    assert crop_box((640, 360), (1280, 720)) is None


def test_guidance_of_one_expert_is_not_taken_where_there_is_one(planned):
    options = {"diffusers": {"guidance_scale_2": 3.0}}
    assert planned("wan22_t2v", options=options).native["guidance_scale_2"] == 3.0
    plan = planned("wan21_t2v", options={"diffusers": {"stepz": 3}})
    assert "did you mean 'steps'" in plan.violations[0].message


def test_settings_are_checked():
    for wrong in ({"device": "gpu"}, {"memory": "most"}, {"steps": 0}, {"cache": "all"}):
        with pytest.raises(ConfigurationError):
            DiffusersGenerator(**wrong)


@pytest.mark.parametrize(
    ("free", "preset"), [(13_000_000_000, "high"), (11_000_000_000, "balanced"), (1, "low")]
)
def test_memory_auto_takes_as_much_as_fits(monkeypatch, free, preset):
    from ttv_diffusers.worker import levers

    class Weight:
        def __init__(self, count):
            self.count = count

        def numel(self):
            return self.count

        def element_size(self):
            return 2

    class Part:
        def __init__(self, count):
            self.count = count

        def parameters(self):
            return [Weight(self.count)]

    class Pipeline:
        def __init__(self):
            self.components = {"a": Part(1_000_000_000), "b": Part(1_400_000_000), "c": object()}

    monkeypatch.setattr(levers, "free_memory", lambda device: free)
    assert memory_preset("auto", Pipeline(), "cuda:0") == preset
    assert memory_preset("low", Pipeline(), "cuda:0") == "low"
    monkeypatch.setattr(levers, "free_memory", lambda device: None)
    assert memory_preset("auto", Pipeline(), "cpu") == "high"
