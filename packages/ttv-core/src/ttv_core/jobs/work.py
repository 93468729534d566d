"""One job in the hands of this process: what is known of it, and how a change becomes durable."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ttv_core.background import outcome
from ttv_core.errors import ContentRejectedError, GenerationFailedError, VideoGenerationError
from ttv_core.events import logger, printable
from ttv_core.jobs.breaker import Account, Breaker, account
from ttv_core.jobs.states import ACCEPTED, TERMINAL
from ttv_core.jobs.store import ConflictError, JobStore, JournalError
from ttv_core.jobs.vendor import RemoteRef
from ttv_core.transfer import download

if TYPE_CHECKING:
    from pathlib import Path

    from ttv_core.jobs.record import AttemptRecord, JobRecord
    from ttv_core.jobs.vendor import Vendor
    from ttv_core.planning import Plan
    from ttv_core.results import MediaInfo
    from ttv_core.transfer import RemoteFile

__all__ = ["Outside", "OwnershipLostError", "Tell", "Work"]

Tell = Callable[..., None]
"""Hears `state`, and `fraction`, `step`, `total`, `message` by name."""

LONGEST_PAUSE = 60 * 60.0
"""Seconds; what a vendor asks for beyond that is not believed."""
_LONGEST_NOTE = 500
_WORDS = ("code", "request_id", "remedy")


AT_ONCE = 64
"""Creates, and likewise questions, to one backend."""


class OwnershipLostError(VideoGenerationError):
    """Another process works on the job now."""

    default_code = "taken_over"


async def _at_once(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The world outside of the runner: chance, disk and network. Tests bring their own.

    Pauses are measured by the event loop's clock, which only goes forward.

    Attributes:
        store: The journal.
        owner: This process, as jobs name it.
        inspect: Measures a file; None when that cannot be done here.
        download: Fetches a file; as `transfer.download`.
        on_disk: Calls a function that waits for the disk, while the event loop goes on.
        gates: For each backend and kind of request: who may send one.
        breakers: For each backend and account: whether creates are worth sending.
        now: Seconds since the epoch; a person may set it, so nothing is decided by it.
        random: Chance.
    """

    store: JobStore
    owner: str
    inspect: Callable[[Path], Awaitable[MediaInfo | None]]
    download: Callable[..., Awaitable[Any]] = download
    on_disk: Callable[..., Awaitable[Any]] = _at_once
    gates: dict[tuple[str, str], asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
    )
    breakers: dict[Account, Breaker] = field(default_factory=lambda: defaultdict(Breaker))
    now: Callable[[], float] = time.time
    random: random.Random = field(default_factory=random.Random)


