"""Several processes at one job: one works, the others follow; one create, one download."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import sys

import pytest
from deadly import TARGET, Deadly, Scene

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it takes fork and pidfd")

RACERS = 6
TRIALS = 100
# Where a process left the job: nothing sent, an answer lost, accepted, done at the vendor.
LEFT_AT = (
    *("insert after 1", "vendor create after", "submitting>accepted after 1"),
    *("running>remote_done after 1", "first chunk after 1"),
)
FOLLOWING = "another process works on it"


@pytest.fixture
def left(nursery, film, tmp_path):
    """Start a job in a process that is killed at a point, and give the scene as it was left."""
    numbers = itertools.count()

    @contextlib.contextmanager
    def leave(kind, point, states=("running", "done")):
        folder = tmp_path / str(next(numbers))
        with Deadly(film, point, states) as vendor:
            scene = Scene(folder, kind, vendor)
            child = nursery.start(**scene.order("make", die=point))
            vendor.victim = child.pid
            child.go().gone()
            assert not child.done
            vendor.settle()
            yield scene
        shutil.rmtree(folder)

    return leave


def race(scene, nursery, **how):
    """Have six processes resume the job at once, and return what they say of it."""
    ((job_id, _),) = scene.jobs()
    racers = [nursery.start(**scene.order("resume", job=job_id, **how)) for _ in range(RACERS)]
    for racer in racers:
        racer.go()
    return [racer.gone().said for racer in racers]


def test_of_six_racing_processes_one_creates_and_downloads(left, nursery, full, tally):
    trials = TRIALS if full else len(LEFT_AT)
    for trial in range(trials):
        # An opaque vendor's lost answer is left to a person, whoever comes first.
        kind = ("keyed", "listed")[trial // len(LEFT_AT) % 2]
        with left(kind, LEFT_AT[trial % len(LEFT_AT)]) as scene:
            downloads = scene.vendor.requests["file"]
            said = race(scene, nursery, warm=trial % 2 == 0)
            assert said == [[str(scene.out / TARGET)]] * RACERS
            assert scene.problems(scene.jobs()) == []
            assert scene.vendor.accepted == 1
            assert scene.vendor.requests["file"] - downloads == 1
    tally["races of six"] = f"{trials} trials, each with one create and one download"


@pytest.fixture
def two(left, nursery):
    """Two processes at a job that runs at its vendor: one works on it, the other has said so."""
    with left("opaque", "accepted>running after 1", ["running"]) as scene:
        worker = nursery.start(**scene.order("resume", events=True)).go()
        assert heard(worker, "event")["event"] == "running"
        follower = nursery.start(**scene.order("resume", events=True)).go()
        assert heard(follower, "event")["message"].startswith(FOLLOWING)
        yield scene, worker, follower


def heard(child, what):
    """Return the next thing of a kind that a process tells."""
    while (told := child.hear()) is not None:
        if what in told:
            return told
    raise AssertionError(what)


def finish(scene):
    for task in scene.vendor.tasks.values():
        task.states.append("done")


def test_of_two_processes_one_works_and_the_other_says_so(two):
    scene, worker, follower = two
    finish(scene)
    assert worker.gone().said == follower.gone().said == [str(scene.out / TARGET)]
    assert scene.problems(scene.jobs()) == []
    assert scene.vendor.requests["file"] == scene.vendor.requests["create"] == 1


def test_the_other_goes_on_when_the_one_that_works_is_killed(two):
    scene, worker, follower = two
    os.kill(worker.pid, signal.SIGKILL)
    worker.gone()
    assert not worker.done
    finish(scene)
    assert follower.gone().said == [str(scene.out / TARGET)]
    assert scene.problems(scene.jobs()) == []
    assert scene.vendor.requests["file"] == scene.vendor.requests["create"] == 1
