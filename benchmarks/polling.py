# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Compare how ttv looks at a running job with looking at a fixed interval, in one run.

`python benchmarks/polling.py [--jobs N] [--seed N] [--check]`. The core's own loop watches the same
jobs twice: with the interval that the vendor's own client or documentation uses, and as it does by
default, learning how long jobs take from those that it has seen end. Time is virtual: the event
loop jumps to whatever comes next, so hours of waiting take seconds. "late" is the time between done
at the vendor and seen here. With --check, the exit status is 1 if learning does not need fewer
requests and is not earlier, for every vendor.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import random
import selectors
import statistics
import sys
from collections import deque
from concurrent.futures import Future
from typing import Any

from ttv_core.addresses import Guard
from ttv_core.jobs.record import JobRecord
from ttv_core.jobs.semantics import Polling, SubmitSemantics
from ttv_core.jobs.vendor import Poll
from ttv_core.jobs.watching import watch
from ttv_core.jobs.work import Outside, Work

ROUND_TRIP = 0.2
REMEMBERED = 30


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of vendor.

    Attributes:
        name: What is printed.
        usual: Seconds between two looks of the vendor's own client or examples.
        polling: What the vendor allows.
        median: Seconds that half of its jobs take at most.
        spread: Standard deviation of their logarithm.
    """

    name: str
    usual: float
    polling: Polling
    median: float
    spread: float

    def durations(self, count: int, chance: random.Random) -> list[float]:
        """Return how long each job takes."""
        return [self.median * chance.lognormvariate(0.0, self.spread) for _ in range(count)]


KINDS = (
    Kind("Runway's client, 6 s", 6.0, Polling(floor=5.0, ceiling=15.0), 60.0, 0.3),
    Kind("Veo's example, 15 s", 15.0, Polling(floor=10.0, ceiling=30.0), 75.0, 0.4),
    Kind("MiniMax's example, 10 s", 10.0, Polling(floor=5.0, ceiling=15.0), 150.0, 0.25),
    Kind("OpenAI's client, 1 s", 1.0, Polling(floor=0.5, ceiling=5.0), 15.0, 0.3),
    Kind("a steady vendor, 5 s", 5.0, Polling(), 90.0, 0.05),
)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait: its clock goes to the next thing to do."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Return its own time, in seconds."""
        return self.now


class _Jumping(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "nothing is left to wait for"
        self._loop.now += max(timeout, 0.0)
        return super().select(0)


class Remembering:
    """A journal in memory: it only knows how long jobs took."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=REMEMBERED)

    def update(self, record: JobRecord, *_: Any, **changes: Any) -> Future[JobRecord]:
        """Change a job."""
        done: Future[JobRecord] = Future()
        done.set_result(dataclasses.replace(record, **changes, rev=record.rev + 1))
        if changes.get("took") is not None:
            self._took.append(changes["took"])
        return done

    def took(self, *_: str) -> list[float]:
        """Return how long the last jobs took."""
        return list(self._took)

    def get(self, job_id: str) -> None:
        """Return nothing: nobody else changes a job."""


class Vendor:
    """One job at a vendor."""

    name = "vendor"
    guard = Guard()

    def __init__(self, polling: Polling, done_at: float) -> None:
        self.semantics = SubmitSemantics(polling=polling)
        self.done_at = done_at
        self.polls = 0

    async def poll(self, _: Any) -> Poll:
        """Say whether the job is done; what is said is as old as half the way back."""
        self.polls += 1
        await asyncio.sleep(ROUND_TRIP / 2)
        done = asyncio.get_running_loop().time() >= self.done_at
        await asyncio.sleep(ROUND_TRIP / 2)
        return Poll(state="done" if done else "running")

    def scrub(self, text: str) -> str:
        """Hide nothing."""
        return text


async def watched(
    kind: Kind, durations: list[float], chance: random.Random, interval: float | None
) -> list[tuple[int, float]]:
    """Watch one job after the other; return its requests, and how late its end was seen."""
    loop = asyncio.get_running_loop()
    outside = Outside(
        store=Remembering(),  # type: ignore[arg-type] - what watching needs of it
        owner="bench",
        inspect=lambda _: asyncio.sleep(0, None),
        now=loop.time,
        random=chance,
    )
    seen = []
    for number, seconds in enumerate(durations):
        vendor = Vendor(kind.polling, loop.time() + seconds)
        record = JobRecord(
            id=str(number),
            backend=vendor.name,
            model="m",
            state="accepted",
            owner="bench",
            remote_id="1",
            accepted_at=loop.time(),
        )
        work = Work(
            record,
            None,  # type: ignore[arg-type] - the plan was needed before
            vendor,  # type: ignore[arg-type] - likewise what only submits and fetches
            outside,
            lambda *_, **__: None,
            interval=interval,
        )
        await watch(work)
        seen.append((vendor.polls, loop.time() - vendor.done_at))
    return seen


def measured(
    kind: Kind, durations: list[float], seed: int, interval: float | None
) -> tuple[float, float, float]:
    """Return the mean of requests, the mean of seconds late, and the most seconds late but 5 %."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        chance = random.Random(seed)  # noqa: S311 - not for secrets
        seen = runner.run(watched(kind, durations, chance, interval))
    late = sorted(late for _, late in seen)
    return (
        statistics.fmean(polls for polls, _ in seen),
        statistics.fmean(late),
        late[int(len(late) * 0.95)],
    )


def compare(kind: Kind, jobs: int, seed: int) -> bool:
    """Print both ways side by side and return whether learning is better in both respects."""
    durations = kind.durations(jobs, random.Random(seed))  # noqa: S311
    fixed = measured(kind, durations, seed, kind.usual)
    learned = measured(kind, durations, seed, None)
    kept = learned[0] < fixed[0] and learned[1] < fixed[1]
    print(
        f"{kind.name:<24} {fixed[0]:>8.1f} {learned[0]:>8.1f} {fixed[1]:>9.2f} {learned[1]:>8.2f} "
        f"{fixed[2]:>9.2f} {learned[2]:>8.2f}  {learned[0] / fixed[0]:>5.2f}x "
        f"{learned[1] / fixed[1]:>5.2f}x  {'pass' if kept else 'FAIL'}"
    )
    return kept


def main() -> int:
    """Compare for each kind of vendor and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=300, help="jobs at each vendor")
    parser.add_argument("--seed", type=int, default=1, help="for durations and jitter")
    parser.add_argument("--check", action="store_true", help="fail if learning is not better")
    options = parser.parse_args()
    print(
        f"{'':<24} {'requests a job':^17} {'s late, mean':^18} {'s late, 95 %':^18} "
        f"{'learned/fixed':^14}\n"
        f"{'vendor and interval':<24} {'fixed':>8} {'learned':>8} {'fixed':>9} {'learned':>8} "
        f"{'fixed':>9} {'learned':>8} {'reqs':>6} {'late':>6}"
    )
    kept = [compare(kind, options.jobs, options.seed) for kind in KINDS]
    return 1 if options.check and not all(kept) else 0


if __name__ == "__main__":
    sys.exit(main())
