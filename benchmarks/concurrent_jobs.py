# /// script
# requires-python = ">=3.11"
# dependencies = ["openai>=3.50", "runwayml>=5.24"]
# ///
"""Run thousands of jobs at once in one process, beside vendors' own clients, in one run.

`python benchmarks/concurrent_jobs.py [--jobs N ...] [--limit SECONDS] [--check]`. The vendor is a
process of its own on loopback; a job takes 2 s there and its video has 200 KB. Each client gets a
fresh process and is cut off at the limit. "ttv" does all that it does for a paid job: journal,
durable file, whole decoding, provenance. In a further row the decoding is left out, to show its
share; another has a video of 1 KB, to show what the rest costs. Vendors' clients poll as they do by
default and write the file as their documentation says. With --check, the exit status is 1 if a
budget is not kept.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

from loopback.floors import with_aiohttp
from loopback.measure import Figures, Measured, in_fresh_process, tell
from loopback.vendor import Vendor

PROMPT = "A red fox runs through snow"
SECONDS = 2.0
SIZE = 200_000
SMALL = 1_000
WARM = 5  # enough for ttv to learn how long a job takes
COUNTS = (100, 1000, 5000)
# jobs at once: seconds, MB
BUDGETS = {1000: (4.0, 70.0), 5000: (15.0, 150.0)}
FILES = 200
GROWTH = 30.0
CPU_MS = 2.0

Job = Callable[[Path], Any]


@contextlib.asynccontextmanager
async def with_ttv(url: str, *, inspect: bool = True) -> AsyncIterator[Job]:
    """Give a coroutine that does one job with ttv."""
    from loopback.backend import LoopbackGenerator

    from ttv_core.jobs.desk import desk

    generator = LoopbackGenerator(base_url=f"{url}/v1")
    if not inspect:

        async def nothing(_: Path) -> None:
            return None

        here = desk()
        here.outside = dataclasses.replace(here.outside, inspect=nothing)

    async def job(target: Path) -> None:
        await generator.agenerate(PROMPT, duration=4, output=target)

    yield job


@contextlib.asynccontextmanager
async def with_openai(url: str) -> AsyncIterator[Job]:
    """Give a coroutine that does one job with openai's client."""
    import openai

    warnings.simplefilter("ignore", DeprecationWarning)  # the vendor ends this API
    async with openai.AsyncOpenAI(api_key="x", base_url=f"{url}/v1") as client:

        async def job(target: Path) -> None:
            video = await client.videos.create_and_poll(prompt=PROMPT, model="sora-2", seconds="4")
            if video.status != "completed":
                raise RuntimeError(video.status)
            (await client.videos.download_content(video.id)).write_to_file(target)

        yield job


@contextlib.asynccontextmanager
async def with_runwayml(url: str) -> AsyncIterator[Job]:
    """Give a coroutine that does one job with runwayml's client; it has no download of its own."""
    import httpx
    import runwayml

    async with (
        runwayml.AsyncRunwayML(api_key="x", base_url=url) as client,
        httpx.AsyncClient() as plain,
    ):

        async def job(target: Path) -> None:
            made = await client.text_to_video.create(
                duration=4, model="gen4.5", prompt_text=PROMPT, ratio="1280:720"
            )
            task = await made.wait_for_task_output()
            async with plain.stream("GET", task.output[0]) as answer:
                with target.open("wb") as file:
                    async for chunk in answer.aiter_bytes():
                        file.write(chunk)

        yield job


@dataclasses.dataclass(frozen=True)
class Subject:
    """A client that is measured.

    Attributes:
        name: What is printed.
        client: Gives a coroutine that does one job.
        size: Bytes of the video.
        ours: Whether the budgets are about it.
    """

    name: str
    client: Callable[[str], Any]
    size: int = SIZE
    ours: bool = False


SUBJECTS = {
    "floor": Subject("bare aiohttp", with_aiohttp),
    "ttv": Subject("ttv", with_ttv, ours=True),
    "unmeasured": Subject("ttv, not decoded", lambda url: with_ttv(url, inspect=False)),
    "small": Subject("ttv, 1 KB, not decoded", lambda url: with_ttv(url, inspect=False), SMALL),
    "openai": Subject("openai", with_openai),
    "runwayml": Subject("runwayml", with_runwayml),
}