class Work:
    """A job that this process owns.

    Args:
        record: The job, as it is in the journal.
        plan: What was asked and is sent.
        vendor: Who makes it.
        outside: Time, chance, disk and network.
        tell: Hears what happens.
        interval: A fixed pause between two polls, where the user wants one.
        tries: How often a create that surely was not accepted is sent in all.

    Attributes:
        record: The job as it is now.
        durable: The job as it is in the journal: the same, unless that cannot be written.
        files: Where the videos are, if the last poll said so.
        warnings: What the user should know, beyond the plan's.
    """

    def __init__(
        self,
        record: JobRecord,
        plan: Plan,
        vendor: Vendor,
        outside: Outside,
        tell: Tell,
        *,
        interval: float | None = None,
        tries: int = 3,
    ) -> None:
        self.record = record
        self.plan = plan
        self.vendor = vendor
        self.outside = outside
        self.tell = tell
        self.interval = interval
        self.tries = tries
        self.files: Sequence[RemoteFile] = ()
        self.warnings: list[str] = []
        self.creates = 0
        self.durable = record
        self._unwritten: list[tuple[tuple[AttemptRecord, ...], dict[str, Any]]] = []
        self._wanted_at: float | None = None
        self._woken = asyncio.Event()
        self._writing = asyncio.Lock()

    @property
    def ref(self) -> RemoteRef:
        """The job at the vendor."""
        return RemoteRef(self.record.remote_id or "", self.record.ref)

    @property
    def key(self) -> str:
        """The key of the current create: our own, unguessable, the same when it is replayed."""
        return f"{self.record.id}-{self.record.attempt}"

    async def save(self, *attempts: AttemptRecord, **changes: Any) -> None:
        """Write a change down, and return when it is durable.

        Once the vendor has the job, a journal that cannot be written must not lose the video: the
        job then goes on, and what could not be written is tried again with every call, also with
        one without a change.

        Raises:
            JournalError: If it cannot be written, and nothing has been accepted yet.
            OwnershipLostError: If another process works on the job now.
        """
        if attempts or changes:
            self._unwritten.append((attempts, changes))
        self.record = self.record.changed(**changes)
        try:
            async with self._writing:
                while self._unwritten:
                    done, fields = self._unwritten[0]
                    self.durable = await self._written(done, fields)
                    del self._unwritten[0]
        except JournalError as error:
            if self.record.state not in ACCEPTED | TERMINAL:
                # Nothing comes of it: it is not to be written later, with something else.
                self._unwritten.clear()
                self.record = self.durable
                raise
            warning = f"{error.message}; job {self.record.remote_id} goes on all the same"
            if warning not in self.warnings:
                self.warnings.append(warning)
                logger.warning("job %s: %s", self.record.id, printable(warning))
            return
        self.record = self.durable

    async def _written(
        self, attempts: tuple[AttemptRecord, ...], changes: dict[str, Any]
    ) -> JobRecord:
        store = self.outside.store
        while True:
            try:
                return await outcome(store.update(self.durable, *attempts, **changes))
            except ConflictError:
                # Others may only ask for it to be cancelled; that is kept.
                self.durable = self._ours(store.get(self.record.id))

    def _ours(self, fresh: JobRecord | None) -> JobRecord:
        if fresh is None or fresh.owner != self.outside.owner:
            msg = f"job {self.record.id} is worked on by another process now"
            raise OwnershipLostError(msg, job_id=self.record.id) from None
        return fresh

    def is_unwanted(self) -> bool:
        """Tell whether somebody, in this process or another, has asked for it to be cancelled.

        Raises:
            OwnershipLostError: If another process works on the job now.
        """
        if not self._unwritten:
            with contextlib.suppress(JournalError):  # nobody can ask, then
                fresh = self.outside.store.get(self.record.id)
                if fresh is not None and fresh.rev != self.record.rev:
                    self.record = self.durable = self._ours(fresh)
        return self.record.cancel_asked

    def turn(self, what: Literal["create", "question"]) -> asyncio.Semaphore:
        """Return what is to be entered to send a request.

        It is entered before the time of a request begins. In the pool of a vendor's own client,
        thousands that wait for a connection would slow each other down, or run out of time.
        """
        return self.outside.gates[self.vendor.name, what]

    @property
    def breaker(self) -> Breaker:
        """What counts the creates that failed with this backend and account."""
        return self.outside.breakers[account(self.record.backend, self.record.identity)]

    @property
    def clock(self) -> float:
        """Seconds that only go forward."""
        return asyncio.get_running_loop().time()

    async def pause(self, seconds: float) -> None:
        """Wait, or until somebody wants it cancelled; never longer than an hour."""
        with contextlib.suppress(TimeoutError):
            # `wait_for` would make a task of each pause.
            async with asyncio.timeout(min(LONGEST_PAUSE, seconds)):
                await self._woken.wait()
        self._woken.clear()

    def postponed(self, seconds: float) -> dict[str, float]:
        """Return the change that makes `until_wanted` wait so long, in the next process too."""
        seconds = min(LONGEST_PAUSE, seconds)
        self._wanted_at = self.clock + seconds
        return {"not_before": self.outside.now() + seconds}

    async def until_wanted(self) -> None:
        """Wait until a create may be sent again, or until somebody wants it cancelled."""
        if self._wanted_at is None:  # what another process was told, by the only clock of both
            left = (self.record.not_before or 0.0) - self.outside.now()
            self._wanted_at = self.clock + min(LONGEST_PAUSE, left)
        if (left := self._wanted_at - self.clock) > 0:
            await self.pause(left)

    def wake(self) -> None:
        """End the pause: there is something to see."""
        self._woken.set()

    def problem(self, error: BaseException, what: str) -> VideoGenerationError:
        """Return an error as one of ours that names backend, model and job, without secrets."""
        if isinstance(error, VideoGenerationError):
            found = error
            found.message = self.scrub(found.message)
            for name in _WORDS:
                if isinstance(value := getattr(found, name), str):
                    setattr(found, name, self.scrub(value))
            if isinstance(found, ContentRejectedError):
                found.reasons = tuple(self.scrub(str(reason)) for reason in found.reasons)
            self._unchain(found)
        else:
            text = self.scrub(f"{type(error).__name__}: {error}")
            found = GenerationFailedError(
                f"{self.vendor.name} failed to {what}: {text}", code="backend_error"
            )
            found.__cause__ = error
            self._unchain(found)
        found.args = (found.message,)
        found.backend = found.backend or self.vendor.name
        found.model = found.model or self.record.model
        found.job_id = found.job_id or self.record.id
        return found

    def _unchain(self, error: BaseException) -> None:
        """Let go of causes that hold a secret: a traceback would print it."""
        link: BaseException | None = error
        while link is not None:
            for name in ("__cause__", "__context__"):
                before = getattr(link, name)
                if before is not None and self.vendor.scrub(repr(before)) != repr(before):
                    setattr(link, name, None)
            link = link.__cause__ or link.__context__

    def scrub(self, text: str) -> str:
        """Return a text that came from outside, fit to be kept and shown."""
        return printable(self.vendor.scrub(text))[:_LONGEST_NOTE]
