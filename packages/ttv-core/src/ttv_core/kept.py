"""Engines that stay loaded between commands, by the user's wish: which processes keep one.

Such a process has a folder of its own below the state folder, for its user's eyes only. It holds a
lock there as long as it lives, and the kernel lets go of that however it ends: neither a clock nor
a process id that somebody else has by now decides whether it is there. Beside the lock are a record
of what it keeps and what its backend needs, such as a socket. What a killed one leaves is removed
by the next who looks.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import sys
import time
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ttv_core.errors import BackendUnavailableError
from ttv_core.jobs.folder import state_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Keeping", "KeptWorker", "kept_workers"]

_LOCK, _RECORD = "lock", "worker.json"
_LOOK = 0.02
_PATIENCE = 10.0
"""Seconds that one has to end by itself when it is asked to."""
_MOMENT = 1.0
"""Seconds for which somebody who looks may hold a lock that a new process wants."""


@dataclass(frozen=True, slots=True)
class KeptWorker:
    """A process that keeps an engine loaded.

    Attributes:
        id: What it is called.
        backend: Who started it.
        model: What it has loaded.
        pid: Its process id.
        started_at: Seconds since the epoch.
        idle: Seconds without work after which it ends.
        state: "idle" or "working".
        used_at: When it last had work; seconds since the epoch.
        videos: How many it has made.
        facts: What its backend says of it, JSON-able.
        folder: Where its lock and its socket are.
    """

    id: str
    backend: str
    model: str
    pid: int
    started_at: float
    idle: float
    state: str = "idle"
    used_at: float = 0.0
    videos: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return _is_held(self.folder)

    def stop(self, patience: float = _PATIENCE) -> None:
        """End it, and wait until it is gone; what it works on fails.

        Args:
            patience: Seconds that it has to end by itself; then it is killed.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            late = time.monotonic() + patience
            if self.alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)
            while self.alive and time.monotonic() < late:
                time.sleep(_LOOK)
        _clear(self.folder)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, JSON-able."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return found | {"facts": dict(self.facts), "folder": str(self.folder)}


class Keeping:
    """A process's own hold on its folder, from when it starts until it ends.

    Args:
        worker_id: What the process is called: short, and the same for what must be there once.

    Raises:
        BackendUnavailableError: If there is one of that name, or its folder cannot be used.
    """

    def __init__(self, worker_id: str) -> None:
        self.folder = _root() / worker_id
        self._worker: KeptWorker | None = None
        late = time.monotonic() + _MOMENT
        while (handle := self._tried()) is None:
            if time.monotonic() > late:
                msg = f"there is a worker {worker_id} already, or it is being started"
                raise BackendUnavailableError(msg, code="already_kept", charged="no")
            time.sleep(_LOOK)
        self._handle = handle
        _empty(self.folder)

    def _tried(self) -> int | None:
        try:
            return self._locked()
        except OSError as error:
            msg = f"{self.folder} cannot be made or locked: {error}"
            remedy = "set TTV_STATE_DIR to a folder on a local disk"
            raise BackendUnavailableError(
                msg, code="cannot_keep", charged="no", remedy=remedy
            ) from error

    def _locked(self) -> int | None:
        import fcntl

        self.folder.mkdir(exist_ok=True, mode=0o700)
        try:
            handle = os.open(self.folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:  # somebody has just removed what another had left
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_ino == (self.folder / _LOCK).stat().st_ino:
                return handle
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        return None

    def announce(self, *, backend: str, model: str, idle: float, **facts: Any) -> None:
        """Let others find it: it is ready.

        Args:
            backend: Who has started it.
            model: What it has loaded.
            idle: Seconds without work after which it ends.
            **facts: What the backend says of it, JSON-able.
        """
        now = time.time()
        self._write(
            KeptWorker(
                id=self.folder.name,
                backend=backend,
                model=model,
                pid=os.getpid(),
                started_at=now,
                used_at=now,
                idle=idle,
                facts=facts,
                folder=self.folder,
            )
        )

    def update(self, *, state: str, videos: int) -> None:
        """Say what it does now.

        Args:
            state: "idle" or "working".
            videos: How many it has made.
        """
        assert self._worker is not None
        now = time.time()
        self._write(replace(self._worker, state=state, videos=videos, used_at=now))

    def _write(self, worker: KeptWorker) -> None:
        self._worker = worker
        new = self.folder / f".{_RECORD}"
        handle = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(worker.to_dict(), file)
        new.replace(self.folder / _RECORD)

    def end(self) -> None:
        """Remove the folder and let go."""
        _empty(self.folder)
        with contextlib.suppress(OSError):
            (self.folder / _LOCK).unlink()  # the last: until now nobody else begins here
            self.folder.rmdir()
        os.close(self._handle)

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.end()


def kept_workers() -> list[KeptWorker]:
    """Return the processes of this user that keep an engine loaded, the oldest first.

    Raises:
        BackendUnavailableError: If others could have put something there.
    """
    if not (state_folder() / "workers").is_dir():
        return []
    found = []
    for folder in _root().iterdir():
        if not _is_held(folder):
            _clear(folder)
        elif (worker := _read(folder)) is not None:
            found.append(worker)
    return sorted(found, key=lambda worker: worker.started_at)


def _root() -> Path:
    """Return the folder of all of them, which must be this user's alone.

    Raises:
        BackendUnavailableError: If it is not.
    """
    if sys.platform == "win32":
        msg = "no engine can be kept between commands on Windows"
        raise BackendUnavailableError(msg, code="cannot_keep", charged="no")
    root = state_folder() / "workers"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        msg = f"{root} is not a folder of yours alone, so what is in it cannot be trusted"
        remedy = f"remove it, or chmod 700 {root}"
        raise BackendUnavailableError(msg, code="unsafe_folder", charged="no", remedy=remedy)
    return root


def _read(folder: Path) -> KeptWorker | None:
    """Return what a process says of itself; None before it is ready."""
    names = {each.name for each in fields(KeptWorker)}
    try:
        data = json.loads((folder / _RECORD).read_bytes())
        known = {name: value for name, value in data.items() if name in names}
        return KeptWorker(**{**known, "folder": folder})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _is_held(folder: Path) -> bool:
    """Tell whether the process of a folder lives; two that look do not get in each other's way."""
    import fcntl

    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _clear(folder: Path) -> None:
    """Remove what a dead process has left, unless a new one has just begun there."""
    with contextlib.suppress(BackendUnavailableError, OSError):
        Keeping(folder.name).end()


def _empty(folder: Path) -> None:
    """Remove all but the lock: what another has left."""
    for path in folder.iterdir():
        if path.name != _LOCK:
            with contextlib.suppress(OSError):
                path.unlink()
