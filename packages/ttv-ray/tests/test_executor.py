"""What the executor says of itself, of its cluster, and of what is wrong with either."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from importlib.metadata import version

import pytest
from doubles import OnGpu, Ramp

from ttv_core import BackendUnavailableError, ConfigurationError, JobContext, Needs
from ttv_core.factory import create_executor
from ttv_ray import engine
from ttv_ray.cluster import Cluster, room_for
from ttv_ray.pool import Pool


def executor(**settings):
    return create_executor({"executors": {"ray": settings}}, "ray")


def test_it_is_found_by_its_name_and_imports_no_ray():
    code = """
        import sys
        from ttv_core.factory import create_executor
        made = create_executor({}, "ray")
        print(type(made).__name__, made.availability().ok, "ray" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in code.splitlines())],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "RayExecutor True False\n"


def test_the_address_is_that_of_the_settings_or_of_ray(monkeypatch):
    assert executor().settings.is_local
    assert executor(address="local").settings.is_local
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.7:6379")
    assert executor().settings.address == "10.0.0.7:6379"
    assert executor(address="auto").settings.address == "auto"
    with pytest.raises(
        ConfigurationError, match=r"executors\.ray\.address.*Ray Client will not do"
    ):
        executor(address="ray://10.0.0.7:10001")
    with pytest.raises(ConfigurationError, match=r"executors\.ray\.workers"):
        executor(workers=0)


def test_a_doctor_is_told_which_cluster_and_with_deep_what_it_has(cluster):
    release = f"Ray {version('ray')}"
    assert executor().availability(deep=True).reasons == (
        f"{release}; a cluster of this machine alone, for each batch",
    )
    made = executor(address=cluster.address)
    assert made.availability().reasons == (
        f"{release}; cluster {cluster.address}, which is asked with --deep",
    )
    found = made.availability(deep=True)
    assert (found.ok, found.remedies) == (True, ())
    assert found.reasons == (f"{release}; cluster {cluster.address}: 3 machines with 3 CPUs",)


@pytest.mark.parametrize("place", ["127.0.0.1:{}", "[::1]:{}", "no-such-host.invalid:{}", "x:y"])
def test_one_that_nobody_answers_for_is_told_at_once(place):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = place.format(unused.getsockname()[1])
        made = executor(address=address)
        with pytest.raises(BackendUnavailableError) as caught:
            made.open()
        made.close()
        assert caught.value.message.startswith(f"the Ray cluster {address} cannot be reached: ")
        assert (caught.value.code, "ray start" in caught.value.remedy) == ("no_cluster", True)
        found = made.availability(deep=True)
        assert (found.ok, found.reasons) == (False, (caught.value.message,))


@pytest.mark.parametrize(
    ("needs", "has", "room"),
    [
        (Needs(), {"CPU": 4.0}, 4),
        (Needs(cpus=1.5), {"CPU": 4.0}, 2),
        (Needs(gpus=1), {"CPU": 4.0}, 0),
        (Needs(gpus=2), {"CPU": 64.0, "GPU": 8.0}, 4),
        (Needs(memory=10), {"CPU": 8.0, "memory": 25.0}, 2),
        (Needs(cpus=0), {"CPU": 2.0}, 2),
    ],
)
def test_room_is_what_fits_into_each_machine(needs, has, room):
    assert room_for(needs, has) == room


def test_settings_go_before_what_a_backend_needs():
    plan = Ramp().plan("a fox")
    made = executor(cpus=2, gpus=0.5, memory=1.5)
    assert made._needs(OnGpu(), plan) == Needs(2, 0.5, 1_500_000_000)
    assert executor()._needs(OnGpu(), plan) == Needs(1, 1, 0)


def test_what_a_killed_engine_has_left_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(engine.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(engine.tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = {
        "left": f"ttv-ray-{gone.pid}-x",
        "ours": f"ttv-ray-{os.getpid()}-x",
        "not": "ttv-ray-x",
    }
    for name in names.values():
        (tmp_path / name).mkdir()
        (tmp_path / name / "video.mp4").touch()
    made = engine._own_folder()
    assert made.parent == tmp_path
    assert {path.name for path in tmp_path.iterdir()} == {names["ours"], names["not"], made.name}


@pytest.mark.parametrize("nodes", [lambda: [{"Alive": False}], lambda: 1 / 0])
def test_a_cluster_that_is_gone_keeps_nobody_waiting(nodes, monkeypatch):
    import ray

    monkeypatch.setattr(ray, "nodes", nodes)
    pool = Pool(Cluster(executor().settings), most=2)
    context = JobContext("job", "ramp")
    with pytest.raises(BackendUnavailableError, match="the Ray cluster is gone"):
        pool.lend(pool.kind(Ramp(), Needs()), context)
