"""The journal: durable, private, safe with many threads and processes, and quick with thousands."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
from decimal import Decimal

import pytest

from ttv_core.errors import JobNotFoundError
from ttv_core.jobs import journal as journals
from ttv_core.jobs.journal import Journal
from ttv_core.jobs.record import AttemptRecord, JobRecord
from ttv_core.jobs.schema import APPLICATION_ID, VERSION
from ttv_core.jobs.store import ConflictError, JournalError


def a_job(name="J1", **facts):
    return JobRecord(**({"id": name, "backend": "acme", "model": "acme-1"} | facts))


class Clock:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        self.time += 1
        return self.time


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "kept", Clock())
    yield made
    made.close()


# --- what is kept ---------------------------------------------------------------------------------


def test_a_job_comes_back_whole(journal, tmp_path):
    job = a_job(
        state="running",
        owner="1-abc",
        remote_id="r-1",
        charged="yes",
        estimate=Decimal("0.10"),
        actual=Decimal("0.125"),
        took=12.5,
        caller_key="mine",
        attempt=2,
        submitted_at=1.5,
        accepted_at=2.5,
        plan={"request": {"prompt": "a 🦊 \udcff"}},
        ref={"deep": [{"x": None}]},
        identity={"endpoint": "https://a"},
        plugin="ttv-acme 1.0",
        target="/tmp/\udcff.mp4",
        parts=[{"target": "/tmp/a", "part": "/tmp/b"}],
        result={"path": "x"},
        error={"type": "E"},
        note="so",
        cancel_asked=True,
        tags={"shot": "1"},
    )
    kept = journal.insert(job).result()
    assert (kept.created_at, kept.updated_at) == (1001.0, 1001.0)
    assert journal.get("J1") == kept
    journal.close()
    again = Journal(tmp_path / "kept")
    assert again.get("J1") == kept
    assert (again.get("J1").prompt, again.get("J2")) == ("a 🦊 \udcff", None)
    again.close()


def test_a_change_counts_only_on_the_newest(journal):
    first = journal.insert(a_job()).result()
    second = journal.update(first, note="one").result()
    assert (second.rev, second.created_at, second.updated_at) == (1, 1001.0, 1002.0)
    with pytest.raises(ConflictError, match="changed by somebody else") as caught:
        journal.update(first, AttemptRecord(what="create", outcome="x"), note="two").result()
    assert (caught.value.retryable, caught.value.job_id) == (True, "J1")
    assert journal.get("J1") == second
    assert journal.attempts("J1") == []
    with pytest.raises(JobNotFoundError, match="no job J2"):
        journal.update(a_job("J2"), note="one").result()


def test_attempts_are_kept_in_order_and_only_added(journal):
    job = journal.insert(a_job()).result()
    job = journal.update(
        job,
        AttemptRecord(what="create", outcome="started", number=1),
        AttemptRecord(what="create", outcome="ambiguous", number=1, detail="gone"),
    ).result()
    journal.update(job, AttemptRecord(what="lookup", outcome="absent", number=1)).result()
    found = journal.attempts("J1")
    assert [(a.what, a.outcome, a.number, a.detail, a.at) for a in found] == [
        ("create", "started", 1, "", 1002.0),
        ("create", "ambiguous", 1, "gone", 1002.0),
        ("lookup", "absent", 1, "", 1003.0),
    ]
    assert found[0].to_dict()["what"] == "create"


def test_a_callers_key_is_of_one_job(journal):
    first = journal.insert(a_job(caller_key="k")).result()
    assert journal.insert(a_job("J2", caller_key="k")).result() == first
    assert journal.get("J2") is None
    journal.insert(a_job("J3")).result()
    journal.insert(a_job("J4")).result()
    with pytest.raises(sqlite3.IntegrityError):
        journal.insert(a_job("J3")).result()
    assert [job.id for job in journal.select()] == ["J4", "J3", "J1"]


def test_jobs_are_found_by_either_end_of_their_id(journal):
    for name in ("01ABC", "01ABD", "02XBC"):
        journal.insert(a_job(name)).result()
    ids = {text: [job.id for job in journal.find(text)] for text in ("01A", "bc", "abd", "B", "Q")}
    assert ids == {"01A": ["01ABD", "01ABC"], "bc": ["02XBC", "01ABC"], "abd": ["01ABD"]} | {
        "B": [],
        "Q": [],
    }
    assert journal.find("") == journal.find("*") == journal.find("[!x]") == []


def test_jobs_are_selected(journal):
    for name, backend, state in (
        ("J1", "a", "running"),
        ("J2", "b", "failed"),
        ("J3", "a", "failed"),
    ):
        journal.insert(a_job(name, backend=backend, state=state, caller_key=name)).result()

    def ids(**how):
        return [job.id for job in journal.select(**how)]

    assert ids() == ["J3", "J2", "J1"]
    assert ids(states=["failed"]) == ["J3", "J2"]
    assert ids(states=["failed", "running"], backend="a") == ["J3", "J1"]
    assert ids(since=1002.0) == ["J3", "J2"]
    assert ids(caller_key="J2") == ["J2"]
    assert ids(limit=1) == ["J3"]
    assert ids(limit=0) == []


def test_what_jobs_took_is_remembered_by_model_the_newest_first(journal):
    for i in range(40):
        journal.insert(a_job(f"J{i:02}", took=float(i))).result()
    journal.insert(a_job("K1")).result()
    journal.insert(a_job("K2", model="acme-2", took=5.0)).result()
    assert journal.took("acme", "acme-1") == [float(i) for i in range(39, 9, -1)]
    assert journal.took("acme", "acme-2") == [5.0]
    assert journal.took("other", "acme-1") == []


def test_what_many_jobs_at_once_took_is_not_remembered_by_the_longest_alone(journal):
    took = [float(i * 7 % 40) for i in range(40)]
    begun = [journal.insert(a_job(f"J{i:02}")).result() for i in range(40)]
    for seconds in sorted(took):  # the shortest are finished first
        journal.update(begun[took.index(seconds)], took=seconds).result()
    assert journal.took("acme", "acme-1") == took[:9:-1]


def test_only_jobs_that_are_over_are_forgotten(journal):
    done = journal.insert(a_job("J1", state="completed")).result()
    journal.update(done, AttemptRecord(what="create", outcome="x")).result()
    journal.insert(a_job("J2", state="running")).result()
    assert journal.delete(["J1", "J2", "J3"]).result() == 1
    assert [job.id for job in journal.select()] == ["J2"]
    assert journal.attempts("J1") == []


def test_one_wrong_job_does_not_spoil_the_others(journal):
    """Whatever a backend gives: the jobs that are written in the same moment are not harmed."""
    held = threading.Event()
    journal._ask(lambda connection: held.wait(60))  # so that the rest goes into one transaction
    before = [journal.insert(a_job(f"A{i}")) for i in range(3)]
    wrong = [
        journal.insert(a_job("W1", ref={"x": object()})),
        journal.insert(a_job("W2", model="\ud800")),
        journal.insert(a_job("W3", remote_id={"no": "id"})),
        journal.insert(a_job("A0")),
    ]
    after = [journal.insert(a_job(f"B{i}")) for i in range(3)]
    held.set()
    for future in (*before, *after):
        assert future.result().state == "prepared"
    assert all(future.exception() is not None for future in wrong)
    assert sorted(job.id for job in journal.select()) == ["A0", "A1", "A2", "B0", "B1", "B2"]


# --- durable, and still quick ---------------------------------------------------------------------


def test_the_file_survives_a_power_cut(journal):
    connection = sqlite3.connect(journal.path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert journal._writer.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_disk_that_would_not_keep_it_is_refused(tmp_path, monkeypatch):
    class Forgetful(sqlite3.Connection):
        def execute(self, sql, *values):
            return super().execute(sql.replace("= FULL", "= NORMAL"), *values)

    def connect(path):
        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Forgetful
        )

    monkeypatch.setattr(journals, "_connect", connect)
    with pytest.raises(JournalError, match="does not keep what is written"):
        Journal(tmp_path)


def test_thousands_of_changes_share_their_commits(journal):
    jobs = [future.result() for future in [journal.insert(a_job(f"J{i}")) for i in range(1000)]]
    commits = []
    journal._writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    held = threading.Event()
    journal._ask(lambda connection: held.wait(60))  # as on a disk that is slow
    futures = [journal.update(job, note="on its way") for job in jobs]
    held.set()
    assert {future.result().rev for future in futures} == {1}
    assert 1 <= len(commits) <= 50
    assert len(journal.select()) == 1000


def test_a_future_is_done_only_when_the_row_is_there_for_everybody(journal):
    seen = []
    other = sqlite3.connect(journal.path, check_same_thread=False)

    def look(future):
        seen.append(other.execute("SELECT id FROM jobs").fetchall())

    future = journal.insert(a_job())
    future.add_done_callback(look)
    future.result()
    journal.insert(a_job("J2")).result()  # whoever asked for the first has been told by now
    assert seen == [[("J1",)]]
    other.close()


def test_many_threads_write_at_once(journal):
    job = journal.insert(a_job(attempt=0)).result()

    def work():
        for _ in range(20):
            while True:
                fresh = journal.get(job.id)
                try:
                    journal.update(fresh, attempt=fresh.attempt + 1).result()
                except ConflictError:
                    continue
                break

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = journal.get(job.id)
    assert (final.attempt, final.rev) == (160, 160)  # no change was lost


PROCESS = """
import sys
from pathlib import Path
from ttv_core.jobs.journal import Journal
from ttv_core.jobs.record import JobRecord
from ttv_core.jobs.store import ConflictError
sys.stdin.readline()
journal = Journal(Path(sys.argv[1]))
shared = journal.insert(JobRecord(id=f"X{sys.argv[2]}", backend="b", model="m", caller_key="k"))
shared = shared.result().id
futures = [
    journal.insert(JobRecord(id=f"{sys.argv[2]}-{i}", backend="b", model="m")) for i in range(50)
]
for future in futures:
    future.result()
