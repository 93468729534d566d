# /// script
# requires-python = ">=3.11"
# dependencies = ["aiohttp>=3.12", "cryptography>=45"]
# ///
"""Compare how ttv waits for vendors' jobs with how others do, in one run.

`python benchmarks/vendor_waits.py [--jobs N] [--vendor NAME ...] [--client NAME ...] [--check]`.
Runway, Veo and MiniMax are a process on loopback. Their jobs take seconds to minutes there, and
every client waits for jobs of the same lengths, as it does by default: real seconds, for many jobs
at once. A row is a client: ttv's backend, the vendor's own (for MiniMax, which has none, the loop
of its documentation), and the adapters of litellm and genblaze where they have that vendor. Each is
a process of its own; other libraries get environments of their own, which are made once and kept.

There are two rounds with other lengths of jobs: in the first ttv knows nothing of the vendor, in
the second it has the first behind it. "late" is from done at the vendor to a complete file.

With --check, the exit status is 1 if a job of ttv's failed, or if in the second round ttv is over a
budget: fewer requests a job than each of the others; less late on average, or nearly the same where
the other looks about as often as the vendor wants to be asked at most; and less processor time than
litellm. Against the loops of vendors' own clients the processor time has a budget above theirs: ttv
also writes a journal that outlives the power, and decodes each file to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopback.vendor import Vendor
from loopback.waiting import CLIENTS, write_key

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 2
SPREAD = 15.0  # seconds in which the jobs of a round are started
LIMIT = 900.0
PEERS = {
    # Any released version but 1.107.0, which was tampered with.
    "litellm": ("litellm==1.110.2", "google-auth>=2.40", "requests>=2.32"),
    "genblaze": ("genblaze-core==0.3.8", "genblaze-runway==0.3.3", "genblaze-google==0.3.4"),
}


FEWER = LESS_LATE = LESS_CPU = 1.0
AS_LATE = 1.25
JOURNAL_AND_DECODING = 3.0


@dataclass(frozen=True)
class At:
    """Jobs at a vendor.

    Attributes:
        clients: Who waits for them.
        model: What makes the video.
        other: Another model, for what is not measured: nothing is learned from it.
        median: Seconds that half of the jobs take at most.
        spread: Standard deviation of their logarithm, of which none is off by more than two.
        close: Who looks about as often as the vendor wants to be asked at most.
    """

    clients: tuple[str, ...]
    model: str
    other: str
    median: float
    spread: float
    close: tuple[str, ...] = ()

    def budgets(self, client: str) -> dict[str, float]:
        """Return how much of another's figures ttv may have."""
        return {
            "requests": FEWER,
            "late": AS_LATE if client in self.close else LESS_LATE,
            "CPU": LESS_CPU if client == "litellm" else JOURNAL_AND_DECODING,
        }

    def lengths(self, count: int, seed: int) -> list[float]:
        """Return how long each job takes."""
        chance = random.Random(seed)  # noqa: S311 - not for secrets
        signs = [max(-2.0, min(chance.gauss(), 2.0)) for _ in range(count)]
        return [self.median * math.exp(self.spread * sign) for sign in signs]


AT = {
    "runway": At(
        ("ttv", "runwayml", "litellm", "genblaze"),
        "gen4.5",
        "veo3.1_fast",
        median=40.0,
        spread=0.3,
        close=("runwayml",),
    ),
    "veo": At(
        ("ttv", "google-genai", "litellm", "genblaze"),
        "veo-3.1-generate-001",
        "veo-3.1-fast-generate-001",
        median=45.0,
        spread=0.3,
        close=("google-genai", "litellm"),
    ),
    "minimax": At(
        ("ttv", "documented", "litellm"), "MiniMax-H3", "MiniMax-H3-Max", median=80.0, spread=0.2
    ),
}


def named(client: str, vendor: str, turn: int, number: int) -> str:
    """Return what a job is called."""
    return f"{client}-{vendor}-{turn}-{number}"


# --- the process that is measured -------------------------------------------------------------


