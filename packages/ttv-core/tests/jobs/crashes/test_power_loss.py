"""The power goes out at any moment: no row that was reported as written is lost."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import wait
from dataclasses import replace

import pytest
from lossy_disk import Connection, Disk, LossyVFS

from ttv_core.jobs import journal as journal_module
from ttv_core.jobs.journal import Journal
from ttv_core.jobs.record import AttemptRecord, JobRecord

SESSIONS = 5
TRIES = 60  # disks for each moment; those seen before are left out
ENOUGH = 20_000
EVERY = 10  # moments to one that is tried, where not all are
STATES = ("submitting", "accepted", "running", "remote_done", "completed")


@pytest.fixture(scope="module")
def vfs():
    made = LossyVFS()
    yield made
    made.unregister()


@pytest.fixture
def journal_on(vfs, tmp_path, monkeypatch):
    """Open the real journal on a disk."""
    connections = []

    def connect(path):
        if not connections:
            connections.append(Connection())
            return connections[0]
        return connections.pop().again()

    monkeypatch.setattr(journal_module, "_connect", connect)

    def on(disk):
        vfs.disk = disk
        return Journal(tmp_path, now=lambda: 1_800_000_000.0)

    return on


class Promises:
    """What the journal has reported as durable."""

    def __init__(self):
        self.versions = {}  # every version of a job that it was ever asked to keep
        self.durable = {}  # job to (revision, attempts, whether it may be gone)

    def kept(self, future, record, attempts=0):
        self.versions[record.id, record.rev] = record

        def done(_):
            self.durable[record.id] = (record.rev, attempts, False)

        future.add_done_callback(done)
        return future

    def forgotten(self, ids):
        """From when it is asked until it is reported, a job may be there or not."""
        for job_id in ids:
            self.durable[job_id] = (*self.durable[job_id][:2], True)

    def broken(self, journal):
        """Return what does not hold of a journal that was opened after the power had gone out."""
        found = []
        for job_id, promise in self.durable.items():
            record = journal.get(job_id)
            if promise is None or record is None:
                if record is not None or not (promise is None or promise[2]):
                    found.append(f"{job_id} is {record}, not {promise}")
                continue
            rev, attempts, _ = promise
            if record.rev < rev or len(journal.attempts(job_id)) < attempts:
                found.append(f"{job_id} is at {record.rev}, not at {rev}")
            if record != self.versions[job_id, record.rev]:
                found.append(f"{job_id} is not as it was written")
        return found


def work(journal, promises, session):
    """Use a journal as jobs do: alone, many at once, and forgetting what is over."""
    records = []
    for i in range(6):
        plan = {"request": {"prompt": f"a fox {i} " * 60}}
        record = JobRecord(id=f"JOB{session}{i}", backend="acme", model="acme-1", plan=plan)
        record = replace(record, created_at=1_800_000_000.0, updated_at=1_800_000_000.0)
        records.append(promises.kept(journal.insert(record), record).result())
    for number, state in enumerate(STATES, 1):
        futures = []
        for record in records:
            attempt = AttemptRecord(what="create", outcome=state, number=number, detail="x" * 200)
            made = replace(record, state=state, rev=number)
            future = journal.update(record, attempt, state=state)
            futures.append(promises.kept(future, made, number))
            if number % 2:
                wait(futures)
        records = [future.result() for future in futures]
    gone = [record.id for record in records[:2]]
    promises.forgotten(gone)
    deleted = journal.delete(gone)
    deleted.add_done_callback(lambda _: promises.durable.update(dict.fromkeys(gone)))
    deleted.result()


def outages(journal_on, sessions, *, level="FULL"):
    """Work, and return every moment at which the power may go out, with what was durable then."""
    promises, moments = Promises(), []
    disk = Disk(changed=lambda disk: moments.append((disk.moment(), dict(promises.durable))))
    for session in range(sessions):
        journal = journal_on(disk)
        if level != "FULL":
            journal._writer.execute(f"PRAGMA synchronous = {level}")
        work(journal, promises, session)
        journal.close()
    return promises, moments


def lost(journal_on, promises, moments):
    """Open the journal on what may be found; return how many disks that were, and what is lost."""
    seen, problems, chance = set(), [], random.Random(0)
    for moment, promises.durable in moments:
        for _ in range(TRIES):
            files = moment.after_loss(chance)
            digest = hashlib.sha256(repr(promises.durable).encode())
            for name in sorted(files):
                digest.update(name.encode() + b"\0" + files[name])
            if digest.digest() in seen:
                continue
            seen.add(digest.digest())
            journal = journal_on(Disk(files))
            assert journal._reader.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            problems += promises.broken(journal)
            journal.close()
    return len(seen), problems


def test_no_row_that_was_reported_is_lost(journal_on, full, tally):
    promises, moments = outages(journal_on, SESSIONS if full else 1)
    disks, problems = lost(journal_on, promises, moments if full else moments[::EVERY])
    tally["power losses"] = f"{disks} disks at {len(moments)} moments, {len(problems)} rows lost"
    assert problems == []
    assert not full or disks >= ENOUGH


def test_this_test_finds_what_less_than_full_loses(journal_on, tally):
    promises, moments = outages(journal_on, 1, level="NORMAL")
    disks, problems = lost(journal_on, promises, moments[::EVERY])
    tally["power losses, synchronous=NORMAL"] = f"{disks} disks, {len(problems)} rows lost"
    assert len(problems) > 20
