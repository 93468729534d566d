"""What became of one request of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from ttv_core.errors import VideoGenerationError
    from ttv_core.results import Charged, VideoResult

__all__ = ["BatchItem", "Outcome"]

Outcome = Literal["completed", "skipped", "failed", "refused", "detached"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One request of a batch, and what became of it.

    Attributes:
        number: Its place in the batch, from 1.
        key: What its content is known by in this batch.
        state: "completed"; "skipped", for it was done in an earlier run; "failed"; "refused", for
            it is wrong, or the budget does not allow it; "detached", for the vendor has it still:
            the next run of the batch brings it home.
        prompt: What was asked for.
        path: The video.
        backend: Who made it, or was to.
        cost: US dollars, as the vendor says or else as expected; None when unknown.
        charged: Whether it cost money.
        error: What went wrong.
        result: The whole result; None when it was made in an earlier run.
        again: Whether trying it again is safe: it surely cost nothing.
    """

    number: int
    key: str
    state: Outcome
    prompt: str = ""
    path: Path | None = None
    backend: str | None = None
    cost: Decimal | None = None
    charged: Charged = "no"
    error: VideoGenerationError | None = None
    result: VideoResult | None = None
    again: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return {
            "number": self.number,
            "key": self.key,
            "state": self.state,
            "prompt": self.prompt,
            "path": None if self.path is None else str(self.path),
            "backend": self.backend,
            "cost": None if self.cost is None else str(self.cost),
            "charged": self.charged,
            "error": None if self.error is None else self.error.to_dict(),
            "again": self.again,
        }