async def wait_for_all(options: argparse.Namespace) -> dict[str, Any]:
    """Do all jobs of all rounds, and return when each ended, what failed and the CPU seconds."""
    at, client = AT[options.vendor[0]], options.client[0]
    folder = options.folder
    ends: dict[str, float] = {}
    wrong: list[str] = []
    cpu: list[float] = []

    async def one(job: Any, model: str, name: str, seconds: float, delay: float) -> None:
        await asyncio.sleep(delay)
        target = folder / f"{name}.mp4"
        prompt = f"A red fox runs through snow, job {name} takes {seconds:.2f} s"
        try:
            await job(model, prompt, target)
            ends[name] = time.monotonic()
            assert target.stat().st_size == options.size, f"{target} is not whole"
        except Exception as error:  # noqa: BLE001 - any client, any error
            wrong.append(f"{name}: {error!r}")

    async with CLIENTS[client](options.vendor[0], options.url, folder) as job:
        await one(job, at.other, f"{client}-{options.vendor[0]}-warm", 0.0, 0.0)
        for turn in range(ROUNDS):
            began = time.process_time()
            lengths = at.lengths(options.jobs, options.seed + turn)
            await asyncio.gather(
                *(
                    one(
                        job,
                        at.model,
                        named(client, options.vendor[0], turn, number),
                        seconds,
                        SPREAD * number / options.jobs,
                    )
                    for number, seconds in enumerate(lengths)
                )
            )
            cpu.append(time.process_time() - began)
    return {"ends": ends, "wrong": wrong, "cpu": cpu}


# --- the process that compares ----------------------------------------------------------------


