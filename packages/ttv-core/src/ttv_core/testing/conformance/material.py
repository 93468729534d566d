"""Pictures and a video to give and to receive: small, whole, and made here."""

from __future__ import annotations

import struct
import tempfile
import zlib
from functools import cache
from pathlib import Path

__all__ = ["film", "picture"]

_EDGES = 1024, 576


@cache
def picture(level: int = 90) -> bytes:
    """Return a PNG of 1024x576 pixels in one grey.

    Args:
        level: 0 to 255; another level makes another picture.
    """
    width, height = _EDGES
    rows = (b"\0" + bytes([level]) * (3 * width)) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


@cache
def film() -> bytes:
    """Return a whole MP4: 24 frames of 64x36 pixels that fade, one second."""
    import numpy as np

    from ttv_core.media import VideoWriter

    with tempfile.TemporaryDirectory(prefix="ttv-film-") as folder:
        path = Path(folder, "film.mp4")
        with VideoWriter(path, width=64, height=36, fps=24) as video:
            for i in range(24):
                video.write(np.full((36, 64, 3), 10 * i, np.uint8))
        return path.read_bytes()
