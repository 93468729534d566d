"""What must hold at every moment, held against the truth at the vendor. Written anew, not imported.

What is broken is noted rather than raised: the code under test catches much.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ttv_core.errors import GenerationTimeoutError, SubmissionUncertainError
from ttv_core.jobs.store import JournalError
from ttv_core.jobs.verbs import costs

from .vendor import PRICE, video

_OVER = {"completed", "failed", "cancelled", "expired", "abandoned"}
_AT_THE_VENDOR = {"accepted", "running", "cancelling", "remote_done"}
_ONLY_IF = {
    "remote_done": {"done"},
    "completed": {"done"},
    "failed": {"failed", "filtered", None},
    "cancelled": {"cancelled", None},
    "expired": (),
}
_DOUBT = {"submitting", "reconciling", "unknown"}
_NOT_YET = {"prepared", *_DOUBT}


@dataclass
class Sent:
    """A create that has left.

    Attributes:
        key: Ours.
        sender: The process that sent it.
        definite: Whether it surely was not accepted, as the sender was told, or a person was.
        not_before: When the vendor wants to hear of it again.
    """

    key: str
    sender: str
    definite: bool = False
    not_before: float = 0.0


class Promises:
    """The promises, and how they were broken.

    Args:
        world: Where to look for the truth.
    """

    def __init__(self, world):
        self.world = world
        self.broken = []
        self.sent = {}

    def check(self, holds, promise):
        if not holds:
            self.broken.append(promise)

    # --- at the vendor --------------------------------------------------------------------------

    def sending(self, process, vendor, key):
        """Hear of a create that is about to leave."""
        job_id = key.rpartition("-")[0]
        record = self.world.ledger.records[job_id]
        self.check(
            record.state == "submitting" or (vendor.kind == "keyed" and record.attempt),
            f"intent is durable before a create leaves, not {record.state}",
        )
        self.check(key == f"{job_id}-{record.attempt}", "the number of the create is durable")
        self.check(record.owner == process.name, "only the owner of a job sends it")
        earlier = self.sent.setdefault(job_id, [])
        others = [sent for sent in earlier if sent.key != key or vendor.kind != "keyed"]
        self.check(
            vendor.kind == "listed" or all(sent.definite for sent in others),
            "a create whose answer was lost is never sent again by itself",
        )
        self.check(
            not any(sent.key in vendor.on_its_way for sent in others),
            "nothing is sent again while it may still arrive",
        )
        too_soon = any(s.sender == process.name and vendor.now < s.not_before for s in earlier)
        # A wish to cancel ends a pause: it cannot be told to the vendor before it is known.
        self.check(
            record.cancel_asked or not too_soon, "nothing is sent again before the vendor wants it"
        )
        earlier.append(Sent(key, process.name))
        return earlier[-1]

    def hurried(self, job_id):
        """Hear that a person asks for a job, who need not wait as long as the vendor wants."""
        for sent in self.sent.get(job_id, ()):
            sent.not_before = 0.0

    def accepted(self, vendor, task):
        """Hear of a job that the vendor means to be paid for."""
        record = self.world.ledger.records[task.job_id]
        self.check(len(vendor.of(task.job_id)) == 1, "a job is paid for once")
        if record.caller_key is not None:
            jobs = {each.job_id for each in vendor.tasks.values()}
            keys = [self.world.ledger.records[job_id].caller_key for job_id in jobs]
            self.check(keys.count(record.caller_key) == 1, "a caller's key is paid for once")
        self.check(record.charged != "no", "money that may be spent is known")
        limit = record.plan["request"]["max_cost"]["is"]
        self.check(Decimal(limit) >= PRICE, "what is refused before it is sent costs nothing")

    def polling(self, process, vendor, ref):
        task = vendor.tasks[ref.id]
        record = self.world.ledger.records[task.job_id]
        self.check(
            record.remote_id == ref.id or self.world.ledger.refused[record.id],
            "the vendor's id is durable before the first poll",
        )
        self.check(record.owner == process.name, "only the owner of a job asks for it")

    def downloading(self, process, task):
        record = self.world.ledger.records[task.job_id]
        self.check(record.owner == process.name, "only the owner of a job downloads it")

    # --- in the journal -------------------------------------------------------------------------

    def committed(self, before, after):
        """Hear of a change that is durable now."""
        if before is not None:
            stays = before.state not in _OVER or before.state == after.state
            self.check(stays, "what is over stays")
            self.check(before.remote_id in {None, after.remote_id}, "an id is kept")
            back = before.state in _AT_THE_VENDOR and after.state in _NOT_YET
            self.check(not back, f"no way back from {before.state} to {after.state}")
            if before.state == after.state:
                return
        self._is_true(after)

    def _is_true(self, record):
        """Check that a job is at the vendor what it is in the journal."""
        vendor, tasks, now = self.world.truth(record)
        state = tasks[0].state(now) if tasks else None
        gone = bool(tasks) and tasks[0].forgotten and record.state in {"cancelled", "expired"}
        self.check(
            gone or state in _ONLY_IF.get(record.state, {state}),
            f"a job is {record.state} only if it is so at the vendor, where it is {state}",
        )
        if record.state in {"failed", "cancelled"} and not tasks:
            self.check(not vendor.is_on_its_way(record.id), "what may yet arrive has not ended")
        if record.state in _AT_THE_VENDOR:
            self.check(tasks and tasks[0].id == record.remote_id, "an id is that of the job")
        if record.state == "completed":
            self._are_there(record, tasks)
        if tasks and tasks[0].billed(now):
            self.check(record.charged != "no", "money that was spent is known")

    def _are_there(self, record, tasks):
        """Check that the videos of a completed job are there, and are those of its own."""
        for index, part in enumerate(record.parts):
            path = Path(part["target"])
            there = path.read_bytes() if path.is_file() else b""
            self.check(tasks and there == video(tasks[0].id, index), "a video is there and whole")
        self.check(len(record.parts) == tasks[0].script.videos, "every video of a job is there")

    # --- to the caller --------------------------------------------------------------------------

    def told(self, job, state):
        """Hear of an event."""
        durable = self.world.ledger.records.get(job.id)
        if durable is None or self.world.ledger.refused[job.id]:
            return
        if state in _OVER:
            self.check(durable.state == state, f"{state} is durable before it is told")
        if job.record is not None:
            self.check(durable.rev >= job.record.rev, "only what is durable is told")

    def reported(self, job):
        """Hear how a wait ended."""
        durable = self.world.ledger.records.get(job.id)
        error = job.exception()
        if durable is None or self.world.ledger.refused[job.id]:
            return
        if error is None:
            self.check(durable.state == "completed", "a result is durable before it is handed out")
        elif isinstance(error, SubmissionUncertainError):
            # A person may have settled it since.
            in_doubt = durable.state in _DOUBT or "unknown" in self.world.ledger.been[job.id]
            self.check(in_doubt, "doubt is durable before it is told")
        elif not isinstance(error, GenerationTimeoutError | JournalError):
            self.check(durable.state != "completed", "a completed job has a result")
        code = getattr(error, "code", None)
        self.check(code is not None or error is None, f"errors are ours, not {error!r}")

    # --- in the end -----------------------------------------------------------------------------

    def settled(self, record):
        """Check a job for which everything was done that can be done."""
        vendor, tasks, _ = self.world.truth(record)
        if record.state == "abandoned":
            return
        state = tasks[0].state(vendor.now) if tasks else None
        ends = {
            "done": {"completed"},
            "failed": {"failed"},
            "filtered": {"failed"},
            "cancelled": {"cancelled"},
            None: {"failed", "cancelled"},
        }.get(state, set())
        if tasks and tasks[0].forgotten:
            ends |= {"expired", "cancelled", "completed"}
        self.check(record.state in ends, f"a job that is {state} at the vendor is {record.state}")
        if record.state == "completed":
            self.check(record.charged == "yes", "what was charged is known")
        if state == "failed" and record.state == "failed":
            self.check(record.charged == "no", "what was not charged is known")

    def paid(self):
        """Check that the sum of what is and may be spent covers what was."""
        spent = sum(
            PRICE
            for vendor in self.world.vendors.values()
            for task in vendor.tasks.values()
            if task.billed(vendor.now)
        )
        known = costs(list(self.world.ledger.records.values()))
        self.check(
            sum(each.charged + each.uncertain for each in known) >= spent,
            "money that was spent is in the sum",
        )
