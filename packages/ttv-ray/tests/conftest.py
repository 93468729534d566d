"""A cluster of three simulated machines, on this one."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

# Before Ray is imported: nobody is told of it, and nobody else can reach it.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
# What is imported here is to be there on every machine.
os.environ["PYTHONPATH"] = os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])

from doubles import Ramp, Vendor, VendorGenerator  # noqa: E402

import ttv_core  # noqa: E402
from ttv_core import GENERATOR_REGISTRY  # noqa: E402
from ttv_core.media import VideoWriter  # noqa: E402

signal.signal(signal.SIGINT, signal.default_int_handler)

STORE = 80 * 1024**2
# What Ray's older releases do in a process that starts machines or connects to them.
OF_RAY = (
    "ignore:unclosed file <_io.*/dev/null:ResourceWarning",
    "ignore:subprocess .* is still running:ResourceWarning",
    "ignore:Tip. In future versions of Ray:FutureWarning",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            for line in OF_RAY:
                item.add_marker(pytest.mark.filterwarnings(line))


@pytest.fixture(scope="session")
def ray_folder():
    """Where Ray keeps its sockets, whose paths must be short."""
    folder = tempfile.mkdtemp(prefix="ttv-", dir="/tmp")
    os.environ["RAY_TMPDIR"] = folder
    yield Path(folder)
    del os.environ["RAY_TMPDIR"]
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(ray_folder):
    """Three machines with one processor each."""
    from ray.cluster_utils import Cluster

    machine = {
        "node_ip_address": "127.0.0.1",
        "num_cpus": 1,
        "object_store_memory": STORE,
        "include_dashboard": False,
    }
    made = Cluster(initialize_head=True, head_node_args=machine)
    made.machine = machine
    for _ in range(2):
        made.add_node(**machine)
    yield made
    made.shutdown()


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A state folder of each test's own, and nothing from outside."""
    for name in ("TTV_BACKEND", "TTV_CONFIG", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TTV_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setitem(GENERATOR_REGISTRY._own, "ramp", Ramp)
    monkeypatch.setitem(GENERATOR_REGISTRY._own, "vendor", VendorGenerator)


@pytest.fixture
def config(cluster, tmp_path):
    """The cluster, and the backend that writes down what it does."""
    return {
        "executors": {"ray": {"address": cluster.address}},
        "backends": {"ramp": {"log": str(tmp_path / "log")}},
    }


@pytest.fixture
def many(config, tmp_path):
    """Begin to make many videos on the cluster."""

    def begin(requests, **how):
        how = {"output": tmp_path / "out", "config": config, "backend": "ramp"} | how
        return ttv_core.generate_many(requests, **({"executor": "ray"} | how))

    return begin


@pytest.fixture
def log(tmp_path):
    """What the engines have written down: word, prompt, process, its raylet, its GPU."""

    def read(word=""):
        path = tmp_path / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [tuple(line.split("|")[1:]) for line in lines if line.startswith(word)]

    return read


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """The bytes of a small video."""
    import numpy as np

    path = tmp_path_factory.mktemp("video") / "small.mp4"
    with VideoWriter(path, width=64, height=36, fps=12) as writer:
        for level in range(12):
            writer.write(np.full((36, 64, 3), level * 20, np.uint8))
    return path.read_bytes()


@pytest.fixture
def vendor(video, config):
    """A vendor on loopback."""
    with Vendor(["running", "done"], video) as made:
        config["backends"]["vendor"] = {"base_url": made.url}
        yield made
