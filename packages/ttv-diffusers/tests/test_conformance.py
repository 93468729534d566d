"""The contract of every local backend, on a tiny pipeline."""

from __future__ import annotations

import pytest

from ttv_core.testing import LocalConformance
from ttv_diffusers import DiffusersGenerator


class TestDiffusers(LocalConformance):
    generator = DiffusersGenerator
    asks = {"prompt": "a red fox", "size": "64x64", "num_frames": 5}

    @pytest.fixture(autouse=True)
    def tiny(self, pipelines):
        folder = pipelines("wan21_t2v")
        self.settings = {"model_dir": folder, "device": "cpu", "threads": 1, "steps": 2}
