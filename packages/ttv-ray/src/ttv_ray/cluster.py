"""The cluster: reach it or start one, and know what its machines have."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ttv_core import BackendUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import Needs
    from ttv_ray.settings import RaySettings

__all__ = ["Cluster", "room_for"]

_CONNECT_SECONDS = 5.0
_FRESH_SECONDS = 1.0
_STORE_BYTES = 256 * 1024**2
"""For the pieces of a video that are on their way; more is not put into Ray's store."""
_PRIVATE = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nobody is told of it
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # it listens to this machine alone,
    "RAY_AUTH_MODE": "token",  # and to nobody without this token,
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # which Ray would leave in the home folder
}
"""Environment of a cluster that is started for the batch."""
_ACCELERATOR = "accelerator_type:"


class Cluster:
    """A Ray cluster that this process is connected to.

    Args:
        settings: Which one.
    """

    def __init__(self, settings: RaySettings) -> None:
        self._settings = settings
        self._ours = False
        self._seen: tuple[float, list[dict[str, Any]]] = (-_FRESH_SECONDS, [])
        # What Ray starts ends with the thread that started it.
        self._home = ThreadPoolExecutor(1, thread_name_prefix="ttv-ray")

    def connect(self) -> None:
        """Connect, or start a cluster of this machine alone.

        Raises:
            BackendUnavailableError: If that does not succeed.
        """
        self._home.submit(self._connect).result()

    def _connect(self) -> None:
        settings = self._settings
        if settings.is_local:
            for name, value in _PRIVATE.items():
                os.environ.setdefault(name, value)
        try:
            import ray
        except ImportError as error:
            msg, remedy = f"Ray cannot be imported: {error}", "pip install ttv-ray"
            raise BackendUnavailableError(msg, code="no_ray", remedy=remedy) from error
        if ray.is_initialized():
            return  # the application's own, which it shuts down itself
        how: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if settings.is_local:
            how |= {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
        else:
            self._knock()
        # Older releases tell each driver of a change to come, which is not the matter of its user.
        warnings.filterwarnings("ignore", "Tip: In future versions of Ray", FutureWarning)
        try:
            ray.init(address=settings.address or "local", **how)
        except (Exception, SystemExit) as error:
            ray.shutdown()  # of what it may have begun
            raise self._unreachable(f"{type(error).__name__}: {error}") from error
        self._ours = True
        _hush()

    def _knock(self) -> None:
        """See whether anybody answers: Ray itself tries for two minutes, and then exits."""
        host, colon, port = str(self._settings.address).rpartition(":")
        if not colon:
            return  # "auto" is looked up in a file
        try:
            with socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS):
                pass
        except (OSError, ValueError) as error:
            raise self._unreachable(str(error)) from error

    def _unreachable(self, reason: str) -> BackendUnavailableError:
        address = self._settings.address
        if self._settings.is_local:
            msg = f"no Ray cluster could be started on this machine: {reason}"
            return BackendUnavailableError(msg, code="no_cluster")
        first = " ".join(reason.split())[:300]
        return BackendUnavailableError(
            f"the Ray cluster {address} cannot be reached: {first}",
            code="no_cluster",
            remedy="ray start --head there, and run ttv on a machine of the cluster; "
            "export RAY_AUTH_MODE=token where it wants one",
        )

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """The machines that are there, as Ray tells them.

        Raises:
            BackendUnavailableError: If there are none.
        """
        import ray

        at, seen = self._seen
        if time.monotonic() - at >= _FRESH_SECONDS:
            try:
                seen = [node for node in ray.nodes() if node["Alive"]]
            except Exception as error:
                raise _gone(f": {type(error).__name__}: {error}") from error
            if not seen:
                raise _gone()
            self._seen = (time.monotonic(), seen)
        return seen

    def room(self, needs: Needs) -> int:
        """Return how many engines fit at once, if nobody else uses the cluster."""
        return sum(room_for(needs, node["Resources"]) for node in self.nodes)

    def describe(self) -> str:
        """Return what it has, as in "2 machines with 32 CPUs and 8 GPUs (H100)"."""
        total: Counter[str] = Counter()
        for node in self.nodes:
            total.update(node["Resources"])
        kinds = sorted(name.removeprefix(_ACCELERATOR) for name in total if _ACCELERATOR in name)
        count = len(self.nodes)
        parts = [f"{total[name]:g} {name}s" for name in ("CPU", "GPU") if total[name]]
        named = f" ({', '.join(kinds)})" if kinds else ""
        machines = f"{count} machine{'' if count == 1 else 's'}"
        return f"{machines} with {' and '.join(parts) or 'nothing'}{named}"

    def disconnect(self) -> None:
        """Let go of the cluster; one that was started here is ended."""
        if self._ours:
            self._ours = False
            with contextlib.suppress(Exception):
                self._home.submit(_shutdown).result()
        self._home.shutdown()


def room_for(needs: Needs, has: Mapping[str, float]) -> int:
    """Return how many engines fit into a machine.

    Args:
        needs: What each needs.
        has: What the machine has, by Ray's names.
    """
    wanted = (("CPU", needs.cpus), ("GPU", needs.gpus), ("memory", float(needs.memory)))
    fits: Sequence[int] = [int(has.get(name, 0.0) / count) for name, count in wanted if count > 0]
    return min(fits, default=int(has.get("CPU", 0.0)))


def _gone(why: str = "") -> BackendUnavailableError:
    msg = f"the Ray cluster is gone{why}"
    return BackendUnavailableError(msg, code="no_cluster", remedy="start it, and run it again")


def _hush() -> None:
    """Keep what Ray says of dead workers from standard output; ttv tells it in its own way.

    Ray prints it there whatever `log_to_driver` is, and has no setting for it.
    """
    from ray._private import worker

    worker._worker_logs_enabled = False  # noqa: SLF001 - as Ray's own debugger does


def _shutdown() -> None:
    import ray
    from ray._private import worker

    ray.shutdown()
    worker._worker_logs_enabled = True  # noqa: SLF001 - as it was
