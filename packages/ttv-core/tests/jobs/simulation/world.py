"""Everything there is: a vendor of each kind, a disk, and processes that come and go."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict, deque

from ttv_core.errors import InvalidInputError
from ttv_core.jobs import verbs
from ttv_core.jobs.states import TERMINAL
from ttv_core.jobs.store import JournalError
from ttv_core.request import VideoRequest

from .backend import KINDS
from .ledger import Ledger
from .process import Process
from .promises import Promises
from .timeline import Timeline
from .vendor import PRICE, Script, SimulatedVendor

_BEGAN = 1_800_000_000.0


class Faults:
    """What is to go wrong next, by the kind of question."""

    def __init__(self):
        self._waiting = defaultdict(deque)

    def arm(self, what, fault, times):
        self._waiting[what].extend([fault] * times)

    def next(self, what):
        waiting = self._waiting[what]
        return waiting.popleft() if waiting else None

    def clear(self):
        self._waiting.clear()


class World:
    """A world of its own for each history.

    Args:
        folder: For videos, and for the locks of processes.
    """

    def __init__(self, folder):
        self.folder = folder
        self.timeline = Timeline()
        self.skew = 0.0
        self.faults = Faults()
        self.promises = Promises(self)
        self.scripts = {}
        self.started = 0
        self.may_litter = False
        self.ledger = Ledger(self.wall, self.promises.committed)
        self.vendors = {
            kind: SimulatedVendor(kind, self.timeline, self.script_of, self.promises.accepted)
            for kind in KINDS
        }
        self.processes = []
        self.here = {}
        self._terminal = None

    def wall(self):
        """Seconds since the epoch, as somebody has set them."""
        return _BEGAN + self.timeline.now + self.skew

    def script_of(self, job_id):
        return self.scripts.get(job_id) or Script()

    def nth(self, which):
        """Return one of the jobs in the journal, or None."""
        records = list(self.ledger.records.values())
        return records[which % len(records)] if records else None

    def left(self):
        """Return the jobs that are not over."""
        return [r for r in self.ledger.records.values() if r.state not in TERMINAL]

    def journal_is_well(self):
        self.ledger.trouble = ""

    def truth(self, record):
        """Return the vendor of a job, what it has accepted for it, and the time."""
        vendor = self.vendors[record.backend]
        return vendor, vendor.of(record.id), self.timeline.now

    def process(self, slot):
        """Return the process that runs in a slot, started if there is none."""
        if slot not in self.here:
            self.here[slot] = Process(self, len(self.processes) + 1)
            self.processes.append(self.here[slot])
        return self.here[slot]

    def crash(self, slot, kept):
        if slot in self.here:
            # What a full journal does not know, nobody tidies up when its process is killed.
            self.may_litter |= self.ledger.is_behind
            self.here.pop(slot).crash(kept)

    def slot_of(self, owner):
        """Return where a process runs, or None if it does not any more."""
        found = [slot for slot, process in self.here.items() if process.name == owner]
        return found[0] if found else None

    # --- what a user does -----------------------------------------------------------------------

    def start(self, slot, kind, script, caller_key, max_cost=PRICE):
        """Start a job as `RemoteVideoGenerator.start` does, without waiting."""
        process = self.process(slot)
        self.started += 1
        request = VideoRequest(
            prompt="a fox",
            output=self.folder / f"{self.started}.mp4",
            idempotency_key=caller_key,
            max_cost=max_cost,
            sidecar=False,
        )
        backend = process.backends[kind]
        with process.at_work():
            job = backend._launch(request, {}, lambda event: self._told(job, event))
        self.scripts[job.id] = script
        process.took_on(job)

    def resume(self, slot, record):
        """Take a job up again as `ttv_core.resume` does."""
        process = self.process(slot)
        backend = process.backends[record.backend]
        self.promises.hurried(record.id)
        with process.at_work():
            job = backend.resume(record, lambda event: self._told(job, event))
        process.took_on(job)

    def _told(self, job, event):
        self.promises.told(job, event.state)

    def cancel(self, slot, job_id):
        process = self.process(slot)
        process.loop.create_task(process.desk.ask_to_cancel(job_id))

    def detach(self, slot, which):
        """End a wait: the process goes on without it, as when its task is cancelled."""
        if slot in self.here and (begun := self.here[slot].begun):
            self.may_litter |= self.ledger.is_behind
            begun[which % len(begun)].cancel()

    def settle(self, record):
        """Say of a job in doubt what is true, once a person can see it."""
        vendor, tasks, _ = self.truth(record)
        if tasks:
            self._say(verbs.adopt, record.id, tasks[0].id)
        elif not vendor.is_on_its_way(record.id):
            self._say(verbs.confirm_not_submitted, record.id)
            if self.ledger.records[record.id].state != "prepared":
                return
            self.promises.hurried(record.id)
            for sent in self.promises.sent.get(record.id, ()):
                sent.definite = True

    def abandon(self, record):
        self._say(verbs.abandon, record.id)

    def _say(self, verb, *said):
        """Use a verb as the command line does, which may refuse it."""
        if self._terminal is None:
            self._terminal = Process(self, 0)
        with self._terminal.at_work(), contextlib.suppress(InvalidInputError, JournalError):
            verb(*said)

    def tally(self):
        """Return what there was in this world, in numbers."""
        seen = Counter(jobs=len(self.ledger.records))
        for been in self.ledger.been.values():
            seen.update(f"jobs that were {state}" for state in been)
        seen["creates sent"] = sum(map(len, self.promises.sent.values()))
        seen["creates accepted"] = sum(len(vendor.tasks) for vendor in self.vendors.values())
        seen["processes"] = len(self.processes)
        seen["processes killed"] = len(self.processes) - len(self.here)
        did = (attempt for each in self.ledger.attempts.values() for attempt in each)
        seen["answers lost"] = sum(attempt.outcome == "ambiguous" for attempt in did)
        return seen

    def close(self):
        """Throw it all away."""
        for process in self.processes:
            process.loop.close()
        for process in (*self.here.values(), self._terminal):
            if process is not None:
                process.desk.owner.let_go()
