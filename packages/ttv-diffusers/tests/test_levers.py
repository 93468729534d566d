"""Each lever does what it says, or says why it cannot; torch runs here, in this process."""

from __future__ import annotations

import numpy as np
import pytest

from ttv_core import BackendUnavailableError, ConfigurationError, ModelNotFoundError
from ttv_diffusers import EngineSettings
from ttv_diffusers.protocol import Generate
from ttv_diffusers.worker import devices
from ttv_diffusers.worker.frames import streaming
from ttv_diffusers.worker.loading import load
from ttv_diffusers.worker.running import run


class Collected:
    """Takes the place of the pipe."""

    def __init__(self):
        self.messages = []
        self.frames = []

    def send(self, message, *payload):
        self.messages.append(type(message).__name__)
        self.frames += [frame for part in payload for frame in part]


@pytest.fixture
def order(pipelines):
    def made(name="wan21_t2v", *, checkpoint=None, pipeline="WanPipeline", frames=5, **settings):
        call = {"prompt": "a fox", "width": 64, "height": 64, "num_frames": frames}
        return Generate(
            job="j",
            checkpoint=str(checkpoint or pipelines(name)),
            pipeline=pipeline,
            call=call | {"num_inference_steps": 3},
            levers=EngineSettings(device="cpu", threads=1, **settings).levers,
            seed=1,
        )

    return made


@pytest.fixture
def made(order):
    def run_with(**settings):
        wanted, pipe = order(**settings), Collected()
        held = load(wanted)
        run(held, wanted, {}, pipe, lambda: None)
        return np.stack(pipe.frames), held, pipe

    return run_with


def test_frames_are_handed_on_while_the_next_are_decoded(order):
    pieces, at = [], []

    class Sender:
        def send(self, video):
            pieces.append(video.clone())
            at.append(pipeline.vae._conv_idx[0])  # how far the decoder is

    wanted = order(frames=9)
    pipeline = load(wanted).pipeline
    with streaming(pipeline, Sender()):
        whole = pipeline(**wanted.call, output_type="pt")[0][0]
    assert [piece.shape[0] for piece in pieces] == [1, 4, 4]
    assert np.array_equal(np.concatenate(pieces), whole)
    assert 0 not in at


def test_nothing_is_handed_on_twice(made):
    frames, _, pipe = made(frames=9)
    assert len(frames) == 9
    assert pipe.messages.count("Frames") == 3


def test_another_class_takes_over_the_parts(order):
    held = load(order("wan22_ti2v"))
    other = held.for_class("WanImageToVideoPipeline")
    assert other.pipeline.transformer is held.pipeline.transformer
    assert other.pipeline.config.expand_timesteps
    assert held.for_class("WanPipeline") is held


def test_tiles_are_sent_when_all_are_there(made):
    frames, held, _ = made(vae_tiling=True, vae_slicing=True)
    assert held.pipeline.vae.use_tiling
    assert held.told["vae_tiling"]
    assert frames.shape == (5, 64, 64, 3)
    assert np.array_equal(frames, made()[0])


@pytest.mark.parametrize("preset", ["low", "balanced", "high"])
def test_presets_on_the_cpu_only_tile(made, preset):
    _, held, _ = made(memory=preset)
    assert held.told["offload"] == "none"
    assert held.pipeline.vae.use_tiling == (preset != "high")


@pytest.mark.parametrize("settings", [{"offload": "group"}, {"attention": "_native_math"}])
def test_levers_that_change_nothing_in_the_picture(made, settings):
    assert np.abs(made(**settings)[0].astype(int) - made()[0]).max() <= 1


@pytest.mark.parametrize(
    "settings",
    [
        {"layerwise_casting": True},
        {"cache": "first-block"},
        {"cache": "taylor-seer"},
        {"cache": "pyramid-attention"},
    ],
)
def test_levers_that_cost_some_quality(made, settings):
    assert np.abs(made(**settings)[0].astype(int) - made()[0]).mean() < 30


def test_weights_in_bfloat16_are_decoded_in_float32(made):
    import torch

    _, held, _ = made(dtype="bfloat16")
    assert held.pipeline.transformer.dtype == torch.bfloat16
    assert held.pipeline.vae.dtype == torch.float32


def test_dtypes_follow_the_device():
    import torch

    gpu = devices.choose_dtypes("auto", torch.device("cuda:0"))
    assert (gpu["default"], gpu["vae"]) == (torch.bfloat16, torch.float32)
    assert devices.choose_dtypes("auto", torch.device("cpu")) == torch.float32


@pytest.mark.parametrize(
    ("settings", "error", "word"),
    [
        ({"offload": "model"}, ConfigurationError, "GPU"),
        ({"offload": "sequential"}, ConfigurationError, "GPU"),
        ({"attention": "sage"}, BackendUnavailableError, "sage"),
        ({"attention": "acme"}, ConfigurationError, "acme"),
        ({"quantization": "quanto-int8"}, BackendUnavailableError, "optimum-quanto"),
        ({"quantization": "bitsandbytes-8bit"}, BackendUnavailableError, "bitsandbytes"),
        ({"device": "cuda:7"}, BackendUnavailableError, "cuda:7"),
        ({"device": "mps"}, BackendUnavailableError, "mps"),
        ({"pipeline": "AcmePipeline"}, BackendUnavailableError, "AcmePipeline"),
        ({"pipeline": "AutoencoderKLWan"}, BackendUnavailableError, "no pipeline"),
        ({"checkpoint": "/no/such/folder"}, ModelNotFoundError, "/no/such/folder"),
    ],
)
def test_what_cannot_be_done_is_said(pipelines, settings, error, word):
    wanted = {"checkpoint": str(pipelines("wan21_t2v")), "pipeline": "WanPipeline"}
    chosen = {name: settings[name] for name in wanted if name in settings}
    levers = {name: value for name, value in settings.items() if name not in wanted}
    order = Generate(
        job="j",
        call={},
        levers=EngineSettings(**({"device": "cpu"} | levers)).levers,
        seed=1,
        **(wanted | chosen),
    )
    with pytest.raises(error) as caught:
        load(order)
    assert word in str(caught.value)


def test_attention_does_not_stay_for_the_next_pipeline(made):
    made(attention="_native_math")
    _, held, _ = made()
    backends = {
        block.attn1.processor._attention_backend.value for block in held.pipeline.transformer.blocks
    }
    assert backends == {"native"}


def test_threads_are_each_orders_own(monkeypatch):
    import torch

    from ttv_diffusers.worker import loading

    monkeypatch.setattr(loading, "_threads", [])
    before = torch.get_num_threads()
    for count in (before + 1, None, before + 2, None):
        loading.set_threads(count)
        assert torch.get_num_threads() == (count or before)


def test_an_argument_that_the_pipeline_does_not_take_is_named(order):
    from ttv_core import InvalidInputError

    wanted = order()
    wanted.call["sampling"] = "fast"
    with pytest.raises(InvalidInputError, match="takes no sampling"):
        run(load(wanted), wanted, {}, Collected(), lambda: None)
