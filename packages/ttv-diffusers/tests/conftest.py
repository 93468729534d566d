"""Tiny pipelines, built once, and a bare call of diffusers to hold every result against."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory):
    """Return a function from a name to the folder of that tiny pipeline."""
    from ttv_diffusers.testing import build

    root = tmp_path_factory.mktemp("pipelines")

    def folder(name):
        if not (root / name).exists():
            build(name, root / name)
        return root / name

    return folder


@pytest.fixture
def copied(pipelines, tmp_path):
    """Return a function that copies a tiny pipeline, to make it wrong."""
    import shutil

    return lambda name: shutil.copytree(pipelines(name), tmp_path / name)


@pytest.fixture(scope="session")
def picture(tmp_path_factory):
    """Return a picture of noise, 64x64, as a file."""
    return draw(tmp_path_factory.mktemp("pictures") / "noise.png", (64, 64))


def draw(path, size):
    from PIL import Image

    noise = np.random.default_rng(7).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


@pytest.fixture
def make(pipelines, tmp_path):
    """Return a function that makes a tiny video through the public API."""
    from ttv_diffusers import DiffusersGenerator

    def made(name, *, settings=None, **asked):
        usual = {"model_dir": pipelines(name), "device": "cpu", "threads": 1, "steps": 2}
        generator = DiffusersGenerator(**(usual | (settings or {})))
        usual = {"num_frames": 5, "size": (64, 64), "seed": 1, "output": tmp_path / "fox.mp4"}
        return generator.generate("a red fox", **(usual | asked))

    return made


@pytest.fixture(scope="session")
def bare():
    """Return a function that calls a pipeline of diffusers and nothing else."""
    import torch
    from diffusers import DiffusionPipeline

    torch.set_num_threads(1)
    held = {}

    def call(folder, cls=DiffusionPipeline, *, seed=1, **arguments):
        key = folder, cls
        if key not in held:
            held[key] = cls.from_pretrained(folder, local_files_only=True)
            held[key].set_progress_bar_config(disable=True)
        generator = torch.Generator().manual_seed(seed)
        usual = {"prompt": "a red fox", "num_frames": 5, "num_inference_steps": 2}
        video = held[key](**(usual | arguments), generator=generator, output_type="np").frames[0]
        return (np.asarray(video) * 255).round().astype(np.uint8)

    return call


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
