"""The journal: every job, in one SQLite file that survives crashes and power loss.

One thread writes. What was asked meanwhile goes into the next transaction together, so thousands
of jobs share one sync of the disk instead of waiting for one each. A future is resolved only after
its transaction is durable.

`synchronous=FULL` is set and read back: with Python's default for a file in WAL mode, rows that
were reported as written are lost when the power goes out.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import sqlite3
import threading
import time
from concurrent.futures import Future
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ttv_core.errors import JobNotFoundError
from ttv_core.jobs.record import AttemptRecord, JobRecord
from ttv_core.jobs.schema import VERSION, check_version, migrate
from ttv_core.jobs.states import TERMINAL, may_follow
from ttv_core.jobs.store import ConflictError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    Operation = Callable[[sqlite3.Connection], Any]

__all__ = ["Journal"]

_BUSY_SECONDS = 30.0
_MOST_AT_ONCE = 512
_LAST_FINISHED = 30
_FULL = 2
# Others say that one operation is wrong, and must not undo those of other jobs.
_OF_THE_DISK = frozenset({sqlite3.DatabaseError, sqlite3.OperationalError, sqlite3.InternalError})

_COLUMNS = (
    "id",
    "rev",
    "state",
    "backend",
    "model",
    "created_at",
    "updated_at",
    "owner",
    "remote_id",
    "charged",
    "estimate",
    "actual",
    "took",
    "caller_key",
)
_IN_DATA = tuple(f.name for f in dataclasses.fields(JobRecord) if f.name not in _COLUMNS)
_SELECT = f"SELECT {', '.join(_COLUMNS)}, data FROM jobs"  # noqa: S608 - names of our own
_INSERT = (
    f"INSERT INTO jobs ({', '.join(_COLUMNS)}, data) "  # noqa: S608
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)
_UPDATE = (
    f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in _COLUMNS[1:])}, data = ? "  # noqa: S608
    "WHERE id = ? AND rev = ?"
)


class Journal:
    """A journal in a folder; made when there is none.

    Args:
        folder: Where the file is, or is to be. Only the user can read what is in it.
        now: Seconds since the epoch.

    Raises:
        JournalError: If it cannot be opened, is damaged, or was written by a newer ttv. Nothing
            is overwritten then.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.path = folder / "jobs.db"
        self._now = now
        self._waiting: queue.SimpleQueue[tuple[Operation, Future[Any]] | None] = queue.SimpleQueue()
        self._reading = threading.Lock()
        self._closing = threading.Lock()
        self._closed = False
        with self._told("opened"):
            _private(folder, self.path)
            self._writer = _connect(self.path)
            try:
                self._prepare()
                self._reader = _connect(self.path)
            except BaseException:
                self._writer.close()
                raise
        self._thread = threading.Thread(target=self._write, name="ttv-journal", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        version = check_version(self._writer)
        if version > VERSION:
            msg = (
                f"the journal {self.path} was written by a newer ttv (version {version}; "
                f"this one knows {VERSION})"
            )
            raise JournalError(msg, code="journal_newer", remedy="pip install --upgrade ttv-core")
        mode = str(self._writer.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        self._writer.execute("PRAGMA synchronous = FULL")
        level = int(self._writer.execute("PRAGMA synchronous").fetchone()[0])
        if (mode.lower(), level) != ("wal", _FULL):
            msg = f"the disk of {self.path} does not keep what is written (journal mode {mode})"
            raise JournalError(msg, remedy="set TTV_STATE_DIR to a folder on a local disk")
        if version < VERSION:
            migrate(self._writer)

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn what the disk or SQLite says into our words."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._problem(what, error) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            msg = f"the journal of jobs in {self.folder} cannot be {what}: {reason}"
            raise JournalError(msg, remedy="set TTV_STATE_DIR to another folder") from error

    def _problem(self, what: str, error: sqlite3.Error) -> JournalError:
        msg = f"the journal {self.path} cannot be {what}: {error}"
        code = str(getattr(error, "sqlite_errorname", "") or "SQLITE_ERROR")
        remedy = "set TTV_STATE_DIR to another folder"
        if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or code == "SQLITE_ERROR":
            remedy = f"move {self.path} away, or set TTV_STATE_DIR to another folder"
        elif code == "SQLITE_FULL":
            remedy = "free some space, or set TTV_STATE_DIR to a folder on another disk"
        return JournalError(
            msg, code=f"journal_{code.removeprefix('SQLITE_').lower()}", remedy=remedy
        )

    # --- writing --------------------------------------------------------------------------------

    def insert(self, record: JobRecord) -> Future[JobRecord]:
        """Add a job; see `JobStore.insert`."""
        now = self._now()
        made = record.changed(created_at=now, updated_at=now)

        def operation(connection: sqlite3.Connection) -> JobRecord:
            if made.caller_key is not None:
                row = connection.execute(f"{_SELECT} WHERE caller_key = ?", (made.caller_key,))
                if there := row.fetchone():
                    return _record(there)
            connection.execute(_INSERT, _row(made))
            return made

        return self._ask(operation)

    def update(
        self, record: JobRecord, *attempts: AttemptRecord, **changes: Any
    ) -> Future[JobRecord]:
        """Change a job if nobody else has; see `JobStore.update`."""
        now = self._now()
        made = record.changed(**changes, rev=record.rev + 1, updated_at=now)
        if not may_follow(record.state, made.state):
            failed: Future[JobRecord] = Future()
            msg = f"job {record.id} cannot go from {record.state} to {made.state}"
            failed.set_exception(ValueError(msg))
            return failed

        def operation(connection: sqlite3.Connection) -> JobRecord:
            row = (*_row(made)[1:], record.id, record.rev)
            if connection.execute(_UPDATE, row).rowcount != 1:
                found = connection.execute("SELECT 1 FROM jobs WHERE id = ?", (record.id,))
                if found.fetchone() is None:
                    raise _no_job(record.id)
                msg = f"job {record.id} was changed by somebody else meanwhile"
                raise ConflictError(msg, job_id=record.id, backend=record.backend)
            connection.executemany(
                "INSERT INTO attempts (job_id, at, what, number, outcome, detail) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [(record.id, now, a.what, a.number, a.outcome, a.detail) for a in attempts],
            )
            return made

        return self._ask(operation)

    def delete(self, job_ids: Iterable[str]) -> Future[int]:
        """Forget jobs that have ended; see `JobStore.delete`."""
        ids = [(job_id,) for job_id in job_ids]
        ended = ", ".join(f"'{state}'" for state in sorted(TERMINAL))

        def operation(connection: sqlite3.Connection) -> int:
            sql = f"DELETE FROM jobs WHERE id = ? AND state IN ({ended})"  # noqa: S608
            gone = [key for key in ids if connection.execute(sql, key).rowcount]
            connection.executemany("DELETE FROM attempts WHERE job_id = ?", gone)
            return len(gone)

        return self._ask(operation)

    def _ask(self, operation: Operation) -> Future[Any]:
        future: Future[Any] = Future()
        # Whoever waits may be cancelled; what was asked for is written and answered all the same.
        future.set_running_or_notify_cancel()
        with self._closing:
            if self._closed:
                future.set_exception(JournalError(f"the journal {self.path} is closed"))
            else:
                self._waiting.put((operation, future))
        return future

    def _write(self) -> None:
        """Write what is waiting, all of it in one transaction, until the journal is closed."""
        more = True
        while more:
            batch = [self._waiting.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < _MOST_AT_ONCE:
                    batch.append(self._waiting.get_nowait())
            more = None not in batch
            self._commit([item for item in batch if item is not None])
        self._writer.close()

    def _commit(self, batch: list[tuple[Operation, Future[Any]]]) -> None:
        answers: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self._told("written"):
                self._writer.execute("BEGIN IMMEDIATE")
                for operation, future in batch:
                    answers.append((future, *self._one(operation)))
                self._writer.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - handed to everybody who waits
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            answers = [(future, None, error) for _, future in batch]
        for future, value, problem in answers:
            if problem is None:
                future.set_result(value)
            else:
                future.set_exception(problem)

    def _one(self, operation: Operation) -> tuple[Any, BaseException | None]:
        """Run one operation; what it raises undoes that one alone."""
        self._writer.execute("SAVEPOINT one")
        try:
            value = operation(self._writer)
        except Exception as error:
            if type(error) in _OF_THE_DISK:
                raise
            self._writer.execute("ROLLBACK TO one")
            self._writer.execute("RELEASE one")
            return None, error
        self._writer.execute("RELEASE one")
        return value, None

    # --- reading --------------------------------------------------------------------------------

    def get(self, job_id: str) -> JobRecord | None:
        """Return a job, or None."""
        rows = self._rows(f"{_SELECT} WHERE id = ?", (job_id,))
        return _record(rows[0]) if rows else None

    def find(self, text: str) -> list[JobRecord]:
        """Return the jobs whose id begins or ends with a text, whatever its case."""
        wanted = "".join(c for c in text.upper() if c.isalnum())
        if not wanted:
            return []
        sql = f"{_SELECT} WHERE id GLOB ? OR id GLOB ? ORDER BY id DESC"
        return [_record(row) for row in self._rows(sql, (f"{wanted}*", f"*{wanted}"))]

    def select(
        self,
        *,
        states: Iterable[str] = (),
        backend: str | None = None,
        since: float | None = None,
        caller_key: str | None = None,
        limit: int | None = None,
    ) -> list[JobRecord]:
        """Return jobs, the newest first."""
        wanted = list(states)
        clauses: list[str] = []
        values: list[Any] = []
        if wanted:
            clauses.append(f"state IN ({', '.join('?' * len(wanted))})")
            values += wanted
        for clause, value in (
            ("backend = ?", backend),
            ("created_at >= ?", since),
            ("caller_key = ?", caller_key),
        ):
            if value is not None:
                clauses.append(clause)
                values.append(value)
        where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
        sql = f"{_SELECT}{where} ORDER BY id DESC LIMIT ?"
        return [_record(row) for row in self._rows(sql, (*values, -1 if limit is None else limit))]

    def attempts(self, job_id: str) -> list[AttemptRecord]:
        """Return what was done about a job, in order."""
        sql = (
            "SELECT at, what, number, outcome, detail FROM attempts WHERE job_id = ? ORDER BY rowid"
        )
        names = ("at", "what", "number", "outcome", "detail")
        rows = self._rows(sql, (job_id,))
        return [AttemptRecord(**dict(zip(names, row, strict=True))) for row in rows]

    def took(self, backend: str, model: str) -> Sequence[float]:
        """Return the seconds that the last finished jobs of a model took at the vendor.

        The last are those that were begun last: of a hundred jobs begun together, those that
        finished last are the longest, and say too much of the next.
        """
        sql = (
            "SELECT took FROM jobs WHERE backend = ? AND model = ? AND took IS NOT NULL "
            "ORDER BY created_at DESC LIMIT ?"
        )
        return [float(row[0]) for row in self._rows(sql, (backend, model, _LAST_FINISHED))]

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        with self._told("read"), self._reading:
            return self._reader.execute(sql, values).fetchall()

    def close(self) -> None:
        """Write what is waiting and let go of the file."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        self._thread.join()
        with self._reading:
            self._reader.close()


def _private(folder: Path, path: Path) -> None:
    """Make folder and file, for the user's eyes only: prompts are nobody else's business."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _no_job(job_id: str) -> JobNotFoundError:
    return JobNotFoundError(f"there is no job {job_id} in the journal", job_id=job_id)


def _row(record: JobRecord) -> tuple[Any, ...]:
    kept = zip(_IN_DATA, _in_data(record), strict=True)
    data = json.dumps({name: value for name, value in kept if value})
    values = [str(item) if isinstance(item, Decimal) else item for item in _in_columns(record)]
    return (*values, data)


_in_columns, _in_data = attrgetter(*_COLUMNS), attrgetter(*_IN_DATA)


def _record(row: Sequence[Any]) -> JobRecord:
    facts = dict(zip(_COLUMNS, row, strict=False))
    for name in ("estimate", "actual"):
        facts[name] = None if facts[name] is None else Decimal(facts[name])
    data = {name: value for name, value in json.loads(row[-1]).items() if name in _IN_DATA}
    return JobRecord(**facts, **data)
