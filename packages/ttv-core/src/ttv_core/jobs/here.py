"""Jobs under way on this machine, in whichever process: seen, and stopped, from another one.

A job of a backend on this machine ends with its process, so the journal does not have it. It has a
file below the state folder while it is under way, which names its process as the journal would: if
that process is dead, so is the job. A second file beside it is the wish that it be stopped. Where
no file can be written, the job goes on as ever, and is seen in its own process alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ttv_core.jobs.folder import state_folder
from ttv_core.jobs.ownership import Owner, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttv_core.job import JobContext
    from ttv_core.planning import Plan

__all__ = ["JobHere", "jobs_here", "let_go", "seen"]

_LOOK = 0.05
_WISH = ".stop"
_owners: dict[Path, Owner] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class JobHere:
    """A job under way on this machine.

    Attributes:
        id: Its id.
        backend: Who makes it.
        model: With which model.
        prompt: What is to be seen.
        owner: The process, as `ownership` names it.
        pid: Its process id.
        created_at: Seconds since the epoch.
    """

    id: str
    backend: str
    model: str
    prompt: str
    owner: str
    pid: int
    created_at: float

    def stop(self, patience: float) -> bool:
        """Ask it to stop at its next step, and wait to see it.

        Args:
            patience: Seconds to wait.

        Returns:
            Whether it is over; it may have come to its end by itself.
        """
        folder = _folder()
        late = time.monotonic() + patience
        if self._is_there(folder):
            with contextlib.suppress(OSError):
                (folder / f"{self.id}{_WISH}").touch(mode=0o600)
        while self._is_there(folder) and time.monotonic() < late:
            time.sleep(_LOOK)
        over = not self._is_there(folder)
        if over:
            _remove(folder, self.id)  # a wish that came too late for it
        return over

    def _is_there(self, folder: Path) -> bool:
        if is_alive(folder.parent, self.owner):
            return (folder / self.id).exists()
        _remove(folder, self.id)
        return False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, JSON-able."""
        return asdict(self)


def jobs_here() -> list[JobHere]:
    """Return the jobs under way on this machine, the newest first."""
    folder = _folder()
    with contextlib.suppress(OSError):
        found = [job for path in folder.iterdir() if (job := _read(path)) is not None]
        there = [job for job in found if job._is_there(folder)]  # noqa: SLF001 - one of us
        return sorted(there, key=lambda job: job.id, reverse=True)
    return []


@contextlib.contextmanager
def seen(plan: Plan, context: JobContext) -> Iterator[None]:
    """Let a job be seen and stopped by other processes as long as it is under way.

    Args:
        plan: What is made.
        context: Its context, which heeds the wish that it be stopped.
    """
    folder = _folder()
    with contextlib.suppress(OSError):
        _write(folder, plan, context.job_id)
        wish = folder / f"{context.job_id}{_WISH}"
        context.heed(wish.exists)
    try:
        yield
    finally:
        _remove(folder, context.job_id)


def _folder() -> Path:
    return state_folder() / "here"


def _write(folder: Path, plan: Plan, job_id: str) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    job = JobHere(
        id=job_id,
        backend=plan.backend,
        model=plan.model,
        prompt=plan.request.prompt or "",
        owner=_owner(folder.parent).name,
        pid=os.getpid(),
        created_at=time.time(),
    )
    new = folder / f".{job_id}"
    handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(job.to_dict(), file)
    new.replace(folder / job_id)


def _owner(folder: Path) -> Owner:
    with _lock:
        if folder not in _owners:
            _owners[folder] = Owner(folder)
        return _owners[folder]


def let_go(below: Path) -> None:
    """Give up the locks of this process in every state folder that is there or below."""
    with _lock:
        found = [folder for folder in _owners if folder.is_relative_to(below)]
        owners = [_owners.pop(folder) for folder in found]
    for each in owners:
        each.let_go()


def _read(path: Path) -> JobHere | None:
    if path.name.startswith(".") or path.name.endswith(_WISH):
        return None
    try:
        return JobHere(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _remove(folder: Path, job_id: str) -> None:
    for name in (job_id, f"{job_id}{_WISH}"):
        with contextlib.suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def _forget() -> None:
    """Start anew after a fork: the parent keeps its jobs."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    for each in _owners.values():
        each.forget()
    _owners.clear()
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
