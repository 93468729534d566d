"""The official scripts, played by stand-ins that take exactly their flags."""

from __future__ import annotations

from pathlib import Path

import pytest

import ttv_core
from ttv_core import ConfigurationError, GenerationFailedError
from ttv_wan.generator import WanGenerator
from ttv_wan.tasks import TASKS, model_of, version_of

SHORT = {"num_frames": 5, "options": {"wan": {"steps": 2}}}


def test_text_to_video_with_2_1(wan, given, tmp_path):
    backend = wan("wan2.1-t2v-1.3b")
    prompt = '-5 °C: 一只狐狸 "runs" $HOME'
    events = []
    video = backend.generate(
        prompt, seed=0, output=tmp_path / "v.mp4", on_event=events.append, **SHORT
    )
    said = given()
    assert Path(said["save_file"]).name == "video.mp4"
    wanted = {
        "task": "t2v-1.3B",
        "size": "832*480",
        "frame_num": 5,
        "ckpt_dir": str(tmp_path / "weights" / "wan2.1-t2v-1.3b"),
        "offload_model": True,
        "t5_cpu": True,
        "ulysses_size": 1,
        "ring_size": 1,
        "dit_fsdp": False,
        "prompt": prompt,
        "base_seed": 0,
        "sample_steps": 2,
        "sample_shift": 8.0,
        "sample_guide_scale": 6.0,
        "world": 1,
    }
    assert {name: said[name] for name in wanted} == wanted
    assert (video.width, video.height, video.fps, video.info.num_frames) == (832, 480, 16, 5)
    assert (video.seed, video.warnings) == (0, ())
    assert [event.step for event in events if event.step] == [1, 2]


@pytest.mark.parametrize(
    ("gpus", "sharing"),
    [(2, (2, 1)), (4, (4, 1)), (8, (4, 2)), (3, (3, 1)), (5, (1, 5))],
)
def test_heads_are_shared_evenly_among_gpus(wan, gpus, sharing):
    flags = wan("wan2.1-t2v-1.3b", gpus=gpus).plan("a fox").native["flags"]
    assert (flags["--ulysses_size"], flags.get("--ring_size", 1)) == sharing
    assert (flags["--dit_fsdp"], flags["--t5_fsdp"]) == (True, True)
    assert "--offload_model" not in flags


def test_several_ranks_run_with_what_they_all_agree_on(wan, given, tmp_path):
    backend = wan("wan2.1-t2v-1.3b", gpu_count=8, total_gpus=8, chaining_use_fsdp_flags=False)
    backend.generate("a fox", output=tmp_path / "v.mp4", **SHORT)
    said = [given(rank=rank) for rank in range(8)]
    assert {each["world"] for each in said} == {8}
    assert {(each["ulysses_size"], each["ring_size"]) for each in said} == {(4, 2)}
    assert not any(each["dit_fsdp"] for each in said)


def test_gpus_that_cannot_share_a_video_are_refused(wan):
    (found,) = wan("wan2.2-ti2v-5b", gpus=5).plan("a fox").violations
    assert "5 GPUs cannot share the 24 heads" in found.message
    (found,) = wan("wan2.1-t2v-14b", gpu_count=8, total_gpus=4).plan("a fox").violations
    assert "total_gpus is 4" in found.message


def test_a_picture_to_video_with_2_1(wan, given, picture, tmp_path):
    backend = wan("wan2.1-i2v-14b", memory="low")
    asked = {"image": picture, "resolution": "480p"}
    plan = backend.plan("a fox", **asked, **SHORT)
    assert (plan.expected.width, plan.expected.height) == (832, 464)
    video = backend.generate("a fox", output=tmp_path / "v.mp4", **asked, **SHORT)
    said = given()
    assert Path(said["image"]).name == "first_frame.png"
    assert (said["task"], said["size"], said["sample_shift"]) == ("i2v-14B", "832*480", 3.0)
    assert (said["t5_cpu"], said["offload_model"]) == (True, True)
    assert video.warnings == ("height is 480, planned 464",)  # a stand-in knows no shapes
    large = backend.plan("a fox", image=picture, resolution="720p").native["flags"]
    assert (large["--size"], large["--sample_shift"]) == ("1280*720", 5.0)
    (found,) = backend.plan("a fox", image=picture, size="480x832").violations
    assert (found.field, "shape of the picture" in found.message) == ("size", True)


