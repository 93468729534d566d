"""Each lever does what it says, or says why it cannot; torch runs here, in this process."""

from __future__ import annotations

import os
import types

import numpy as np
import pytest

from ttv_core import BackendUnavailableError, ConfigurationError, ModelNotFoundError
from ttv_diffusers import EngineSettings
from ttv_diffusers.protocol import Generate
from ttv_diffusers.worker import devices, levers
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


def test_weights_are_stored_in_int8(made):
    pytest.importorskip("torchao", exc_type=ImportError)
    frames, held, _ = made(quantization="torchao-int8", name="wan22_t2v", pipeline="WanPipeline")
    for part in (held.pipeline.transformer, held.pipeline.transformer_2):
        kinds = {type(weight).__name__ for weight in part.parameters()}
        assert "Int8Tensor" in kinds
    assert not any("Int8" in type(w).__name__ for w in held.pipeline.vae.parameters())
    assert np.abs(frames.astype(int) - made(name="wan22_t2v")[0]).mean() < 1


@pytest.mark.parametrize(
    "backend", ["eager", *(["inductor"] if os.environ.get("TTV_TORTURE") == "full" else [])]
)
@pytest.mark.filterwarnings("ignore:Guards may run slower")  # torch, of Python 3.13.0
def test_compiled_blocks_make_the_same_picture(made, monkeypatch, backend):
    """What makes machine code of them takes a minute, and is left out of the usual run."""
    import torch

    compiled, usual = [], torch.nn.Module.compile

    def compile_with(module):
        compiled.append(module)
        usual(module, backend=backend)

    monkeypatch.setattr(torch.nn.Module, "compile", compile_with)
    frames, held, _ = made(compile=True)
    assert compiled == list(held.pipeline.transformer.blocks)
    assert all(block._compiled_call_impl is not None for block in compiled)
    assert np.abs(frames.astype(int) - made()[0]).max() <= 1


class OnGpu:
    """A pipeline that notes where it is put: there is no GPU to put it on."""

    def __init__(self):
        self.components, self.done = {}, []
        self.vae = types.SimpleNamespace(
            enable_tiling=lambda: self.done.append("tiling"),
            enable_slicing=lambda: self.done.append("slicing"),
        )

    def to(self, device):
        self.done.append(f"to {device}")

    def enable_model_cpu_offload(self, device):
        self.done.append(f"model offload to {device}")

    def enable_sequential_cpu_offload(self, device):
        self.done.append(f"sequential offload to {device}")

    def enable_group_offload(self, **how):
        self.done.append(f"group offload to {how['onload_device']}, {how['offload_type']}")
        assert how["use_stream"]


@pytest.mark.parametrize(
    ("settings", "done"),
    [
        ({"memory": "high"}, ["to cuda:0"]),
        ({"memory": "balanced"}, ["tiling", "slicing", "model offload to cuda:0"]),
        ({"memory": "low"}, ["tiling", "slicing", "group offload to cuda:0, leaf_level"]),
        ({"memory": "low", "vae_tiling": False, "offload": "none"}, ["slicing", "to cuda:0"]),
        ({"memory": "high", "offload": "sequential"}, ["sequential offload to cuda:0"]),
        ({"memory": "high", "vae_slicing": True}, ["slicing", "to cuda:0"]),
    ],
)
def test_on_a_gpu_a_preset_says_what_is_where_and_a_lever_goes_before_it(
    settings, done, monkeypatch
):
    import torch

    monkeypatch.setattr(levers, "free_memory", lambda device: 1)
    pipeline = OnGpu()
    levers.place(pipeline, EngineSettings(**settings).levers, torch.device("cuda:0"))
    assert pipeline.done == done


@pytest.mark.parametrize(
    ("cuda", "mps", "device"),
    [(True, True, "cuda:0"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_is_the_fastest_that_torch_can_use(monkeypatch, cuda, mps, device):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert str(devices.choose_device("auto")) == device
    if cuda:
        assert str(devices.choose_device("cuda")) == "cuda:0"
        with pytest.raises(BackendUnavailableError, match="there are 1 GPUs"):
            devices.choose_device("cuda:1")


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
        (
            {"quantization": "bitsandbytes-8bit"},
            (BackendUnavailableError, ConfigurationError),
            "bitsandbytes",
        ),
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
    others = {name: value for name, value in settings.items() if name not in wanted}
    order = Generate(
        job="j",
        call={},
        levers=EngineSettings(**({"device": "cpu"} | others)).levers,
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