for _ in range(10):
    while True:
        fresh = journal.get(shared)
        try:
            journal.update(fresh, attempt=fresh.attempt + 1).result()
            break
        except ConflictError:
            pass
journal.close()
"""


def test_many_processes_open_it_at_once(tmp_path):
    """Migrations race too: none of them has been there when all of them start."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path / "kept"), str(i)],
            stdin=subprocess.PIPE,
            text=True,
        )
        for i in range(4)
    ]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate(timeout=60)
        assert process.returncode == 0
    journal = Journal(tmp_path / "kept")
    assert len(journal.select()) == 4 * 50 + 1
    assert journal.select(caller_key="k")[0].attempt == 40
    assert journal._reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    journal.close()


def test_what_is_waiting_is_written_before_it_closes(tmp_path):
    journal = Journal(tmp_path)
    futures = [journal.insert(a_job(f"J{i}")) for i in range(100)]
    journal.close()
    journal.close()
    assert all(future.result() for future in futures)
    with pytest.raises(JournalError, match="is closed"):
        journal.insert(a_job("late")).result()
    again = Journal(tmp_path)
    assert len(again.select()) == 100
    again.close()


# --- for nobody else's eyes -----------------------------------------------------------------------


def test_only_the_user_can_read_it(tmp_path):
    before = os.umask(0)
    try:
        journal = Journal(tmp_path / "kept")
        journal.insert(a_job()).result()
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (tmp_path / "kept", *(tmp_path / "kept").iterdir())
        }
        journal.close()
    finally:
        os.umask(before)
    assert modes == {"kept": 0o700, "jobs.db": 0o600, "jobs.db-wal": 0o600, "jobs.db-shm": 0o600}


