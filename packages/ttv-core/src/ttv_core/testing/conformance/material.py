"""Pictures and a video to give and to receive: small, whole, and made here."""

from __future__ import annotations

import struct
import tempfile
import zlib
from fractions import Fraction
from functools import cache
from pathlib import Path

__all__ = ["film", "picture"]

_EDGES = 1024, 576


@cache
def picture(level: int = 90, *, jpeg: bool = False) -> bytes:
    """Return a PNG of 1024x576 pixels in one grey.

    Args:
        level: 0 to 255; another level makes another picture.
        jpeg: Whether it is a JPEG instead.
    """
    if jpeg:
        return _jpeg(level)
    width, height = _EDGES
    rows = (b"\0" + bytes([level]) * (3 * width)) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _jpeg(level: int) -> bytes:
    import av
    import numpy as np

    width, height = _EDGES
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 24)
    pixels = np.full((height, width, 3), level, np.uint8)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuvj420p")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


@cache
def film(level: int = 0) -> bytes:
    """Return a whole MP4: 24 frames of 64x36 pixels that fade, one second.

    Args:
        level: 0 to 255; where the fading begins.
    """
    import numpy as np

    from ttv_core.media import VideoWriter

    with tempfile.TemporaryDirectory(prefix="ttv-film-") as folder:
        path = Path(folder, "film.mp4")
        with VideoWriter(path, width=64, height=36, fps=24) as video:
            for i in range(24):
                video.write(np.full((36, 64, 3), (level + 10 * i) % 256, np.uint8))
        return path.read_bytes()
