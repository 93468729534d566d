"""A vendor in memory: what it has accepted, how far that is, and what it charges. It is the truth.

It has a clock of its own, which nobody sets, and it goes on whatever becomes of its callers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal

KEY_LIFETIME = 3_600.0
SETTLE = 150.0
LATEST = 60.0  # how long a create may be on its way
LAG = 60.0  # how long a job may be missing from the list
MISSING = 100.0  # how long a job may not be found although it is there
STOPPING = 20.0  # how long a job goes on after it was cancelled, perhaps to its end
PRICE = Decimal("0.50")


@dataclass
class Script:
    """What is to become of a job, if the vendor ever gets it."""

    ending: str = "done"
    takes: float = 5.0
    videos: int = 1


@dataclass
class Task:
    """A job that the vendor has accepted, and means to be paid for."""

    id: str
    key: str
    born: float
    script: Script
    stops_at: float = float("inf")
    forgotten: bool = False
    files: list = field(default_factory=list)

    @property
    def job_id(self):
        return self.key.rpartition("-")[0]

    def state(self, now):
        age = now - self.born
        if age >= self.script.takes and self.born + self.script.takes <= self.stops_at:
            return self.script.ending
        if now >= self.stops_at:
            return "cancelled"
        return "queued" if age < self.script.takes / 5 else "running"

    def billed(self, now):
        return self.state(now) != "failed"


def video(task_id, index):
    """Return the bytes of a video, which no other has."""
    name = f"{task_id}/{index}".encode()
    return b"whole video " + name + b" " + hashlib.sha256(name).hexdigest().encode() * 8


class SimulatedVendor:
    """Three kinds: "keyed" knows a repeated create by its key, "listed" lists its jobs by our tag,
    after a while, and "opaque" does neither.

    Attributes:
        on_its_way: Keys of creates that have left, and have not arrived.
    """

    def __init__(self, kind, timeline, script_of, accepted):
        self.kind = kind
        self.timeline = timeline
        self.script_of = script_of
        self.accepted = accepted
        self.tasks = {}
        self.on_its_way = []
        self.lag = 0.0
        self.shy = 0.0  # how long a new job is not found
        self.missing_until = 0.0
        self._by_key = {}

    @property
    def now(self):
        return self.timeline.now

    def create(self, key):
        known = self._by_key.get(key)
        if known is not None and self.now < known.born + KEY_LIFETIME:
            return 200, {"id": known.id}
        script = self.script_of(key.rpartition("-")[0])
        task = Task(f"{self.kind}-{len(self.tasks) + 1}", key, self.now, script)
        self.tasks[task.id] = task
        if self.kind == "keyed":
            self._by_key[key] = task
        self.accepted(self, task)
        return 200, {"id": task.id}

    def listing(self):
        seen = (t for t in self.tasks.values() if t.born + self.lag <= self.now)
        return 200, [{"id": task.id, "tag": task.key} for task in seen]

    def poll(self, task_id):
        task = self.tasks.get(task_id)
        if task is None or self._is_missing(task):
            return 404, {}
        return 200, {"state": task.state(self.now)}

    def _is_missing(self, task):
        return self.now < task.born + self.shy or self.now < self.missing_until or task.forgotten

    def links(self, task_id):
        task = self.tasks[task_id]
        if self._is_missing(task):
            return 404, {}
        if task.state(self.now) != "done":
            return 200, {"urls": []}
        names = [f"{task_id}/{i}" for i in range(task.script.videos)]
        return 200, {"urls": [f"https://vendor.example/{name}" for name in names]}

    def cancel(self, task_id):
        task = self.tasks[task_id]
        if self._is_missing(task):
            return 404, {}
        if task.state(self.now) not in {"queued", "running", "cancelled"}:
            return 409, {}
        task.stops_at = min(task.stops_at, self.now + STOPPING)
        return 204, {}

    # --- the truth, as a person may see it ------------------------------------------------------

    def of(self, job_id):
        """Return what was accepted for a job."""
        return [task for task in self.tasks.values() if task.job_id == job_id]

    def is_on_its_way(self, job_id):
        return any(key.rpartition("-")[0] == job_id for key in self.on_its_way)
