"""The executor as ttv sees it. Ray is imported when a batch begins, and not before."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, ClassVar

from ttv_core import Availability, BackendUnavailableError, GenerationFailedError
from ttv_ray.settings import RaySettings

if TYPE_CHECKING:
    from ttv_core import JobContext, LocalVideoGenerator, Needs, Plan, VideoResult
    from ttv_core.executors import Delivery
    from ttv_ray.cluster import Cluster
    from ttv_ray.pool import Pool

__all__ = ["RayExecutor"]


class RayExecutor:
    """Renders the videos of local backends on a Ray cluster.

    Each device has an engine that stays warm and takes the next video when it is done with one, so
    a slow machine does not hold up the rest. An engine that dies is replaced, and its video begun
    again elsewhere, `tries` times at most. Nothing is rendered twice that has arrived.

    The jobs of vendors are none of its business. They need no device, and the process that runs the
    batch has their journal: a machine of the cluster that dies can neither lose one nor double it.

    Args:
        settings: The cluster, and how it is used.
    """

    name: ClassVar[str] = "ray"
    Settings: ClassVar[type[RaySettings]] = RaySettings

    def __init__(self, settings: RaySettings) -> None:
        """Take checked settings; nothing is reached yet."""
        self.settings = settings
        self._cluster: Cluster | None = None
        self._pool: Pool | None = None

    def availability(self, *, deep: bool = False) -> Availability:
        """Say which cluster is used, and which devices it has.

        Args:
            deep: Whether to ask it; connecting takes seconds.
        """
        try:
            release = version("ray")
        except PackageNotFoundError:
            told, remedy = "the package ray is not installed", "pip install ttv-ray"
            return Availability(ok=False, reasons=(told,), remedies=(remedy,))
        address = self.settings.address
        if self.settings.is_local:
            told = f"Ray {release}; a cluster of this machine alone, for each batch"
            return Availability(ok=True, reasons=(told,))
        if not deep:
            told = f"Ray {release}; cluster {address}, which is asked with --deep"
            return Availability(ok=True, reasons=(told,))
        from ttv_ray.cluster import Cluster

        cluster = Cluster(self.settings)
        try:
            cluster.connect()
            told = f"Ray {release}; cluster {address}: {cluster.describe()}"
            return Availability(ok=True, reasons=(told,))
        except BackendUnavailableError as error:
            remedies = (error.remedy,) if error.remedy else ()
            return Availability(ok=False, reasons=(error.message,), remedies=remedies)
        finally:
            cluster.disconnect()

    def open(self) -> None:
        """Connect to the cluster, or start one.

        Raises:
            BackendUnavailableError: If it cannot be reached.
        """
        from ttv_ray.cluster import Cluster
        from ttv_ray.pool import Pool

        self._cluster = Cluster(self.settings)
        self._cluster.connect()
        self._pool = Pool(self._cluster, self.settings.workers)

    def places(self, maker: LocalVideoGenerator, plan: Plan) -> int:
        """Return how many engines there may be; see `Executor.places`."""
        assert self._cluster is not None
        needs = self._needs(maker, plan)
        room = self.settings.workers or self._cluster.room(needs)
        if not room:
            msg = f"no machine of the cluster has {needs}, which {maker.name} needs"
            raise BackendUnavailableError(
                msg,
                backend=maker.name,
                code="no_room",
                remedy="set executors.ray.workers where the cluster grows by itself, "
                "or executors.ray.cpus, gpus and memory",
            )
        return room

    def make(
        self, maker: LocalVideoGenerator, plan: Plan, delivery: Delivery, context: JobContext
    ) -> VideoResult:
        """Have a video made by the next engine that is free; see `Executor.make`."""
        from ttv_ray.errand import EngineDiedError, EngineStuckError, render

        assert self._pool is not None
        kind = self._pool.kind(maker, self._needs(maker, plan))
        deaths: list[str] = []
        while True:
            engine = self._pool.lend(kind, context)
            try:
                result = render(engine, plan, delivery, context)
            except EngineDiedError as died:
                self._pool.lose(engine)
                deaths.append(f"{engine.where}: {died}")
                if len(deaths) >= self.settings.tries:
                    raise _given_up(deaths) from died
                message = f"the engine on {engine.where} died; it is begun again"
                context.emit("waiting", message=message)
            except EngineStuckError:
                self._pool.lose(engine)
                context.check()
                raise
            except BaseException:
                self._pool.give_back(engine)
                raise
            else:
                self._pool.give_back(engine)
                return result

    def close(self) -> None:
        """End every engine, and the cluster if it was started for the batch."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self._cluster is not None:
            self._cluster.disconnect()
            self._cluster = None

    def _needs(self, maker: LocalVideoGenerator, plan: Plan) -> Needs:
        needs, own = maker.needs(plan), self.settings
        return replace(
            needs,
            cpus=needs.cpus if own.cpus is None else own.cpus,
            gpus=needs.gpus if own.gpus is None else own.gpus,
            memory=needs.memory if own.memory is None else int(own.memory * 1e9),
        )


def _given_up(deaths: list[str]) -> GenerationFailedError:
    times = "once" if len(deaths) == 1 else f"{len(deaths)} times"
    return GenerationFailedError(
        f"its engine died {times}, the last time on {deaths[-1]}",
        code="engine_died",
        charged="no",
        remedy="more memory for each engine (executors.ray.memory), or a smaller video; "
        "Ray's own logs are on that machine",
    )