async def run(subject: Subject, url: str, count: int, folder: Path) -> Figures:
    """Do some jobs to warm up, then all of them at once."""
    async with subject.client(url) as job:
        await asyncio.gather(*(job(folder / f"warm-{number}.mp4") for number in range(WARM)))
        targets = [folder / f"{number}.mp4" for number in range(count)]
        with Measured() as measured:
            ends = await asyncio.gather(*map(job, targets), return_exceptions=True)
    figures = measured.figures
    wrong = [repr(end) for end in ends if isinstance(end, BaseException)]
    wrong += [
        f"{t} is not whole" for t in targets if not wrong and t.stat().st_size != subject.size
    ]
    figures.failures, figures.why = len(wrong), wrong[0] if wrong else ""
    return figures


def write_videos(folder: Path) -> dict[int, Path]:
    """Make the videos that the vendor gives: one that can be decoded, and a small one."""
    import numpy as np

    from ttv_core.media import VideoWriter

    whole = folder / "whole.mp4"
    with VideoWriter(whole, width=64, height=64, fps=24) as video:
        for number in range(24):
            video.write(np.full((64, 64, 3), number * 10, dtype=np.uint8))
    free = SIZE - whole.stat().st_size  # a box that holds nothing fills it up
    with whole.open("ab") as file:
        file.write(free.to_bytes(4, "big") + b"free" + bytes(free - 8))
    small = folder / "small.mp4"
    small.write_bytes(bytes(SMALL))
    return {SIZE: whole, SMALL: small}


def report(subject: Subject, count: int, figures: Figures | None, limit: float) -> bool:
    """Print one line and return whether the budgets are kept."""
    line = f"{subject.name:<24} {count:>5}"
    if figures is None:
        print(f"{line}  not done in {limit:g} s")
        return not subject.ours
    growth = (figures.peak - figures.before) * 1024 / count
    cpu = figures.cpu * 1000 / count
    print(
        f"{line} {figures.wall:>7.2f} {figures.cpu:>7.2f} {cpu:>8.2f} {figures.peak:>7.0f} "
        f"{growth:>8.1f} {figures.files:>6} {figures.failures:>6}  {figures.why[:60]}"
    )
    if subject.size == SMALL:
        return told(f"{count}: {cpu:.2f} ms a job, budget {CPU_MS:g}", kept=cpu <= CPU_MS)
    if not subject.ours or count not in BUDGETS:
        return not (subject.ours and figures.failures)
    seconds, megabytes = BUDGETS[count]
    budgets = (
        ("failures", figures.failures, 0),
        ("s", figures.wall, seconds),
        ("MB", figures.peak, megabytes),
        ("KB a job", growth, GROWTH),
        ("open files", figures.files, FILES),
    )
    kept = [
        told(f"{count}: {value:.4g} {unit}, budget {budget:g}", kept=value <= budget)
        for unit, value, budget in budgets
    ]
    return all(kept)


def told(what: str, *, kept: bool) -> bool:
    """Print whether one budget is kept, and return it."""
    print(f"    {what}: {'pass' if kept else 'FAIL'}")
    return kept


def compare(names: Iterable[str], counts: Iterable[int], limit: float) -> bool:
    """Measure the clients side by side and return whether all budgets are kept."""
    print(
        f"{'client':<24} {'jobs':>5} {'wall s':>7} {'CPU s':>7} {'ms a job':>8} {'peak MB':>7} "
        f"{'KB a job':>8} {'files':>6} {'failed':>6}"
    )
    kept = True
    for count in counts:
        for name in names:
            subject = SUBJECTS[name]
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                with Vendor(write_videos(folder)[subject.size], SECONDS) as vendor:
                    figures = in_fresh_process(
                        ["--client", name, "--jobs", str(count), "--url", vendor.url],
                        limit=limit,
                        environ={"TTV_STATE_DIR": str(folder / "state"), "TMPDIR": temporary},
                    )
                kept &= report(subject, count, figures, limit)
    return kept


def main() -> int:
    """Compare, or be the process that is measured; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=COUNTS, help="jobs at once")
    parser.add_argument("--client", nargs="+", default=list(SUBJECTS), choices=list(SUBJECTS))
    parser.add_argument("--limit", type=float, default=90.0, help="seconds until one is cut off")
    parser.add_argument("--check", action="store_true", help="fail if a budget is not kept")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url is None:
        kept = compare(options.client, options.jobs, options.limit)
        return 1 if options.check and not kept else 0
    with tempfile.TemporaryDirectory() as folder:
        subject = SUBJECTS[options.client[0]]
        tell(asyncio.run(run(subject, options.url, options.jobs[0], Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
