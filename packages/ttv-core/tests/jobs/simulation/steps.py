"""What can happen in a world: what a user, the network and the machine do, one step at a time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ttv_core.errors import CostLimitError
from ttv_core.jobs.states import UNSETTLED
from ttv_core.jobs.store import JournalError

from .vendor import MISSING, Script

if TYPE_CHECKING:
    from .line import Fault


@dataclass(frozen=True)
class Wait:
    """Let time pass."""

    seconds: float

    def do(self, world):
        world.timeline.run(self.seconds)


@dataclass(frozen=True)
class Steps:
    """Run a few callbacks, so that what comes next comes in the middle of something."""

    count: int

    def do(self, world):
        for _ in range(self.count):
            world.timeline.step()


@dataclass(frozen=True)
class Start:
    """Ask for a video."""

    slot: int
    kind: str
    script: Script
    caller_key: str | None = None

    def do(self, world):
        key = f"{self.caller_key}-{self.kind}" if self.caller_key else None
        with contextlib.suppress(JournalError):  # then there is no job
            world.start(self.slot, self.kind, self.script, key)


@dataclass(frozen=True)
class StartTooDear:
    """Ask for a video that costs more than it may."""

    slot: int
    kind: str

    def do(self, world):
        try:
            world.start(self.slot, self.kind, Script(), None, max_cost=Decimal("0.10"))
        except CostLimitError:
            return
        world.promises.check(False, "what costs too much is refused before it is sent")


@dataclass(frozen=True)
class GoesWrong:
    """The next questions of a kind go wrong."""

    what: str
    fault: Fault
    times: int = 1

    def do(self, world):
        world.faults.arm(self.what, self.fault, self.times)


@dataclass(frozen=True)
class Journal:
    """The disk of the journal is in trouble for a while."""

    trouble: str
    seconds: float

    def do(self, world):
        world.ledger.trouble = self.trouble
        world.timeline.call(self.seconds, world.journal_is_well)


@dataclass(frozen=True)
class Missing:
    """The vendor does not find any job for a while, once."""

    def do(self, world):
        for vendor in world.vendors.values():
            if not vendor.shy and not vendor.missing_until:
                vendor.missing_until = world.timeline.now + MISSING


@dataclass(frozen=True)
class Forgets:
    """The vendor forgets a job for good."""

    which: int

    def do(self, world):
        if record := world.nth(self.which):
            for task in world.truth(record)[1]:
                task.forgotten = True


@dataclass(frozen=True)
class Crash:
    """A process is killed; so many of the writes that were under way are on the disk."""

    slot: int
    kept: int = 0

    def do(self, world):
        world.crash(self.slot, self.kept)


@dataclass(frozen=True)
class Restart:
    """A process is killed, and the next takes up every job, as `ttv resume --all` does."""

    slot: int
    kept: int = 0

    def do(self, world):
        world.crash(self.slot, self.kept)
        for record in world.left():
            world.resume(self.slot, record)


@dataclass(frozen=True)
class Resume:
    """A process takes a job up, whoever works on it."""

    slot: int
    which: int

    def do(self, world):
        if record := world.nth(self.which):
            world.resume(self.slot, record)


@dataclass(frozen=True)
class Detach:
    """A wait is given up."""

    slot: int
    which: int

    def do(self, world):
        world.detach(self.slot, self.which)


@dataclass(frozen=True)
class Cancel:
    """Somebody wants a job stopped."""

    slot: int
    which: int

    def do(self, world):
        if record := world.nth(self.which):
            world.cancel(self.slot, record.id)


@dataclass(frozen=True)
class Settle:
    """A person looks at the vendor and says what is true of a job in doubt."""

    which: int

    def do(self, world):
        record = world.nth(self.which)
        if record and record.state in UNSETTLED:
            world.settle(record)


@dataclass(frozen=True)
class Abandon:
    """A person gives a job up."""

    which: int

    def do(self, world):
        if record := world.nth(self.which):
            world.abandon(record)


@dataclass(frozen=True)
class SetClock:
    """Somebody sets the clock of the machine."""

    seconds: float

    def do(self, world):
        world.skew += self.seconds
