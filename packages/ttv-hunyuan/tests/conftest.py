"""Tiny pipelines, and checkouts whose scripts are stand-ins."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from ttv_diffusers.testing.fixtures import draw, no_worker_left, pipelines, seen
from ttv_hunyuan.generator import HunyuanGenerator

__all__ = ["no_worker_left", "pipelines", "seen"]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
STANDINS = Path(__file__).parent / "standins"
WEIGHTS = {
    "sample_video.py": ["hunyuan-video-t2v-720p/transformers/mp_rank_00_model_states.pt"],
    "sample_image2video.py": ["hunyuan-video-i2v-720p/transformers/mp_rank_00_model_states.pt"],
    "generate.py": [
        f"transformer/{kind}/config.json"
        for kind in ("480p_t2v", "720p_t2v", "480p_i2v", "480p_i2v_step_distilled")
    ],
}


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    monkeypatch.delenv("TTV_STANDIN", raising=False)


@pytest.fixture
def checkout(tmp_path):
    """Return a function that makes a checkout with one script, and a backend that uses it."""

    def made(script, **settings):
        folder = tmp_path / "checkout"
        folder.mkdir(exist_ok=True)
        for name in (script, "acting.py"):
            shutil.copy(STANDINS / name, folder / name)
        for name in WEIGHTS[script]:
            path = folder / "ckpts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return HunyuanGenerator(hunyuan_dir=folder, **settings)

    return made


@pytest.fixture
def given(tmp_path):
    """Return a function that tells what a rank of the script was given."""
    return lambda rank=0: json.loads((tmp_path / "checkout" / f"given{rank}.json").read_text())


@pytest.fixture(scope="session")
def pictured(tmp_path_factory):
    """Return a function from a size to a picture of noise, as a file."""
    folder = tmp_path_factory.mktemp("pictures")
    return lambda width, height: draw(folder / f"{width}x{height}.png", width, height)


@pytest.fixture(scope="session")
def picture(pictured):
    """A picture of noise, 90x160, as a file."""
    return pictured(90, 160)
