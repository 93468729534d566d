"""Processes that are killed, and a film to lose."""

from __future__ import annotations

import os
import random
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from ttv_core.media import VideoWriter

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]


@pytest.fixture(scope="session")
def full():
    """Whether to run it all: `nox -s torture` sets TTV_TORTURE=full."""
    return os.environ.get("TTV_TORTURE") == "full"


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """A second of video in a file of many pieces: most of it is a box that players skip."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with VideoWriter(path, width=64, height=48, fps=24) as video:
        for i in range(24):
            video.write(np.full((48, 64, 3), 10 * i, np.uint8))
    padding = random.Random(0).randbytes(1_500_000)
    return path.read_bytes() + struct.pack(">I4s", 8 + len(padding), b"free") + padding


@pytest.fixture(scope="session")
def nursery(tmp_path_factory):
    from nursery import Nursery

    made = Nursery(tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def tally(request):
    """Counts by name, printed at the end."""
    counts = {}
    yield counts
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for name, count in counts.items():
            print(f"\n{name}: {count}", end="")  # noqa: T201
