"""A generation under way: wait for it, watch it, stop it."""

from __future__ import annotations

import contextlib
import math
import secrets
import tempfile
import threading
import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core.errors import (
    GenerationCancelledError,
    GenerationTimeoutError,
    InvalidInputError,
    VideoGenerationError,
)
from ttv_core.events import EventHandler, JobEvent, logger
from ttv_core.labels import quoted
from ttv_core.results import Violation

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttv_core.planning import Plan
    from ttv_core.plugins import PluginManager
    from ttv_core.results import VideoResult

__all__ = ["Job", "JobContext", "check_handler", "check_waiting", "new_job_id"]

_SLICE = 0.1
"""Seconds."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_job_id() -> str:
    """Return a ULID: 26 characters, sortable by time (github.com/ulid/spec).

    A ULID counts milliseconds; of its 80 random bits, the first 20 count the nanoseconds in one
    here, so that jobs begun in the same millisecond are in order too.
    """
    millisecond, rest = divmod(time.time_ns(), 1_000_000)
    number = millisecond << 80 | rest << 60 | secrets.randbits(60)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def check_waiting(timeout: Any, on_timeout: Any = "keep") -> None:
    """See that how long to wait, and what comes then, is something that can be done.

    Raises:
        InvalidInputError: If it is not.
    """
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not (is_number and 0 <= timeout < math.inf):
        message = f"timeout is {quoted(timeout)}: say seconds, or None for as long as it takes"
        raise InvalidInputError(violations=[Violation("timeout", "invalid", message)])
    if on_timeout not in ("keep", "cancel"):
        message = f"on_timeout is {quoted(on_timeout)}: say 'keep' or 'cancel'"
        raise InvalidInputError(violations=[Violation("on_timeout", "invalid", message)])


def check_handler(on_event: object) -> None:
    """See that what is to hear events is a function that can be called with one.

    Raises:
        InvalidInputError: If it is not; a coroutine function would never be awaited.
    """
    if on_event is None:
        return
    if callable(on_event):
        called = getattr(type(on_event), "__call__", None)  # noqa: B004 - of an object with one
        if not (iscoroutinefunction(on_event) or iscoroutinefunction(called)):
            return
        message = "on_event is a coroutine function, which nobody would await: take a plain one"
    else:
        message = f"on_event is {quoted(on_event)}: say a function that takes a JobEvent"
    raise InvalidInputError(violations=[Violation("on_event", "invalid", message)])


class JobContext:
    """What the code that makes a video has of its job: progress out, cancellation in.

    Attributes:
        job_id: The job.
        backend: Who makes it.
        timings: What the backend has measured, for the result's `timings`.
    """

    def __init__(
        self,
        job_id: str,
        backend: str,
        on_event: EventHandler | None = None,
        plugins: PluginManager | None = None,
    ) -> None:
        check_handler(on_event)
        self.job_id = job_id
        self.backend = backend
        self.timings: dict[str, float] = {}
        self._handler = on_event
        self._plugins = plugins
        self._handler_failed = False
        self._stop = False
        self._wish: Callable[[], bool] | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.last: JobEvent | None = None

    @property
    def folder(self) -> Path:
        """A folder for the job alone, made when it is first asked for and gone when the job ends.

        It is what an engine may write into that makes files itself.
        """
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="ttv-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)

    def close(self) -> None:
        """Remove the job's folder, if it has one."""
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def cancelled(self) -> bool:
        """Whether the job is to stop."""
        return self._stop or (self._wish is not None and self._wish())

    def heed(self, wish: Callable[[], bool]) -> None:
        """Have somebody else's wish stop the job too.

        Args:
            wish: Says whether it is to stop; asked at every step, so it must be quick.
        """
        self._wish = wish

    def cancel(self) -> None:
        """Ask the job to stop at its next step."""
        self._stop = True

    def check(self) -> None:
        """Raise if the job is to stop; call it between steps.

        Raises:
            GenerationCancelledError: If it is.
        """
        if self.cancelled:
            msg = f"job {self.job_id} was cancelled"
            raise GenerationCancelledError(msg, backend=self.backend, job_id=self.job_id)

    def progress(self, step: int, total: int | None = None, message: str = "") -> None:
        """Tell how far it is, and stop here if the job is cancelled.

        Args:
            step: Steps or frames done.
            total: Steps or frames in all; None when that is not known.
            message: For people.

        Raises:
            GenerationCancelledError: If the job is to stop.
        """
        self.check()
        fraction = min(step / total, 1.0) if total else None
        self.emit("running", fraction=fraction, step=step, total=total, message=message)

    def emit(
        self,
        state: str,
        *,
        fraction: float | None = None,
        step: int | None = None,
        total: int | None = None,
        message: str = "",
    ) -> None:
        """Tell an event to whoever listens; a listener that fails is logged and not obeyed."""
        event = JobEvent(self.job_id, self.backend, state, fraction, step, total, message)
        self.last = event
        if self._handler is not None:
            try:
                self._handler(event)
            except Exception:  # noqa: BLE001 - the caller's own code; a paid job goes on
                # With all of it once: the others would be the same, a hundred times.
                shown = not self._handler_failed
                self._handler_failed = True
                logger.error("the on_event handler failed on %s", state, exc_info=shown)
        if self._plugins is not None:
            self._plugins.tell(event)


