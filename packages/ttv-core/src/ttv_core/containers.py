"""See from a file's outside whether it is a video, and whether its end is there."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ttv_core.errors import GenerationFailedError
from ttv_core.inputs import sniff

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_container"]

_BOXED = frozenset({"mp4", "mov"})
_VIDEOS = frozenset({*_BOXED, "webm"})
_NEEDED = {b"moov", b"mdat"}


def check_container(path: Path) -> None:
    """Check that a file is a video whose parts are all there, without decoding it.

    Of an MP4 the boxes must fill the file to its end (ISO/IEC 14496-12, section 4.2): a file that
    was cut off opens, and tells its full duration.

    Args:
        path: The file.

    Raises:
        GenerationFailedError: If it is not.
    """
    with path.open("rb") as file:
        facts = sniff(file)
        if facts.format not in _VIDEOS:
            said = f"a {facts.format} file" if facts.format else "no video"
            raise _bad(path, said)
        if facts.format not in _BOXED:
            return
        found, place = set(), 0
        while place < facts.size:
            file.seek(place)
            head = file.read(16)
            if len(head) < 8:
                raise _bad(path, "cut off")
            size, kind = struct.unpack_from(">I4s", head)
            if size == 1 and len(head) == 16:
                size = struct.unpack_from(">Q", head, 8)[0]
            elif size == 0:
                size = facts.size - place
            if size < 8 or place + size > facts.size:
                raise _bad(path, "cut off")
            found.add(kind)
            place += size
    if missing := _NEEDED - found:
        raise _bad(path, f"without its {missing.pop().decode()} part")


def _bad(path: Path, what: str) -> GenerationFailedError:
    return GenerationFailedError(f"{path} is {what}", code="bad_video")
