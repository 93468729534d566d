"""Two processes share a video, and it is the one that a single process makes."""

from __future__ import annotations

import contextlib
import sys
import types
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from ttv_core import BackendUnavailableError, GenerationCancelledError, InvalidInputError
from ttv_diffusers import DiffusersGenerator, process
from ttv_diffusers.desk import desk_of
from ttv_diffusers.worker.parallel import split

# On the CPU torch counts no accelerators, and diffusers divides by their number.
PATCHED = """
import sys, torch
torch.accelerator.device_count = lambda: 2
from ttv_diffusers.worker.__main__ import main
main(int(sys.argv[1]))
"""


@pytest.fixture
def two(monkeypatch):
    """Have workers of two processes; the patch is for this test only."""
    desk_of("cpu").let_go()
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", PATCHED))
    yield {"gpus": 2}
    desk_of("cpu").let_go()


def environments(pid):
    """Return what a worker and the processes that it has started have of the environment."""
    found = [Path(f"/proc/{pid}/environ").read_bytes()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended
            for child in (task / "children").read_text().split():
                found += environments(child)
    return found


def test_two_processes_make_the_video_that_one_makes(
    two, pipelines, bare, make, seen, tmp_path, monkeypatch
):
    monkeypatch.setenv("ACME_API_KEY", "canary")
    make("wan22_t2v", settings=two, output=tmp_path / "first.mp4")
    if sys.platform == "linux":
        both = environments(desk_of("cpu").pid)
        assert len(both) == 2
        assert b"canary" not in b"".join(both)
    wanted = bare(pipelines("wan22_t2v"), width=64, height=64)
    assert np.array_equal(np.stack(seen[0]), wanted)
    pid = desk_of("cpu").pid
    generator = DiffusersGenerator(
        model_dir=pipelines("wan22_t2v"), device="cpu", threads=1, steps=300, **two
    )
    known = Future()
    job = generator.start(
        "a red fox",
        size=(64, 64),
        num_frames=5,
        output=tmp_path / "stopped.mp4",
        on_event=lambda event: event.step == 2 and known.result(60).cancel(),
    )
    known.set_result(job)
    with pytest.raises(GenerationCancelledError):
        job.wait(60)
    make("wan22_t2v", settings=two, output=tmp_path / "again.mp4")
    assert np.array_equal(np.stack(seen[-1]), wanted)
    assert desk_of("cpu").pid == pid  # both stopped at the same step, and went on


def test_what_cannot_be_shared_is_said():
    config = types.SimpleNamespace(num_attention_heads=3)
    for plan, word in (({}, "3 heads"), (None, "cannot be split")):
        part = types.SimpleNamespace(config=config, _cp_plan=plan)
        with pytest.raises(BackendUnavailableError, match=word):
            split(part, 2)


def test_gpus_that_cannot_share_a_models_heads_are_told(pipelines, monkeypatch):
    from ttv_diffusers import desk, readiness

    monkeypatch.setattr(desk, "has_gpu", lambda: True)
    monkeypatch.setattr(readiness, "gpu_memory", lambda place: None)
    folder = pipelines("wan21_t2v")  # two heads
    told = DiffusersGenerator(model_dir=folder, device="cuda", gpus=3).availability()
    assert "2 heads" in told.reasons[0]
    refused = DiffusersGenerator(model_dir=folder, device="cuda", gpus=3).plan("a fox")
    assert "2 heads" in refused.violations[0].message
    assert DiffusersGenerator(model_dir=folder, device="cuda", gpus=2).availability().ok


@pytest.mark.parametrize("name", ["hunyuan_t2v", "hunyuan15_t2v"])
def test_models_that_cannot_be_split_are_told_before_anything_is_loaded(
    name, pipelines, monkeypatch
):
    from ttv_diffusers import desk, readiness

    monkeypatch.setattr(desk, "has_gpu", lambda: True)
    monkeypatch.setattr(readiness, "gpu_memory", lambda place: None)
    generator = DiffusersGenerator(model_dir=pipelines(name), device="cuda", gpus=2)
    found = generator.plan("a fox").violations[0]
    assert found.field == "model"
    assert "over several GPUs" in found.message
    assert generator.availability().reasons == (found.message,)


def test_a_video_whose_tokens_cannot_be_shared_evenly_is_refused_with_what_can(pipelines):
    """64x64 is 4x4 patches of 16 pixels, and 5 frames are 2 latents."""
    folder = pipelines("wan21_t2v")
    generator = DiffusersGenerator(model_dir=folder, device="cuda", gpus=2)
    assert generator.plan("a fox", size=(64, 64), num_frames=5).ok
    assert generator.plan("a fox", size=(48, 48), num_frames=5).ok
    plan = generator.plan("a fox", size=(48, 48), num_frames=9)
    (violation,) = plan.violations
    assert violation.field == "size"
    assert violation.message.startswith(
        "9 frames of 48x48 are 27 tokens, which 2 GPUs cannot share evenly"
    )
    assert violation.allowed == "size 64x48 or 32x48; num_frames 13; gpus: 1"
    for better in ({"size": (64, 48)}, {"size": (32, 48)}, {"size": (48, 48), "num_frames": 13}):
        assert generator.plan("a fox", **({"num_frames": 9} | better)).ok
    alone = DiffusersGenerator(model_dir=folder, device="cuda")
    assert alone.plan("a fox", size=(48, 48), num_frames=9).ok


def test_tokens_are_counted_as_the_transformer_counts_them(two, pipelines, make):
    """What is said to be even is computed; what is said not to be would be an error there."""
    from ttv_diffusers.checkpoint import read_checkpoint
    from ttv_diffusers.sharing import tokens_of

    assert make("wan22_ti2v", settings=two, size=(64, 96), num_frames=5).info.num_frames == 5
    assert tokens_of(read_checkpoint(pipelines("wan22_ti2v")), 64, 96, 5) == 2 * 2 * 3
    with pytest.raises(InvalidInputError, match="cannot share evenly"):
        make("wan22_ti2v", settings=two, size=(32, 96), num_frames=9)


def test_which_transformers_can_be_split_is_as_diffusers_has_it():
    import diffusers

    from ttv_diffusers.sharing import _WHOLE

    for name in _WHOLE:
        assert getattr(getattr(diffusers, name), "_cp_plan", None) is None
    assert diffusers.WanTransformer3DModel._cp_plan is not None
