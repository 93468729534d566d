"""What the runner needs of a backend at a vendor: values, and the coroutines that make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from ttv_core.addresses import Guard
    from ttv_core.errors import VideoGenerationError
    from ttv_core.jobs.semantics import SubmitSemantics
    from ttv_core.planning import Plan
    from ttv_core.transfer import RemoteFile

__all__ = ["Poll", "RemoteRef", "Vendor"]

PollState = Literal["queued", "running", "done", "failed", "cancelled", "unknown"]


@dataclass(frozen=True, slots=True)
class RemoteRef:
    """A job at the vendor. It is kept in the journal, so there is no secret in it.

    Attributes:
        id: The vendor's id.
        data: What else is needed to find it again, JSON-able.
        cost: What the vendor says it will take, in US dollars; None when it does not say.
    """

    id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What the vendor says of a job.

    Attributes:
        state: In our words. "unknown" is a word of the vendor's that is not documented: it is
            never read as queued, nor as done.
        word: The vendor's own word.
        fraction: How much is done, 0 to 1; None when the vendor does not say.
        error: With "failed": why, and whether it was charged.
        files: With "done": where the videos are, if the answer says so already.
        next_after: Seconds that the vendor asks us to wait before the next question.
        took: With "done": seconds it took, if the vendor says so.
        cost: What it did cost in US dollars; None when the vendor does not say. With "failed" or
            "cancelled", 0 says that it was not charged, unless `error` says otherwise.
        data: What is to be kept in the reference besides.
    """

    state: PollState
    word: str = ""
    fraction: float | None = None
    error: VideoGenerationError | None = None
    files: Sequence[RemoteFile] = ()
    next_after: float | None = None
    took: float | None = None
    cost: Decimal | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Vendor(Protocol):
    """A backend at a vendor, as the runner sees it. `RemoteVideoGenerator` is one."""

    @property
    def name(self) -> str:
        """Name of the backend."""

    @property
    def semantics(self) -> SubmitSemantics:
        """What the vendor promises."""

    @property
    def guard(self) -> Guard:
        """Which addresses a result may come from."""

    async def prepare(self, plan: Plan) -> Mapping[str, Any]:
        """Return what goes on the wire; free and repeatable."""

    async def submit(self, plan: Plan, key: str) -> RemoteRef:
        """Create the job, with one request."""

    async def poll(self, ref: RemoteRef) -> Poll:
        """Ask how far it is."""

    async def fetch(self, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Say where the videos are now."""

    async def cancel(self, ref: RemoteRef) -> Poll | None:
        """Ask to stop it."""

    async def lookup(self, plan: Plan, key: str, since: float) -> RemoteRef | None:
        """Find a job whose answer was lost."""

    def scrub(self, text: str) -> str:
        """Hide secrets in a text."""
