"""What a backend says while it renders: every call of `context.progress`, as it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttv_core.job import JobContext

if TYPE_CHECKING:
    import pytest

__all__ = ["Step", "noted"]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of `context.progress`.

    Attributes:
        step: Steps or frames done.
        total: Steps or frames in all.
        cancelled: Whether the job was to stop then; such a call raises.
    """

    step: int
    total: int | None
    cancelled: bool


def noted(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Return a list to which every call of `context.progress` is added."""
    steps: list[Step] = []
    own = JobContext.progress

    def progress(
        context: JobContext, step: int, total: int | None = None, message: str = ""
    ) -> None:
        steps.append(Step(step, total, context.cancelled))
        own(context, step, total, message)

    monkeypatch.setattr(JobContext, "progress", progress)
    return steps
