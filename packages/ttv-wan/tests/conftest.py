"""Tiny Wans, built once, and what tests of backends on the engine share."""

from __future__ import annotations

import os

from ttv_diffusers.testing.fixtures import no_worker_left, picture, seen
from ttv_diffusers.testing.fixtures import pipelines as wans

__all__ = ["no_worker_left", "picture", "seen", "wans"]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
