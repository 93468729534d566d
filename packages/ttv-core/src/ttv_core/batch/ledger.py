"""What a batch has done, in a file of its folder: one line for each thing that happened.

What a vendor has is in the journal of jobs; this file knows which request is which job, and what is
done on this machine.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ttv_core.errors import OutputError
from ttv_core.output import storage_error, sync

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ttv_core.results import Charged

__all__ = ["Entry", "Ledger"]

NAME = ".ttv-batch.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The last that is known of a request.

    Attributes:
        state: "begun", "completed", or "failed" where that surely cost nothing.
        attempt: Which try it is, from 1; a vendor knows each by a key of its own.
        path: Where its video goes, within the folder.
        cost: What it has cost, or may cost while it is only begun, in US dollars.
        charged: Whether it cost money.
        backend: Who made it.
        error: Why it failed, as `VideoGenerationError.to_dict` gives it.
    """

    state: str
    attempt: int = 1
    path: str = ""
    cost: Decimal | None = None
    charged: Charged = "no"
    backend: str | None = None
    error: Mapping[str, Any] | None = None


class Ledger(AbstractContextManager["Ledger"]):
    """The ledger of a batch; made when there is none. One process at a time has it.

    Args:
        folder: The folder of the batch.

    Attributes:
        id: Names the batch; it goes into the keys of its jobs.
        entries: What is known of each request.

    Raises:
        OutputError: If it cannot be written or read, or another process has it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.id = ""
        self.entries: dict[str, Entry] = {}
        try:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise storage_error(error, self.path) from error
        try:
            _lock(self._handle, folder)
            self._read()
            if not self.id:
                self.id = secrets.token_hex(6)
                self._append({"ttv_batch": 1, "id": self.id})
                sync(self.path)
                sync(folder)
        except OSError as error:
            os.close(self._handle)
            raise storage_error(error, self.path) from error
        except BaseException:
            os.close(self._handle)
            raise

    @property
    def spent(self) -> dict[str, Decimal]:
        """US dollars that each request has cost, or may cost yet, as far as that is known."""
        return {
            key: entry.cost
            for key, entry in self.entries.items()
            if entry.cost and entry.charged != "no"
        }

    def note(self, key: str, entry: Entry) -> None:
        """Write down what happened to a request.

        Raises:
            OutputError: If it cannot be written.
        """
        facts = {name: getattr(entry, name) for name in Entry.__slots__}
        cost = None if entry.cost is None else str(entry.cost)
        try:
            self._append({"key": key} | facts | {"cost": cost})
            if entry.state == "begun":
                os.fsync(self._handle)
        except OSError as error:
            raise storage_error(error, self.path) from error
        self.entries[key] = entry

    def _append(self, line: dict[str, Any]) -> None:
        os.write(self._handle, json.dumps(line).encode() + b"\n")

    def _read(self) -> None:
        text = self.path.read_bytes()
        whole, _, torn = text.rpartition(b"\n")
        if torn:  # what a crash has cut off; the next line must not be glued to it
            os.ftruncate(self._handle, len(text) - len(torn))
        for line in whole.split(b"\n") if whole else ():
            said = _json(line)
            if "ttv_batch" in said:
                self.id = str(said.get("id", ""))
            elif isinstance(key := said.pop("key", None), str):
                self.entries[key] = _entry(said)
            else:
                msg = f"{self.path} is no ledger of a batch, or is damaged"
                raise OutputError(msg, code="damaged", remedy="another folder (-o)")

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._handle)

    def __exit__(self, *error: object) -> None:
        """Let it go."""
        self.close()


def _json(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _entry(said: dict[str, Any]) -> Entry:
    try:
        cost = None if said.get("cost") is None else Decimal(said["cost"])
    except (InvalidOperation, TypeError):
        cost = None
    known = {name: said[name] for name in Entry.__slots__ if name in said}
    return Entry(**(known | {"cost": cost}))


def _lock(handle: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:
        return  # Windows: nothing here can hold it
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        msg = f"another process works on the batch in {folder}"
        raise OutputError(msg, code="in_use", remedy="wait for it, or another folder") from error
