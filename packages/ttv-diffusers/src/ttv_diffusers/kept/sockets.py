"""The socket of a kept worker: a file in a folder of its user's alone, no port of any network."""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ttv_core.errors import BackendUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["check_peer", "connect", "listen"]

_NAME = "socket"
_LONGEST = 100
"""Bytes that the address of a Unix socket may have on every system."""


def listen(folder: Path) -> socket.socket:
    """Open the socket in a folder.

    Raises:
        BackendUnavailableError: If there cannot be one.
    """
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _address(folder) as address:
        found.bind(address)
    (folder / _NAME).chmod(0o600)
    found.listen(128)
    return found


def connect(folder: Path, *, seconds: float) -> socket.socket:
    """Connect to the socket in a folder.

    Args:
        folder: Of the kept worker.
        seconds: How long it may take.

    Raises:
        OSError: If nobody listens there, or somebody else does.
    """
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        found.settimeout(seconds)
        with _address(folder) as address:
            found.connect(address)
        check_peer(found)
        found.settimeout(None)
    except BaseException:
        found.close()
        raise
    return found


def check_peer(connection: socket.socket) -> None:
    """See that the process at the other end is of the same user, where the system says so.

    Raises:
        PermissionError: If it is not.
    """
    if sys.platform == "linux":
        size = struct.calcsize("3i")
        said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        _, user, _ = struct.unpack("3i", said)
        if user != os.getuid():
            msg = f"the process at the other end is of user {user}"
            raise PermissionError(msg)


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """Yield the address of the socket in a folder, however long the folder's name is."""
    path = str(folder / _NAME)
    if len(os.fsencode(path)) <= _LONGEST:
        yield path
        return
    if sys.platform != "linux":
        msg = f"the path {path} is too long for a socket"
        remedy = "set TTV_STATE_DIR to a folder with a shorter name"
        raise BackendUnavailableError(msg, code="cannot_keep", charged="no", remedy=remedy)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{_NAME}"
    finally:
        os.close(handle)
