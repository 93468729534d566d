"""The contract of every local backend, on a tiny HunyuanVideo."""

from __future__ import annotations

import pytest

from ttv_core.testing import LocalConformance
from ttv_hunyuan.generator import HunyuanGenerator


class TestHunyuan(LocalConformance):
    generator = HunyuanGenerator
    asks = {"prompt": "a red fox", "size": "64x48", "num_frames": 5}

    @pytest.fixture(autouse=True)
    def tiny(self, pipelines):
        folder = pipelines("hunyuan_t2v")
        self.settings = {"model_dir": folder, "device": "cpu", "threads": 1, "steps": 2}
