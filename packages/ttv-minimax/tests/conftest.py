"""MiniMax on loopback, a journal of each test's own, and pauses of no length."""

from __future__ import annotations

import dataclasses
import io
import signal
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from minimax_vendor import KEY, MiniMax

from ttv_core.jobs import Lookup, Polling
from ttv_core.testing import own_state
from ttv_minimax.generator import MinimaxGenerator
from ttv_minimax.h3 import H3
from ttv_minimax.hailuo import Hailuo

# A job in the background, as CI may be, has Ctrl-C ignored, and would hand that on to children.
signal.signal(signal.SIGINT, signal.default_int_handler)


def made_video(frames, *, sound):
    """Return a small MP4 with a picture in motion, and silence in stereo if it is to have sound."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        video = file.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = file.add_stream("aac", rate=32000, layout="stereo") if sound else None
        for i in range(frames):
            picture = np.full((48, 64, 3), i % 200, np.uint8)
            file.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(video.encode())
        if audio is not None:
            step = 1024
            for i in range(frames * 32000 // 24 // step):
                silence = av.AudioFrame.from_ndarray(
                    np.zeros((2, step), np.float32), format="fltp", layout="stereo"
                )
                silence.sample_rate, silence.pts = 32000, i * step
                silence.time_base = Fraction(1, 32000)
                file.mux(audio.encode(silence))
            file.mux(audio.encode())
    return out.getvalue()


@pytest.fixture(scope="session")
def silent():
    """Six seconds as Hailuo makes them."""
    return made_video(144, sound=False)


@pytest.fixture(scope="session")
def loud():
    """Five seconds as H3 makes them: 17n+5 frames, with sound."""
    return made_video(124, sound=True)


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    """Give each test a journal of its own, no proxy, no key, and pauses of no length."""
    monkeypatch.chdir(tmp_path)
    for name in ("MINIMAX_API_KEY", "MINIMAX_API_HOST", "TTV_CONFIG", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    for module in ("submission", "watching", "arrival"):
        monkeypatch.setattr(f"ttv_core.jobs.{module}.backoff", lambda *_, **__: 0.01)
    for protocol in (Hailuo, H3):
        changes = {"polling": Polling(floor=0.01, ceiling=0.02), "not_found_grace": 30}
        if protocol.semantics.lookup is not None:
            changes["lookup"] = Lookup(settle=0.3)
        monkeypatch.setattr(
            protocol, "semantics", dataclasses.replace(protocol.semantics, **changes)
        )
    with own_state(tmp_path / "state"):
        yield


@pytest.fixture
def vendor(silent):
    with MiniMax(video=silent) as running:
        yield running


@pytest.fixture
def vendor2(loud):
    with MiniMax(video=loud) as running:
        yield running


@pytest.fixture
def minimax(vendor):
    """A generator that talks to `vendor`."""
    return MinimaxGenerator(base_url=vendor.url, api_key=KEY)


@pytest.fixture
def h3(vendor2):
    """A generator that talks to `vendor2`, with H3 as its model."""
    return MinimaxGenerator(base_url=vendor2.url, api_key=KEY, model="MiniMax-H3")


def png(width=400, height=400, extra=0):
    """Return the head of a PNG of that size, and some more bytes."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4) + height.to_bytes(4)
    return head + b"\x08\x02\0\0\0" + bytes(extra)


@pytest.fixture
def picture():
    return png()
