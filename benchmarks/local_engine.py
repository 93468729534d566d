# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Compare the local engine with a bare call of diffusers, and warm clips with cold ones.

`python benchmarks/local_engine.py [--rounds N] [--check]`, in an environment where ttv-diffusers is
installed. A tiny pipeline of random weights runs on the CPU with one thread: only ratios within one
run say something. "bare" is the call of diffusers with its frames encoded and read back as the
engine does. Rounds of both alternate, each pair gives a ratio, and the median of these counts.
"cold" is a process for each clip. A "command" is a process that makes one clip through the engine:
alone, or with a kept worker. With --check, the exit status is 1 if the engine adds more than 5 %,
warm is not 30 times as fast, or a command with a kept worker not 3 times.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ttv_core.media import VideoWriter, measure
from ttv_diffusers import DiffusersGenerator
from ttv_diffusers.testing import build

OVERHEAD = 0.05
SPEEDUP = 30.0
KEPT = 3.0
LONG: dict[str, Any] = {"width": 256, "height": 256, "num_frames": 17, "steps": 20}
SHORT: dict[str, Any] = {"width": 64, "height": 64, "num_frames": 5, "steps": 4}
COLD = """
import sys
from benchmarks.local_engine import Bare, SHORT
Bare(sys.argv[1]).make(SHORT, sys.argv[2])
"""
COMMAND = """
import sys
from benchmarks.local_engine import SHORT, engine_make, engine_of
engine_make(engine_of(sys.argv[1]), SHORT, sys.argv[2])
"""


class Bare:
    """Diffusers and the encoder, and nothing between them."""

    def __init__(self, folder: str) -> None:
        import torch
        from diffusers import DiffusionPipeline

        torch.set_num_threads(1)
        self._torch = torch
        self._pipeline = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
        self._pipeline.set_progress_bar_config(disable=True)

    def make(self, clip: dict[str, Any], path: str) -> None:
        """Make a clip."""
        import numpy as np

        call = {"num_inference_steps" if k == "steps" else k: v for k, v in clip.items()}
        generator = self._torch.Generator().manual_seed(1)
        video = self._pipeline("a fox", **call, generator=generator, output_type="np").frames[0]
        frames = (video * 255).round().astype(np.uint8)
        size = {"width": clip["width"], "height": clip["height"]}
        with VideoWriter(Path(path), **size, fps=16) as writer:
            for frame in frames:
                writer.write(frame)
        measure(Path(path))


def engine_of(folder: str) -> DiffusersGenerator:
    """Return the engine over the pipeline in a folder."""
    return DiffusersGenerator(model_dir=folder, device="cpu", threads=1)


def engine_make(generator: DiffusersGenerator, clip: dict[str, Any], path: str) -> dict[str, float]:
    """Make a clip through the engine and return what it measured."""
    asked = {"size": (clip["width"], clip["height"]), "num_frames": clip["num_frames"]}
    options = {"diffusers": {"steps": clip["steps"]}}
    video = generator.generate(
        "a fox", **asked, seed=1, options=options, output=path, overwrite=True, sidecar=False
    )
    return video.timings


def seconds(work: Any, *arguments: Any) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def main() -> int:
    """Run all comparisons and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="clips of each kind")
    parser.add_argument("--check", action="store_true", help="fail if a promise is not kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, path = str(build("wan21_t2v", Path(name, "pipeline"))), str(Path(name, "clip.mp4"))
        os.environ["TTV_STATE_DIR"] = str(Path(name, "state"))
        generator = engine_of(folder)
        bare = Bare(folder)
        for clip in (LONG, SHORT):
            bare.make(clip, path)
            engine_make(generator, clip, path)
        pairs = [
            (seconds(bare.make, LONG, path), seconds(engine_make, generator, LONG, path))
            for _ in range(options.rounds)
        ]
        alone, through = (statistics.median(times) for times in zip(*pairs, strict=True))
        overhead = statistics.median(engine / bare for bare, engine in pairs) - 1
        print(f"bare {alone:.3f} s, through the engine {through:.3f} s: {overhead:+.1%}")
        warm = [seconds(engine_make, generator, SHORT, path) for _ in range(options.rounds)]
        few = range(max(options.rounds // 2, 1))
        cold = [one_clip(COLD, folder, path) for _ in few]
        generator.close()
        alone_each = [one_clip(COMMAND, folder, path) for _ in few]
        with_worker = kept_clips(folder, path, options.rounds)
    speedup = statistics.median(cold) / statistics.median(warm)
    print(f"cold {statistics.median(cold):.2f} s, warm {statistics.median(warm):.3f} s: ", end="")
    print(f"{speedup:.0f}x")
    command, kept_command = statistics.median(alone_each), statistics.median(with_worker)
    gain = command / kept_command
    print(f"command {command:.2f} s, with a kept worker {kept_command:.2f} s: {gain:.1f}x")
    kept = overhead <= OVERHEAD and speedup >= SPEEDUP and gain >= KEPT
    budget = f"{OVERHEAD:+.0%}, {SPEEDUP:.0f}x and {KEPT:.0f}x"
    print(f"budget {budget}: {'pass' if kept else 'FAIL'}")
    return 1 if options.check and not kept else 0


def kept_clips(folder: str, path: str, rounds: int) -> list[float]:
    """Return how long commands take that have a kept worker; the first, which warms it, is none."""
    worker = engine_of(folder).keep()
    try:
        one_clip(COMMAND, folder, path)
        return [one_clip(COMMAND, folder, path) for _ in range(rounds)]
    finally:
        worker.stop()


def one_clip(code: str, folder: str, path: str) -> float:
    """Return how long a clip takes in a process of its own."""
    root = Path(__file__).resolve().parent.parent
    environment = {
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "HF_HUB_OFFLINE": "1",
    }
    command = [sys.executable, "-c", code, folder, path]
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
