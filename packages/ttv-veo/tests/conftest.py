"""Vertex AI on loopback, and a generator that uses it with a real key file and real clients."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import ttv_veo.generator
from ttv_core.jobs import Polling
from ttv_core.media import VideoWriter, write_jpeg
from ttv_core.testing import own_state
from ttv_veo.generator import VeoGenerator

sys.path.insert(0, str(Path(__file__).parent))

import vertex


def pytest_collection_modifyitems(items):
    """Let Google's older packages say which Pythons they will not support for ever."""
    old = "ignore:You are using a Python version:FutureWarning"
    for item in items:
        item.add_marker(pytest.mark.filterwarnings(old))


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """Nothing of the machine's own: no proxies, no credentials, no journal; and quick polls."""
    for name in list(os.environ):
        if name == "TTV_WRITE_README":
            continue
        if name.lower().endswith("_proxy") or name.startswith(("GOOGLE_", "TTV_", "CLOUDSDK_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    quick = Polling(floor=0.01, ceiling=0.05)
    semantics = ttv_veo.generator._SEMANTICS
    made = dataclasses.replace(semantics, polling=quick, not_found_grace=0.2)
    monkeypatch.setattr(ttv_veo.generator, "_SEMANTICS", made)
    with own_state(tmp_path / "state"):
        yield


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """A real video of 4 s."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with VideoWriter(path, width=64, height=36, fps=24) as video:
        for i in range(96):
            video.write(np.full((36, 64, 3), 2 * i, np.uint8))
    return path


@pytest.fixture
def picture(tmp_path):
    return write_jpeg(np.full((72, 128, 3), 90, np.uint8), tmp_path / "picture.jpg")


@pytest.fixture
def vendor(clip, monkeypatch):
    with vertex.Vertex(video=clip.read_bytes()) as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        yield running


@pytest.fixture
def settings(vendor, tmp_path):
    key = vendor.key_file(tmp_path)
    return {"project_id": vertex.PROJECT, "base_url": vendor.url, "credentials_path": key}


@pytest.fixture
def veo(settings):
    return VeoGenerator(**settings)


@pytest.fixture
def veo_in_bucket(settings):
    return VeoGenerator(**settings, output_bucket="gs://my-bucket/videos")
