# /// script
# requires-python = ">=3.11"
# dependencies = ["httpx>=0.28", "httpx2>=2.16"]
# ///
"""Compare the HTTP clients that the core could stand on, with many jobs at once, in one run.

`python benchmarks/http_clients.py [--jobs N ...] [--gate N ...] [--limit SECONDS] [--check]`. All
clients have the same loop of create, poll and download, behind the same gate of so many requests at
once; a job takes 2 s at a vendor on loopback, in a process of its own. Each client gets a fresh
process and is cut off at the limit. With --check, the exit status is 1 if aiohttp, which the core
has chosen, is not the one that needs the least processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopback.floors import with_aiohttp, with_httpx
from loopback.measure import Figures, Measured, in_fresh_process, tell
from loopback.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Callable

CHOSEN = "aiohttp"
CLIENTS: dict[str, Callable[[str, int], Any]] = {
    CHOSEN: with_aiohttp,
    "httpx2": partial(with_httpx, name="httpx2"),
    "httpx": partial(with_httpx, name="httpx"),
}
SECONDS = 2.0
SIZE = 200_000


async def run(name: str, url: str, jobs: int, gate: int, folder: Path) -> Figures:
    """Do one job to warm up, then all of them at once."""
    async with CLIENTS[name](url, gate) as job:
        await job(folder / "first.mp4")
        targets = [folder / f"{number}.mp4" for number in range(jobs)]
        with Measured() as measured:
            ends = await asyncio.gather(*map(job, targets), return_exceptions=True)
    wrong = [repr(end) for end in ends if isinstance(end, BaseException)]
    figures = measured.figures
    figures.failures, figures.why = len(wrong), wrong[0] if wrong else ""
    return figures


def compare(url: str, jobs: int, gate: int, limit: float) -> bool:
    """Measure all clients and return whether the chosen one needs the least."""
    needed: dict[str, float] = {}
    for name in CLIENTS:
        words = ["--client", name, "--jobs", str(jobs), "--gate", str(gate), "--url", url]
        figures = in_fresh_process(words, limit=limit)
        line = f"{name:<8} {jobs:>5} {gate:>5}"
        if figures is None:
            print(f"{line}  not done in {limit:g} s")
            continue
        needed[name] = figures.cpu if figures.failures == 0 else float("inf")
        print(
            f"{line} {figures.wall:>7.2f} {figures.cpu:>7.2f} {figures.cpu * 1000 / jobs:>8.2f} "
            f"{figures.peak:>7.0f} {figures.files:>6} {figures.failures:>6}  {figures.why[:60]}"
        )
    kept = min(needed, key=needed.__getitem__, default="") == CHOSEN
    others = [
        f"{name} {needed[name] / needed[CHOSEN]:.1f}x"
        for name in needed
        if name != CHOSEN and CHOSEN in needed
    ]
    print(f"    processor time of {CHOSEN}: {', '.join(others)}: {'pass' if kept else 'FAIL'}")
    return kept


def main() -> int:
    """Compare, or be the process that is measured; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=(1000, 5000), help="jobs at once")
    parser.add_argument("--gate", type=int, nargs="+", default=(64, 100), help="requests at once")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds until one is cut off")
    parser.add_argument("--check", action="store_true", help="fail if another would be better")
    parser.add_argument("--client", choices=list(CLIENTS), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if options.url is not None:
            job = run(options.client, options.url, options.jobs[0], options.gate[0], folder)
            tell(asyncio.run(job))
            return 0
        print(
            f"{'client':<8} {'jobs':>5} {'gate':>5} {'wall s':>7} {'CPU s':>7} {'ms a job':>8} "
            f"{'peak MB':>7} {'files':>6} {'failed':>6}"
        )
        video = folder / "video.mp4"
        video.write_bytes(os.urandom(SIZE))
        with Vendor(video, SECONDS) as vendor:
            kept = [
                compare(vendor.url, jobs, gate, options.limit)
                for jobs, gate in itertools.product(options.jobs, options.gate)
            ]
    return 1 if options.check and not all(kept) else 0


if __name__ == "__main__":
    sys.exit(main())
