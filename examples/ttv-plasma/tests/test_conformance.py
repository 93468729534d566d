"""The contract of a backend on this machine."""

from __future__ import annotations

from ttv_core.testing import LocalConformance

from ttv_plasma.generator import PlasmaGenerator


class TestPlasma(LocalConformance):
    generator = PlasmaGenerator
    asks = {"prompt": "fire at sea", "size": "128x72", "fps": 12, "duration": 0.5}
