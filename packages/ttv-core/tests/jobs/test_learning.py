"""What the core learns of how long jobs take, from jobs that it watches itself; time is virtual."""

import asyncio
import dataclasses
import random
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from virtual import Leaping

from ttv_core.jobs import Polling, SubmitSemantics
from ttv_core.jobs.record import JobRecord
from ttv_core.jobs.vendor import Poll
from ttv_core.jobs.watching import watch
from ttv_core.jobs.work import Outside, Work


class Store:
    """A journal in memory."""

    def __init__(self, took):
        self.durations = list(took)

    def update(self, record, *attempts, **changes):
        done = Future()
        done.set_result(dataclasses.replace(record, **changes, rev=record.rev + 1))
        if changes.get("took") is not None:
            self.durations.append(changes["took"])
        return done

    def took(self, backend, model):
        return self.durations[-30:]

    def get(self, job_id):
        return None


def watched(store, seconds, *, count=1):
    """Watch jobs that all take so long; return how long after its end the last was seen."""

    async def one():
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds

        async def poll(ref):
            return Poll(state="done" if loop.time() >= end else "running")

        vendor = SimpleNamespace(
            name="acme",
            semantics=SubmitSemantics(polling=Polling(floor=5, ceiling=15)),
            poll=poll,
            scrub=str,
        )
        outside = Outside(
            store=store, owner="me", inspect=None, now=loop.time, random=random.Random(1)
        )
        record = JobRecord(
            id="1", backend="acme", model="m", state="accepted", owner="me", accepted_at=loop.time()
        )
        await watch(Work(record, None, vendor, outside, lambda *_, **__: None))
        return loop.time() - end

    late = 0.0
    for _ in range(count):
        with asyncio.Runner(loop_factory=Leaping) as runner:
            late = runner.run(one())
    return late


def test_a_vendor_that_became_quicker_is_looked_at_sooner_with_time():
    store = Store([100.0] * 30)
    assert watched(store, 40) > 50
    assert watched(store, 40, count=20) < 10


def test_a_vendor_that_became_slower_is_looked_at_later_with_time():
    store = Store([40.0] * 30)
    watched(store, 100, count=30)
    assert min(store.durations[-30:]) > 80


def test_a_job_that_was_done_at_the_first_look_took_less_than_that():
    store = Store([100.0] * 30)
    watched(store, 40)
    assert store.durations[-1] == pytest.approx(80, abs=2)


def test_of_a_job_that_was_seen_running_the_end_lies_between_two_looks():
    store = Store([38.0] * 30)
    late = watched(store, 60)
    assert store.durations[-1] == pytest.approx(60, abs=max(late, 3))
