"""Every Wan through the public API: the frames are those of a bare call of diffusers."""

from __future__ import annotations

import numpy as np
import pytest

import ttv_core
from ttv_core.media import frames

# What generate.py of the official repositories takes for each task, at 480p and below.
OFFICIAL = {
    "wan21_t2v": ("wan2.1-t2v-14b", {"guidance_scale": 5.0}, 5.0, 16),
    "wan21_i2v": ("wan2.1-i2v-14b", {"guidance_scale": 5.0}, 3.0, 16),
    "wan21_flf2v": ("wan2.1-flf2v-14b", {"guidance_scale": 5.0}, 16.0, 16),
    "wan22_t2v": ("wan2.2-t2v-a14b", {"guidance_scale": 4.0, "guidance_scale_2": 3.0}, 12.0, 16),
    "wan22_i2v": ("wan2.2-i2v-a14b", {"guidance_scale": 3.5, "guidance_scale_2": 3.5}, 5.0, 16),
    "wan22_ti2v": ("wan2.2-ti2v-5b", {"guidance_scale": 5.0}, 5.0, 24),
}
PICTURES = {
    "wan21_i2v": ("image",),
    "wan21_flf2v": ("image", "last_image"),
    "wan22_i2v": ("image",),
}


def bare(folder, *, shift, **call):
    import torch
    from diffusers import DiffusionPipeline

    torch.set_num_threads(1)
    pipeline = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config, flow_shift=shift)
    pipeline.scheduler = scheduler
    generator = torch.Generator().manual_seed(1)
    usual = {"prompt": "a red fox", "width": 64, "height": 64, "num_frames": 5}
    usual |= {"num_inference_steps": 2, "generator": generator, "output_type": "np"}
    return (pipeline(**(usual | call)).frames[0] * 255).round().astype(np.uint8)


@pytest.mark.parametrize("name", OFFICIAL)
def test_frames_are_those_of_a_bare_call(name, wans, picture, seen, tmp_path):
    from PIL import Image

    model, guidance, shift, fps = OFFICIAL[name]
    roles = PICTURES.get(name, ())
    config = {"backends": {"wan": {"model_dir": str(wans(name)), "device": "cpu", "threads": 1}}}
    video = ttv_core.generate(
        "a red fox",
        backend="wan",
        config=config,
        num_frames=5,
        size=(64, 64),
        seed=1,
        options={"wan": {"steps": 2}},
        output=tmp_path / "fox.mp4",
        **dict.fromkeys(roles, picture),
    )
    pictures = {role: Image.open(picture) for role in roles}
    wanted = bare(wans(name), shift=shift, **guidance, **pictures)
    assert np.array_equal(np.stack(seen[0]), wanted)
    assert (video.backend, video.model, video.fps, video.seed) == ("wan", model, fps, 1)
    assert (video.info.num_frames, video.width, video.warnings) == (5, 64, ())
    back = np.stack(list(frames(video.path))).astype(float)
    assert 10 * np.log10(255**2 / np.mean((back - wanted) ** 2)) > 35


def test_a_picture_and_a_last_one_with_the_experts(wans, picture, seen, tmp_path):
    for last in ({}, {"last_image": picture}):
        ttv_core.generate(
            "a red fox",
            backend="wan2.1",
            config={"backends": {"wan": {"model_dir": str(wans("wan22_i2v")), "device": "cpu"}}},
            image=picture,
            num_frames=5,
            size=(64, 64),
            seed=1,
            options={"wan": {"steps": 1}},
            output=tmp_path / f"{len(last)}.mp4",
            **last,
        )
    assert not np.array_equal(seen[0], seen[1])


def test_the_process_that_asks_imports_no_torch(wans, tmp_path):
    import subprocess
    import sys

    config = tmp_path / "ttv.yaml"
    config.write_text(
        f"backends:\n  wan:\n    model_dir: {wans('wan21_t2v')}\n    device: cpu\n    steps: 1\n"
    )
    code = (
        "import sys, ttv_core\n"
        "video = ttv_core.generate('a fox', backend='wan', config=sys.argv[1], num_frames=5,\n"
        "    size='64x64', seed=3, output=sys.argv[2])\n"
        "assert 'torch' not in sys.modules\n"
    )
    made = [sys.executable, "-c", code, str(config), str(tmp_path / "fox.mp4")]
    subprocess.run(made, check=True)
    assert len(list(frames(tmp_path / "fox.mp4"))) == 5
