"""The contract of every remote backend, for both versions of the vendor's API."""

from __future__ import annotations

from minimax_vendor import KEY, MiniMax

from ttv_core.testing import RemoteConformance
from ttv_minimax.generator import MinimaxGenerator


class TestHailuo(RemoteConformance):
    generator = MinimaxGenerator
    settings = {"api_key": KEY}
    simulator = MiniMax
    running, done, failed = "Processing", "Success", "Fail"
    filtered = {"status": "Fail", "base": (1027, "output new_sensitive")}
    empty = {"status": "Success", "file_id": ""}


class TestH3(RemoteConformance):
    generator = MinimaxGenerator
    settings = {"api_key": KEY, "model": "MiniMax-H3"}
    simulator = MiniMax
    waiting, running, done, failed = "queued", "running", "succeeded", "failed"
    filtered = {"status": "failed", "error": {"code": 1027, "message": "output is sensitive"}}
    empty = {"status": "succeeded", "content": {}}
