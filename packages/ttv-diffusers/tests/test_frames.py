"""What comes out is what a bare call of diffusers makes, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from ttv_diffusers import DiffusersGenerator
from ttv_diffusers.testing import NAMES

STEPS = 2
PICTURES = {
    "wan21_i2v": ("image",),
    "wan21_flf2v": ("image", "last_image"),
    "wan22_i2v": ("image",),
    "hunyuan_i2v": ("image",),
}
WITH_SIZE = [name for name in NAMES if not name.startswith("hunyuan15")]


def make(folder, tmp_path, **asked):
    generator = DiffusersGenerator(model_dir=folder, device="cpu", threads=1, steps=STEPS)
    asked = {"num_frames": 5, "size": (64, 64), "seed": 1} | asked
    return generator.generate("a red fox", output=tmp_path / "fox.mp4", **asked)


@pytest.mark.parametrize("name", WITH_SIZE)
def test_frames_are_those_of_a_bare_call(name, pipelines, picture, bare, seen, tmp_path):
    from PIL import Image

    roles = PICTURES.get(name, ())
    video = make(pipelines(name), tmp_path, **dict.fromkeys(roles, picture))
    guidance = video_guidance(name)
    wanted = bare(
        pipelines(name),
        prompt="a red fox",
        width=64,
        height=64,
        num_frames=5,
        num_inference_steps=STEPS,
        **guidance,
        **{role: Image.open(picture) for role in roles},
    )
    assert np.array_equal(np.stack(seen[0]), wanted)
    assert (video.info.num_frames, video.width, video.height, video.seed) == (5, 64, 64, 1)
    assert video.warnings == ()


def video_guidance(name):
    return {"guidance_scale": {"hunyuan_t2v": 6.0, "hunyuan_i2v": 1.0}.get(name, 5.0)}
