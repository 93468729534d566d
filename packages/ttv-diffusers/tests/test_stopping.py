"""Progress comes with every step, and a step is the longest that stopping takes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import numpy as np
import pytest

from ttv_core import GenerationCancelledError, GenerationTimeoutError
from ttv_diffusers import DiffusersGenerator
from ttv_diffusers.desk import desk_of

MANY = 500


def started(folder, tmp_path, hear, **asked):
    """Start a job whose events are heard together with it."""
    known = Future()
    generator = DiffusersGenerator(model_dir=folder, device="cpu", threads=1, steps=MANY)
    usual = {"num_frames": 5, "size": (64, 64), "seed": 1, "output": tmp_path / "fox.mp4"}
    job = generator.start(
        "a red fox",
        on_event=lambda event: hear(event, known.result(60)),  # it may be quicker than this thread
        **(usual | asked),
    )
    known.set_result(job)
    return job


def test_every_step_is_told_with_the_time_that_is_left(make):
    events = []
    make("wan21_t2v", settings={"steps": 4}, on_event=events.append)
    running = [event for event in events if event.state == "running"]
    assert [event.step for event in running] == [0, 1, 2, 3, 4]
    assert {event.total for event in running} == {4}
    assert running[2].fraction == 0.5
    assert "left" in running[2].message
    assert [event.state for event in events][-3:] == ["encoding", "measuring", "completed"]


@pytest.mark.parametrize("name", ["wan21_t2v", "hunyuan15_t2v"])
def test_a_job_stops_at_its_next_step(name, pipelines, tmp_path):
    steps = []

    def hear(event, job):
        if event.state == "running":
            steps.append(event.step)
            if event.step == 1:
                job.cancel()

    job = started(pipelines(name), tmp_path, hear)
    with pytest.raises(GenerationCancelledError):
        job.wait(60)
    assert steps == [0, 1]
    assert not list(tmp_path.iterdir())


def test_no_step_is_told_after_a_stop_that_the_worker_had_run_ahead_of(pipelines, tmp_path):
    steps = []

    def hear(event, job):
        if event.state == "running":
            steps.append(event.step)
            time.sleep(1)  # the worker makes the next steps meanwhile
            job.cancel()

    job = started(pipelines("wan21_t2v"), tmp_path, hear)
    with pytest.raises(GenerationCancelledError):
        job.wait(60)
    assert steps == [0]


def test_after_a_stop_the_same_seed_makes_the_same_video(pipelines, tmp_path, seen, make):
    make("wan22_t2v", output=tmp_path / "before.mp4")
    pid = desk_of("cpu").pid
    job = started(
        pipelines("wan22_t2v"),
        tmp_path,
        lambda event, job: event.step == 1 and job.cancel(),
    )
    with pytest.raises(GenerationCancelledError):
        job.wait(60)
    make("wan22_t2v", output=tmp_path / "after.mp4")
    assert np.array_equal(seen[0], seen[-1])
    assert desk_of("cpu").pid == pid  # the worker went on


def test_a_job_that_waits_is_stopped_at_once(pipelines, tmp_path):
    go_on = threading.Event()
    folder, target = pipelines("wan21_t2v"), tmp_path / "second.mp4"
    first = started(folder, tmp_path, lambda event, job: go_on.wait(60))
    second = started(folder, tmp_path, lambda event, job: None, output=target)
    second.cancel()
    with pytest.raises(GenerationCancelledError):
        second.wait(60)
    assert not first.done
    first.cancel()
    go_on.set()
    first.await_stop()
    assert not list(tmp_path.iterdir())


def test_a_timeout_can_stop_it(pipelines, tmp_path):
    generator = DiffusersGenerator(
        model_dir=pipelines("wan21_t2v"), device="cpu", threads=1, steps=MANY
    )
    with pytest.raises((GenerationTimeoutError, GenerationCancelledError)):
        generator.generate(
            "a fox",
            size=(64, 64),
            num_frames=5,
            timeout=0.2,
            on_timeout="cancel",
            output=tmp_path / "fox.mp4",
        )
    assert not list(tmp_path.iterdir())


def test_a_worker_that_loads_is_ended_and_the_next_job_gets_another(pipelines, tmp_path, make):
    desk_of("cpu").let_go()
    told = []

    def hear(event, job):
        told.append(event.state)
        if told.count("loading") == 2:  # the second is the worker's own word
            job.cancel()

    job = started(pipelines("wan21_t2v"), tmp_path, hear)
    with pytest.raises(GenerationCancelledError):
        job.wait(60)
    assert "running" not in told
    assert not list(tmp_path.iterdir())
    assert make("wan21_t2v").info.num_frames == 5