# --- versions -------------------------------------------------------------------------------------


def opened(path, script=""):
    connection = sqlite3.connect(path)
    connection.executescript(script)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    connection.close()
    return version, application


def test_a_new_file_says_what_it_is(tmp_path):
    Journal(tmp_path).close()
    assert opened(tmp_path / "jobs.db") == (VERSION, APPLICATION_ID)
    Journal(tmp_path).close()


def test_a_journal_of_a_newer_ttv_is_left_alone(tmp_path):
    Journal(tmp_path).close()
    opened(tmp_path / "jobs.db", f"PRAGMA user_version = {VERSION + 1}")
    before = (tmp_path / "jobs.db").read_bytes()
    with pytest.raises(JournalError, match="written by a newer ttv") as caught:
        Journal(tmp_path)
    assert caught.value.code == "journal_newer"
    assert caught.value.remedy == "pip install --upgrade ttv-core"
    assert (tmp_path / "jobs.db").read_bytes() == before


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE jobs (id)",
        "PRAGMA application_id = 1234",
        "PRAGMA user_version = 1",
        f"PRAGMA application_id = {0x7474766A}; PRAGMA user_version = 99",
    ],
)
def test_a_database_of_another_program_is_left_alone(tmp_path, script):
    opened(tmp_path / "jobs.db", script)
    before = (tmp_path / "jobs.db").read_bytes()
    with pytest.raises(JournalError):
        Journal(tmp_path)
    assert (tmp_path / "jobs.db").read_bytes() == before


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    from ttv_core.jobs import schema

    good = schema._MIGRATIONS
    monkeypatch.setattr(schema, "_MIGRATIONS", (*good, "CREATE TABLE later (x); CREATE NONSENSE"))
    with pytest.raises(JournalError):
        Journal(tmp_path)
    assert opened(tmp_path / "jobs.db") == (0, 0)
    monkeypatch.setattr(schema, "_MIGRATIONS", good)
    journal = Journal(tmp_path)
    assert journal.insert(a_job()).result().id == "J1"
    journal.close()


