"""What a test class says of every backend at the vendor of the zoo."""

from __future__ import annotations

from zoo_remote import ZooGenerator
from zoo_vendor import KEY, ZooVendor


class Words:
    generator = ZooGenerator
    settings = {"api_key": KEY}
    plugin = "zoo_plugin"
    simulator = ZooVendor
    running, done, failed = "running", "done", "failed"
    filtered = {"id": "-", "state": "failed", "code": "moderation"}
    empty = {"id": "-", "state": "done", "url": None}
