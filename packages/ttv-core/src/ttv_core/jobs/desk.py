"""The jobs of this process: started here, taken up from the journal, or followed elsewhere."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ttv_core.background import outcome
from ttv_core.containers import check_container
from ttv_core.errors import (
    BackendUnavailableError,
    InvalidInputError,
    JobNotFoundError,
    PluginError,
)
from ttv_core.jobs.breaker import RESTING, account
from ttv_core.jobs.codec import decode_plan, encode_plan, is_same
from ttv_core.jobs.folder import state_folder
from ttv_core.jobs.journal import Journal
from ttv_core.jobs.ownership import Owner, is_alive
from ttv_core.jobs.record import JobRecord
from ttv_core.jobs.runner import clean_up, ending, run
from ttv_core.jobs.states import TERMINAL
from ttv_core.jobs.store import ConflictError, JournalError
from ttv_core.jobs.work import Outside, Tell, Work
from ttv_core.results import Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ttv_core.jobs.vendor import Vendor
    from ttv_core.planning import Plan
    from ttv_core.results import MediaInfo, VideoResult

__all__ = ["Desk", "close_desks", "desk"]

_FOLLOW_SECONDS = 0.5
_AT_THE_DISK = 8


class Desk:
    """The journal, and the jobs of this process that are under way.

    Args:
        folder: Where the journal is.

    Raises:
        JournalError: If the journal cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Journal(folder)
        try:
            self.owner = Owner(folder)
        except OSError as error:
            self.store.close()
            msg = f"the folder of jobs {folder} cannot be locked: {error}"
            remedy = "set TTV_STATE_DIR to a folder on a local disk"
            raise JournalError(msg, remedy=remedy) from error
        self._measuring = ThreadPoolExecutor(2, thread_name_prefix="ttv-measure")
        self._waiting = ThreadPoolExecutor(_AT_THE_DISK, thread_name_prefix="ttv-disk")
        self.outside = Outside(
            store=self.store,
            owner=self.owner.name,
            inspect=self._inspect,
            on_disk=self._on_disk,
        )
        self.active: dict[str, Work] = {}

    async def _inspect(self, path: Path) -> MediaInfo | None:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._measuring, _measured, path)

    async def _on_disk(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._waiting, function, *arguments)

    def inputs(self, job_id: str) -> Path:
        """Return the folder for inputs of a job that are in no file of the user's."""
        return self.folder / "inputs" / job_id

    # --- new jobs -------------------------------------------------------------------------------

    async def begin(
        self, job_id: str, plan: Plan, target: Path, facts: Mapping[str, Any]
    ) -> JobRecord:
        """Write a new job down, before anything is sent.

        Args:
            job_id: Its id.
            plan: What is to be sent.
            target: Where the video goes.
            facts: Further fields of the record.

        Returns:
            The job; an earlier one, if the request bears an idempotency key that was used before.

        Raises:
            InvalidInputError: If that key was used for another request.
            JournalError: If it cannot be written.
            PluginError: If the backend wants to send what cannot be kept.
        """
        request = plan.request
        try:
            kept = encode_plan(plan, self.inputs(job_id))
        except OSError as error:
            msg = f"the inputs of the job cannot be kept in {self.folder}: {error.strerror}"
            raise JournalError(msg, remedy="set TTV_STATE_DIR to another folder") from error
        except TypeError as error:
            msg = f"a fault of backend {plan.backend!r}: {error}"
            raise PluginError(msg, backend=plan.backend, job_id=job_id) from error
        record = JobRecord(
            id=job_id,
            backend=plan.backend,
            model=plan.model,
            owner=self.owner.name,
            estimate=plan.cost.amount,
            caller_key=request.idempotency_key,
            plan=kept,
            target=str(target.absolute()),
            tags=dict(request.tags),
            **facts,
        )
        found = await outcome(self.store.insert(record))
        if found.id != job_id:  # another process was quicker with the same key
            clean_up(replace(record, state="failed"), self.inputs(job_id))
            self._check_same(found, plan)
        return found

    def known(self, plan: Plan) -> JobRecord | None:
        """Return the job that was made for the same idempotency key before, if there is one.

        Raises:
            InvalidInputError: If that key was used for another request.
        """
        key = plan.request.idempotency_key
        found = self.store.select(caller_key=key) if key is not None else []
        if not found:
            return None
        self._check_same(found[0], plan)
        return found[0]

    def _check_same(self, record: JobRecord, plan: Plan) -> None:
        if is_same(record.plan, plan, self.inputs(record.id)):
            return
        key = plan.request.idempotency_key
        message = f"idempotency_key {key!r} is of job {record.id}, which asks for something else"
        raise InvalidInputError(violations=[Violation("idempotency_key", "reused", message)])

    def check_up(self, backend: str, identity: Mapping[str, str]) -> None:
        """Refuse a new job with who has just failed again and again.

        Raises:
            BackendUnavailableError: If it is to be left alone for a while.
        """
        left = self.outside.breakers[account(backend, identity)].left(time.monotonic())
        if left > 0:
            raise BackendUnavailableError(
                f"{backend} has failed again and again and is left alone for {left:.0f} s",
                backend=backend,
                code=RESTING,
                charged="no",
                retryable=True,
                retry_after=left,
            )

    # --- every job ------------------------------------------------------------------------------

    async def see_through(
        self,
        record: JobRecord,
        vendor: Vendor,
        tell: Tell,
        changed: Callable[[JobRecord], None],
        **how: Any,
    ) -> VideoResult:
        """Bring a job to its end: here, or by following the process that works on it.

        Args:
            record: The job.
            vendor: Its backend.
            tell: Hears what happens.
            changed: Hears of every state that is durable.
            **how: As for `Work`; `plan` as well, where it is at hand.

        Raises:
            VideoGenerationError: Whatever ended the job, or this wait for it.
        """
        followed = ""
        while True:
            mine = record.owner == self.owner.name
            if record.state in TERMINAL:
                clean_up(record, self.inputs(record.id))
                return ending(record)
            if mine and record.id not in self.active:
                return await self._drive(record, vendor, tell, changed, **how)
            if not mine and (record.owner is None or not is_alive(self.folder, record.owner)):
                record = await self._claimed(record)
                continue
            if not mine and followed != record.state:
                first = "another process works on it; following that one"
                tell(record.state, message="" if followed else first)
                followed = record.state
            await asyncio.sleep(_FOLLOW_SECONDS)
            record = self.get(record.id)
            changed(record)

    async def _claimed(self, record: JobRecord) -> JobRecord:
        """Take a job that nobody works on; whoever comes first has it."""
        changes: dict[str, Any] = {"owner": self.owner.name}
        if record.state == "unknown":
            changes["state"] = "reconciling"
        try:
            return await outcome(self.store.update(record, **changes))
        except ConflictError:
            return self.get(record.id)

    async def _drive(
        self,
        record: JobRecord,
        vendor: Vendor,
        tell: Tell,
        changed: Callable[[JobRecord], None],
        **how: Any,
    ) -> VideoResult:
        def told(state: str, **facts: Any) -> None:
            changed(work.record)
            tell(state, **facts)

        plan = how.pop("plan", None) or decode_plan(record.plan)
        work = Work(record, plan, vendor, self.outside, told, **how)
        self.active[record.id] = work
        try:
            return await run(work)
        finally:
            del self.active[record.id]
            changed(work.record)
            clean_up(work.record, self.inputs(record.id))

    def get(self, job_id: str) -> JobRecord:
        """Return a job by its id, or by any part of it that begins or ends it and no other.

        Raises:
            JobNotFoundError: If there is none, or more than one.
        """
        found = self.store.get(job_id)
        if found is not None:
            return found
        near = self.store.find(job_id)
        if len(near) == 1:
            return near[0]
        if near:
            some = ", ".join(record.id for record in near[:3])
            msg = f"{job_id!r} means {len(near)} jobs: {some}{', …' if len(near) > 3 else ''}"
            raise JobNotFoundError(msg, code="ambiguous_id", remedy="say more of the id")
        msg = f"there is no job {job_id!r} in {self.folder}"
        raise JobNotFoundError(msg, remedy="ttv jobs lists them")

    async def ask_to_cancel(self, job_id: str) -> JobRecord:
        """Have a job stopped by whoever works on it."""
        while True:
            record = self.get(job_id)
            if record.state in TERMINAL or record.cancel_asked:
                return record
            try:
                record = await outcome(self.store.update(record, cancel_asked=True))
            except ConflictError:
                continue
            if work := self.active.get(job_id):
                work.wake()
            return record

    def close(self) -> None:
        """Let go of the journal and of every job."""
        self.store.close()
        self.owner.let_go()
        self._measuring.shutdown(wait=False)
        self._waiting.shutdown(wait=False)


def _measured(path: Path) -> MediaInfo | None:
    from ttv_core.media import measure

    check_container(path)
    try:
        return measure(path)
    except BackendUnavailableError:  # the media extra is not installed
        return None


_desks: dict[Path, Desk] = {}
_inherited: list[Desk] = []
_lock = threading.Lock()


def desk() -> Desk:
    """Return the desk of this process, opening the journal when it is first needed.

    Raises:
        JournalError: If the journal cannot be used.
    """
    folder = state_folder()
    with _lock:
        if folder not in _desks:
            _desks[folder] = Desk(folder)
        return _desks[folder]


def close_desks(below: Path) -> None:
    """Close every desk whose folder is there or below; its jobs are left to other processes."""
    with _lock:
        found = [folder for folder in _desks if folder.is_relative_to(below)]
        closed = [_desks.pop(folder) for folder in found]
    for each in closed:
        each.close()


def _forget() -> None:
    """Start anew after a fork: the parent keeps its journal and its jobs."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    for each in _desks.values():
        each.owner.forget()
    # Never closed here: SQLite must not close in a child what its parent has open.
    _inherited.extend(_desks.values())
    _desks.clear()
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
