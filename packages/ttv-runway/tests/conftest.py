"""The vendor on loopback, a backend for it, and small pictures and videos."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import av
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from runway_vendor import KEY, Quick, Runway

from ttv_core.testing import own_state


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """Keep jobs of each test apart, and the user's own environment out."""
    monkeypatch.chdir(tmp_path)
    for module in ("submission", "arrival", "watching"):  # nobody waits here for a vendor's sake
        monkeypatch.setattr(f"ttv_core.jobs.{module}.backoff", lambda *_, **__: 0.01)
    for name in ("API_SECRET", "BASE_URL", "CUSTOM_HEADERS"):
        monkeypatch.delenv(f"RUNWAYML_{name}", raising=False)
    with own_state(tmp_path / "state"):
        yield


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """Return the bytes of a small video."""
    path = tmp_path_factory.mktemp("video") / "fox.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for level in range(24):
            picture = np.full((36, 64, 3), level * 10, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.fixture
def runway(video):
    with Runway(video=video) as vendor:
        yield vendor


@pytest.fixture
def generator(runway):
    return Quick(api_key=KEY, base_url=runway.url)


@pytest.fixture(scope="session")
def png():
    """Return a picture's header: as much of it as is ever read here."""

    def make(width=640, height=360, size=2000):
        head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)
        return head + bytes(max(size - len(head), 0))

    return make
