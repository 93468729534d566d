"""Notice every attempt to reach a network, whoever makes it, and refuse it."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["offline"]

_NETWORK = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"})
_watches: list[list[str]] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watches or event not in _NETWORK:
        return
    if event == "socket.connect" and isinstance(arguments[1], str | bytes):
        return  # a socket in the file system is on this machine
    told = ", ".join(str(item) for item in arguments if isinstance(item, str | int | tuple))
    for watch in _watches:
        watch.append(f"{event}({told})")
    msg = "there is no network here: the kit has closed it"
    raise OSError(msg)


@contextlib.contextmanager
def offline() -> Iterator[list[str]]:
    """Close the network; the list that is returned tells what was tried all the same.

    Python's own audit events see every socket, in whichever library and thread. A hook stays for
    the life of the process, so there is one, and it does nothing outside of this context.
    """
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    watch: list[str] = []
    _watches.append(watch)
    try:
        yield watch
    finally:
        _watches.remove(watch)
