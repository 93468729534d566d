"""`ttv batch`: a file of requests becomes a folder of videos, once."""

from __future__ import annotations

import json
import signal

import pytest

from ttv_core.media import first_frame

LINES = [
    {"prompt": "a fox", "duration": 1},
    {"prompt": "a hen", "duration": 2},
    {"prompt": "wrong", "duration": -1},
]


@pytest.fixture
def batch(shell):
    """Write a file of requests."""

    def write(lines, name="b.jsonl"):
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (shell.cwd / name).write_text(text)
        return name

    return write


def said(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_is_made_and_the_wrong_one_told(shell, batch):
    done = shell.run("batch", batch(LINES), "-o", "out", "-b", "snail")
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 2
    assert "128x72 · 1.0 s · 12 fps · $0.10" in done.stdout
    assert "request 3 (refused):" in done.stderr
    assert "duration is -1" in done.stderr
    summary = json.loads((shell.cwd / "out" / "summary.json").read_text())
    assert summary["states"] == {"completed": 2, "refused": 1}
    assert first_frame(shell.cwd / "out" / "overview.jpg").shape == (180, 2 * 320, 3)
    again = shell.run("batch", batch(LINES[:2]), "-o", "out", "-b", "snail", "--json")
    assert again.returncode == 0
    *items, last = said(again)
    assert {item["state"] for item in items} == {"skipped"}
    assert last["summary"]["requests"] == 2


def test_a_dry_run_sends_nothing_and_says_what_it_costs(shell, batch):
    done = shell.run("batch", batch(LINES), "-o", "out", "-b", "snail", "--dry-run")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == (
        "3 requests: 2 possible, 1 not possible; about $0.30 in all"
    )
    assert not (shell.cwd / "out").exists()
    *lines, last = said(
        shell.run("batch", "b.jsonl", "-o", "x", "-b", "snail", "--dry-run", "--json")
    )
    assert [line["plan"] is None for line in lines] == [False, False, True]
    assert (last["possible"], last["cost"]) == (2, "0.3")


def test_a_budget_refuses_what_would_pass_it(shell, batch):
    done = shell.run(
        "batch", batch(LINES[:2]), "-o", "out", "-b", "snail", "--budget", "$0.10", "--json"
    )
    assert done.returncode == 4
    items = said(done)[:-1]
    assert {item["state"] for item in items} == {"completed", "refused"}
    again = shell.run("batch", "b.jsonl", "-o", "out", "-b", "snail", "--budget", "$0.10")
    assert "of the budget are left\n  to mend it: a higher --budget" in again.stderr


def test_options_are_for_lines_that_do_not_say(shell, batch):
    name = batch([{"prompt": "a"}, {"prompt": "b", "duration": 2}])
    shell.run("batch", name, "-o", "out", "-b", "snail", "-d", "4", "--name", "{slug}.mp4")
    sizes = {
        name: json.loads((shell.cwd / "out" / f"{name}.mp4.json").read_text())["result"]["info"]
        for name in "ab"
    }
    assert {name: info["duration"] for name, info in sizes.items()} == {"a": 4.0, "b": 2.0}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("none.csv", "-o", "out"), "none.csv cannot be read"),
        (("b.txt", "-o", "out"), "say --format"),
        (("b.jsonl", "-o", "out", "--budget", "much"), "say US dollars"),
        (("b.jsonl", "-o", "out", "--name", "fox"), "no file name that ends in .mp4"),
        (("b.jsonl",), "--output"),
    ],
)
def test_what_was_typed_wrong(shell, batch, words, told):
    batch(LINES)
    (shell.cwd / "b.txt").write_text("a")
    done = shell.run("batch", *words, "-b", "snail")
    assert done.returncode == 2
    assert told in done.stderr


def test_ctrl_c_stops_in_good_order_and_the_same_command_goes_on(shell, batch):
    name = batch([{"prompt": f"fox {i}", "duration": 1} for i in range(4)])
    (shell.cwd / "hold").touch()  # all but the first
    process = shell.start("batch", name, "-o", "out", "-b", "snail")
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in told
    assert not [path for path in shell.left_behind() if ".part" in path]
    (shell.cwd / "hold").unlink()
    done = shell.run("batch", name, "-o", "out", "-b", "snail", "--json")
    states = [item["state"] for item in said(done)[:-1]]
    assert done.returncode == 0
    assert "skipped" in states
    assert len(states) == 4


