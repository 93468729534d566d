"""A job at a vendor, in the hands of a caller."""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import TYPE_CHECKING, Any

from ttv_core.background import begin, in_background, is_background
from ttv_core.errors import GenerationTimeoutError, VideoGenerationError
from ttv_core.job import Job, JobContext
from ttv_core.jobs.states import ACCEPTED, TERMINAL

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ttv_core.jobs.desk import Desk
    from ttv_core.jobs.record import JobRecord
    from ttv_core.jobs.vendor import Vendor
    from ttv_core.planning import Plan
    from ttv_core.results import VideoResult

__all__ = ["RemoteJob"]

_STOP_SECONDS = 60.0
_SLICE = 0.1


class RemoteJob(Job):
    """A job at a vendor. It outlives this object, and the process.

    Attributes:
        record: The job as the journal had it last; None before it is written down.
    """

    def __init__(self, plan: Plan, context: JobContext, desk: Desk, vendor: Vendor) -> None:
        super().__init__(plan, context)
        self.record: JobRecord | None = None
        self._desk = desk
        self._vendor = vendor
        self._at_the_vendor: Future[None] = Future()

    def drive(self, work: Coroutine[Any, Any, VideoResult]) -> RemoteJob:
        """Have the work done in the background."""
        self._future.set_running_or_notify_cancel()  # who waits may go, and only `cancel` stops it
        begin(self._driven(work))
        return self

    async def _driven(self, work: Coroutine[Any, Any, VideoResult]) -> None:
        try:
            result = await work
        except asyncio.CancelledError:
            msg = f"this process stopped waiting for job {self.id}; it goes on"
            self._end(GenerationTimeoutError(msg, job_id=self.id, remedy=f"ttv resume {self.id}"))
            raise
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            self._end(error)
        else:
            self.tell("completed", fraction=1.0)
            self._future.set_result(result)
            self._arrived()

    def _end(self, error: BaseException) -> None:
        state = self.record.state if self.record is not None else "failed"
        waits = isinstance(error, GenerationTimeoutError)  # the job goes on, if it has begun
        over = state in {*TERMINAL, "unknown"} and not waits
        self.tell(state if over else "detached", message=str(getattr(error, "message", error)))
        self._future.set_exception(error)
        self._arrived(error)

    def changed(self, record: JobRecord) -> None:
        """Take note of what is durable now."""
        self.record = record
        self.id = record.id
        if record.state in ACCEPTED:  # how one that is over has ended is told by its end
            self._arrived()

    def _arrived(self, error: BaseException | None = None) -> None:
        if self._at_the_vendor.done():
            return
        if error is None:
            self._at_the_vendor.set_result(None)
        else:
            self._at_the_vendor.set_exception(error)

    def accepted(self) -> RemoteJob:
        """Wait until the vendor has it, and return it.

        Raises:
            VideoGenerationError: If the vendor does not take it, or nobody can tell.
        """
        self._wait_for(self._at_the_vendor)
        self._at_the_vendor.result()
        return self

    @property
    def cancel_wanted(self) -> bool:
        """Whether somebody asked for it to be cancelled, perhaps before it was written down."""
        return self._context.cancelled

    def tell(self, state: str, **facts: Any) -> None:
        """Tell an event to whoever listens."""
        self._context.emit(state, **facts)

    @property
    def state(self) -> str:
        """Where it stands; see `ttv_core.jobs.states`."""
        return "prepared" if self.record is None else self.record.state

    @property
    def _how_to_go_on(self) -> str:
        return f"job.wait() again, or ttv resume {self.id}"

    @property
    def remote_id(self) -> str | None:
        """The vendor's id, once it has the job."""
        return None if self.record is None else self.record.remote_id

    def refresh(self) -> str:
        """Read the job in the journal, and return its state."""
        if self.record is not None:
            with contextlib.suppress(VideoGenerationError):
                self.record = self._desk.get(self.id)
        return self.state

    def cancel(self) -> None:
        """Ask the vendor to stop it. Wait to see how it ended: it may be done before.

        Raises:
            VideoGenerationError: With code "cannot_cancel", if the vendor cannot cancel: the job
                goes on then, and may be charged.
            JobNotFoundError: If the journal does not have it any more.
            JournalError: If the journal cannot be read or written.
        """
        if self.done:
            return
        able = self._vendor.semantics.cancel
        if not able and self.state not in {"prepared", *TERMINAL}:
            msg = f"{self.backend} cannot cancel a job; job {self.id} goes on and may be charged"
            raise VideoGenerationError(
                msg, backend=self.backend, job_id=self.id, code="cannot_cancel"
            )
        self._context.cancel()
        if self.record is None:
            return  # it is seen when it is written down
        asked = in_background(self._desk.ask_to_cancel(self.id))
        if not is_background():  # an event handler is called there
            asked.result()

    def await_stop(self) -> None:
        """Wait until the vendor has stopped it, or has said that it does not."""
        deadline = time.monotonic() + _STOP_SECONDS
        while not self.done and time.monotonic() < deadline:
            wait_for([self.future], _SLICE)
            self.refresh()
            if self.record is not None and not self.record.cancel_asked:
                return

    def to_dict(self) -> dict[str, Any]:
        """Return what is needed to take the job up again, anywhere with the same journal."""
        return super().to_dict() | {"model": self.plan.model, "remote_id": self.remote_id}
