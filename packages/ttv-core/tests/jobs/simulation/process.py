"""A process that runs jobs with the real code: its desk, its backends, its event loop."""

from __future__ import annotations

import contextlib
import inspect
import random

from ttv_core import remote
from ttv_core.jobs import handle, verbs
from ttv_core.jobs.desk import Desk
from ttv_core.jobs.ownership import Owner
from ttv_core.jobs.work import Outside

from .backend import SimulatedGenerator
from .disk import Disk
from .ledger import Store
from .timeline import Loop


class SimulatedDesk(Desk):
    """The desk of a process, with a disk and a clock of ours."""

    def __init__(self, world, process):  # the journal and the threads are not started
        self.folder = world.folder
        self.store = Store(world.ledger, world.folder)
        self.owner = Owner(world.folder)
        self.active = {}
        disk = Disk(world.faults, process.downloading)
        self.outside = Outside(
            store=self.store,
            owner=self.owner.name,
            inspect=disk.inspect,
            download=disk.download,
            now=world.wall,
            random=random.Random(process.number),
        )


class Process:
    """A process that runs jobs."""

    def __init__(self, world, number):
        self.world = world
        self.number = number
        self.loop = Loop(world.timeline, uptime=1_000.0)
        self.desk = SimulatedDesk(world, self)
        self.name = self.desk.owner.name
        self.jobs = []
        self.backends = {
            kind: SimulatedGenerator(vendor, world.faults, self)
            for kind, vendor in world.vendors.items()
        }

    @property
    def live(self):
        """The waits that go on."""
        return [(job, task) for job, task in self.jobs if not task.done()]

    @property
    def begun(self):
        """The tasks of those that have come further than their first line."""
        tasks = (task for _, task in self.live)
        return [t for t in tasks if inspect.getcoroutinestate(t.get_coro()) != inspect.CORO_CREATED]

    @contextlib.contextmanager
    def at_work(self):
        """Have what is global in a process be of this one."""
        before = remote.desk, verbs.desk, handle.begin
        remote.desk = verbs.desk = lambda: self.desk
        handle.begin = self.loop.create_task
        try:
            yield
        finally:
            remote.desk, verbs.desk, handle.begin = before

    def took_on(self, job):
        """Remember a job, and which task drives it."""
        self.jobs.append((job, self.loop.tasks[-1]))
        job.future.add_done_callback(lambda _: self.world.promises.reported(job))

    def crash(self, kept):
        """End, as by SIGKILL: nothing is tidied up, and the kernel lets go of the lock."""
        self.loop.dead = True
        self.desk.store.crash(kept)
        self.desk.owner.forget()

    # --- what is watched ------------------------------------------------------------------------

    def sending(self, vendor, key):
        return self.world.promises.sending(self, vendor, key)

    def polling(self, vendor, ref):
        self.world.promises.polling(self, vendor, ref)

    def downloading(self, task_id, path):
        vendor = self.world.vendors[task_id.partition("-")[0]]
        self.world.promises.downloading(self, vendor.tasks[task_id])