def test_first_to_last_picture_with_2_1(wan, given, picture, tmp_path):
    wan("wan2.1-flf2v-14b").generate(
        "一只狐狸", image=picture, last_image=picture, output=tmp_path / "v.mp4", **SHORT
    )
    said = given()
    names = [Path(said[name]).name for name in ("first_frame", "last_frame")]
    assert names == ["first_frame.png", "last_frame.png"]
    assert (said["task"], said["sample_shift"], said["image"]) == ("flf2v-14B", 16.0, None)


@pytest.mark.parametrize(
    ("model", "task", "size", "frames", "fps"),
    [
        ("wan2.2-t2v-a14b", "t2v-A14B", "1280*720", 81, 16),
        ("wan2.2-ti2v-5b", "ti2v-5B", "1280*704", 121, 24),
    ],
)
def test_text_to_video_with_2_2(wan, given, tmp_path, model, task, size, frames, fps):
    backend = wan(model)
    assert backend.plan("a fox").native["flags"]["--frame_num"] == frames
    video = backend.generate("a fox", output=tmp_path / "v.mp4", **SHORT)
    said = given("2.2")
    assert (said["task"], said["size"], said["convert_model_dtype"]) == (task, size, True)
    usual = None if model.endswith("a14b") else 5.0  # both experts have their own
    assert said["sample_guide_scale"] == usual
    assert (video.fps, video.warnings) == (fps, ())
    assert video.model == model


def test_pictures_with_2_2(wan, given, picture, tmp_path):
    backend = wan("wan2.2-ti2v-5b")
    video = backend.generate("a fox", image=picture, output=tmp_path / "v.mp4", **SHORT)
    assert Path(given("2.2")["image"]).name == "first_frame.png"
    assert video.warnings == ()
    plan = wan("wan2.2-i2v-a14b").plan("a fox", image=picture, last_image=picture)
    assert [(v.field, v.code) for v in plan.violations] == [("inputs", "unsupported")]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"negative_prompt": "dogs"}, "negative_prompt"),
        ({"size": "1024x576"}, "size"),
        ({"size": "720x480"}, "size"),
        ({"num_frames": 80}, "num_frames"),
        ({"fps": 24}, "fps"),
        ({"audio": True}, "audio"),
        ({"options": {"wan": {"guidance_scale_2": 3}}}, "options.wan.guidance_scale_2"),
    ],
)
def test_a_wish_without_a_flag_is_refused(wan, wish, field):
    assert [v.field for v in wan("wan2.1-t2v-1.3b").plan("a fox", **wish).violations] == [field]


def test_an_older_configuration_is_taken_as_it_is(checkout, weights, picture):
    config = {
        "wan2_dir": str(checkout("2.1")),
        "i2v_model_dir": str(weights("wan2.1-i2v-14b")),
        "flf2v_model_dir": str(weights("wan2.1-flf2v-14b")),
        "total_gpus": 4,
        "gpu_count": 2,
        "size": "832*480",
        "sample_steps": 30,
        "sample_shift": 4.0,
        "guide_scale": 4.5,
        "frame_num": 49,
        "chaining_max_retries": 1,
        "chaining_use_fsdp_flags": True,
    }
    made = ttv_core.create_video_generator(config, "wan", fallback_backends=())
    plan = made.plan("a fox", image=picture)
    wanted = {
        "--task": "i2v-14B",
        "--size": "832*480",
        "--frame_num": 49,
        "--sample_steps": 30,
        "--sample_shift": 4.0,
        "--sample_guide_scale": 4.5,
        "--ulysses_size": 2,
        "--dit_fsdp": True,
    }
    flags = plan.native["flags"]
    assert {name: flags[name] for name in wanted} == wanted
    assert (plan.warnings, plan.native["gpus"]) == ((), 2)
    assert made.repository.retries == 1
    both = made.plan("a fox", image=picture, last_image=picture, model="wan2.1-flf2v-14b")
    assert both.native["flags"]["--ckpt_dir"] == config["flf2v_model_dir"]


