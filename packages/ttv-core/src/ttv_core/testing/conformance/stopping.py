"""Cancelling a job on this machine: it stops at its next step and leaves nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ttv_core.errors import GenerationCancelledError
from ttv_core.testing.conformance.asking import Asking
from ttv_core.testing.conformance.steps import noted
from ttv_core.testing.conformance.verdict import broken, holds

if TYPE_CHECKING:
    from ttv_core.events import JobEvent

__all__ = ["Stopping"]

_PROGRESS = "ttv_core.job.JobContext.progress"


class Stopping(Asking):
    """Tests of `cancel`."""

    def test_a_job_that_is_cancelled_stops_at_its_next_step(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Cancel in the midst of rendering; not one more step is taken."""
        steps = noted(monkeypatch)
        begun, go_on = threading.Event(), threading.Event()
        later: list[JobEvent] = []

        def pause(event: JobEvent) -> None:
            if event.state != "running":
                return
            if begun.is_set():
                later.append(event)
            begun.set()
            go_on.wait(60)

        job = self.made().start(**{**self.asks, "output": self.output, "on_event": pause})
        if not begun.wait(60):
            broken(
                "no step was told in a minute: a job cannot be stopped in the midst of it",
                mend="call context.progress at every step",
                see=_PROGRESS,
            )
        job.cancel()
        go_on.set()
        with pytest.raises(GenerationCancelledError):
            job.wait(60)
        after = max(len(later), sum(step.cancelled for step in steps))
        holds(
            after <= 1,
            f"{after} steps were taken after the job was cancelled",
            mend="do not catch GenerationCancelledError: let it end the rendering",
            see=_PROGRESS,
        )
        holds(
            not self.left(),
            f"a job that was cancelled left {self.left()}",
            mend="write into context.folder only",
            see="ttv_core.job.JobContext.folder",
        )
