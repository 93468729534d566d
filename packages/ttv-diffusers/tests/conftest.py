"""Tiny pipelines, built once, and a bare call of diffusers to hold every result against."""

from __future__ import annotations

import os

import numpy as np
import pytest

from ttv_diffusers.testing.fixtures import no_worker_left, picture, pipelines, seen

__all__ = ["no_worker_left", "picture", "pipelines", "seen"]

os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture
def copied(pipelines, tmp_path):
    """Return a function that copies a tiny pipeline, to make it wrong."""
    import shutil

    return lambda name: shutil.copytree(pipelines(name), tmp_path / name)


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
