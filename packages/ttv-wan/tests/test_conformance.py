"""The contract of every local backend, on a tiny Wan."""

from __future__ import annotations

import pytest

from ttv_core.testing import LocalConformance
from ttv_wan.generator import WanGenerator


class TestWan(LocalConformance):
    generator = WanGenerator
    asks = {
        "prompt": "a red fox",
        "size": "64x64",
        "num_frames": 5,
        "options": {"wan": {"steps": 2}},
    }

    @pytest.fixture(autouse=True)
    def tiny(self, wans):
        self.settings = {"model_dir": wans("wan21_t2v"), "device": "cpu", "threads": 1}
