"""Hours in milliseconds: the runner on an event loop whose clock leaps from one timer to the next.

The journal is a real one, the vendor a script of what each question is answered with.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from concurrent.futures import wait
from pathlib import Path

from ttv_core.addresses import Guard
from ttv_core.jobs.journal import Journal
from ttv_core.jobs.record import JobRecord
from ttv_core.jobs.runner import run
from ttv_core.jobs.semantics import Polling, SubmitSemantics
from ttv_core.jobs.vendor import Poll, RemoteRef
from ttv_core.jobs.work import Outside, Work
from ttv_core.planning import Plan
from ttv_core.request import VideoRequest
from ttv_core.results import CostEstimate, ExpectedVideo
from ttv_core.transfer import Arrived, RemoteFile

POLLING = Polling(floor=2, ceiling=15)


class Leaping(asyncio.SelectorEventLoop):
    """A loop that never sleeps: where it would, its clock is that much later."""

    def __init__(self):
        self.now = 10_000.0
        loop = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout=None):
                if timeout is None or timeout <= 0:
                    return super().select(timeout)
                ready = super().select(0)
                if not ready:
                    loop.now += timeout
                return ready

        super().__init__(Selector())

    def time(self):
        return self.now


class Script:
    """A vendor that answers each question with what comes next; the last answer stays.

    An answer is a value, an error to raise, or a function of the script to call.
    """

    name = "script"
    guard = Guard()

    def __init__(self, **semantics):
        self.semantics = SubmitSemantics(**({"polling": POLLING, "evidence": "a page"} | semantics))
        self.answers = {"fetch": [[RemoteFile(url="https://a.example/v.mp4")]]}
        self.asked = []
        self.loop = None

    def says(self, what, *answers):
        self.answers[what] = list(answers)
        return self

    def times(self, what):
        """Return when it was asked."""
        return [at for kind, at in self.asked if kind == what]

    def _next(self, what):
        self.asked.append((what, self.loop.time()))
        left = self.answers[what]
        answer = left.pop(0) if len(left) > 1 else left[0]
        answer = answer(self) if callable(answer) else answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def prepare(self, plan):
        return plan.native

    async def submit(self, plan, key):
        return self._next("submit")

    async def poll(self, ref):
        return self._next("poll")

    async def fetch(self, ref):
        return self._next("fetch")

    async def cancel(self, ref):
        return self._next("cancel")

    async def lookup(self, plan, key, since):
        return self._next("lookup")

    def scrub(self, text):
        return text.replace("canary", "***")


class Prompt:
    """A journal that is waited for on the spot, so that no time passes while it writes."""

    def __init__(self, journal):
        self.journal = journal

    def __getattr__(self, name):
        return getattr(self.journal, name)

    def update(self, record, *attempts, **changes):
        future = self.journal.update(record, *attempts, **changes)
        wait([future])
        return future


class Scene:
    """A job in a journal of its own, and what becomes of it.

    Attributes:
        now: The clock on the wall, which somebody may set.
        events: What was told: (state, message).
    """

    def __init__(self, folder, vendor, store=None, **facts):
        self.folder = folder
        self.vendor = vendor
        self.journal = Journal(folder / "journal")
        self.store = (store or Prompt)(self.journal)
        self.now = 1_800_000_000.0
        self.events = []
        self.loop = vendor.loop = Leaping()
        begun = {"state": "accepted", "remote_id": "r-1", "charged": "unknown"}
        facts = begun | {"accepted_at": self.now} | facts
        target = str(folder / "v.mp4")
        job = JobRecord(id="J1", backend="script", model="m", owner="me", target=target, **facts)
        self.started = self.journal.insert(job).result()

    def plan(self):
        return Plan(
            backend="script",
            model="m",
            mode="text_to_video",
            native={},
            adjustments=(),
            violations=(),
            warnings=(),
            cost=CostEstimate(None),
            expected=ExpectedVideo(),
            request=VideoRequest(prompt="a fox", sidecar=False),
        )

    def through(self, at=None, **how):
        """Bring the job to its end, or to the end of this wait; return the result or the error.

        Args:
            at: Seconds on the loop to functions that are called then.
            **how: As for `Work`.
        """

        async def inspect(path):
            return None

        async def download(file, part, guard, **more):
            Path(part).write_bytes(b"video")
            return Arrived(total=5)

        async def main():
            outside = Outside(
                store=self.store,
                owner="me",
                inspect=inspect,
                download=download,
                now=lambda: self.now,
                random=random.Random(1),
            )
            record = self.journal.get("J1")
            work = self.work = Work(record, self.plan(), self.vendor, outside, self.tell, **how)
            for seconds, act in (at or {}).items():
                self.loop.call_later(seconds, act, self)
            return await run(work)

        try:
            return self.loop.run_until_complete(main())
        except Exception as error:  # noqa: BLE001 - the outcome under test
            return error

    def tell(self, state, **facts):
        self.events.append((state, facts.get("message", "")))

    def cancel(self):
        """Have somebody wish that it were cancelled."""
        self.journal.update(self.journal.get("J1"), cancel_asked=True).result()
        self.work.wake()

    @property
    def job(self):
        return self.journal.get("J1")

    @property
    def did(self):
        return [(attempt.what, attempt.outcome) for attempt in self.journal.attempts("J1")]

    def close(self):
        self.loop.close()
        self.journal.close()


RUNNING, DONE = Poll(state="running", word="RUNNING"), Poll(state="done", word="SUCCEEDED")
ACCEPTED = RemoteRef("r-1")
