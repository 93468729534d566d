"""Which process works on a job, and whether that process is still there.

Each process holds a lock on a file of its own for as long as it lives; the kernel lets go of it
when the process ends, however it ends. A job names its process, so that one lock serves any number
of jobs, and no clock decides whether somebody is alive.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Owner", "is_alive"]

_TRIES = 20


class Owner:
    """This process, as the owner of jobs.

    Args:
        folder: The folder of the journal.

    Raises:
        OSError: If the lock cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "owners"
        self._folder.mkdir(exist_ok=True, mode=0o700)
        for other in self._folder.iterdir():
            is_alive(folder, other.name)  # what is left of those that have ended is removed
        for _ in range(_TRIES):
            if self._locked():
                return
        msg = "locks do not work on this disk"
        raise OSError(msg)

    def _locked(self) -> bool:
        """Make the file, locked; False if a process that starts just now took it for left over."""
        self.name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._path = self._folder / self.name
        # Locked before it gets its name: nobody ever sees it unlocked while this process lives.
        new = self._folder / f".{self.name}"
        self._handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        if _try_lock(self._handle):
            with contextlib.suppress(FileNotFoundError):
                new.rename(self._path)
                return True
        os.close(self._handle)
        new.unlink(missing_ok=True)
        return False

    def let_go(self) -> None:
        """End the ownership: whatever is left may be taken over."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._handle)

    def forget(self) -> None:
        """Close what a fork has copied; the parent keeps its lock."""
        os.close(self._handle)


def is_alive(folder: Path, name: str) -> bool:
    """Tell whether the process of that name still runs; the file of one that does not is removed.

    Args:
        folder: The folder of the journal.
        name: `Owner.name`.
    """
    path = folder / "owners" / name
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        if not _try_lock(handle):
            return True
        with contextlib.suppress(OSError):
            path.unlink()
        return False
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