def test_a_job_that_a_vendor_has_comes_home_with_the_next_run(shell, batch, vendor):
    vendor.states = ["running"]
    name = batch([{"prompt": "a fox", "duration": 1}])
    process = shell.start("batch", name, "-o", "out", "-b", "acme")
    while not [job for job in shell.records() if job.remote_id]:
        assert process.poll() is None
    process.kill()
    process.communicate()
    vendor.end()
    done = shell.run("batch", name, "-o", "out", "-b", "acme", "--json")
    item, last = said(done)
    assert (done.returncode, item["state"], item["cost"]) == (0, "completed", "0.20")
    assert last["summary"]["cost"] == "0.20"
    assert vendor.accepted == 1


def test_a_dry_run_hears_the_policies_too(shell, batch):
    shell.install(
        "ttv-policy",
        "[ttv.plugins]\npolicy = policy\n",
        policy="""
            from ttv_core import Violation
            from ttv_core.hookspecs import hookimpl

            @hookimpl
            def ttv_review(plan):
                if "hen" in plan.request.prompt:
                    return [Violation("prompt", "policy", "no hens")]
            """,
    )
    done = shell.run("batch", batch(LINES[:2]), "-o", "out", "-b", "snail", "--dry-run")
    assert done.returncode == 4
    assert "2: no · no hens" in done.stdout


FAR = """
from ttv_core import Availability, BackendSettings

class Settings(BackendSettings):
    cluster: str = "none"

class Far:
    name = "far"
    Settings = Settings
    def __init__(self, settings):
        self.settings = settings
    def availability(self, *, deep=False):
        reason = f"cluster {self.settings.cluster}, {'asked' if deep else 'not asked'}"
        return Availability(ok=not deep, reasons=(reason,), remedies=("start it",) if deep else ())
    def open(self):
        pass
    def places(self, maker, plan):
        return 2
    def make(self, maker, plan, delivery, context):
        delivery.path.unlink()
        return type(maker)(maker.settings).make_planned(plan, delivery.path).wait()
    def close(self):
        pass
"""


def test_an_executor_renders_what_is_local(shell, batch):
    shell.install("ttv-far", "[ttv.executors]\nfar = far:Far\n", far=FAR)
    name = batch([{"prompt": "a fox", "duration": 1}, {"prompt": "a hen", "duration": 1}])
    done = shell.run("batch", name, "-o", "out", "-b", "snail", "--executor", "far", "--json")
    assert done.returncode == 0, done.stderr
    assert [item["state"] for item in said(done)[:-1]] == ["completed", "completed"]
    unknown = shell.run("batch", name, "-o", "out", "-b", "snail", "--executor", "rey")
    assert unknown.returncode == 3
    assert "there is no executor 'rey'; installed: far" in unknown.stderr


def test_a_doctor_looks_at_executors_too(shell):
    shell.install("ttv-far", "[ttv.executors]\nfar = far:Far\n", far=FAR)
    shell.install("ttv-bad", "[ttv.executors]\nbad = bad:Far\n", bad="1/0")
    (shell.cwd / "ttv.yaml").write_text("executors: {far: {cluster: blue}}")
    found = shell.json("doctor", code=3)
    bad, far = found["executors"][:2]
    assert (far["available"], far["reasons"]) == (True, ["cluster blue, not asked"])
    assert (bad["loads"], bad["available"]) == (False, None)
    assert found["broken"] == ["bad"]
    deep = shell.json("doctor", "--deep", code=3)["executors"][1]
    assert (deep["available"], deep["reasons"]) == (False, ["cluster blue, asked"])
    told = shell.run("doctor", "--deep").stdout
    assert "start it" in told
    assert "cluster blue, asked" in told
    assert "executors" in shell.run("plugins").stdout
