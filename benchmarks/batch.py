# /// script
# requires-python = ">=3.11"
# ///
"""Make thousands of videos from one stream of requests, then run the same batch again.

`python benchmarks/batch.py [--jobs N ...] [--check]`. The vendor is a process of its own on
loopback; a job takes 0.2 s there and its video is tiny, so what is measured is the batch: reading,
planning, the ledger, the journal and the files. The second run finds all of it done. Each count
gets a fresh process. With --check, the exit status is 1 if a budget is not kept.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopback.measure import Figures, Measured, in_fresh_process, tell
from loopback.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.2
COUNTS = (1000, 10_000)
AT_ONCE = 64
# Budgets.
FIRST_SECONDS = 5.0
GROWTH_KB = 30.0


def requests(count: int) -> Iterator[dict[str, Any]]:
    """Give so many requests, one when it is asked for."""
    return ({"prompt": f"a red fox, shot {number}", "duration": 4} for number in range(count))


def run(url: str, count: int, folder: Path) -> Figures:
    """Make a batch, and run it again; print what each took."""
    from loopback.backend import LoopbackGenerator

    import ttv_core

    ttv_core.GENERATOR_REGISTRY["loopback"] = LoopbackGenerator
    how: dict[str, Any] = {
        "output": folder / "out",
        "backend": "loopback",
        "config": {"backends": {"loopback": {"base_url": f"{url}/v1"}}},
        "concurrency": AT_ONCE,
    }
    list(ttv_core.generate_many(itertools.islice(requests(5), 5), **how))  # warm
    started = time.perf_counter()
    first, states = 0.0, []
    with Measured() as measured:
        for item in ttv_core.generate_many(requests(count), **how):
            if item.state == "completed" and not first:
                first = time.perf_counter() - started
            states.append(item.state)
    figures = measured.figures
    figures.failures = sum(state not in {"completed", "skipped"} for state in states)
    started = time.perf_counter()
    again = {item.state for item in ttv_core.generate_many(requests(count), **how)}
    figures.why = f"{first:.2f} {time.perf_counter() - started:.2f} {','.join(sorted(again))}"
    return figures


def report(count: int, figures: Figures | None) -> bool:
    """Print one line and return whether the budgets are kept."""
    if figures is None:
        print(f"{count:>6}  not done in time")
        return False
    first, again, states = figures.why.split()
    growth = (figures.peak - figures.before) * 1024 / count
    print(
        f"{count:>6} {float(first):>8.2f} {figures.wall:>8.2f} {figures.cpu * 1000 / count:>8.2f} "
        f"{figures.peak:>8.0f} {growth:>8.1f} {figures.failures:>7} {float(again):>8.2f}  {states}"
    )
    kept = figures.failures == 0 and states == "skipped"
    return kept and float(first) <= FIRST_SECONDS and growth <= GROWTH_KB


def main() -> int:
    """Measure, or be the process that is measured; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=COUNTS, help="requests")
    parser.add_argument("--limit", type=float, default=400.0, help="seconds until it is cut off")
    parser.add_argument("--check", action="store_true", help="fail if a budget is not kept")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url is not None:
        tell(run(options.url, options.jobs[0], Path(os.environ["TMPDIR"])))
        return 0
    print(
        f"{'jobs':>6} {'first s':>8} {'wall s':>8} {'CPU ms':>8} {'peak MB':>8} {'KB a job':>8} "
        f"{'failed':>7} {'again s':>8}"
    )
    kept = True
    for count in options.jobs:
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "small.mp4"
            _write(video)
            with Vendor(video, SECONDS) as vendor:
                figures = in_fresh_process(
                    ["--jobs", str(count), "--url", vendor.url],
                    limit=options.limit,
                    environ={"TTV_STATE_DIR": f"{folder}/state", "TMPDIR": folder},
                )
            kept &= report(count, figures)
    return 1 if options.check and not kept else 0


def _write(path: Path) -> None:
    import numpy as np

    from ttv_core.media import VideoWriter

    with VideoWriter(path, width=64, height=64, fps=24) as video:
        for number in range(12):
            video.write(np.full((64, 64, 3), number * 10, dtype=np.uint8))


if __name__ == "__main__":
    sys.exit(main())
