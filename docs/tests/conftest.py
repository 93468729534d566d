"""The vendors that examples talk to, on loopback, and what else the examples find in place."""

from __future__ import annotations

import contextlib
import os
import re
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
STARTUP = Path(__file__).parent / "startup"
runpy.run_path(str(STARTUP / "sitecustomize.py"))
for package in ("runway", "minimax", "endpoint"):
    sys.path.append(str(ROOT / "packages" / f"ttv-{package}" / "tests"))

import endpoint_servers
import minimax_vendor
import numpy as np
import runway_vendor
from PIL import Image

from tools.doc_examples import SITE, Session
from ttv_core.media import VideoWriter

MODEL = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"
SHOTS = "prompt,duration,seed\nA red fox runs through snow,5,1\nA storm at sea,5,2\n"
PIP = f'#!/bin/sh\nexec "{sys.executable}" -m tools.doc_examples "$@"\n'


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Five seconds of video, as a vendor would make them; still, so that it is soon decoded."""
    path = tmp_path_factory.mktemp("video") / "fox.mp4"
    picture = np.asarray(gradient())
    with VideoWriter(path, width=1280, height=720, fps=24) as video:
        for _ in range(120):
            video.write(picture)
    return path.read_bytes()


def gradient():
    return Image.radial_gradient("L").resize((1280, 720)).convert("RGB")


@pytest.fixture
def session(request, tmp_path, clip):
    """Return a session for the page that the test is given."""
    page = request.getfixturevalue("page")
    folder = tmp_path / "page"
    folder.mkdir()
    picture = gradient()
    for name in set(re.findall(r"[\w-]+\.(?:png|jpg)", page.path.read_text(encoding="utf-8"))):
        picture.save(folder / name)
    (folder / "shots.csv").write_text(SHOTS)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "pip").write_text(PIP)
    (tools / "pip").chmod(0o755)
    mine = {
        "PATH": os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(STARTUP), str(ROOT), str(tmp_path / "site")]),
        SITE: str(tmp_path / "site"),
        "TTV_STATE_DIR": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "COLUMNS": "160",
    }
    kept = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG"}}
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, kept | mine, clear=True))
        stack.enter_context(contextlib.chdir(folder))
        stand_ins = {}
        for vendor in page.vendors:
            stand_ins |= VENDORS[vendor](stack, clip)
        yield Session(folder, stand_ins)


def runway(stack, clip):
    vendor = stack.enter_context(runway_vendor.Runway(video=clip))
    os.environ |= {"RUNWAYML_API_SECRET": runway_vendor.KEY, "RUNWAYML_BASE_URL": vendor.url}
    return {}


def minimax(stack, clip):
    vendor = stack.enter_context(minimax_vendor.MiniMax(video=clip))
    os.environ |= {"MINIMAX_API_KEY": minimax_vendor.KEY, "MINIMAX_API_HOST": vendor.url}
    return {}


def endpoint(stack, clip):
    server = stack.enter_context(endpoint_servers.SERVERS["vllm-omni"]())
    server.models, server.video = [MODEL], clip
    return {"http://127.0.0.1:8000": server.url}


VENDORS = {"runway": runway, "minimax": minimax, "endpoint": endpoint}