class Job:
    """A generation under way in this process.

    Attributes:
        id: Its id.
        backend: Who makes it.
        plan: What was asked of the engine.
        patience: Seconds that the settings would wait for it; None for as long as it takes.
        changes_hands: Whether another backend may take it over, which would wait for another time.
    """

    changes_hands = False

    def __init__(self, plan: Plan, context: JobContext) -> None:
        self.id = context.job_id
        self.backend = context.backend
        self.plan = plan
        self.patience: float | None = None
        self._context = context
        self._future: Future[VideoResult] = Future()

    def run(self, work: Callable[[], VideoResult], *, daemon: bool = False) -> Job:
        """Start the work in a thread of its own.

        Args:
            work: Makes the video.
            daemon: Whether the process may end while it runs: for code that cannot be stopped.
        """

        def target() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits
                stopped = isinstance(error, GenerationCancelledError)
                self._context.emit("cancelled" if stopped else "failed", message=str(error))
                self._future.set_exception(error)
            else:
                self._context.emit("completed", fraction=1.0)
                self._future.set_result(result)

        self._future.set_running_or_notify_cancel()  # only `cancel` here stops it
        threading.Thread(target=target, name=f"ttv-{self.id}", daemon=daemon).start()
        return self

    @property
    def future(self) -> Future[VideoResult]:
        """The outcome, for `asyncio.wrap_future` and the like."""
        return self._future

    @property
    def state(self) -> str:
        """The state last told; "planned" before the first."""
        return self._context.last.state if self._context.last else "planned"

    @property
    def done(self) -> bool:
        """Whether it has ended, one way or another."""
        return self._future.done()

    def cancel(self) -> None:
        """Ask it to stop at its next step; nothing is left behind. Wait to see it ended.

        One at a vendor is stopped there, if the vendor can; it may be done before it hears of it.

        Raises:
            VideoGenerationError: With code "cannot_cancel", if it is at a vendor that cannot
                cancel: it goes on then, and may be charged.
            JobNotFoundError: If it is at a vendor and the journal does not have it any more.
            JournalError: If it is at a vendor and the journal cannot be read or written.
        """
        self._context.cancel()

    def wait(self, timeout: float | None = None) -> VideoResult:
        """Wait for the video.

        Args:
            timeout: Seconds; None waits as long as it takes. The job goes on after a timeout.

        Raises:
            GenerationTimeoutError: If the time is over; `.job` is this job.
            InvalidInputError: If the timeout is no such number.
            VideoGenerationError: Whatever ended the job.
        """
        check_waiting(timeout)
        self._wait_for(self._future, lambda: timeout)
        return self._future.result()

    def wait_as_set(self) -> VideoResult:
        """Wait for the video as long as the settings of whoever makes it want.

        Raises:
            GenerationTimeoutError: If that time is over; `.job` is this job.
            VideoGenerationError: Whatever ended the job.
        """
        self._wait_for(self._future, lambda: self.patience)
        return self._future.result()

    def _wait_for(
        self, future: Future[Any], limit: Callable[[], float | None] = lambda: None
    ) -> None:
        started = time.monotonic()
        while not future.done():
            timeout = limit()
            left = _SLICE if timeout is None else started + timeout - time.monotonic()
            if left <= 0:
                raise self.overdue(timeout)
            # In slices: a signal that another thread takes does not wake an endless wait.
            wait_for([future], min(_SLICE, left))

    def overdue(self, timeout: float | None) -> GenerationTimeoutError:
        """Return the error of whoever waited so many seconds for it."""
        msg = f"job {self.id} is not done after {timeout or 0:g} s; it goes on"
        return GenerationTimeoutError(
            msg, job=self, job_id=self.id, backend=self.backend, remedy=self._how_to_go_on
        )

    def await_stop(self) -> None:
        """Wait until a job that was cancelled has cleaned up, or cannot be stopped after all."""
        with contextlib.suppress(GenerationCancelledError):
            self.wait()

    @property
    def _how_to_go_on(self) -> str:
        return "job.wait() again"

    def accepted(self) -> Job:
        """Wait until it has been taken on, and return it; a job on this machine is, at once.

        Raises:
            VideoGenerationError: If it is not.
        """
        return self

    def result(self) -> VideoResult:
        """Return the video of a job that is done.

        Raises:
            GenerationTimeoutError: If it is not.
            VideoGenerationError: Whatever ended the job.
        """
        return self.wait(timeout=0)

    def refresh(self) -> str:
        """Return the state as it is now."""
        return self.state

    def to_dict(self) -> dict[str, Any]:
        """Return what is needed to find the job again, JSON-able."""
        return {"ttv_job": 1, "id": self.id, "backend": self.backend, "state": self.state}

    def exception(self) -> VideoGenerationError | BaseException | None:
        """Return what ended the job, or None while it runs and when it went well."""
        return self._future.exception() if self._future.done() else None
