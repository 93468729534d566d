"""One history, from its first step to the end that every job must come to."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ttv_core import output
from ttv_core.errors import VideoGenerationError
from ttv_core.jobs import arrival, desk

from .steps import Wait
from .vendor import MISSING
from .world import World

_DAY = 86_400.0
_ROUNDS = 12


class BrokenPromiseError(AssertionError):
    """What was promised does not hold."""


@dataclass(frozen=True)
class History:
    """What happens in one world.

    Attributes:
        steps: One after the other.
        lag: Seconds that a new job is missing from the vendor's list.
        shy: Seconds for which the vendor says that it does not know a new job.
        drift: Seconds that the clock of the machine is set forward after every step.
    """

    steps: tuple
    lag: float = 0.0
    shy: float = 0.0
    drift: float = 0.0

    def __repr__(self):
        """Return code that makes it again, a step a line."""
        steps = "".join(f"        {step},\n" for step in self.steps if step != Wait(0.0))
        world = f"lag={self.lag}, shy={self.shy}, drift={self.drift}"
        return f"History(\n    (\n{steps}    ),\n    {world},\n)"


def live_through(history, folder):
    """Live through a history and what comes after it.

    Args:
        history: What happens.
        folder: Empty, for its files.

    Raises:
        BrokenPromiseError: If a promise was broken.

    Returns:
        The world, as it is in the end.
    """
    world = World(folder)
    for vendor in world.vendors.values():
        vendor.lag, vendor.shy = history.lag, history.shy
    try:
        with _simulated():
            for step in history.steps:
                step.do(world)
                world.skew += history.drift
                _look(world)
            _calm(world)
    finally:
        world.close()
    return world


@contextlib.contextmanager
def _simulated():
    """Leave out what takes time and is not under test: syncing the disk, looking twice a second."""
    before = output.sync, arrival.sync, desk._FOLLOW_SECONDS
    output.sync = arrival.sync = lambda path: None
    desk._FOLLOW_SECONDS = 300.0
    try:
        yield
    finally:
        output.sync, arrival.sync, desk._FOLLOW_SECONDS = before


def _look(world):
    if broken := world.promises.broken:
        raise BrokenPromiseError("; ".join(dict.fromkeys(broken)))


def _calm(world):
    """Let nothing go wrong any more: every job comes to the end that it has at the vendor."""
    world.faults.clear()
    world.journal_is_well()
    for each in range(_ROUNDS):
        for record in world.left():
            _take_up(world, record, certain=each > 1)
        world.timeline.run(3 * _DAY, lambda: any(p.live for p in world.here.values()))
        world.timeline.run(MISSING)
        _look(world)
        if not world.left():
            break
    else:
        world.promises.check(False, f"{[r.state for r in world.left()]} comes to no end")
    for record in world.ledger.records.values():
        world.promises.settled(record)
    world.promises.paid()
    litter = list(world.folder.glob(".*.part*"))
    world.promises.check(world.may_litter or not litter, "no part is left")
    for process in world.processes:
        _heard(world, process)
    _look(world)


def _take_up(world, record, *, certain):
    """Have a job worked on, if nobody does; what nobody can know is settled by a person."""
    if certain and record.state == "unknown":
        world.settle(record)
        record = world.ledger.records[record.id]
    slot = world.slot_of(record.owner)
    if slot is None or record.id not in world.here[slot].desk.active:
        world.resume("calm" if slot is None else slot, record)


def _heard(world, process):
    """See that nothing was raised that is not ours, or into nowhere."""
    world.promises.check(not process.loop.unheard, f"{process.loop.unheard}")
    for task in process.loop.tasks:
        error = task.exception() if task.done() and not task.cancelled() else None
        world.promises.check(error is None or isinstance(error, VideoGenerationError), repr(error))
