"""A state folder of each test's own, the small vendor, and its backends."""

from __future__ import annotations

import asyncio
import struct
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ttv_core.jobs.arrival
import ttv_core.jobs.submission
import ttv_core.jobs.watching
from ttv_core import GENERATOR_REGISTRY, background
from ttv_core.jobs.desk import close_desks
from ttv_core.media import VideoWriter
from ttv_core.plugins import PluginManager
from ttv_core.testing import own_state

sys.path.insert(0, str(Path(__file__).parent))

from acme import KEY, KINDS, Acme


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """The bytes of a small video: 64x36, 24 frames, one second."""
    path = tmp_path_factory.mktemp("video") / "small.mp4"
    noise = np.random.default_rng(0)
    with VideoWriter(path, width=64, height=36, fps=24) as writer:
        for _ in range(24):
            writer.write(noise.integers(0, 256, (36, 64, 3), dtype=np.uint8))
    return path.read_bytes()


@pytest.fixture
def picture(tmp_path):
    """A small picture."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    path = tmp_path / "cat.png"
    header = struct.pack(">IIBBBBB", 64, 36, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(65 * 36))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


@pytest.fixture(autouse=True)
def state_dir(tmp_path):
    """The folder of the journal."""
    with own_state(tmp_path / "state") as folder:
        yield folder
    background.run(_given_up())
    close_desks(tmp_path)


async def _given_up():
    """End what goes on for jobs still: it would ask vendors that are gone, beside the next test."""
    begun = tuple(background._background()._begun)
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)


@pytest.fixture
def restart(state_dir):
    """Let go of the journal, as the end of this process would: the next call opens it anew."""

    def restarted():
        close_desks(state_dir)

    return restarted


@pytest.fixture
def hasty(monkeypatch):
    """Have no pause last: what is waited for is told instead, as (failures in a row, longest)."""
    asked = []

    def no_pause(failures, random, *, first=1.0, longest=30.0):
        asked.append((failures, longest))
        return 0.001

    for module in (ttv_core.jobs.arrival, ttv_core.jobs.submission, ttv_core.jobs.watching):
        monkeypatch.setattr(module, "backoff", no_pause)
    return asked


@pytest.fixture
def acme(video, hasty):
    """The vendor, at work."""
    with Acme(video=video) as vendor:
        yield vendor


@pytest.fixture
def backend(acme):
    """Make a backend of one of the three kinds, with fields of its semantics changed."""

    def made(kind="opaque", semantics=None, **settings):
        generator = KINDS[kind](**({"base_url": acme.url, "api_key": KEY} | settings))
        changes = (
            {"lookup": replace(generator.semantics.lookup, settle=0.05)}
            if (generator.semantics.lookup)
            else {}
        )
        generator.semantics = replace(generator.semantics, **(changes | (semantics or {})))
        return generator

    return made


@pytest.fixture
def registry(monkeypatch):
    """The process's registry, with the small vendor's backend in it."""
    own = {"acme": KINDS["opaque"]}
    manager = PluginManager(distributions=lambda: iter(()))
    for name, value in (("_plugins", manager), ("_own", own), ("_hidden", set())):
        monkeypatch.setattr(GENERATOR_REGISTRY, name, value)
    for name in ("TTV_BACKEND", "TTV_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return GENERATOR_REGISTRY


@pytest.fixture(params=list(KINDS))
def kind(request):
    """Each kind of vendor."""
    return request.param
