"""Jobs in words: where one stands, what it cost, and what can be done about it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_cli.terminal import near, one_line
from ttv_core import CostEstimate, jobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttv_core.jobs import JobRecord

__all__ = [
    "UNFINISHED",
    "age",
    "as_data",
    "cost",
    "counted",
    "doubt",
    "is_doubtful",
    "moment",
    "next_step",
    "shortened",
    "shortest",
    "state",
]

UNFINISHED = tuple(state for state in jobs.STATES if state not in jobs.TERMINAL)
_LEAST = 8
"""Letters of an id: it ends at random, and begins with the time, which neighbours share."""
_STATES = {
    "prepared": "not sent",
    "submitting": "being sent",
    "reconciling": "looked for",
    "unknown": "unknown",
    "accepted": "accepted",
    "running": "running",
    "remote_done": "made, not here yet",
    "completed": "done",
    "failed": "failed",
    "cancelling": "being cancelled",
    "cancelled": "cancelled",
    "expired": "gone at the vendor",
    "abandoned": "given up",
}
_UNSURE = frozenset({"submitting", "reconciling", "unknown"})
_LONGEST_CREATE = 180.0
"""Seconds in which a vendor may have written the job down after it was sent."""


def shortest(records: Iterable[JobRecord]) -> dict[str, str]:
    """Return the end of each id that no other of these has."""
    ids = [record.id for record in records]
    found = {}
    for job_id in ids:
        size = _LEAST
        while sum(other.endswith(job_id[-size:]) for other in ids) > 1 and size < len(job_id):
            size += 1
        found[job_id] = job_id[-size:]
    return found


def is_doubtful(record: JobRecord) -> bool:
    """Tell whether only a person can say if the vendor has the job."""
    if record.state == "submitting":
        return not jobs.is_worked_on(record)
    return record.state == "unknown"


def state(record: JobRecord) -> str:
    """Return where a job stands, in plain words."""
    if record.state == "submitting" and is_doubtful(record):
        return "sent, no answer"
    return _STATES.get(record.state, record.state)


def age(seconds: float) -> str:
    """Return a time span for people: "41 s", "5 min", "3 h", "12 d"."""
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{max(seconds, 0) // size:.0f} {unit}"
    return f"{seconds // 86_400:.0f} d"


def counted(many: int) -> str:
    """Return "1 job", "3 jobs"."""
    return "1 job" if many == 1 else f"{many} jobs"


def moment(seconds: float | None) -> str:
    """Return a moment in local time."""
    if seconds is None:
        return "–"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def cost(record: JobRecord) -> str:
    """Return what a job cost, or is thought to."""
    over = record.state in jobs.TERMINAL
    if record.charged == "no" and over:
        return "nothing"
    if record.actual is not None:
        return str(CostEstimate(record.actual))
    if record.estimate is None:
        return "unknown"
    told = str(CostEstimate(record.estimate))
    if told == "free" or (over and record.charged == "yes"):
        return told
    return f"{'perhaps' if over or record.state in _UNSURE else 'about'} {told}"


def shortened(text: str, longest: int) -> str:
    """Return a text in one line, cut at the end."""
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def next_step(record: JobRecord, short: str) -> str:
    """Return where the video is, or what to do next."""
    if record.state == "completed":
        path = Path(str(record.result.get("path", record.target)))
        return near(path) if path.exists() else f"{near(path)} (not there any more)"
    if record.state in jobs.TERMINAL:
        return shortened(str(record.error.get("message", record.note)), 60)
    if is_doubtful(record):
        return "see below"
    if jobs.is_worked_on(record):
        return "a process works on it"
    return f"ttv resume {short}"


def doubt(record: JobRecord, short: str) -> list[str]:
    """Return what to check at the vendor of a job in doubt, and the verbs that settle it."""
    page = vendor_page(record.backend)
    where = f"{record.backend} ({page})" if page else record.backend
    since = record.submitted_at or record.created_at
    until = time.strftime("%H:%M", time.localtime(since + _LONGEST_CREATE))
    why = f" ({shortened(record.note, 80)})" if record.note else ""
    prompt = shortened(record.prompt, 60)
    return [
        f"whether {record.backend} has job {short} is not known{why}. It may be charged.",
        f"  look at {where} for a job of {moment(since)[:16]} to {until}: {prompt!r}",
        f"  it is there: ttv jobs adopt {short} REMOTE_ID, then ttv resume {short}",
        f"  it is not: ttv jobs confirm-not-submitted {short}; ttv resume then sends it",
        f"  never mind: ttv jobs abandon {short}",
    ]


def vendor_page(backend: str) -> str:
    """Return the page of a backend's vendor, as its plugin says; "" where nobody says."""
    from ttv_core import VideoGenerationError
    from ttv_core.plugins import default_manager

    manager = default_manager()
    try:
        record = manager.find(backend)
    except VideoGenerationError:  # claimed twice, or broken and strict
        return ""
    if record is None:
        return ""
    manager.load_within([record], 2.0)
    return str(record.spec.setup.get("url", "")) if record.spec is not None else ""


def as_data(record: JobRecord) -> dict[str, Any]:
    """Return a job as every JSON document has it."""
    more: dict[str, Any] = {"worked_on": jobs.is_worked_on(record)}
    if is_doubtful(record):
        verbs = (f"adopt {record.id} REMOTE_ID", f"confirm-not-submitted {record.id}")
        more["vendor_page"] = vendor_page(record.backend) or None
        more["settle"] = [f"ttv jobs {verb}" for verb in (*verbs, f"abandon {record.id}")]
    return record.to_dict() | more
