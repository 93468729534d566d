"""The contract of a backend at a vendor, held against Lantern."""

from __future__ import annotations

from ttv_core.testing import RemoteConformance

from ttv_lantern.generator import LanternGenerator
from ttv_lantern.lantern import KEY, Lantern


class TestLantern(RemoteConformance):
    generator = LanternGenerator
    settings = {"api_key": KEY}
    simulator = Lantern
    running, done, failed = "playing", "over", {"state": "broken", "why": "lamp"}
    filtered = {"state": "broken", "why": "too_bright"}
    empty = {"state": "over", "film": None}
