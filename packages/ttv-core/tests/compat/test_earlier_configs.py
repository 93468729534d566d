"""Configurations that were written for earlier versions mean what they meant."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ttv_core.config import extract_backend_config, load_config

CONFIGS = Path(__file__).parent / "configs"
ENVIRON = {"RUNWAY_KEY": "rw", "GOOGLE_PROJECT": "p"}
SECTIONS = {"hunyuan": "hunyuan_video", "runway": "runway_ml", "veo": "google_veo"}
REMOTE = ("endpoint", "minimax", "runway", "veo")
OF_WAN = [
    *("wan2_dir", "i2v_model_dir", "flf2v_model_dir", "total_gpus", "gpu_count", "size"),
    *("sample_steps", "sample_shift", "guide_scale", "frame_num"),
    *("chaining_max_retries", "chaining_use_fsdp_flags"),
]
BACKENDS = ("animatic", "diffusers", "endpoint", "hunyuan", "minimax", "runway", "veo", "wan")


@pytest.fixture
def backends(installed, bare_environment):
    """Stand-ins for the backends of these configurations, as their plugins describe them."""
    for name in BACKENDS:
        facts = [f"config_section={SECTIONS[name]!r}"] if name in SECTIONS else []
        facts += ["kind='remote'"] if name in REMOTE else []
        facts += [f"legacy_keys={OF_WAN}"] if name == "wan" else []
        installed.backend(name, spec=", ".join(facts))
    installed.use()


def meaning(path):
    """Return what a configuration says, to ttv itself and to each backend, as plain data."""
    config = load_config(path, environ=ENVIRON)
    general = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name not in {"source", "values"}
    }
    sections = {name: extract_backend_config(config, name, environ=ENVIRON) for name in BACKENDS}
    return json.loads(json.dumps({"ttv": general, **sections}, default=str))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_part_means_what_it_meant(backends, path):
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    found = meaning(path)
    # What is new by now is not in it.
    assert {key: found["ttv"].get(key) for key in expected["ttv"]} == expected.pop("ttv")
    assert {name: found[name] for name in expected} == expected
    assert load_config(path, environ=ENVIRON).unknown_keys() == {}
