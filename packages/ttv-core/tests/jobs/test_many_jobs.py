"""Jobs beside each other in one process: none holds up the others, and all share what is scarce."""

from __future__ import annotations

import asyncio
import random
import threading
from concurrent.futures import Future
from dataclasses import replace

import pytest
from virtual import Leaping, Prompt

from ttv_core import RemoteRef, SubmitSemantics, background, output, transfer
from ttv_core.addresses import Guard
from ttv_core.jobs import IdempotencyKey
from ttv_core.jobs import work as works
from ttv_core.jobs.journal import Journal
from ttv_core.jobs.record import JobRecord
from ttv_core.jobs.submission import prepare_and_submit, reconcile
from ttv_core.jobs.work import Outside, Work
from ttv_core.planning import Plan
from ttv_core.request import VideoRequest
from ttv_core.results import CostEstimate, ExpectedVideo
from ttv_core.transfer import RemoteFile

PATIENCE = 60.0


def test_a_disk_that_is_slow_does_not_hold_up_other_jobs(backend, tmp_path, monkeypatch):
    reached, other_is_done = threading.Event(), threading.Event()
    slow = tmp_path / "slow"
    slow.mkdir()
    sync = output.sync

    def sync_slowly(path):
        if path.parent == slow:
            reached.set()
            assert other_is_done.wait(PATIENCE)
        sync(path)

    monkeypatch.setattr(output, "sync", sync_slowly)
    generator = backend()
    stuck = generator.start("a fox", duration=1, output=slow / "fox.mp4")
    assert reached.wait(PATIENCE)
    other = generator.generate("a hare", duration=1, output=tmp_path / "hare.mp4", timeout=PATIENCE)
    assert other.path.is_file()
    assert not stuck.done
    other_is_done.set()
    assert stuck.wait(PATIENCE).path.is_file()


def test_a_download_that_waits_for_its_turn_opens_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "_AT_ONCE", 2)
    opened = []
    inner = transfer._opened
    monkeypatch.setattr(transfer, "_opened", lambda part: opened.append(part) or inner(part))

    async def downloads():
        turn = asyncio.Event()

        async def read():
            await turn.wait()
            yield b"video"

        parts = [tmp_path / f"{number}.part" for number in range(5)]
        for part in parts:
            part.touch()
        tasks = [
            asyncio.create_task(transfer.download(RemoteFile(read=read), part, Guard()))
            for part in parts
        ]
        await asyncio.sleep(0)
        waiting = len(opened)
        turn.set()
        await asyncio.gather(*tasks)
        return waiting, [part.read_bytes() for part in parts]

    waiting, bodies = asyncio.run(downloads())
    assert waiting == 2
    assert bodies == [b"video"] * 5


def fetched(part, act, monkeypatch):
    """Fetch two pieces while the disk waits for `act`; return what was written when it acted."""

    async def pieces():
        yield b"vid"
        read.set()
        yield b"eo"

    async def slow(function, *arguments):
        await go_on.wait()
        function(*arguments)

    async def main():
        task = asyncio.create_task(
            transfer.download(RemoteFile(read=pieces), part, Guard(), on_disk=slow)
        )
        await asyncio.wait_for(read.wait(), PATIENCE)
        await act(task)
        written = part.read_bytes()
        assert not task.done()
        go_on.set()
        await asyncio.wait([task])
        return written, task

    monkeypatch.setattr(transfer, "_PIECE", 1)
    read, go_on = asyncio.Event(), asyncio.Event()
    part.touch()
    return asyncio.run(main())


def test_a_piece_is_written_while_the_next_one_comes(tmp_path, monkeypatch):
    async def nothing(task):
        await asyncio.sleep(0)

    written, task = fetched(tmp_path / "part", nothing, monkeypatch)
    assert written == b""
    assert task.result().total == 5
    assert (tmp_path / "part").read_bytes() == b"video"


def test_a_download_that_is_cancelled_ends_after_its_last_write(tmp_path, monkeypatch):
    async def cancel(task):
        task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)

    _, task = fetched(tmp_path / "part", cancel, monkeypatch)
    assert task.cancelled()
    assert (tmp_path / "part").read_bytes() == b"video"  # all that came is kept


# --- taking turns ---------------------------------------------------------------------------------

