"""The contract of every backend at a vendor."""

from __future__ import annotations

import pytest
import vertex

from ttv_core.testing import RemoteConformance
from ttv_veo.generator import VeoGenerator


class TestVeo(RemoteConformance):
    generator = VeoGenerator
    simulator = vertex.Vertex
    asks = {"prompt": "a red fox", "duration": 4}
    secrets = (vertex.TOKEN,)
    heavy = (*RemoteConformance.heavy, "aiohttp", "google.auth", "google.cloud.storage")
    running, done, filtered, empty = "running", "done", "filtered", "empty"
    failed = {"code": 13, "message": "oops"}
    undocumented = None  # an operation is done or not
    files = None
    settings = {"project_id": vertex.PROJECT}

    @pytest.fixture(autouse=True)
    def storage(self, vendor, monkeypatch, tmp_path):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", vendor.url)
        self.key = vendor.key_file(tmp_path)

    def ready_settings(self):
        return {**super().ready_settings(), "credentials_path": self.key}

    def remote_id(self, task):
        return task.facts["name"]