def python_of(client: str, kept: Path) -> str:
    """Return the Python that has a client, and install it if it is not there yet."""
    if client not in PEERS:
        return sys.executable
    folder = kept / client
    found = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "whole").exists():
        print(f"installing {', '.join(PEERS[client])} in {folder}", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([found, "-m", "pip", "install", "--quiet", *PEERS[client]], check=True)
        (folder / "whole").touch()
    return str(found)


def write_video(path: Path) -> Path:
    """Make the video that every job gives."""
    import numpy as np

    from ttv_core.media import VideoWriter

    with VideoWriter(path, width=64, height=64, fps=24) as video:
        for number in range(24):
            video.write(np.full((64, 64, 3), number * 10, dtype=np.uint8))
    free = 200_000 - path.stat().st_size  # a box that holds nothing fills it up
    with path.open("ab") as file:
        file.write(free.to_bytes(4, "big") + b"free" + bytes(free - 8))
    return path


def run_all(options: argparse.Namespace, pairs: list[tuple[str, str]]) -> dict[Any, Any]:
    """Let all clients wait at the same time, and return what each tells."""
    pythons = {client: python_of(client, options.kept) for _, client in pairs}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        video = write_video(folder / "video.mp4")
        with Vendor(video, None) as vendor:
            write_key(folder, vendor.url)
            words = ["--jobs", options.jobs, "--seed", options.seed, "--url", vendor.url]
            words += ["--folder", folder, "--size", video.stat().st_size]
            running: dict[tuple[str, str], subprocess.Popen[str]] = {}
            try:
                for at, client in pairs:
                    about = ["--vendor", at, "--client", client, *words]
                    running[at, client] = _started(pythons[client], about, folder)
                told = {pair: _told(process) for pair, process in running.items()}
                counts = vendor.counts()
            finally:
                for process in running.values():
                    process.kill()
    return {"told": told, "counts": counts}


def _started(python: str, words: list[Any], folder: Path) -> subprocess.Popen[str]:
    """Start a client, with a journal of its own and nothing from the network."""
    environ = {
        "TTV_STATE_DIR": tempfile.mkdtemp(dir=folder),
        "NO_PROXY": "127.0.0.1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    return subprocess.Popen(
        [python, __file__, *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    try:
        out, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
    found: dict[str, Any] = {"ends": {}, "wrong": ["it gave no answer"], "cpu": [0.0] * ROUNDS}
    if process.returncode == 0:
        found = json.loads(out.splitlines()[-1])
    return found


@dataclass(frozen=True)
class Waited:
    """How a client waited in a round.

    Attributes:
        requests: Of a job, on average.
        late: Seconds from done to a complete file, on average.
        worst: The same, of all jobs but 5 %, at most.
        cpu: Milliseconds of processor time a job.
    """

    requests: float
    late: float
    worst: float
    cpu: float


def waited(client: str, at: str, turn: int, jobs: int, found: dict[Any, Any]) -> Waited | None:
    """Return how a client waited; None if it did no job."""
    told = found["told"][at, client]
    names = [named(client, at, turn, number) for number in range(jobs)]
    done = [name for name in names if name in told["ends"]]
    if not done:
        return None
    late = sorted(told["ends"][name] - found["counts"][name]["done_at"] for name in done)
    return Waited(
        statistics.fmean(found["counts"][name]["requests"] for name in done),
        statistics.fmean(late),
        late[int(len(late) * 0.95)],
        told["cpu"][turn] * 1000 / len(done),
    )


def report(at: str, clients: list[str], jobs: int, found: dict[Any, Any]) -> bool:
    """Print a vendor's rows, and return whether ttv is ahead of all others in what is promised."""
    kept = True
    rows: dict[tuple[str, int], Waited | None] = {}
    for client in clients:
        cells = ""
        for turn in range(ROUNDS):
            row = rows[client, turn] = waited(client, at, turn, jobs, found)
            cells += (
                " " * 33
                if row is None
                else f" {row.requests:>8.2f} {row.late:>7.2f} {row.worst:>7.2f} {row.cpu:>7.1f}"
            )
        wrong = found["told"][at, client]["wrong"]
        kept &= not (wrong and client == "ttv")
        print(f"{at:<8} {client:<13}{cells}  {len(wrong):>6}  {wrong[0][:70] if wrong else ''}")
    for turn in range(ROUNDS):
        ours = rows.get(("ttv", turn))
        for client in clients:
            theirs = rows[client, turn]
            if client == "ttv" or ours is None or theirs is None:
                continue
            ratios = {
                "requests": ours.requests / theirs.requests,
                "late": ours.late / theirs.late,
                "CPU": ours.cpu / theirs.cpu,
            }
            said = ", ".join(f"{name} {ratio:.2f}x" for name, ratio in ratios.items())
            if turn < ROUNDS - 1:
                print(f"    ttv, {_TURNS[turn]}, to {client}: {said}")
                continue
            budgets = AT[at].budgets(client)
            over = [name for name, ratio in ratios.items() if ratio >= budgets[name]]
            told = ", ".join(f"{name} {budget:g}x" for name, budget in budgets.items())
            verdict = f"FAIL ({', '.join(over)})" if over else "pass"
            print(f"    ttv, {_TURNS[turn]}, to {client}: {said}; budgets {told}: {verdict}")
            kept &= not over
    return kept


_TURNS = ("knowing nothing", "having learned")


def compare(options: argparse.Namespace) -> bool:
    """Run, print the tables, and return whether all that is promised holds."""
    pairs = [
        (at, client)
        for at in options.vendor
        for client in AT[at].clients
        if client in options.client
    ]
    began = time.monotonic()
    found = run_all(options, pairs)
    print(
        f"{options.jobs} jobs a round, seed {options.seed}, "
        f"{time.monotonic() - began:.0f} s in all\n"
        f"{'':<22} {'ttv knows nothing':^32} {'ttv has learned':^32}\n"
        f"{'vendor':<8} {'client':<13} {'requests':>8} {'s late':>7} {'95 %':>7} {'CPU ms':>7} "
        f"{'requests':>8} {'s late':>7} {'95 %':>7} {'CPU ms':>7}  failed"
    )
    kept = True
    for at in options.vendor:
        clients = [client for where, client in pairs if where == at]
        kept &= report(at, clients, options.jobs, found)
    return kept


def main() -> int:
    """Compare, or be the process that is measured; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=40, help="jobs of each client in a round")
    parser.add_argument("--seed", type=int, default=1, help="for the lengths of the jobs")
    parser.add_argument("--vendor", nargs="+", default=list(AT), choices=list(AT))
    parser.add_argument("--client", nargs="+", default=list(CLIENTS), choices=list(CLIENTS))
    parser.add_argument(
        "--kept", type=Path, default=ROOT / ".nox" / "peers", help="others' environments"
    )
    parser.add_argument("--check", action="store_true", help="fail if ttv is not ahead")
    for name, kind in (("--url", str), ("--folder", Path), ("--size", int)):
        parser.add_argument(name, type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url is not None:
        print(json.dumps(asyncio.run(wait_for_all(options))))
        return 0
    kept = compare(options)
    return 1 if options.check and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
