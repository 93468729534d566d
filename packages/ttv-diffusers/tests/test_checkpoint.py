"""A folder is judged by its JSON and the headers of its files: in a moment, and without torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ttv_core import ModelNotFoundError
from ttv_diffusers import DiffusersGenerator, read_checkpoint
from ttv_diffusers.testing import rewrite

WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


def problem(folder):
    with pytest.raises(ModelNotFoundError) as caught:
        read_checkpoint(folder)
    return caught.value


def refusal(folder, **asked):
    """Return what a plan says against a folder."""
    generator = DiffusersGenerator(model_dir=folder, device="cpu")
    plan = generator.plan("a fox", **asked)
    assert not generator.availability().ok
    return plan.violations[0].message


def test_a_whole_folder_tells_what_it_is(pipelines):
    found = read_checkpoint(pipelines("wan22_ti2v"))
    assert found.pipeline == "WanPipeline"
    assert found.value("transformer.in_channels") == 48
    assert found.value("expand_timesteps") is True
    assert found.value("transformer_2") is False
    assert found.value("no.such") is None
    assert found.weights > found.parameters > 50_000


def test_nothing_there(tmp_path):
    assert problem(tmp_path / "none").code == "weights_missing"
    assert problem(tmp_path).code == "wrong_layout"
    assert "no such folder" in refusal(tmp_path / "none")


def test_weights_that_are_missing_are_named(copied):
    folder = copied("wan21_t2v")
    (folder / WEIGHTS).unlink()
    assert problem(folder).code == "weights_missing"
    shutil.rmtree(folder / "vae")
    shutil.copyfile(folder / "text_encoder" / "model.safetensors", folder / WEIGHTS)
    assert problem(folder).code == "missing_component"
    assert "'vae'" in refusal(folder)


def test_weights_that_are_cut_off_are_named(copied):
    folder = copied("wan21_t2v")
    data = (folder / WEIGHTS).read_bytes()
    for length in (len(data) - 1, 100, 4):
        (folder / WEIGHTS).write_bytes(data[:length])
        found = problem(folder)
        assert found.code == "truncated_weights"
        assert WEIGHTS.rpartition("/")[2] in found.message
    assert "header" in refusal(folder)


def test_a_missing_shard_is_named(copied):
    folder = copied("wan21_t2v")
    index = folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json"
    shard = "diffusion_pytorch_model-00002-of-00002.safetensors"
    index.write_text(json.dumps({"weight_map": {"a": shard}}))
    assert shard in problem(folder).message


def test_pickled_weights_are_refused(copied):
    folder = copied("wan21_t2v")
    (folder / WEIGHTS).rename(folder / "transformer" / "diffusion_pytorch_model.bin")
    found = problem(folder)
    assert found.code == "pickled_weights"
    assert "safetensors" in found.remedy
    assert "pickled" in refusal(folder)


def test_json_that_is_none_is_named(copied):
    folder = copied("wan21_t2v")
    (folder / "transformer" / "config.json").write_text("{")
    assert problem(folder).code == "broken_file"
    (folder / "model_index.json").write_text("[]")
    assert problem(folder).code == "broken_file"
    (folder / "model_index.json").write_text("{}")
    assert "names no pipeline" in problem(folder).message


@pytest.mark.parametrize(
    ("files", "model"),
    [
        (("models_t5_umt5-xxl-enc-bf16.pth", "Wan2.1_VAE.pth"), "Wan"),
        (("hunyuan-video-t2v-720p", "vae"), "HunyuanVideo"),
        (("transformer", "vae", "text_encoder"), "HunyuanVideo 1.5"),
    ],
)
def test_the_layout_of_an_official_repository_is_recognised(tmp_path, files, model):
    for name in files:
        (tmp_path / name).mkdir()
    message = problem(tmp_path).message
    assert f"{model}'s own repository" in message
    assert "engine: official" in message


def test_weights_from_text_do_not_start_from_a_picture(pipelines, picture):
    plan = DiffusersGenerator(model_dir=pipelines("wan21_t2v")).plan("a fox", image=picture)
    assert [violation.field for violation in plan.violations] == ["inputs"]
    plan = DiffusersGenerator(model_dir=pipelines("wan21_i2v")).plan("a fox")
    assert [violation.code for violation in plan.violations] == ["missing"]


def test_a_last_picture_only_where_the_weights_take_one(pipelines, picture):
    both = {"image": picture, "last_image": picture}
    for name, fine in {"wan21_i2v": False, "wan21_flf2v": True, "wan22_i2v": True}.items():
        assert DiffusersGenerator(model_dir=pipelines(name)).plan("a fox", **both).ok == fine
    plan = DiffusersGenerator(model_dir=pipelines("wan21_flf2v")).plan("a fox", image=picture)
    assert not plan.ok


def test_weights_of_another_kind_than_the_index_says_are_refused(copied):
    folder = copied("wan21_t2v")
    rewrite(folder / "model_index.json", _class_name="WanImageToVideoPipeline")
    assert "in_channels is 16, not 36" in refusal(folder)


def test_a_pipeline_that_nobody_knows_is_tried_by_its_name(copied):
    folder = copied("wan21_t2v")
    rewrite(folder / "model_index.json", _class_name="AcmeImageToVideoPipeline")
    generator = DiffusersGenerator(model_dir=folder)
    assert generator.capabilities.models[0].modes == ("image_to_video",)
    rewrite(folder / "model_index.json", _class_name="AcmeSomething")
    assert "is a AcmeSomething" in refusal(folder)


def test_a_folder_of_folders_holds_several_models(pipelines, tmp_path):
    for name in ("wan21_t2v", "wan22_i2v"):
        (tmp_path / name).symlink_to(pipelines(name))
    generator = DiffusersGenerator(model_dir=tmp_path, device="cpu")
    assert {model.id for model in generator.capabilities.models} == {"wan-t2v", "wan-i2v-last"}
    (tmp_path / "another").symlink_to(pipelines("wan21_t2v"))
    names = {model.id for model in DiffusersGenerator(model_dir=tmp_path).capabilities.models}
    assert names == {"wan-t2v", "wan21_t2v", "wan-i2v-last"}


def test_a_name_with_steps_is_a_preset(pipelines):
    models = {"quick": {"path": str(pipelines("wan21_t2v")), "steps": 4, "guidance_scale": 1.0}}
    generator = DiffusersGenerator(models=models, steps=30, device="cpu")
    native = generator.plan("a fox", model="quick").native
    assert (native["num_inference_steps"], native["guidance_scale"]) == (4, 1.0)
    asked = {"diffusers": {"steps": 8}}
    assert generator.plan("a fox", options=asked).native["num_inference_steps"] == 8


def test_an_id_on_the_hub_is_asked_for_only_if_that_is_allowed(monkeypatch, pipelines):
    generator = DiffusersGenerator(model_dir="Acme/acme-1")
    assert "allow_download" in generator.plan("a fox").violations[0].message
    import huggingface_hub

    def fetch(name, allow_patterns):
        assert (name, "model_index.json" in allow_patterns) == ("Acme/acme-1", True)
        return pipelines("wan21_t2v")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    generator = DiffusersGenerator(model_dir="Acme/acme-1", allow_download=True)
    native = generator.plan("a fox", size=(64, 64)).native
    assert (native["checkpoint"], native["pipeline"]) == ("Acme/acme-1", "WanPipeline")


def test_all_of_this_needs_no_torch(pipelines):
    code = f"""
import sys
from ttv_diffusers import DiffusersGenerator
generator = DiffusersGenerator(model_dir={str(pipelines("wan21_t2v"))!r}, device="cpu")
assert generator.plan("a fox").ok
assert generator.availability().ok
heavy = {{"torch", "diffusers", "transformers", "numpy", "av"}} & sys.modules.keys()
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_listing_backends_needs_none_of_this():
    code = """
import sys
from ttv_core.plugins import PluginManager
manager = PluginManager()
assert "diffusers" in manager.backends()
assert not {"torch", "diffusers", "ttv_diffusers.generator"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
