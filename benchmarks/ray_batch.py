# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Compare a batch on Ray with Ray's own floor, and two engines with one.

`python benchmarks/ray_batch.py [--jobs N] [--rounds N] [--check]`, in an environment where ttv-ray
is installed. The work is arithmetic, and the file is encoded beside it and read back. The floor is
`ray.util.ActorPool` with actors that do just this: no plan, no ledger, no events, no sidecar. Both
use the same cluster of this machine, with engines that are warm. Rounds of both alternate, each
pair gives a ratio, and the median of these counts: only ratios within one run say something. With
--check, the exit status is 1 if a batch adds more than 10 % to the floor, or two engines are not
1.5 times as fast as one.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # for this machine alone,
os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # so that no token is left in the home folder

import ray
from ray.util import ActorPool

import ttv_core
from ttv_core import Capabilities, LocalVideoGenerator
from ttv_core.media import VideoWriter, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

OVERHEAD = 0.10
SPEEDUP = 1.5
WIDTH, HEIGHT, FPS, FRAMES = 320, 180, 24, 48
EFFORT = 12
WARM = 4
"""Clips for each engine before it counts: meanwhile Ray starts processes to have at hand."""


def frames() -> Iterator[Any]:
    """Give the frames of a clip, each after some milliseconds of arithmetic."""
    import numpy as np

    rows = np.linspace(0, 1, HEIGHT * WIDTH * 3, dtype=np.float32).reshape(HEIGHT, WIDTH, 3)
    for number in range(FRAMES):
        level = rows + number / FRAMES
        for _ in range(EFFORT):
            level = np.abs(np.sin(level * 3.1) + np.cos(level * 1.7))
        yield (level * 127).astype(np.uint8)


class Work(LocalVideoGenerator):
    """The work as a backend."""

    name = "work"
    models = Capabilities.model_validate(
        {
            "backend": "work",
            "kind": "local",
            "models": [
                {
                    "id": "work-1",
                    "fps": FPS,
                    "prices": [{"basis": "free"}],
                    "durations": {"minimum": 1, "maximum": 10, "default": FRAMES / FPS},
                    "canvas": {"sizes": [f"{WIDTH}x{HEIGHT}"]},
                }
            ],
        }
    )

    def render(self, plan: Any, context: Any) -> Iterator[Any]:
        """Give the frames, and tell how many are done."""
        del plan
        for number, frame in enumerate(frames()):
            context.progress(number, FRAMES)
            yield frame


class Bare:
    """The work, and nothing around it."""

    def make(self, path: str) -> str:
        """Make a clip and return its hash; a frame is encoded while the next one is made."""
        with (
            VideoWriter(Path(path), width=WIDTH, height=HEIGHT, fps=FPS) as video,
            ThreadPoolExecutor(1) as encoder,
        ):
            list(encoder.map(video.write, frames()))
        return measure(Path(path)).sha256


class Floor:
    """Ray's own pool of actors that do the work."""

    def __init__(self, workers: int, folder: Path) -> None:
        actor = ray.remote(Bare).options(num_cpus=1)
        self._actors = [actor.remote() for _ in range(workers)]
        self._folder = folder
        self.run(WARM * workers)

    def run(self, jobs: int) -> float:
        """Make so many clips and return the seconds that took."""
        paths = [str(self._folder / f"{number}.mp4") for number in range(jobs)]
        started = time.perf_counter()
        made = list(ActorPool(self._actors).map_unordered(lambda a, p: a.make.remote(p), paths))
        assert len(made) == jobs
        return time.perf_counter() - started

    def close(self) -> None:
        """Give the processors back."""
        for actor in self._actors:
            ray.kill(actor)


def batch(workers: int, jobs: int, folder: Path) -> float:
    """Make so many clips as a batch, and return the seconds that took with warm engines."""
    warm = threading.Semaphore(0)
    started = 0.0

    def requests() -> Iterator[dict[str, Any]]:
        nonlocal started
        yield from ({"prompt": f"warm {number}"} for number in range(WARM * workers))
        for _ in range(WARM * workers):
            warm.acquire()
        started = time.perf_counter()
        yield from ({"prompt": f"clip {number}"} for number in range(jobs))

    how: dict[str, Any] = {"config": {"executors": {"ray": {"workers": workers}}}}
    made = ttv_core.generate_many(requests(), output=folder, backend="work", executor="ray", **how)
    states, ended = [], 0.0
    for item in made:
        states.append(item.state)
        ended = time.perf_counter()
        warm.release()
    assert states == ["completed"] * (WARM * workers + jobs), states
    return ended - started


def main() -> int:
    """Measure, print what came out, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=16, help="clips in a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each")
    parser.add_argument("--check", action="store_true", help="fail if a budget is not kept")
    options = parser.parse_args()
    ttv_core.GENERATOR_REGISTRY["work"] = Work
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    ratios, gains, floors = [], [], []
    print(f"{options.jobs} clips a round, {os.cpu_count()} CPUs, Ray {ray.__version__}")
    print(f"{'floor s':>8} {'batch s':>8} {'over':>7} {'one s':>8} {'gain':>6}")
    with tempfile.TemporaryDirectory() as name:
        for number in range(options.rounds):
            folder = Path(name, str(number))
            folder.mkdir()
            floor = Floor(2, folder)
            floors.append(floor.run(options.jobs))
            floor.close()
            two = batch(2, options.jobs, folder / "two")
            one = batch(1, options.jobs, folder / "one")
            ratios.append(two / floors[-1] - 1)
            gains.append(one / two)
            print(
                f"{floors[-1]:>8.2f} {two:>8.2f} {ratios[-1]:>6.1%} {one:>8.2f} {gains[-1]:>6.2f}"
            )
    ray.shutdown()
    over, gain = statistics.median(ratios), statistics.median(gains)
    each = over * statistics.median(floors) * 2 / options.jobs
    kept = over <= OVERHEAD and gain >= SPEEDUP
    print(
        f"a batch adds {over:.1%} to Ray's floor ({each * 1000:.0f} ms of an engine for each clip; "
        f"budget {OVERHEAD:.0%}); two engines are {gain:.2f}x one (budget {SPEEDUP}x): "
        f"{'pass' if kept else 'FAIL'}"
    )
    return 1 if options.check and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
