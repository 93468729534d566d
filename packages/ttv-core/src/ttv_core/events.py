"""What is told while a video is made."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["EventHandler", "JobEvent", "printable"]

logger = logging.getLogger("ttv_core")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A change of a job.

    Attributes:
        job_id: The job.
        backend: Who makes it.
        state: On this machine "waiting" (for a place), "loading", "running", "encoding",
            "measuring"; with an executor also "downloading"; at a vendor
            "submitting", "waiting", "reconciling", "accepted", "queued", "running", "cancelling",
            "downloading", "measuring". At last "completed", "failed", "cancelled", "expired",
            "unknown" (nobody knows whether the vendor has it) or "detached" (nobody waits for it
            any more; it goes on).
        fraction: How much is done, 0 to 1; None when that is not known.
        step: Steps or frames done.
        total: Steps or frames in all.
        message: For people.
        at: Seconds since the epoch.
    """

    job_id: str
    backend: str
    state: str
    fraction: float | None = None
    step: int | None = None
    total: int | None = None
    message: str = ""
    at: float = field(default_factory=time.time)


EventHandler = Callable[[JobEvent], None]


def printable(text: str) -> str:
    """Return the text with control characters and direction marks made visible.

    Prompts and vendors' messages go to logs, terminals and the journal; an escape sequence in them
    must not, and half a character, as a message cut in its midst ends with, cannot.
    """
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
