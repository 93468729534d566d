"""The contract of every remote backend, for both versions of the vendor's API."""

from __future__ import annotations

from minimax_vendor import KEY, MiniMax

from ttv_core.testing import Fault, RemoteConformance
from ttv_minimax.generator import MinimaxGenerator


class TestHailuo(RemoteConformance):
    generator = MinimaxGenerator
    settings = {"api_key": KEY}
    simulator = MiniMax
    running, done, failed = "Processing", "Success", "Fail"
    filtered = {"status": "Fail", "base": (1027, "output new_sensitive")}
    refused = Fault(kind="body", body=b'{"base_resp": {"status_code": 1026, "status_msg": "no"}}')
    empty = {"status": "Success", "file_id": ""}


class TestH3(RemoteConformance):
    generator = MinimaxGenerator
    settings = {"api_key": KEY, "model": "MiniMax-H3"}
    simulator = MiniMax
    waiting, running, done, failed = "queued", "running", "succeeded", "failed"
    filtered = {"status": "failed", "error": {"code": 1027, "message": "output is sensitive"}}
    refused = Fault(kind="status", status=422)
    empty = {"status": "succeeded", "content": {}}

    def remote(self, **changes):
        return super().remote(**changes)._speaking("MiniMax-H3")  # as each of its jobs has it
