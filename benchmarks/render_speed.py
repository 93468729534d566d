# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Time how fast the animatic is made: seconds of video per second of waiting.

`python benchmarks/render_speed.py [--seconds N] [--check]`, in an environment where ttv-animatic is
installed. What is timed is the whole of `ttv_core.generate`: drawing, encoding, and reading the
finished file back. With --check, the exit status is 1 if it is not faster than real time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import ttv_core
from ttv_core.media import poster

BUDGET = 1.0
PROMPT = "A red fox runs through snow at dawn. It stops by a frozen river. Stars come out."


def speed(name: str, output: Path, **request: Any) -> float:
    """Make a video, print how long that took, and return seconds of video per second."""
    started = time.perf_counter()
    video = ttv_core.generate(backend="animatic", output=output, size="1280x720", fps=24, **request)
    taken = time.perf_counter() - started
    assert video.info is not None
    ratio = video.info.duration / taken
    phases = ", ".join(f"{phase} {seconds:.2f} s" for phase, seconds in video.timings.items())
    print(
        f"{name:<12} {video.info.duration:.1f} s of video in {taken:.2f} s: {ratio:.2f}x ({phases})"
    )
    return ratio


def main() -> int:
    """Time both ways to make an animatic and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each video")
    parser.add_argument("--check", action="store_true", help="fail if slower than real time")
    options = parser.parse_args()
    print(f"animatic, 1280x720, 24 fps, {os.cpu_count()} CPUs")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ratios = [
            speed("prompt only", folder / "prompt.mp4", prompt=PROMPT, duration=options.seconds)
        ]
        still = poster(folder / "prompt.mp4", folder / "still.jpg")
        request: dict[str, Any] = {"prompt": "Zoom in slowly.", "duration": options.seconds}
        ratios.append(speed("with image", folder / "image.mp4", image=still, **request))
    kept = min(ratios) >= BUDGET
    print(
        f"slowest {min(ratios):.2f}x of real time, budget {BUDGET}x: {'pass' if kept else 'FAIL'}"
    )
    return 1 if options.check and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
