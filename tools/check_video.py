"""Decode a video to its end and hold it against what was promised.

`python check_video.py FILE WIDTHxHEIGHT SECONDS FPS` needs PyAV and nothing of ours.
"""

from __future__ import annotations

import sys
from fractions import Fraction

import av


def main(path: str, size: str, seconds: str, fps: str) -> int:
    """Print the file's facts and return 1 if they differ from the promised ones."""
    with av.open(path) as video:
        stream = video.streams.video[0]
        rate = stream.average_rate or Fraction(0)
        frames = sum(1 for _ in video.decode(stream))
        found_size = f"{stream.width}x{stream.height}"
    print(f"{path}: {found_size}, {frames} frames, {rate} fps")
    promised = Fraction(seconds) * Fraction(fps)
    kept = found_size == size and rate == Fraction(fps) and abs(frames - promised) <= 1
    if not kept:
        print(f"promised: {size}, {promised} frames, {fps} fps", file=sys.stderr)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
