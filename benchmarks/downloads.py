# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Time a large download beside curl's, and measure its memory, in one run.

`python benchmarks/downloads.py [--megabytes N] [--rounds N] [--folder DIR] [--check]`; it needs
`curl`. The file is served by a process of its own on loopback and is written to memory (/dev/shm)
where there is such a folder, so that the clients are compared and not the disk. Then a connection
is cut in the middle, to see that only the rest is fetched again. With --check, the exit status is 1
if a budget is not kept.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from loopback.measure import Figures, Measured, in_fresh_process, tell
from loopback.vendor import Vendor

MEGABYTE = 1_000_000
THROUGHPUT = 0.8
MEMORY = 10.0
AGAIN = 0.55


async def fetch(url: str, folder: Path, tries: int = 1) -> Figures:
    """Download a file with ttv, trying again where it was cut off."""
    from ttv_core.addresses import Guard
    from ttv_core.background import in_background
    from ttv_core.errors import DownloadError
    from ttv_core.http import import_aiohttp
    from ttv_core.transfer import Arrived, RemoteFile, download

    import_aiohttp()  # curl's own start is not in its time either
    part = folder / "video.part"
    part.touch()
    known: list[Arrived] = [Arrived()]

    async def whole() -> Figures:
        with Measured() as measured:
            for _ in range(tries):
                try:
                    await download(
                        RemoteFile(url=url),
                        part,
                        Guard(url),
                        arrived=known[-1],
                        note=known.append,
                    )
                except DownloadError as error:
                    measured.figures.failures += 1
                    measured.figures.why = str(error)
                else:
                    break
        return measured.figures

    return await asyncio.wrap_future(in_background(whole()))


def with_ttv(url: str, folder: Path, tries: int = 1) -> Figures:
    """Download in a fresh process, and return what it took."""
    (folder / "video.part").unlink(missing_ok=True)
    figures = in_fresh_process(
        ["--url", url, "--folder", str(folder), "--rounds", str(tries)], limit=300
    )
    assert figures is not None
    return figures


def with_curl(url: str, folder: Path) -> float:
    """Download with curl and return the seconds that it says it took."""
    (folder / "video.part").unlink(missing_ok=True)
    words = ["curl", "--silent", "--fail", "--write-out", "%{time_total}", "-o"]
    done = subprocess.run(
        [*words, str(folder / "video.part"), url],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def write_file(path: Path, megabytes: int) -> Path:
    """Write a file that has no two equal parts close to each other."""
    block = os.urandom(MEGABYTE)
    with path.open("wb") as file:
        for number in range(megabytes):
            file.write(number.to_bytes(4, "big") + block[4:])
    return path


def told(what: str, *, kept: bool) -> bool:
    """Print whether one budget is kept, and return it."""
    print(f"{what}: {'pass' if kept else 'FAIL'}")
    return kept


def compare(folder: Path, megabytes: int, rounds: int) -> bool:
    """Download side by side and return whether all budgets are kept."""
    large, small = write_file(folder / "large", megabytes), write_file(folder / "small", 1)
    with Vendor(small) as vendor:
        least = with_ttv(f"{vendor.url}/large", folder)
    with Vendor(large) as vendor:
        url = f"{vendor.url}/large"
        curl, ttv = [], []
        for _ in range(rounds):
            curl.append(with_curl(url, folder))
            ttv.append(with_ttv(url, folder))
        same = (folder / "video.part").read_bytes() == large.read_bytes()
        cut = with_ttv(f"{vendor.url}/cut", folder, tries=2)
        same &= (folder / "video.part").read_bytes() == large.read_bytes()
        sent = vendor.counts()["sent"]
    seconds = [statistics.median(curl), statistics.median(figures.wall for figures in ttv)]
    for name, taken in zip(("curl", "ttv"), seconds, strict=True):
        print(f"{name:<5} {megabytes} MB in {taken:.3f} s: {megabytes / taken:,.0f} MB/s")
    cpu = statistics.median(figures.cpu for figures in ttv)
    peak = max(figures.peak for figures in ttv)
    more, again = peak - least.peak, sent / (megabytes * MEGABYTE) - 0.5
    print(f"ttv   {cpu:.3f} s of processor time; peak {peak:.1f} MB, of 1 MB {least.peak:.1f} MB")
    ratio = seconds[0] / seconds[1]
    return all(
        [
            told(f"{ratio:.2f}x of curl, budget {THROUGHPUT}x", kept=ratio >= THROUGHPUT),
            told(f"{more:.1f} MB above 1 MB's, budget {MEMORY:g} MB", kept=more <= MEMORY),
            told(f"cut once, {again:.0%} again, budget {AGAIN:.0%}", kept=again < AGAIN),
            told(f"{cut.failures} break noticed, files the same", kept=same and cut.failures == 1),
        ]
    )


def main() -> int:
    """Compare, or be the process that is measured; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=500, help="size of the file")
    parser.add_argument("--rounds", type=int, default=7, help="downloads with each")
    parser.add_argument("--folder", help="where it is written")
    parser.add_argument("--check", action="store_true", help="fail if a budget is not kept")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url is not None:
        tell(asyncio.run(fetch(options.url, Path(options.folder), options.rounds)))
        return 0
    usual = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - memory, not disk
    with tempfile.TemporaryDirectory(dir=options.folder or usual) as folder:
        kept = compare(Path(folder), options.megabytes, options.rounds)
    return 1 if options.check and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
