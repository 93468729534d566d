"""What the journal keeps of a job: plain values, no secret, nothing that needs the backend."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from decimal import Decimal

    from ttv_core.jobs.states import State
    from ttv_core.results import Charged

__all__ = ["AttemptRecord", "JobRecord"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job, as it is on disk.

    Attributes:
        id: Its id.
        backend: Who makes it.
        model: With which model.
        state: Where it stands.
        rev: How often it was changed; a change counts only if nobody else made one before.
        created_at: Seconds since the epoch.
        updated_at: Likewise.
        owner: The process that works on it; None when none does.
        remote_id: The vendor's id.
        charged: Whether it cost money.
        estimate: Expected cost in US dollars; None when unknown.
        actual: What the vendor says it took; None when it does not say.
        took: Seconds from accepted to done, as far as polling could see.
        caller_key: The caller's own idempotency key.
        attempt: Number of the last create; 0 before the first.
        submitted_at: When that create was about to leave.
        submitted_clock: The same by the machine's own clock, which nobody can set; it begins anew
            when the machine does.
        accepted_at: When its answer had come.
        not_before: When the vendor wants to hear of a create again, where it has said so.
        plan: What was asked and is sent, as `codec.encode` writes it.
        ref: What the backend keeps of the job besides its id.
        identity: Endpoint, region and account hint it was submitted with.
        plugin: Distribution and version of the backend.
        target: Where the video goes.
        parts: The file under way for each video: `target`, `part`, what it can be resumed with,
            and its `sha256` once it is whole.
        result: The result, as `VideoResult.to_dict` gives it.
        error: What ended it, as `VideoGenerationError.to_dict` gives it.
        note: The vendor's last word on it, or what stands in the way.
        cancel_asked: Whether somebody wants it stopped.
        tags: The caller's labels.
    """

    id: str
    backend: str
    model: str
    state: State = "prepared"
    rev: int = 0
    created_at: float = 0.0
    updated_at: float = 0.0
    owner: str | None = None
    remote_id: str | None = None
    charged: Charged = "no"
    estimate: Decimal | None = None
    actual: Decimal | None = None
    took: float | None = None
    caller_key: str | None = None
    attempt: int = 0
    submitted_at: float | None = None
    submitted_clock: float | None = None
    accepted_at: float | None = None
    not_before: float | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    ref: dict[str, Any] = field(default_factory=dict)
    identity: dict[str, str] = field(default_factory=dict)
    plugin: str = ""
    target: str = ""
    parts: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    cancel_asked: bool = False
    tags: dict[str, str] = field(default_factory=dict)

    def changed(self, **changes: Any) -> JobRecord:
        """Return it with other values; quicker than `dataclasses.replace`, for it is done often."""
        made = object.__new__(JobRecord)
        for put, value in zip(_PUT.values(), _values(self), strict=True):
            put(made, value)
        for name, value in changes.items():
            _PUT[name](made, value)
        return made

    @property
    def prompt(self) -> str:
        """What was asked for, in words."""
        request = self.plan.get("request", {})
        return str(request.get("prompt", "")) if isinstance(request, dict) else ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-able data, for people and programs outside."""
        data = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        for name in ("plan", "ref", "parts", "owner", "rev", "submitted_clock"):
            del data[name]
        money = {name: None if data[name] is None else str(data[name]) for name in _MONEY}
        return data | money | {"prompt": self.prompt}


_MONEY = ("estimate", "actual")
_NAMES = tuple(item.name for item in dataclasses.fields(JobRecord))
_PUT = {name: getattr(JobRecord, name).__set__ for name in _NAMES}
_values = attrgetter(*_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One thing that was done about a job at its vendor. Only ever added.

    Attributes:
        what: "create", "replay", "lookup", "cancel", or a verb of the user's.
        outcome: "started", "accepted", "not_sent", "rejected", "ambiguous", "found", "absent", …
        number: Which create it belongs to.
        detail: In words, without secrets.
        at: Seconds since the epoch.
    """

    what: Literal[
        "create", "replay", "lookup", "cancel", "adopt", "confirm-not-submitted", "abandon"
    ]
    outcome: str
    number: int = 0
    detail: str = ""
    at: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-able data."""
        return dataclasses.asdict(self)
