"""A batch on a cluster comes to what it comes to in one process, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from doubles import OnGpu

import ttv_ray.errand
import ttv_ray.pool
from ttv_core import GENERATOR_REGISTRY
from ttv_core.media import frames, png

HERE = Path(__file__).parent


def foxes(count, word="", **fields):
    return [{"prompt": f"{word} fox {i}".strip(), "seed": i} | fields for i in range(count)]


def pictures(path):
    return np.stack(list(frames(path)))


def until(true, seconds=120):
    """Wait for what other processes do."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def is_alive(pid):
    with suppress(ProcessLookupError, FileNotFoundError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


def parts(folder):
    return [path.name for path in folder.iterdir() if ".part" in path.name]


@contextmanager
def under_way(items):
    """Have a batch run in a thread, and give what it gives at the end."""
    made = []
    thread = threading.Thread(target=lambda: made.extend(items))
    thread.start()
    yield made
    thread.join(180)
    assert not thread.is_alive()


@contextmanager
def folder_of_this_process_alone(folder):
    """Give a folder a name that means nothing on any other machine, nor in any other process."""
    folder.mkdir()
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def test_frame_by_frame_as_in_one_process(many, log, tmp_path, monkeypatch):
    monkeypatch.setattr(ttv_ray.errand, "_PIECE", 1000)
    wanted = foxes(4)
    here = {item.prompt: item for item in many(wanted, executor=None, output=tmp_path / "here")}
    events = []
    with folder_of_this_process_alone(tmp_path / "far") as far:
        for output in (tmp_path / "out", far):
            for item in many(wanted, output=output, on_event=events.append):
                own = here[item.prompt]
                assert item.state == "completed", item.error
                assert np.array_equal(pictures(item.path), pictures(own.path))
                assert (item.result.seed, item.result.warnings) == (own.result.seed, ())
                assert {"load", "render", "total"} <= item.result.timings.keys()
            assert {item.state for item in many(wanted, output=output)} == {"skipped"}
    for name in ("out", "far"):
        names = Counter(path.suffix for path in (tmp_path / name).iterdir())
        assert names == {".mp4": 4, ".json": 4, ".jsonl": 1}
    told = Counter(event.state for event in events)
    assert told["completed"] == 8
    assert {"waiting", "running", "measuring", "downloading"} <= told.keys()
    by_driver = [line for line in log("begun") if line[1] == str(os.getpid())]
    assert len(by_driver) == 4
    assert len(log("begun")) == 12


def test_each_machine_has_an_engine_and_a_slow_one_holds_nobody_up(many, log, tmp_path):
    hold = tmp_path / "log.hold"
    hold.touch()
    items = many([*foxes(1, "held"), *foxes(2, "together"), *foxes(4)])
    made = [next(items) for _ in range(6)]
    assert {item.state for item in made} == {"completed"}
    assert "held fox 0" not in {item.prompt for item in made}
    hold.unlink()
    assert next(items).prompt == "held fox 0"
    assert list(items) == []
    machines = Counter(raylet for *_, raylet, _ in log("done"))
    assert len(machines) == 3
    assert len({pid for _, pid, *_ in log("done")}) == 3
    assert Counter(word for word, *_ in log("done")).most_common(1)[0][1] == 1


@pytest.mark.parametrize("what", ["engine", "machine"])
def test_one_that_is_killed_loses_nothing_and_doubles_nothing(what, cluster, many, log, tmp_path):
    hold = tmp_path / "log.hold"
    hold.touch()
    machine = cluster.add_node(**cluster.machine) if what == "machine" else None
    wanted = [*foxes(8, "held"), *foxes(2)]
    with under_way(many(wanted)) as made:
        begun = until(lambda: len(log("begun")) >= (4 if machine else 3) and log("begun"))
        if machine is None:
            lost, pid, *_ = begun[0]
            os.kill(int(pid), signal.SIGKILL)
            until(lambda: [prompt for prompt, *_ in log("begun")].count(lost) == 2)
        else:
            raylet = next(p for p in machine.all_processes["raylet"]).process.pid
            lost, pid, *_ = next(line for line in begun if int(line[2]) == raylet)
            cluster.remove_node(machine, allow_graceful=False)
            until(lambda: not is_alive(int(pid)))
        hold.unlink()
    assert [(item.state, item.error) for item in made] == [("completed", None)] * 10
    assert Counter(prompt for prompt, *_ in log("done")) == {w["prompt"]: 1 for w in wanted}
    begun = Counter(prompt for prompt, *_ in log("begun"))
    assert {prompt for prompt, times in begun.items() if times > 1} == {lost}
    assert parts(tmp_path / "out") == []


def test_what_kills_its_engine_each_time_ends_and_the_others_are_made(many, log):
    made = {item.prompt: item for item in many([*foxes(1, "deadly"), *foxes(3)])}
    failed = made.pop("deadly fox 0")
    assert {item.state for item in made.values()} == {"completed"}
    assert (failed.state, failed.error.code) == ("failed", "engine_died")
    assert failed.error.message.startswith("its engine died 3 times, the last time on ")
    assert (failed.error.backend, failed.charged, failed.again) == ("ramp", "no", True)
    assert [prompt for prompt, *_ in log("begun")].count("deadly fox 0") == 3


def test_closing_it_stops_the_engines_even_those_that_do_not_heed(many, log, tmp_path, monkeypatch):
    monkeypatch.setattr(ttv_ray.errand, "_STOP_SECONDS", 5.0)
    (tmp_path / "log.hold").touch()
    items = many([*foxes(1), *foxes(1, "held"), *foxes(1, "stuck")])
    assert next(items).prompt == "fox 0"
    until(lambda: len(log("begun")) == 3)
    items.close()
    pids = {int(pid) for _, pid, *_ in log("begun")}
    until(lambda: not any(map(is_alive, pids)))
    assert [prompt for prompt, *_ in log("heeded")] == ["held fox 0"]
    assert parts(tmp_path / "out") == []
    (tmp_path / "log.hold").unlink()
    states = Counter(item.state for item in many([*foxes(1), *foxes(1, "held")]))
    assert states == {"skipped": 1, "completed": 1}


def test_each_engine_has_a_gpu_of_its_own(cluster, many, log, config, monkeypatch, tmp_path):
    monkeypatch.setitem(GENERATOR_REGISTRY._own, "gpu", OnGpu)
    config["backends"]["gpu"] = config["backends"]["ramp"]
    [refused] = many(foxes(1), backend="gpu")
    assert (refused.state, refused.error.code) == ("failed", "no_room")
    assert "no machine of the cluster has 1 CPU and 1 GPU" in refused.error.message
    hold = tmp_path / "log.hold"
    hold.touch()
    machine = cluster.add_node(**(cluster.machine | {"num_cpus": 2, "num_gpus": 2}))
    try:
        with under_way(many(foxes(4, "held"), backend="gpu")) as made:
            until(lambda: len(log("begun")) == 2)
            hold.unlink()
    finally:
        cluster.remove_node(machine)
    assert [item.state for item in made] == ["completed"] * 4
    assert {gpu for *_, gpu in log("done")} == {"0", "1"}


def test_backends_take_turns_where_there_is_one_place(many, config, monkeypatch):
    monkeypatch.setattr(ttv_ray.pool, "_STAY_SECONDS", 0.0)
    monkeypatch.setitem(
        GENERATOR_REGISTRY._own,
        "other",
        type(
            "Other",
            (OnGpu,),
            {
                "name": "other",
                "models": OnGpu.models.model_copy(update={"requires_gpu": False}),
            },
        ),
    )
    config["executors"]["ray"] |= {"cpus": 1, "workers": 3}
    config["backends"]["other"] = config["backends"]["ramp"] | {"level": 1}
    wanted = [*foxes(4), *foxes(1, backend="other")]
    assert Counter(item.state for item in many(wanted)) == {"completed": 5}


def test_an_engine_that_cannot_be_made_there(many, config):
    config["backends"]["ramp"]["broken"] = True
    config["executors"]["ray"]["workers"] = 1
    [failed] = many(foxes(1))
    told = failed.error
    assert (failed.state, told.code, told.charged) == ("failed", "engine_start", "no")
    assert "no engine for ramp could be started on " in told.message
    assert "ZeroDivisionError: no engine here" in told.message
    assert "the same packages on every machine" in told.remedy


def test_pictures_go_with_the_work(many, tmp_path):
    picture = tmp_path / "grey.png"
    picture.write_bytes(png(np.full((36, 64, 3), 99, np.uint8)))
    with folder_of_this_process_alone(tmp_path / "far") as far:
        (tmp_path / "far" / "grey.png").write_bytes(picture.read_bytes())
        [made] = many(foxes(1, image=f"{far}/grey.png"))
    assert (made.state, made.result.mode) == ("completed", "image_to_video")


DRIVER = """
import sys
sys.path.insert(0, {here!r})
import ttv_core
from doubles import Ramp, VendorGenerator
ttv_core.GENERATOR_REGISTRY["ramp"] = Ramp
ttv_core.GENERATOR_REGISTRY["vendor"] = VendorGenerator
wanted = {wanted!r}
for item in ttv_core.generate_many(
    wanted, output={out!r}, config={config!r}, executor="ray", concurrency=4
):
    print(item.state, flush=True)
"""


def test_a_killed_driver_pays_nothing_twice_and_leaves_no_engine(
    many, log, vendor, config, tmp_path
):
    vendor.states = ["running"]
    (tmp_path / "log.hold").touch()
    wanted = [
        *foxes(3, "held", backend="ramp"),
        *({"prompt": f"hen {i}", "duration": 1, "backend": "vendor"} for i in range(6)),
    ]
    code = textwrap.dedent(DRIVER).format(
        here=str(HERE), wanted=wanted, out=str(tmp_path / "out"), config=config
    )
    driver = subprocess.Popen([sys.executable, "-c", code], text=True)
    try:
        until(lambda: vendor.accepted == 4 and len(log("begun")) == 3)
    finally:
        driver.kill()
        driver.wait()
    pids = {int(pid) for _, pid, *_ in log("begun")}
    until(lambda: not any(map(is_alive, pids)))
    vendor.end()
    (tmp_path / "log.hold").unlink()
    made = list(many(wanted, concurrency=4))
    assert {item.state for item in made} == {"completed"}
    assert len({item.path for item in made}) == 9
    assert vendor.accepted == 6
    assert Counter(prompt for prompt, *_ in log("done")) == {w["prompt"]: 1 for w in wanted[:3]}
    assert parts(tmp_path / "out") == []
    assert {item.state for item in many(wanted)} == {"skipped"}
    assert vendor.accepted == 6


def test_an_application_that_uses_ray_keeps_its_own(cluster, many, config):
    import ray

    ray.init(address=cluster.address, log_to_driver=False)
    try:
        config["executors"]["ray"]["address"] = "127.0.0.1:1"
        assert {item.state for item in many(foxes(2))} == {"completed"}
        assert ray.is_initialized()
    finally:
        ray.shutdown()


LOCAL = """
import sys
sys.path.insert(0, {here!r})
import ttv_core
from doubles import Ramp
ttv_core.GENERATOR_REGISTRY["ramp"] = Ramp
wanted = [{{"prompt": "a fox"}}, {{"prompt": "deadly fox"}}]
config = {{
    "backends": {{"ramp": {{"log": {log!r}}}}}, "executors": {{"ray": {{"cpus": 0.25}}}}
}}
made = ttv_core.generate_many(
    wanted, output={out!r}, config=config, backend="ramp", executor="ray"
)
print(sorted(item.state for item in made))
"""


def test_a_cluster_of_this_machine_for_the_batch_says_nothing_and_leaves_nothing(
    ray_folder, tmp_path, monkeypatch
):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED")
    code = LOCAL.format(here=str(HERE), log=str(tmp_path / "log"), out=str(tmp_path / "out"))
    before = processes(ray_folder)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("['completed', 'failed']\n", "")
    assert list((tmp_path / "home").iterdir()) == []
    until(lambda: processes(ray_folder) <= before)


def processes(folder):
    """Return the processes that name a folder."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(folder).encode() in path.read_bytes():
                found.add(path.parent.name)
    return found
