"""Tiny pipelines through the backend: the frames are those of a bare call of diffusers."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from PIL import Image

from ttv_core import GenerationCancelledError, InvalidInputError
from ttv_diffusers.testing import rewrite
from ttv_hunyuan.generator import HunyuanGenerator

STEPS = 2
MODELS = {
    "hunyuan_t2v": "hunyuan-video",
    "hunyuan_i2v": "hunyuan-video-i2v",
    "hunyuan15_t2v": "hunyuan-video-1.5",
    "hunyuan15_i2v": "hunyuan-video-1.5-i2v",
}


def backend(folder, **settings):
    return HunyuanGenerator(
        model_dir=folder, device="cpu", threads=1, **{"steps": STEPS} | settings
    )


def bare(folder, **arguments):
    """Call a pipeline of diffusers and nothing else."""
    import torch
    from diffusers import DiffusionPipeline

    torch.set_num_threads(1)
    pipeline = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    video = pipeline(
        **arguments,
        num_frames=5,
        num_inference_steps=STEPS,
        generator=torch.Generator().manual_seed(1),
        output_type="np",
    ).frames[0]
    return (np.asarray(video) * 255).round().astype(np.uint8)


def read_picture(path):
    with Image.open(path) as found:
        return np.asarray(found.convert("RGB"))


@pytest.mark.parametrize("name", MODELS)
def test_frames_are_those_of_a_bare_call(name, pipelines, pictured, seen, tmp_path):
    folder = pipelines(name)
    asked, wanted = {"size": (64, 48)}, {"width": 64, "height": 48}
    if name.endswith("i2v"):
        asked["image"] = pictured(64, 48)
        wanted["image"] = Image.fromarray(read_picture(asked["image"]))
    if name == "hunyuan15_i2v":  # the picture decides its size
        del asked["size"], wanted["width"], wanted["height"]
    events = []
    video = backend(folder).generate(
        "a red fox",
        num_frames=5,
        seed=1,
        output=tmp_path / "v.mp4",
        on_event=events.append,
        **asked,
    )
    guidance = {"hunyuan_t2v": {"guidance_scale": 6.0}, "hunyuan_i2v": {"guidance_scale": 1.0}}
    frames = bare(folder, prompt="a red fox", **wanted, **guidance.get(name, {}))
    assert np.array_equal(np.stack(seen[0]), frames)
    assert (video.model, video.seed, video.info.num_frames) == (MODELS[name], 1, 5)
    assert (video.height, video.width) == frames.shape[1:3]
    assert [event.step for event in events if event.step] == [1, 2]
    assert video.warnings == ()


def test_the_same_seed_gives_the_same_frames_and_another_does_not(pipelines, seen, tmp_path):
    made = backend(pipelines("hunyuan_t2v"), seed=5)
    for number, seed in enumerate((None, 5, 6)):
        asked = {} if seed is None else {"seed": seed}
        made.generate(
            "a fox", num_frames=5, size=(64, 48), output=tmp_path / f"{number}.mp4", **asked
        )
    assert np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[1], seen[2])


def test_the_size_of_a_video_from_a_picture_is_told_before(pipelines, picture):
    made = backend(pipelines("hunyuan15_i2v"))
    plan = made.plan("a fox", image=picture, num_frames=5)
    assert plan.ok
    assert (plan.expected.width, plan.expected.height) == (48, 80)
    refused = made.plan("a fox", image=picture, size=(64, 64))
    assert [v.field for v in refused.violations] == ["size"]
    assert "picture alone decides" in refused.violations[0].message
    adjusted = made.plan("a fox", image=picture, size=(64, 64), on_unsupported="adjust")
    assert [(a.field, a.used) for a in adjusted.adjustments] == [("size", "48x80")]


def test_a_negative_prompt_is_heeded_or_refused(pipelines, seen, tmp_path):
    made = backend(pipelines("hunyuan_t2v"))
    (found,) = made.plan("a fox", negative_prompt="dogs").violations
    assert (found.field, "true_cfg_scale" in found.message) == ("negative_prompt", True)
    asked = {"num_frames": 5, "size": (64, 48), "seed": 1, "options": {"hunyuan": {}}}
    for number, negative in enumerate(("dogs", "a fox")):
        asked["options"]["hunyuan"]["true_cfg_scale"] = 6
        made.generate("a fox", negative_prompt=negative, output=tmp_path / f"{number}.mp4", **asked)
    assert not np.array_equal(seen[0], seen[1])
    wanted = bare(
        pipelines("hunyuan_t2v"),
        prompt="a fox",
        negative_prompt="dogs",
        true_cfg_scale=6.0,
        guidance_scale=6.0,
        width=64,
        height=48,
    )
    assert np.array_equal(np.stack(seen[0]), wanted)


def test_one_point_five_heeds_a_negative_prompt_by_itself(pipelines):
    made = backend(pipelines("hunyuan15_t2v"))
    assert made.plan("a fox", negative_prompt="dogs").ok
    plan = made.plan("a fox", options={"hunyuan": {"true_cfg_scale": 6}})
    assert [v.field for v in plan.violations] == ["options.hunyuan.true_cfg_scale"]


def test_the_guidance_of_one_video_is_not_the_next_one_s(pipelines, seen, tmp_path):
    made = backend(pipelines("hunyuan15_t2v"))
    for number, options in enumerate(({}, {"guidance_scale": 3.0}, {})):
        made.generate(
            "a fox",
            num_frames=5,
            size=(64, 48),
            seed=1,
            options={"hunyuan": options},
            output=tmp_path / f"{number}.mp4",
        )
    assert not np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[0], seen[2])


def test_cancelling_within_a_step(pipelines, tmp_path):
    made = backend(pipelines("hunyuan15_t2v"), steps=500)
    begun, go_on = threading.Event(), threading.Event()
    job = made.start(
        "a fox",
        num_frames=5,
        size=(64, 48),
        output=tmp_path / "v.mp4",
        on_event=lambda event: event.step and (begun.set(), go_on.wait(60)),
    )
    assert begun.wait(60)
    job.cancel()
    go_on.set()
    with pytest.raises(GenerationCancelledError):
        job.wait(60)
    assert not list(tmp_path.iterdir())
    video = made.generate(
        "a fox",
        num_frames=5,
        size=(64, 48),
        options={"hunyuan": {"steps": 2}},
        output=tmp_path / "w.mp4",
    )
    assert video.info.num_frames == 5


@pytest.mark.parametrize(
    ("wish", "used"),
    [({"num_frames": 8}, 9), ({"num_frames": 6}, 5), ({"duration": 0.3}, 9)],
)
def test_frames_are_never_floored_in_silence(pipelines, wish, used):
    made = backend(pipelines("hunyuan_t2v"))
    plan = made.plan("a fox", on_unsupported="adjust", **wish)
    assert plan.native["num_frames"] == used
    assert plan.adjustments or plan.warnings


def test_wrong_checkpoints_are_refused_in_the_plan(pipelines, tmp_path):
    wan = backend(pipelines("wan21_t2v"))
    (found,) = wan.plan("a fox").violations
    assert "is a WanPipeline" in found.message
    assert not wan.availability().ok

    official = tmp_path / "ckpts"
    (official / "hunyuan-video-t2v-720p").mkdir(parents=True)
    (found,) = backend(official).plan("a fox").violations
    assert "engine: official" in found.message

    torn = tmp_path / "torn"
    shutil.copytree(pipelines("hunyuan_t2v"), torn)
    weights = torn / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InvalidInputError, match="header"):
        backend(torn).generate("a fox", output=tmp_path / "v.mp4")


def test_720p_is_known_by_its_transformer(pipelines, tmp_path):
    folder = tmp_path / "720p"
    shutil.copytree(pipelines("hunyuan15_t2v"), folder)
    rewrite(folder / "transformer" / "config.json", target_size=960)
    plan = backend(folder).plan("a fox")
    assert (plan.model, plan.native["width"], plan.native["height"]) == (
        "hunyuan-video-1.5-720p",
        1280,
        720,
    )
