"""Killed at any named point: no job lost, none paid twice, nothing left behind."""

from __future__ import annotations

import itertools
import random
import shutil
import sys

import pytest
from acme import KINDS
from deadly import Deadly, Scene, summary

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it takes fork and pidfd")

RUNS = 20
AT_THE_VENDOR = (
    *("vendor create before", "vendor create after"),  # accepted, and not yet answered
    *("vendor poll before", "vendor poll after", "vendor file before"),
)
# Each of these must be among the points found, or the wrappers have come loose.
EXPECTED = {
    *("commit", "check_writable", "part file", "insert", "prepare", "submit", "poll", "fetch"),
    *("inspect", "prepared>submitting", "submitting>accepted", "accepted>running"),
    *("running>remote_done", "remote_done>parts", "first chunk", "last chunk", "publish"),
    *("sync file", "sync folder", "link", "remote_done>completed", "write_sidecar", "clean_up"),
}


@pytest.fixture
def crash(nursery, film, tmp_path):
    """Make a job, kill it at a point, perhaps kill who resumes it too, and bring it home."""
    numbers = itertools.count()

    def run(kind, point, *, again=None):
        folder = tmp_path / str(next(numbers))
        with Deadly(film, point) as vendor:
            scene = Scene(folder, kind, vendor)
            child = nursery.start(**scene.order("make", die=point))
            vendor.victim = child.pid
            child.go().gone()
            killed = not child.done
            vendor.settle()
            before = scene.jobs()
            if again is not None:
                second = nursery.run(**scene.order("resume"), die=again)
                vendor.settle()
                before = before if second.done else _still_in_doubt(before, scene.jobs())
            last = nursery.run(**scene.order("resume"))
            assert last.done
            found = scene.problems(before)
        shutil.rmtree(folder)
        return killed, [f"{kind}, killed at {point!r} and {again!r}: {each}" for each in found]

    return run


def _still_in_doubt(first, second):
    """A job that was in doubt when its first process was killed stays so, whatever happens next."""
    return first if [state for _, state in first] == ["submitting"] else second


def points_of(nursery, film, folder, kind, do="make", **before):
    """Return the points that a job passes if nobody dies."""
    with Deadly(film) as vendor:
        scene = Scene(folder, kind, vendor)
        if before:
            nursery.run(**scene.order("make"), **before)
            vendor.settle()
        child = nursery.run(**scene.order(do))
        assert child.done
        return child.points


def some(made, kind):
    """Return the points around the create, where the kinds differ, and a third of all others."""
    first = made.index("prepared>submitting before 1")
    last = made.index("submitting>accepted after 1")
    others = made[:first] + made[last + 1 :]
    return (*AT_THE_VENDOR, *made[first : last + 1], *others[list(KINDS).index(kind) :: len(KINDS)])


@pytest.mark.parametrize("kind", KINDS)
def test_no_crash_loses_a_job_or_pays_twice(kind, crash, nursery, film, tmp_path, full, tally):
    made = points_of(nursery, film, tmp_path / "make", kind)
    assert {point.rsplit(" ", 2)[0] for point in made} >= EXPECTED
    resumed = points_of(
        nursery, film, tmp_path / "resume", kind, "resume", die="prepared>submitting after 1"
    )
    chance = random.Random(kind)
    runs = killed = 0
    problems = []
    points = (*made, *AT_THE_VENDOR) if full else some(made, kind)
    for point in points:
        for number in range(RUNS if full else 1):
            again = chance.choice(resumed) if number else None
            died, found = crash(kind, point, again=again)
            runs, killed = runs + 1, killed + died
            problems += found
    tally[f"crashes, {kind}"] = summary(runs, killed, problems)
    assert not problems, "\n".join(problems)
    assert killed == runs


def test_a_name_is_durable_before_the_job_is_over_whoever_gave_it(nursery, film, tmp_path):
    with Deadly(film) as vendor:
        scene = Scene(tmp_path, "keyed", vendor)
        nursery.run(**scene.order("make"), die="link after 1")
        points = nursery.run(**scene.order("resume")).points
    assert vendor.requests["file"] == 1  # the video had its name already
    assert points.index("sync folder after 1") < points.index("remote_done>completed before 1")
