"""What comes out is what a bare call of diffusers makes, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from ttv_core.media import frames
from ttv_diffusers.testing import NAMES

SIZE = {"width": 64, "height": 64}
PICTURES = {
    "wan21_i2v": ("image",),
    "wan21_flf2v": ("image", "last_image"),
    "wan22_i2v": ("image",),
    "hunyuan_i2v": ("image",),
    "hunyuan15_i2v": ("image",),
}
GUIDANCE = {"hunyuan_t2v": 6.0, "hunyuan_i2v": 1.0}


@pytest.mark.parametrize("name", NAMES)
def test_frames_are_those_of_a_bare_call(name, pipelines, picture, bare, seen, make):
    from PIL import Image

    roles = PICTURES.get(name, ())
    asked = dict.fromkeys(roles, picture)
    if name == "hunyuan15_i2v":  # the picture alone decides the size
        asked["size"] = None
    video = make(name, **asked)
    call = {role: Image.open(picture) for role in roles}
    if name != "hunyuan15_i2v":
        call |= SIZE
    if not name.startswith("hunyuan15"):  # its guidance is a part of its own
        call["guidance_scale"] = GUIDANCE.get(name, 5.0)
    wanted = bare(pipelines(name), **call)
    assert np.array_equal(np.stack(seen[0]), wanted)
    assert np.ptp(wanted) > 10
    assert (video.info.num_frames, video.width, video.height, video.seed) == (5, 64, 64, 1)
    assert video.warnings == ()
    back = np.stack(list(frames(video.path))).astype(float)
    assert 10 * np.log10(255**2 / np.mean((back - wanted) ** 2)) > 35


def test_a_checkpoint_for_both_runs_from_a_picture_too(pipelines, picture, bare, seen, make):
    from diffusers import WanImageToVideoPipeline
    from PIL import Image

    make("wan22_ti2v")
    make("wan22_ti2v", image=picture, overwrite=True)
    wanted = bare(
        pipelines("wan22_ti2v"), WanImageToVideoPipeline, image=Image.open(picture), **SIZE
    )
    assert np.array_equal(np.stack(seen[1]), wanted)


def test_the_same_seed_is_the_same_video_and_another_is_not(seen, make):
    for seed in (5, 5, 6):
        make("wan22_t2v", seed=seed, overwrite=True)
    assert np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


def test_a_seed_that_nobody_chose_is_told_and_makes_the_same_video(seen, make):
    first = make("wan21_t2v", seed=None)
    assert first.seed is not None
    make("wan21_t2v", seed=first.seed, overwrite=True)
    assert np.array_equal(seen[0], seen[1])


def test_a_shift_holds_for_its_own_video_only(seen, make):
    for shift in (None, 9.0, None):
        options = {"diffusers": {"shift": shift}}
        make("wan21_t2v", options=options, overwrite=True)
    assert np.array_equal(seen[0], seen[2])
    assert not np.array_equal(seen[0], seen[1])


def test_a_picture_of_another_shape_is_cut_and_not_stretched(tmp_path, pipelines, bare, seen, make):
    from PIL import Image, ImageDraw

    wide = Image.new("RGB", (128, 64))
    ImageDraw.Draw(wide).rectangle((32, 0, 95, 63), fill=(200, 60, 40))
    wide.save(tmp_path / "wide.png")
    video = make("wan22_i2v", image=tmp_path / "wide.png")
    assert "cut off" in video.warnings[0]
    middle = wide.crop((32, 0, 96, 64))
    wanted = bare(pipelines("wan22_i2v"), image=middle, **SIZE)
    assert np.array_equal(np.stack(seen[0]), wanted)


def test_what_was_measured_is_in_the_result(make):
    timings = make("wan21_t2v").timings
    assert {"load", "denoise", "decode", "seconds_per_step", "peak_memory_mb"} <= timings.keys()
    assert timings["peak_memory_mb"] > 100


def test_frames_that_are_no_numbers_are_an_error(copied, make, tmp_path):
    from safetensors.torch import load_file, save_file

    from ttv_core import GenerationFailedError

    folder = copied("wan21_t2v")
    file = folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    save_file({name: weight * float("nan") for name, weight in weights.items()}, file)
    with pytest.raises(GenerationFailedError) as caught:
        make("wan21_t2v", settings={"model_dir": folder})
    assert caught.value.code == "not_finite"
    assert "dtype" in caught.value.remedy
    assert not list(tmp_path.glob("*.mp4*"))
