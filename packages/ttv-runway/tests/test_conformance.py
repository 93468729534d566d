"""The contract of every backend at a vendor."""

from __future__ import annotations

from runway_vendor import KEY, Runway

from ttv_core.testing import RemoteConformance
from ttv_runway.generator import RunwayGenerator


class TestRunway(RemoteConformance):
    generator = RunwayGenerator
    settings = {"api_key": KEY}
    asks = {"prompt": "a red fox", "duration": 5}
    simulator = Runway
    running, done = "RUNNING", "SUCCEEDED"
    failed = {"status": "FAILED", "failure": "oh", "failureCode": "INTERNAL"}
    filtered = {"status": "FAILED", "failure": "no", "failureCode": "SAFETY.OUTPUT.VIDEO"}
    empty = {"status": "SUCCEEDED", "cost": {"credits": 60}, "output": []}