def test_a_run_that_failed_is_made_again_as_often_as_is_set(wan, given, tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STANDIN", "fail once")
    events = []
    backend = wan("wan2.1-t2v-1.3b", chaining_max_retries=2)
    video = backend.generate("a fox", output=tmp_path / "v.mp4", on_event=events.append, **SHORT)
    first, second = given(run=0), given(run=1)
    assert first == second
    assert video.info.num_frames == 5
    assert any("run 2 of 3" in event.message for event in events)
    with pytest.raises(FileNotFoundError):
        given(run=2)


def test_it_is_not_made_again_unless_that_is_set(wan, given, tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STANDIN", "fail")
    with pytest.raises(GenerationFailedError, match="NCCL communicator was aborted"):
        wan("wan2.1-t2v-1.3b").generate("a fox", output=tmp_path / "v.mp4", **SHORT)
    with pytest.raises(FileNotFoundError):
        given(run=1)


def test_what_the_script_refuses_is_not_made_again(wan, checkout, tmp_path):
    backend = wan("wan2.1-t2v-1.3b", chaining_max_retries=3)
    script = checkout("2.1") / "generate.py"
    script.write_text("import sys\nopen('runs.txt', 'a').write('x')\nsys.exit(2)\n")
    with pytest.raises(GenerationFailedError) as caught:
        backend.generate("a fox", output=tmp_path / "v.mp4", **SHORT)
    assert caught.value.code == "usage"
    assert (script.parent / "runs.txt").read_text() == "x"


def test_ending_well_without_a_video_quotes_what_the_script_said(wan, tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STANDIN", "no codec")
    with pytest.raises(GenerationFailedError, match="cache_video failed, error: no codec"):
        wan("wan2.1-t2v-1.3b").generate("a fox", output=tmp_path / "v.mp4", **SHORT)


def test_weights_of_the_other_version_are_refused(checkout, weights):
    made = WanGenerator(wan2_dir=checkout("2.2"), model_dir=weights("wan2.1-t2v-14b"))
    (found,) = made.plan("a fox").violations
    assert found.field == "model"
    assert "holds weights of Wan 2.1" in found.message
    assert any("holds weights of Wan 2.1" in reason for reason in made.availability().reasons)


def test_missing_weights_are_named(checkout, weights, tmp_path):
    folder = weights("wan2.1-t2v-14b")
    (folder / "Wan2.1_VAE.pth").unlink()
    made = WanGenerator(wan2_dir=checkout("2.1"), model_dir=folder)
    assert f"the weights {folder / 'Wan2.1_VAE.pth'} are not there" in made.availability().reasons
    none = WanGenerator(wan2_dir=checkout("2.1"))
    assert not none.plan("a fox").ok
    assert any("no weights in the layout" in reason for reason in none.availability().reasons)


def test_weights_of_diffusers_win_unless_told_otherwise(checkout, weights, tmp_path):
    folder = checkout("2.1")
    assert WanGenerator(wan2_dir=folder, model_dir=weights("wan2.1-t2v-14b")).repository
    assert WanGenerator(wan2_dir=folder, engine="diffusers").repository is None
    assert WanGenerator().repository is None
    with pytest.raises(ConfigurationError, match="needs wan2_dir"):
        WanGenerator(engine="official")


@pytest.mark.parametrize("model", TASKS)
def test_official_weights_are_known_by_their_json(weights, model):
    assert model_of(weights(model)) == model


def test_what_is_no_weights_is_none(tmp_path):
    assert model_of(tmp_path) is None
    (tmp_path / "config.json").write_text("[1]")
    assert model_of(tmp_path) is None
    assert version_of(tmp_path) is None
