"""The contract of every local backend."""

from __future__ import annotations

from ttv_animatic.generator import AnimaticGenerator
from ttv_core.testing import LocalConformance


class TestAnimatic(LocalConformance):
    generator = AnimaticGenerator
    asks = {"prompt": "a fox", "size": "128x72", "fps": 12, "duration": 0.5}
