"""What earlier versions left behind: plugins, journals and configurations, frozen as they were."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from ttv_core import background
from ttv_core.hookspecs import API_VERSION
from ttv_core.media import VideoWriter
from ttv_core.testing import own_state

sys.path.insert(0, str(Path(__file__).parent))

from frozen_vendor import KEY, FrozenVendor

HERE = Path(__file__).parent


LET = [f"api{version}" for version in (API_VERSION - 1, API_VERSION) if version > 0]


@pytest.fixture(params=LET)
def frozen(request, installed, state):
    """Plugins of each version of the plugin API that is let, installed as pip leaves them."""
    shutil.copytree(HERE / "plugins" / request.param, installed.folder, dirs_exist_ok=True)
    installed.use()
    return installed


@pytest.fixture(scope="session")
def loop():
    """The thread of all jobs, which outlives the tests."""
    background.run(asyncio.sleep(0))


@pytest.fixture
def state(tmp_path, bare_environment, loop, site):
    """The folder of the journal, closed before the modules of its jobs are forgotten."""
    with own_state(tmp_path / "state") as folder:
        yield folder


@pytest.fixture
def vendor(tmp_path):
    """The vendor of the frozen backend, at work."""
    with VideoWriter(tmp_path / "sent.mp4", width=64, height=36, fps=24) as video:
        for level in range(24):
            video.write(np.full((36, 64, 3), level * 10, np.uint8))
    with FrozenVendor(["running", "done"], (tmp_path / "sent.mp4").read_bytes()) as vendor:
        vendor.config = {
            "backends": {"frozen": {"api_key": KEY, "base_url": vendor.url, "region": "north"}}
        }
        yield vendor
