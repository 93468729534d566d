"""A journal in memory that keeps what a disk would keep, and loses what a disk would lose.

A write is durable some moments after it was asked for. If its process ends before that, it may be
durable or not; what was reported as done always is.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
from collections import defaultdict, deque
from concurrent.futures import Future

from ttv_core.errors import JobNotFoundError
from ttv_core.jobs.states import TERMINAL, may_follow
from ttv_core.jobs.store import ConflictError, JournalError

_LATENCY = 0.002


class Ledger:
    """The disk.

    Attributes:
        trouble: "" while all is well; "refuses", or "lies": what it says it could not write is
            there all the same.
        been: The states that a job has been in.
        refused: By job, the processes of which a write was refused since the last that was kept.
    """

    def __init__(self, now, committed):
        self.now = now
        self.committed = committed
        self.records = {}
        self.attempts = {}
        self.trouble = ""
        self.been = {}
        self.refused = defaultdict(set)

    @property
    def is_behind(self):
        """Whether some process may know more than is kept."""
        return bool(self.trouble) or any(self.refused.values())

    def insert(self, record):
        if record.caller_key is not None:
            for other in self.records.values():
                if other.caller_key == record.caller_key:
                    return other
        self._keep(None, record, ())
        return record

    def update(self, before, after, attempts):
        there = self.records.get(before.id)
        if there is None:
            raise JobNotFoundError(f"there is no job {before.id}")
        if there.rev != before.rev:
            raise ConflictError(f"job {before.id} was changed by somebody else meanwhile")
        self._keep(there, after, attempts)
        return after

    def _keep(self, before, after, attempts):
        kept = dataclasses.replace(after, parts=copy.deepcopy(after.parts))
        self.records[after.id] = kept
        self.attempts.setdefault(after.id, []).extend(attempts)
        self.been.setdefault(after.id, set()).add(after.state)
        self.committed(before, kept)


class Store:
    """The journal, as one process has it open."""

    def __init__(self, ledger, folder):
        self.ledger = ledger
        self.folder = folder
        self._asked = deque()

    def insert(self, record):
        now = self.ledger.now()
        made = dataclasses.replace(record, created_at=now, updated_at=now)
        return self._ask(made.id, lambda: self.ledger.insert(made))

    def update(self, record, *attempts, **changes):
        now = self.ledger.now()
        made = dataclasses.replace(record, **changes, rev=record.rev + 1, updated_at=now)
        if not may_follow(record.state, made.state):
            failed = Future()
            failed.set_exception(ValueError(f"{record.state} cannot become {made.state}"))
            return failed
        wish = changes.keys() == {"cancel_asked"}  # of somebody who knows no more than that
        return self._ask(made.id, lambda: self.ledger.update(record, made, attempts), wish=wish)

    def _ask(self, job_id, operation, *, wish=False):
        future = Future()
        future.set_running_or_notify_cancel()
        self._asked.append((job_id, operation, future, wish))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a plain function asks, and waits
            self._commit()
        else:
            loop.call_later(_LATENCY, self._commit)
        return future

    def _commit(self):
        job_id, operation, future, wish = self._asked.popleft()
        trouble, value, problem = self.ledger.trouble, None, None
        try:
            if trouble != "refuses":
                value = operation()
        except (ConflictError, JobNotFoundError) as error:
            problem = error
        if trouble:
            self.ledger.refused[job_id].add(self)
            problem = JournalError("the disk is full")
        elif not wish:
            self.ledger.refused[job_id].discard(self)
        if problem is None:
            future.set_result(value)
        else:
            future.set_exception(problem)

    def crash(self, kept):
        """End with the process: so many of the writes that were under way reach the disk."""
        for _ in range(min(kept, len(self._asked))):
            self._commit()
        self._asked.clear()
        for stores in self.ledger.refused.values():
            stores.discard(self)

    # --- reading --------------------------------------------------------------------------------

    def get(self, job_id):
        self._readable()
        return self.ledger.records.get(job_id)

    def select(self, *, states=(), backend=None, since=None, caller_key=None, limit=None):
        self._readable()
        wanted = set(states)
        found = [
            record
            for record in reversed(self.ledger.records.values())
            if (not wanted or record.state in wanted)
            and backend in {None, record.backend}
            and caller_key in {None, record.caller_key}
        ]
        return found[:limit]

    def find(self, text):
        return [record for name, record in self.ledger.records.items() if name.startswith(text)]

    def attempts(self, job_id):
        return list(self.ledger.attempts[job_id])

    def took(self, backend, model):
        self._readable()
        ended = (r for r in self.ledger.records.values() if r.backend == backend)
        return [r.took for r in ended if r.model == model and r.took is not None][-30:]

    def delete(self, job_ids):
        future = Future()
        gone = [i for i in job_ids if self.ledger.records[i].state in TERMINAL]
        for job_id in gone:
            del self.ledger.records[job_id]
        future.set_result(len(gone))
        return future

    def _readable(self):
        if self.ledger.trouble == "refuses":
            raise JournalError("the disk cannot be read")
