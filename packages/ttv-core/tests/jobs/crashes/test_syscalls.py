"""Killed at any system call that writes, names or sends: the same must hold as at named points."""

from __future__ import annotations

import itertools
import shutil
import sys

import pytest
from acme import KINDS
from deadly import Deadly, Scene, summary
from traced import NoTraceError, Traced

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="it takes fork and pidfd"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

# The main thread opens the journal; it is caught before that, the others once they are there.
THREADS = {
    "MainThread": False,
    "ttv-journal": True,
    "ttv-background": True,
    "ttv-disk_0": True,
}
SOME = 25


@pytest.fixture
def traced(nursery, film, tmp_path):
    """Make a job while a thread of it is traced, bring it home, and say what was seen."""
    numbers = itertools.count()

    def run(kind, thread, kill=None):
        folder = tmp_path / str(next(numbers))
        with Deadly(film) as vendor:
            scene = Scene(folder, kind, vendor)
            child = nursery.start(**scene.order("make", warm=THREADS[thread]))
            try:
                strace = Traced(child.threads[thread], folder / "calls", kill)
            except NoTraceError as error:
                child.go().gone()
                pytest.skip(str(error))
            child.go().gone()
            strace.end()
            calls = strace.calls()
            vendor.settle()
            before = scene.jobs()
            assert nursery.run(**scene.order("resume")).done
            found = scene.problems(before)
        shutil.rmtree(folder)
        return calls, child.done, [f"{kind}, {thread} killed at {kill}: {each}" for each in found]

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_no_system_call_is_a_bad_one_to_die_at(kind, traced, full, tally):
    every = []
    for thread in THREADS:
        calls, done, found = traced(kind, thread)
        assert (done, found) == (True, [])
        every += [
            (thread, call, number)
            for call, count in sorted(calls.items())
            for number in range(1, count + 1)
        ]
    assert {call for _, call, _ in every} >= {"pwrite64", "fdatasync", "fsync", "sendto", "connect"}
    chosen = every if full else every[list(KINDS).index(kind) :: SOME]
    killed, problems = 0, []
    for thread, call, last in chosen:
        number = last
        # How often a socket is written to is not the same each time: where a process did not come
        # to that call, the last one that it did come to is taken.
        for _ in range(3):
            calls, done, found = traced(kind, thread, (call, number))
            problems += found
            number = calls[call]
            if not done or not number:
                break
        killed += not done
    tally[f"{len(every)} system calls, {kind}"] = summary(len(chosen), killed, problems)
    assert not problems, "\n".join(problems)
    assert killed >= 0.8 * len(chosen)
