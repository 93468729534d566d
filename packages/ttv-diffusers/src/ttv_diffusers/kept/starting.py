"""Start a process that keeps a worker, and wait until it is ready."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ttv_core.errors import BackendUnavailableError
from ttv_core.kept import kept_workers
from ttv_diffusers.desk import environment_for
from ttv_diffusers.failures import raise_failure
from ttv_diffusers.kept.identity import identity, name_of, where_it_is
from ttv_diffusers.process import WorkerProcess
from ttv_diffusers.protocol import Failed, Keep, Kept

if TYPE_CHECKING:
    from ttv_core.kept import KeptWorker
    from ttv_diffusers.generator import PipelineGenerator
    from ttv_diffusers.shelf import Entry

__all__ = ["keep"]

COMMAND = (sys.executable, "-P", "-m", "ttv_diffusers.kept")
_LOOK = 0.5
_tied: list[WorkerProcess] = []


def keep(generator: PipelineGenerator, entry: Entry, *, idle: float, tied: bool) -> KeptWorker:
    """Keep a worker for a checkpoint; see `LocalVideoGenerator.keep`."""
    assert entry.checkpoint is not None
    assert entry.model is not None
    whole = identity(generator.settings, entry.checkpoint)
    if (there := _ready(name_of(whole))) is not None:
        return there
    generator.availability().check(generator.name)
    order = Keep(
        worker=name_of(whole),
        backend=generator.name,
        model=entry.model.id,
        checkpoint=where_it_is(entry.checkpoint),
        pipeline=entry.checkpoint.pipeline,
        levers=generator.settings.levers,
        identity=whole,
        idle=idle,
        parent=os.getpid() if tied else None,
    )
    process = WorkerProcess(
        offline=not generator.settings.allow_download,
        environment=environment_for(generator.settings),
        command=COMMAND,
    )
    try:
        process.send(order)
        _wait(process)
    except BaseException:
        process.stop()
        raise
    process.release(tied=tied)
    if tied:
        _tied.append(process)  # its pipe stays open as long as this process lives
    ready = _ready(order.worker)
    if ready is None:
        msg = f"the kept worker {order.worker} has ended already: idle is {idle:g} seconds"
        raise BackendUnavailableError(msg, code="worker_died", charged="no", remedy="a longer idle")
    return ready


def _ready(name: str) -> KeptWorker | None:
    return next((worker for worker in kept_workers() if worker.id == name), None)


def _wait(process: WorkerProcess) -> None:
    """Wait until the weights are loaded.

    Raises:
        VideoGenerationError: If they cannot be.
    """
    while True:
        found = process.next(_LOOK)
        if found is not None and isinstance(found[0], Failed):
            raise_failure(found[0])
        if found is not None and isinstance(found[0], Kept):
            return