# --- damaged --------------------------------------------------------------------------------------


def filled(folder):
    journal = Journal(folder)
    for i in range(200):
        journal.insert(a_job(f"J{i}", note="x" * 200)).result()
    journal.close()
    return (folder / "jobs.db").read_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"this is no database at all, " * 100,
        lambda data: random.Random(0).randbytes(len(data)),
        lambda data: bytes(len(data)),
        lambda data: data[:100],
        lambda data: b"X" + data[1:],
    ],
    ids=["text", "noise", "zeros", "only the header", "one byte"],
)
def test_a_file_that_is_no_journal_is_told_and_left_alone(tmp_path, spoil):
    spoiled = spoil(filled(tmp_path))
    (tmp_path / "jobs.db").write_bytes(spoiled)
    with pytest.raises(JournalError, match="cannot be opened") as caught:
        Journal(tmp_path)
    assert "move" in caught.value.remedy
    assert str(tmp_path / "jobs.db") in caught.value.remedy
    assert caught.value.code.startswith("journal_")
    assert (tmp_path / "jobs.db").read_bytes() == spoiled


@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
def test_a_journal_that_was_cut_off_never_passes_for_a_whole_one(tmp_path, part):
    data = filled(tmp_path)
    cut = data[: int(len(data) * part) // 4096 * 4096]
    (tmp_path / "jobs.db").write_bytes(cut)
    with pytest.raises(JournalError) as caught, contextlib.closing(Journal(tmp_path)) as journal:
        journal.select()
    assert "corrupt" in caught.value.code
    assert (tmp_path / "jobs.db").read_bytes() == cut


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(JournalError, match="cannot be opened") as caught:
        Journal(tmp_path / "kept")
    assert "TTV_STATE_DIR" in caught.value.remedy
    assert (tmp_path / "kept").read_text() == "mine"


def test_whoever_gives_up_waiting_holds_up_nobody(tmp_path):
    """A task that is cancelled cancels the future it awaits; the write goes on."""
    with (
        contextlib.closing(Journal(tmp_path)) as journal,
        contextlib.closing(sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")  # so that the write is under way for a while
        given_up = journal.insert(JobRecord(id="A", backend="b", model="m"))
        assert not given_up.cancel()
        other.execute("COMMIT")
        assert journal.insert(JobRecord(id="B", backend="b", model="m")).result(timeout=30)
        assert given_up.result(timeout=30).id == "A"
