"""Servers on loopback, a journal of each test's own, and pauses of no length."""

from __future__ import annotations

import dataclasses
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from endpoint_servers import MODEL, SERVERS, pipeline

from ttv_core import VideoGenerationError, resume
from ttv_core.jobs import Lookup, Polling
from ttv_core.testing import own_state
from ttv_endpoint.dialects import DIALECTS
from ttv_endpoint.generator import EndpointGenerator

# A job in the background, as CI may be, has Ctrl-C ignored, and would hand that on to children.
signal.signal(signal.SIGINT, signal.default_int_handler)

TINY = {
    MODEL: {
        "modes": ["text_to_video", "image_to_video"],
        "negative_prompt": True,
        "frames": {"minimum": 1, "step": 4, "offset": 1, "default": 9},
        "fps": {"minimum": 1, "maximum": 60, "default": 8},
        "canvas": {"sizes": ["64x48", "48x64", "96x48"], "default": "64x48"},
        "inputs": {"first_frame": {"urls": True}},
        "seed": {"minimum": 0, "maximum": 2**63 - 1},
        "prices": [{"basis": "free"}],
    }
}
"""What the model of the servers here can do, as a user writes it in the configuration."""


def settings(server, **more):
    """Return the settings of a generator that talks to a server."""
    return {"base_url": server.url, "model": MODEL, "models": TINY, **more}


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    """Give each test a journal of its own, no proxy, no key, and pauses of no length."""
    monkeypatch.chdir(tmp_path)
    for name in ("TTV_ENDPOINT_BASE_URL", "TTV_ENDPOINT_API_KEY", "TTV_CONFIG", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("http_proxy", raising=False)
    for module in ("submission", "watching", "arrival"):
        monkeypatch.setattr(f"ttv_core.jobs.{module}.backoff", lambda *_, **__: 0.01)
    promise(monkeypatch, polling=Polling(floor=0.01, ceiling=0.02), lookup=Lookup(settle=0.3))
    with own_state(tmp_path / "state"):
        yield


def promise(monkeypatch, **changes):
    """Let all dialects promise other things; a lookup only where they have one."""
    for name, dialect in list(DIALECTS.items()):
        made = changed(dialect.semantics, changes)
        monkeypatch.setitem(DIALECTS, name, dataclasses.replace(dialect, semantics=made))
    made = changed(EndpointGenerator.semantics, changes)
    monkeypatch.setattr(EndpointGenerator, "semantics", made)


def changed(semantics, changes):
    without = {} if semantics.lookup else {"lookup": None}
    return dataclasses.replace(semantics, **changes | without)


@pytest.fixture(params=list(SERVERS))
def server(request):
    """Each of the three."""
    with SERVERS[request.param]() as running:
        running.dialect = request.param
        yield running


@pytest.fixture
def generator(server):
    """A generator that talks to `server`, and was told which it is."""
    return EndpointGenerator(**settings(server, dialect=server.dialect))


@pytest.fixture
def vllm():
    with SERVERS["vllm-omni"]() as running:
        yield running


@pytest.fixture
def omni(vllm):
    """A generator that talks to `vllm`."""
    return EndpointGenerator(**settings(vllm, dialect="vllm-omni"))


@pytest.fixture(scope="session")
def clip():
    """A small whole video."""
    return pipeline(num_frames=9, width=64, height=48, fps=8, seed=1, prompt="a fox")


def png(width=64, height=48, extra=0):
    """Return the head of a PNG of that size, and some more bytes."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4) + height.to_bytes(4)
    return head + b"\x08\x02\0\0\0" + bytes(extra)


def finish(server, *words):
    """Let every job of a server go on to the words."""
    for task in list(server.tasks.values()):
        task.states.extend(words)


def failure(generator, **fields):
    with pytest.raises(VideoGenerationError) as caught:
        generator.generate("a fox", **fields)
    return caught.value


def resumed(server, job_id, **more):
    return resume(job_id, config={"backends": {"endpoint": settings(server, **more)}}).wait(60)


@pytest.fixture
def whole(request, clip):
    """Give the servers a video that is the same for every job."""
    for name in ("server", "vllm"):
        if name in request.fixturenames:
            request.getfixturevalue(name).video = clip