SLOW = 100.0
PLAN = Plan(
    "slow",
    "m",
    "text_to_video",
    {},
    (),
    (),
    (),
    CostEstimate(None),
    ExpectedVideo(),
    VideoRequest(prompt="a fox"),
)


class Slow:
    """A vendor that takes its time for each create, and has one at a time only."""

    name = "slow"
    semantics = SubmitSemantics(create_timeout=1.5 * SLOW)

    def __init__(self, journal):
        self.journal = journal
        self.log = []

    async def prepare(self, plan):
        self.log.append("prepare")
        return {}

    async def submit(self, plan, key):
        self.log.append(sorted(record.state for record in self.journal.select()))
        await asyncio.sleep(SLOW)
        return RemoteRef(f"r-{key}")

    def scrub(self, text):
        return text


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "journal")
    yield made
    made.close()


def test_a_create_that_waits_for_its_turn_is_not_on_its_way(journal, monkeypatch):
    monkeypatch.setattr(works, "AT_ONCE", 1)
    vendor = Slow(journal)

    async def four():
        outside = Outside(store=Prompt(journal), owner="me", inspect=None, random=random.Random(1))
        made = [
            journal.insert(JobRecord(id=f"J{i}", backend="slow", model="m", owner="me")).result()
            for i in range(4)
        ]
        all_of_it = [Work(each, PLAN, vendor, outside, lambda *_, **__: None) for each in made]
        await asyncio.gather(*map(prepare_and_submit, all_of_it))

    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(four())
    # Together they wait for longer than a create may take: none of them has run out of time.
    assert [record.state for record in journal.select()] == ["accepted"] * 4
    states = [sorted(["accepted"] * i + ["submitting"] + ["prepared"] * (3 - i)) for i in range(4)]
    assert vendor.log == [item for each in states for item in ("prepare", each)]


def test_a_create_whose_key_grew_old_before_its_turn_is_not_repeated(journal, monkeypatch):
    monkeypatch.setattr(works, "AT_ONCE", 1)
    vendor = Slow(journal)
    vendor.semantics = SubmitSemantics(idempotency=IdempotencyKey(lifetime=SLOW), evidence="here")

    async def late():
        loop = asyncio.get_running_loop()
        outside = Outside(store=Prompt(journal), owner="me", inspect=None)
        facts = {"state": "reconciling", "attempt": 1, "submitted_at": outside.now()}
        record = JobRecord(id="J1", backend="slow", model="m", owner="me", **facts)
        made = replace(journal.insert(record).result(), submitted_clock=loop.time())
        gate = outside.gates["slow", "create"]
        await gate.acquire()
        loop.call_later(SLOW, gate.release)
        await reconcile(Work(made, PLAN, vendor, outside, lambda *_, **__: None))

    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(late())
    assert vendor.log == ["prepare"]
    assert journal.get("J1").state == "unknown"


# --- what one thread does for another -------------------------------------------------------------


def test_what_many_wait_for_wakes_the_loop_once():
    futures = [Future() for _ in range(100)]

    async def wait_for_all():
        loop = asyncio.get_running_loop()
        told, inner = [], loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *what: told.append(what) or inner(*what)
        waiting = [asyncio.create_task(background.outcome(future)) for future in futures]
        await asyncio.sleep(0)
        for number, future in enumerate(futures):
            future.set_result(number)
        assert await asyncio.gather(*waiting) == list(range(100))
        again = Future()
        thread = threading.Thread(target=again.set_result, args=["later"])
        loop.call_soon(thread.start)  # once it is waited for
        assert await background.outcome(again) == "later"
        assert await background.outcome(again) == "later"  # at once
        return len(told)

    assert asyncio.run(wait_for_all()) == 2


def test_an_error_in_the_other_thread_comes_out():
    future = Future()
    future.set_exception(OSError("no"))
    with pytest.raises(OSError, match="no"):
        asyncio.run(background.outcome(future))


def test_whoever_stops_waiting_takes_nothing_back(journal):
    async def impatient():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await background.outcome(journal.insert(record))

    record = JobRecord(id="J1", backend="slow", model="m")
    asyncio.run(impatient())
    kept = journal.insert(replace(record, id="J2"))
    assert not kept.cancel()
    assert kept.result(PATIENCE).id == "J2"
    assert journal.get("J1") is not None
