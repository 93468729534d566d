"""The contract of every backend at a vendor, for each of the three servers."""

from __future__ import annotations

from conftest import TINY
from endpoint_servers import MODEL, FastVideo, SGLang, VllmOmni

from ttv_core.testing import RemoteConformance
from ttv_endpoint.generator import EndpointGenerator


class Servers(RemoteConformance):
    generator = EndpointGenerator
    running, done = "in_progress", "completed"
    failed = {"status": "failed", "error": {"code": 500, "message": "out of memory"}}
    filtered = None  # no server looks at what it makes
    empty = None  # the video has an address of its own, whatever a server says
    served = (MODEL,)
    cancels = "delete"
    key = "endpoint-canary-0123456789abcdef"
    dialect = ""

    @property
    def settings(self):
        own = {"dialect": self.dialect, "api_key": self.key}
        return {"model": MODEL, "models": TINY, **own}

    def started_vendor(self):
        made = super().started_vendor()
        made.key = self.key
        return made


class TestVllmOmni(Servers):
    simulator = VllmOmni
    dialect = "vllm-omni"


class TestSGLang(Servers):
    simulator = SGLang
    dialect = "sglang"


class TestFastVideo(Servers):
    simulator = FastVideo
    dialect = "fastvideo"
