"""Checkouts whose script is a stand-in, and folders of weights that hold only JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ttv_wan.generator import WanGenerator
from ttv_wan.tasks import TASKS

STANDINS = Path(__file__).parent.parent / "standins"
SIGNS = {"2.1": "first_last_frame2video.py", "2.2": "textimage2video.py"}
SAID = {
    "wan2.1-t2v-1.3b": {"model_type": "t2v", "dim": 1536},
    "wan2.1-t2v-14b": {"model_type": "t2v", "dim": 5120},
    "wan2.1-i2v-14b": {"model_type": "i2v", "dim": 5120},
    "wan2.1-flf2v-14b": {"model_type": "flf2v", "dim": 5120},
    "wan2.2-t2v-a14b": {"model_type": "t2v", "dim": 5120},
    "wan2.2-i2v-a14b": {"model_type": "i2v", "dim": 5120},
    "wan2.2-ti2v-5b": {"model_type": "ti2v", "dim": 3072},
}


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    monkeypatch.delenv("TTV_STANDIN", raising=False)


@pytest.fixture
def checkout(tmp_path):
    """Return a function from a version to its checkout."""

    def made(version):
        folder = tmp_path / f"Wan{version}"
        (folder / "wan").mkdir(parents=True, exist_ok=True)
        (folder / "wan" / SIGNS[version]).touch()
        shutil.copy(STANDINS / f"generate{version.replace('.', '')}.py", folder / "generate.py")
        shutil.copy(STANDINS / "acting.py", folder / "acting.py")
        return folder

    return made


@pytest.fixture
def weights(tmp_path):
    """Return a function from a model to a folder in the layout of its official weights."""

    def made(model):
        folder = tmp_path / "weights" / model
        for name in TASKS[model].files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch() if "." in path.name else path.mkdir(exist_ok=True)
        experts = folder / "high_noise_model"
        where = experts if experts.is_dir() else folder
        (where / "config.json").write_text(json.dumps(SAID[model]))
        return folder

    return made


@pytest.fixture
def wan(checkout, weights):
    """Return a function from a model to a backend that makes it with the official script."""

    def made(model, **settings):
        folder = checkout(TASKS[model].version)
        return WanGenerator(wan2_dir=folder, model_dir=weights(model), **settings)

    return made


@pytest.fixture
def given(tmp_path):
    """Return a function that tells what a run of the script was given."""

    def read(version="2.1", run=0, rank=0):
        file = tmp_path / f"Wan{version}" / "runs" / f"{run}-{rank}.json"
        return json.loads(file.read_text())

    return read


@pytest.fixture
def picture(tmp_path):
    """A wide picture, 160x90."""
    from PIL import Image

    path = tmp_path / "picture.png"
    Image.fromarray(np.full((90, 160, 3), 90, np.uint8)).save(path)
    return path
