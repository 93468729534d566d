"""Tiny Wans, built once, and a bare call of diffusers to hold every video against."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def wans(tmp_path_factory):
    """Return a function from a name to the folder of that tiny Wan."""
    from ttv_diffusers.testing import build

    root = tmp_path_factory.mktemp("wans")

    def folder(name):
        if not (root / name).exists():
            build(name, root / name)
        return root / name

    return folder


@pytest.fixture(scope="session")
def picture(tmp_path_factory):
    """Return a picture of noise, 64x64, as a file."""
    from PIL import Image

    noise = np.random.default_rng(7).integers(0, 255, (64, 64, 3), np.uint8)
    path = tmp_path_factory.mktemp("pictures") / "noise.png"
    Image.fromarray(noise).save(path)
    return path


@pytest.fixture
def seen(monkeypatch):
    """Return the frames that reach the encoder, one list for each video."""
    from ttv_core import media

    videos = []

    class Writer(media.VideoWriter):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            self.frames = []
            videos.append(self.frames)

        def write(self, frame):
            self.frames.append(frame.copy())
            super().write(frame)

    monkeypatch.setattr(media, "VideoWriter", Writer)
    return videos


@pytest.fixture(scope="session", autouse=True)
def _no_worker_left():
    yield
    from ttv_diffusers.desk import desk_of

    desk_of("cpu").let_go()
