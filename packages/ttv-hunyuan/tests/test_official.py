"""The official scripts, played by stand-ins that take exactly their flags."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ttv_core import GenerationCancelledError, GenerationFailedError, InvalidInputError
from ttv_hunyuan.generator import HunyuanGenerator

T2V, I2V, NEW = "sample_video.py", "sample_image2video.py", "generate.py"
SHORT = {"num_frames": 5, "options": {"hunyuan": {"steps": 3}}}


def test_text_to_video(checkout, given, tmp_path):
    backend = checkout(T2V)
    events = []
    prompt = '-5 °C: 一只狐狸 "runs" $HOME/`ls`'
    video = backend.generate(
        prompt, size="960x544", seed=9, output=tmp_path / "v.mp4", on_event=events.append, **SHORT
    )
    folder = tmp_path / "checkout"
    said = given()
    assert Path(said.pop("save_path")).name == "videos"
    wanted = {
        "prompt": prompt,
        "video_size": [544, 960],
        "video_length": 5,
        "infer_steps": 3,
        "seed": 9,
        "neg_prompt": None,
        "cfg_scale": 1.0,
        "embedded_cfg_scale": 6.0,
        "flow_shift": 7.0,
        "flow_reverse": True,
        "use_cpu_offload": True,
        "ulysses_degree": 1,
        "ring_degree": 1,
        "model": "HYVideo-T/2-cfgdistill",
        "model_base": str(folder / "ckpts"),
        "dit_weight": str(
            folder / "ckpts/hunyuan-video-t2v-720p/transformers/mp_rank_00_model_states.pt"
        ),
        "MODEL_BASE": str(folder / "ckpts"),
        "WORLD_SIZE": "1",
    }
    assert {name: said[name] for name in wanted} == wanted
    assert (video.width, video.height, video.info.num_frames, video.seed) == (960, 544, 5, 9)
    assert video.warnings == ()
    assert [event.step for event in events if event.step] == [1, 2, 3]


def test_text_to_video_on_several_gpus(checkout, given, tmp_path):
    backend = checkout(T2V, gpus=3, memory="high")
    backend.generate("a fox", size="720x720", output=tmp_path / "v.mp4", **SHORT)
    ranks = [given(rank) for rank in range(3)]
    assert [said["RANK"] for said in ranks] == ["0", "1", "2"]
    assert {said["WORLD_SIZE"] for said in ranks} == {"3"}
    assert {(said["ulysses_degree"], said["ring_degree"]) for said in ranks} == {(3, 1)}
    assert not ranks[0]["use_cpu_offload"]


@pytest.mark.parametrize(
    ("gpus", "size", "degrees"),
    [
        (8, "1280x720", (8, 1)),
        (5, "720x1280", (1, 5)),
        (5, "720x720", (1, 5)),
        (6, "544x960", (6, 1)),
        (2, "720x720", None),
        (7, "1280x720", None),
    ],
)
def test_only_the_published_ways_to_share_a_video_are_taken(checkout, gpus, size, degrees):
    plan = checkout(T2V, gpus=gpus).plan("a fox", size=size)
    if degrees is None:
        (found,) = plan.violations
        assert found.field == "size"
        assert f"cannot be shared by {gpus} GPUs" in found.message
    else:
        flags = plan.native["flags"]
        assert (flags["--ulysses-degree"], flags["--ring-degree"]) == degrees
        assert plan.ok


def test_picture_to_video(checkout, given, picture, tmp_path):
    backend = checkout(I2V)
    video = backend.generate(
        "a fox", image=picture, resolution="540p", seed=0, output=tmp_path / "v.mp4", **SHORT
    )
    said = given()
    assert Path(said["i2v_image_path"]).name == "first_frame.png"
    wanted = {
        "model": "HYVideo-T/2",
        "i2v_mode": True,
        "i2v_resolution": "540p",
        "i2v_stability": True,
        "flow_shift": 7.0,
        "flow_reverse": True,
        "embedded_cfg_scale": 6.0,
        "seed": 0,
        "video_size": [720, 1280],
        "i2v_dit_weight": str(
            tmp_path / "checkout/ckpts/hunyuan-video-i2v-720p/transformers"
            "/mp_rank_00_model_states.pt"
        ),
    }
    assert {name: said[name] for name in wanted} == wanted
    assert (video.model, video.seed, video.warnings) == ("hunyuan-video-i2v", 0, ())
    assert [v.field for v in backend.plan("a fox", image=picture, size="64x64").violations] == [
        "size"
    ]


def test_one_point_five_from_text(checkout, given, tmp_path):
    video = checkout(NEW).generate(
        "a fox", negative_prompt="dogs", seed=4, output=tmp_path / "v.mp4", **SHORT
    )
    said = given()
    assert Path(said["output_path"]).name == "video.mp4"
    wanted = {
        "prompt": "a fox",
        "negative_prompt": "dogs",
        "resolution": "480p",
        "aspect_ratio": "16:9",
        "video_length": 5,
        "num_inference_steps": 3,
        "model_path": str(tmp_path / "checkout/ckpts"),
        "sr": False,
        "rewrite": False,
        "offloading": True,
        "cfg_distilled": False,
        "image_path": None,
        "seed": 4,
    }
    assert {name: said[name] for name in wanted} == wanted
    assert (video.width, video.height, video.warnings) == (848, 480, ())


def test_one_point_five_from_a_picture_whose_shape_decides(checkout, given, picture, tmp_path):
    backend = checkout(NEW, gpus=2)
    plan = backend.plan("a fox", image=picture, resolution="480p", **SHORT)
    assert (plan.expected.width, plan.expected.height) == (480, 848)
    video = backend.generate("a fox", image=picture, output=tmp_path / "v.mp4", **SHORT)
    assert Path(given(1)["image_path"]).name == "first_frame.png"
    assert (video.width, video.height, video.warnings) == (480, 848, ())
    assert not backend.plan("a fox", image=picture, aspect_ratio="16:9").ok


def test_step_distilled(checkout, given, picture, tmp_path):
    backend = checkout(NEW, memory="high")
    backend.generate(
        "a fox",
        model="hunyuan-video-1.5-step-distilled",
        image=picture,
        num_frames=5,
        output=tmp_path / "v.mp4",
    )
    said = given()
    assert (said["enable_step_distill"], said["num_inference_steps"]) == (True, 12)
    assert said["offloading"] is False


def test_weights_that_are_not_there_are_refused_before_the_run(checkout):
    plan = checkout(NEW).plan("a fox", model="hunyuan-video-1.5-cfg-distilled")
    assert [(v.field, "480p_t2v_distilled" in v.message) for v in plan.violations] == [
        ("model", True)
    ]


def test_the_distilled_model_is_right_only_with_all_its_steps(checkout, tmp_path):
    backend = checkout(NEW)
    (tmp_path / "checkout/ckpts/transformer/480p_t2v_distilled").mkdir()
    name = "hunyuan-video-1.5-cfg-distilled"
    assert backend.plan("a fox", model=name).ok
    plan = backend.plan("a fox", model=name, options={"hunyuan": {"steps": 8}})
    assert [v.field for v in plan.violations] == ["options.hunyuan.steps"]
    assert not backend.plan("a fox", model=name, negative_prompt="dogs").ok


@pytest.mark.parametrize("script", [T2V, NEW])
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"fps": 30}, "fps"),
        ({"audio": True}, "audio"),
        ({"n": 2}, "n"),
        ({"duration": 20}, "duration"),
        ({"num_frames": 80}, "num_frames"),
        ({"enhance_prompt": True}, "enhance_prompt"),
        ({"options": {"hunyuan": {"guidance_scale_2": 3}}}, "options.hunyuan.guidance_scale_2"),
    ],
)
def test_a_wish_without_a_flag_is_refused(checkout, script, wish, field):
    assert [v.field for v in checkout(script).plan("a fox", **wish).violations] == [field]


def test_guidance_has_no_flag_in_one_point_five(checkout):
    plan = checkout(NEW).plan("a fox", options={"hunyuan": {"guidance_scale": 3, "shift": 5}})
    assert {v.field for v in plan.violations} == {
        "options.hunyuan.guidance_scale",
        "options.hunyuan.shift",
    }
    (said,) = checkout(NEW, guidance_scale=3).plan("a fox").warnings
    assert said == "guidance_scale of the configuration is not used: the script has no flag for it"


def test_a_negative_prompt_needs_guidance_that_heeds_it(checkout, given, tmp_path):
    backend = checkout(T2V)
    for options in ({}, {"true_cfg_scale": 1}):
        plan = backend.plan("a fox", negative_prompt="dogs", options={"hunyuan": options})
        assert [v.field for v in plan.violations] == ["negative_prompt"]
        assert "true_cfg_scale" in plan.violations[0].message
    backend.generate(
        "a fox",
        negative_prompt="-dogs",
        num_frames=5,
        size="720x720",
        options={"hunyuan": {"true_cfg_scale": 6, "steps": 2}},
        output=tmp_path / "v.mp4",
    )
    assert (given()["neg_prompt"], given()["cfg_scale"]) == ("-dogs", 6.0)


def test_a_prompt_that_would_make_an_impossible_file_name_is_refused_at_once(checkout, tmp_path):
    backend = checkout(T2V)
    (found,) = backend.plan("狐" * 100, seed=1).violations
    assert found.field == "prompt"
    assert "300 bytes" in found.message
    longest = "狐" * 75
    assert not backend.plan(longest + "/" + "x" * 24).ok
    prompt = "狐" * 70
    video = backend.generate(prompt, size="720x720", output=tmp_path / "v.mp4", **SHORT)
    assert video.info.num_frames == 5


def test_one_point_five_names_its_file_as_it_is_told(checkout):
    assert checkout(NEW).plan("狐" * 500).ok


def test_weights_may_be_elsewhere(checkout, given, tmp_path):
    weights = tmp_path / "weights"
    weights.mkdir()
    backend = checkout(T2V, ckpt_path=weights)
    backend.generate("a fox", size="720x720", output=tmp_path / "v.mp4", **SHORT)
    assert given()["model_base"] == given()["MODEL_BASE"] == str(weights)
    assert given()["dit_weight"].startswith(str(weights))
    file = checkout(T2V, ckpt_path=tmp_path / "fp8.pt").plan("a fox").native["flags"]
    assert file["--dit-weight"] == str(tmp_path / "fp8.pt")
    assert file["--model-base"] == str(tmp_path / "checkout" / "ckpts")


def test_ending_well_without_a_video(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STANDIN", "no file")
    with pytest.raises(GenerationFailedError, match="has not left a video") as caught:
        checkout(T2V).generate("a fox", size="720x720", output=tmp_path / "v.mp4", **SHORT)
    assert caught.value.code == "no_file"
    assert not list(tmp_path.glob("*.mp4"))


def test_a_crash_after_progress(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STANDIN", "crash")
    events = []
    with pytest.raises(GenerationFailedError, match=r"Tried to allocate 20\.00 GiB"):
        checkout(NEW).generate("a fox", output=tmp_path / "v.mp4", on_event=events.append, **SHORT)
    assert [event.step for event in events if event.step] == [1]
    assert not list(tmp_path.glob("*.mp4"))


def ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_cancelling_ends_the_script_and_what_it_started(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STANDIN", "hang")
    backend = checkout(NEW, gpus=2)
    begun = threading.Event()
    job = backend.start(
        "a fox", output=tmp_path / "v.mp4", on_event=lambda e: e.step and begun.set(), **SHORT
    )
    assert begun.wait(60)
    noted = tmp_path / "checkout" / "pids"
    while not noted.exists() or not noted.read_text():
        os.sched_yield()
    pids = noted.read_text().split()
    job.cancel()
    with pytest.raises(GenerationCancelledError):
        job.wait(60)
    assert all(ended(pid) for pid in pids)
    assert not list(tmp_path.glob("*.mp4"))


def test_what_is_no_checkout_is_said_to_be_none(tmp_path):
    backend = HunyuanGenerator(hunyuan_dir=tmp_path)
    found = backend.availability()
    assert not found.ok
    assert f"backends.hunyuan.hunyuan_dir is {tmp_path}, which has no generate.py" in found.reasons
    with pytest.raises((InvalidInputError, GenerationFailedError)):
        backend.generate("a fox", output=tmp_path / "v.mp4", num_frames=5)


def test_the_script_says_what_can_be_made(checkout):
    assert [m.id for m in checkout(T2V).capabilities.models] == ["hunyuan-video"]
    (tmp,) = {checkout(T2V).settings.hunyuan_dir}
    (tmp / T2V).unlink()
    assert [m.id for m in checkout(I2V).capabilities.models] == ["hunyuan-video-i2v"]
    (tmp / I2V).unlink()
    assert [m.id for m in checkout(NEW).capabilities.models] == [
        "hunyuan-video-1.5",
        "hunyuan-video-1.5-cfg-distilled",
        "hunyuan-video-1.5-step-distilled",
    ]
