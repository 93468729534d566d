"""Whether it can run is known without torch, and asked of torch only if that is wanted."""

from __future__ import annotations

import pytest

from ttv_core import ModelNotFoundError
from ttv_diffusers import DiffusersGenerator, Need, desk, machine, readiness


@pytest.fixture
def generator(pipelines):
    def made(name="wan21_t2v", **settings):
        return DiffusersGenerator(model_dir=pipelines(name), **({"device": "cpu"} | settings))

    return made


def told(generator, **how):
    found = generator.availability(**how)
    assert bool(found.reasons) or found.ok
    return found.ok, " ".join(found.reasons), " ".join(found.remedies)


def test_a_tiny_pipeline_can_run_anywhere(generator):
    ok, reason, _ = told(generator())
    assert ok
    assert "CPU" in reason


def test_without_weights_it_says_which_setting_is_missing():
    ok, reason, remedy = told(DiffusersGenerator(device="cpu"))
    assert not ok
    assert "no weights are configured" in reason
    assert "backends.diffusers.model_dir" in remedy


def test_a_missing_package_is_named(generator, monkeypatch):
    monkeypatch.setattr(readiness, "PACKAGES", ("torch", "no-such-package"))
    ok, reason, remedy = told(generator())
    assert not ok
    assert "no-such-package is not installed" in reason
    assert remedy == "pip install no-such-package"


def test_a_quantizer_that_is_missing_is_named(generator):
    ok, _, remedy = told(generator(quantization="quanto-int8"))
    assert not ok
    assert remedy == "pip install optimum-quanto"


def test_a_gpu_that_is_not_there_is_told(generator, monkeypatch):
    monkeypatch.setattr(desk, "has_gpu", lambda: False)
    ok, reason, remedy = told(generator(device="cuda"))
    assert not ok
    assert "no GPU is seen" in reason
    assert "device: cpu" in remedy


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"offload": "model"}, "offload: model needs a GPU"),
        ({"gpus": 2}, "gpus is 2"),
        ({"quantization": "bitsandbytes-4bit"}, "quantization: bitsandbytes-4bit needs a GPU"),
    ],
)
def test_what_only_a_gpu_can_do_is_told(generator, settings, word):
    ok, reason, _ = told(generator(**settings))
    assert not ok
    assert word in reason


def test_which_device_is_meant(monkeypatch):
    monkeypatch.setattr(desk, "has_gpu", lambda: True)
    monkeypatch.setattr(desk.platform, "system", lambda: "Linux")
    assert desk.place_of("auto") == desk.place_of("cuda") == desk.place_of("cuda:0")
    assert desk.desk_of("auto") is desk.desk_of("cuda")
    assert desk.place_of("cuda:1") == "cuda:1"
    monkeypatch.setattr(desk, "has_gpu", lambda: False)
    assert desk.place_of("auto") == "cpu"


def test_a_gpu_is_seen_by_its_node_unless_it_is_hidden(tmp_path, monkeypatch):
    node = tmp_path / "nvidiactl"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert not desk.has_gpu((str(node),))
    node.touch()
    assert desk.has_gpu((str(node),))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not desk.has_gpu((str(node),))


def test_too_little_memory_is_told_with_what_was_published(generator, monkeypatch):
    monkeypatch.setattr(readiness, "available_memory", lambda: 1000)
    made = generator()
    ok, reason, remedy = told(made)
    assert not ok
    assert "0.0 GB are free on this machine" in reason
    assert "memory: low" in remedy
    need = Need(memory=8.19, run="81 frames", source="acme.example")
    (entry,) = made.entries
    object.__setattr__(entry, "recipe", entry.recipe.model_copy(update={"needs": (need,)}))
    assert "published: 8.19 GB for 81 frames (acme.example)" in told(made)[1]


def test_on_a_gpu_the_levers_count(generator, monkeypatch):
    monkeypatch.setattr(desk, "has_gpu", lambda: True)
    made = generator(device="cuda", memory="high")
    parameters = made.entries[0].checkpoint.parameters
    monkeypatch.setattr(readiness, "gpu_memory", lambda place: parameters * 2 - 1)
    assert not told(made)[0]
    assert told(generator(device="cuda", memory="low"))[0]
    assert told(generator(device="cuda", memory="high", layerwise_casting=True))[0]


def test_main_memory_is_read_from_the_system(tmp_path, monkeypatch):
    file = tmp_path / "meminfo"
    file.write_text("MemTotal: 9 kB\nMemAvailable:    2048 kB\n")
    monkeypatch.setattr(machine, "_cgroup", lambda: 1000)
    assert machine.available_memory(file) == 1000
    monkeypatch.setattr(machine, "_cgroup", lambda: None)
    assert machine.available_memory(file) == 2048 * 1024
    assert (machine.available_memory(tmp_path / "none") or 1) > 0


def test_the_limit_of_a_container_is_read(tmp_path):
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    assert machine._cgroup(tmp_path) == 600
    (tmp_path / "memory.max").write_text("max\n")
    assert machine._cgroup(tmp_path) is None


def test_without_a_driver_nobody_says_what_a_gpu_has(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert machine.gpu_memory("cuda:0", "libno-such-library.so") is None
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert machine.gpu_memory("cuda:0") is None


def test_torch_is_asked_if_that_is_wanted(generator):
    ok, reason, _ = told(generator(), deep=True)
    assert ok
    assert "runs on cpu" in reason


def test_torch_without_a_gpu_says_so(generator, monkeypatch):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    monkeypatch.setattr(desk, "has_gpu", lambda: True)
    monkeypatch.setattr(readiness, "gpu_memory", lambda place: None)
    made = generator(device="cuda:3")
    ok, reason, remedy = told(made, deep=True)
    desk.desk_of("cuda:3").let_go()
    assert not ok
    assert "device is cuda:3, but torch" in reason
    assert "device: cpu" in remedy


def test_a_model_without_weights_cannot_be_run():
    with pytest.raises(ModelNotFoundError) as caught:
        DiffusersGenerator(device="cpu").entry_of("wan-t2v")
    assert caught.value.code == "weights_missing"
