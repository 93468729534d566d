"""The pipes of a process that is spoken with through standard input and output."""

from __future__ import annotations

import os
from typing import BinaryIO, cast

from ttv_diffusers.protocol import Channel

__all__ = ["take_pipes"]


def take_pipes() -> Channel:
    """Keep the pipes for messages: what libraries print goes to standard error."""
    incoming = cast("BinaryIO", os.fdopen(os.dup(0), "rb"))
    outgoing = cast("BinaryIO", os.fdopen(os.dup(1), "wb"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return Channel(incoming, outgoing)
