"""The engines of a batch: started where there is work, lent to one video at a time, replaced."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from ttv_core import BackendUnavailableError
from ttv_ray.engine import RemoteEngine, order_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ttv_core import JobContext, LocalVideoGenerator, Needs
    from ttv_ray.cluster import Cluster

__all__ = ["Engine", "Kind", "Pool"]

_LOOK = 0.1
"""Seconds after which who waits looks whether it still wants to."""
_PING_SECONDS = 10.0
_STAY_SECONDS = 5.0
"""How long an engine without work keeps its device while another kind waits for one: loading
weights takes minutes, and the next request of its own kind may be on its way."""
_STARTS = 3
"""How many engines of a kind may fail to start, one after the other."""
_CALLS = 8
"""Calls that an engine answers at once: one makes a video, the others are short."""


@dataclass(eq=False)
class Engine:
    """An engine of the cluster, as it is known here.

    Attributes:
        actor: Ray's handle.
        kind: What it is for.
        state: What it is doing.
        where: Its machine and process.
        since: When it was last at work; by a clock that only goes forward.
    """

    actor: Any
    kind: Kind
    state: Literal["starting", "failed", "idle", "busy"] = "starting"
    where: str = "its machine"
    since: float = 0.0


@dataclass(eq=False)
class Kind:
    """Engines that can take each other's work: of one backend, with the same settings and needs.

    Attributes:
        maker: Whose generator they have a copy of.
        needs: What each needs.
        line: Who waits for one, in the order of coming.
        engines: Those that are there, or are coming.
        failures: How many could not be started, one after the other.
        trouble: Why the last of them could not.
    """

    maker: LocalVideoGenerator
    needs: Needs
    line: deque[object] = field(default_factory=deque)
    engines: list[Engine] = field(default_factory=list)
    failures: int = 0
    trouble: str = ""

    def of(self, state: str) -> list[Engine]:
        """Return the engines in a state."""
        return [engine for engine in self.engines if engine.state == state]


class Pool:
    """The engines of a batch. Its methods may be called from any thread.

    Args:
        cluster: Where they are.
        most: How many of one kind there may be; as many as there is room for when None.
    """

    def __init__(self, cluster: Cluster, most: int | None) -> None:
        self._cluster = cluster
        self._most = most
        self._kinds: list[Kind] = []
        self._changed = threading.Condition(threading.RLock())
        self._closed = False

    def kind(self, maker: LocalVideoGenerator, needs: Needs) -> Kind:
        """Return the kind of engines that a generator's videos want."""
        with self._changed:
            for kind in self._kinds:
                same = type(kind.maker) is type(maker) and kind.maker.settings == maker.settings
                if same and kind.needs == needs:
                    return kind
            self._kinds.append(Kind(maker, needs))
            return self._kinds[-1]

    def lend(self, kind: Kind, context: JobContext) -> Engine:
        """Wait for an engine that is free, and take it.

        Args:
            kind: Of which kind.
            context: The job that wants it.

        Raises:
            BackendUnavailableError: If none can be started.
            GenerationCancelledError: If the job is to stop.
        """
        while True:
            engine = self._next(kind, context)
            if self._answers(engine):
                return engine
            self.lose(engine)

    def _next(self, kind: Kind, context: JobContext) -> Engine:
        place, told = object(), False
        with self._changed:
            kind.line.append(place)
            try:
                while True:
                    context.check()
                    free = kind.of("idle")
                    if free and kind.line[0] is place:
                        free[0].state = "busy"
                        return free[0]
                    self._staff(kind)
                    if not told:
                        context.emit("waiting", message=f"for an engine with {kind.needs}")
                        told = True
                    self._changed.wait(_LOOK)
            finally:
                kind.line.remove(place)
                self._changed.notify_all()

    def _staff(self, kind: Kind) -> None:
        """Start another engine if somebody waits for it and there may be one.

        Raises:
            BackendUnavailableError: If none can be started, and there is none; or if the cluster is
                gone.
        """
        for engine in kind.of("failed"):
            self.lose(engine)
        if kind.failures >= _STARTS:
            if not kind.engines:
                raise _not_started(kind)
            return
        wanted = len(kind.line) - len(kind.of("starting")) - len(kind.of("idle"))
        room = self._cluster.room(kind.needs)
        most = self._most or max(1, room)
        if wanted > 0 and len(kind.engines) < most:
            self._start(kind)
        if kind.of("starting"):
            self._make_room(kind)

    def _start(self, kind: Kind) -> None:
        import ray

        actor = (
            ray.remote(RemoteEngine)
            .options(
                num_cpus=kind.needs.cpus,
                num_gpus=kind.needs.gpus,
                memory=kind.needs.memory or None,
                max_concurrency=_CALLS,
                max_restarts=0,
                scheduling_strategy="SPREAD",
            )
            .remote()
        )
        engine = Engine(actor, kind)
        kind.engines.append(engine)
        ready = actor.prepare.remote(order_of(kind.maker))
        ready.future().add_done_callback(partial(self._started, engine))

    def _started(self, engine: Engine, ready: Future[Any]) -> None:
        """Note that an engine is there, or not; in Ray's own thread, which cannot ask Ray."""
        with self._changed:
            kind = engine.kind
            if self._closed or engine not in kind.engines:
                return
            if error := ready.exception():
                problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
            else:
                facts = ready.result()
                problem = facts.problem
                engine.where = f"{facts.host} (process {facts.pid})"
            if problem:
                kind.failures, kind.trouble = kind.failures + 1, f"{engine.where}: {problem}"
                engine.state = "failed"
            else:
                kind.failures = 0
                engine.state, engine.since = "idle", time.monotonic()
            self._changed.notify_all()

    def _make_room(self, kind: Kind) -> None:
        """End engines of other kinds that nobody has wanted for a while: they hold a device."""
        long_ago = time.monotonic() - _STAY_SECONDS
        for other in self._kinds:
            if other is not kind and not other.line:
                for engine in other.of("idle"):
                    if engine.since < long_ago:
                        self.lose(engine)

    def _answers(self, engine: Engine) -> bool:
        """Tell whether an engine that was idle is still there: its machine may not be."""
        import ray

        try:
            ray.get(engine.actor.ping.remote(), timeout=_PING_SECONDS)
        except ray.exceptions.RayError:
            return False
        return True

    def give_back(self, engine: Engine) -> None:
        """Let the next one have it."""
        with self._changed:
            engine.state, engine.since = "idle", time.monotonic()
            self._changed.notify_all()

    def lose(self, engine: Engine) -> None:
        """End an engine that is of no more use, dead or alive."""
        with self._changed:
            if engine in engine.kind.engines:
                engine.kind.engines.remove(engine)
            self._changed.notify_all()
        _kill(engine)

    def close(self) -> None:
        """End them all."""
        with self._changed:
            self._closed = True
            engines = [engine for kind in self._kinds for engine in kind.engines]
            self._kinds.clear()
        for engine in engines:
            _kill(engine)


def _kill(engine: Engine) -> None:
    import ray

    with suppress(Exception):  # it may be gone, and so may the cluster
        ray.kill(engine.actor)


def _not_started(kind: Kind) -> BackendUnavailableError:
    return BackendUnavailableError(
        f"no engine for {kind.maker.name} could be started on {kind.trouble[:500]}",
        backend=kind.maker.name,
        code="engine_start",
        remedy="install the same packages on every machine of the cluster: ttv-ray and the backend",
    )
