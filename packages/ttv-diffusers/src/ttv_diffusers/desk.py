"""One worker for each device, the queue in front of it, and when it is let go."""

from __future__ import annotations

import atexit
import os
import platform
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ttv_core import Line
from ttv_diffusers.environment import child_environment
from ttv_diffusers.process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_diffusers.settings import EngineSettings

__all__ = ["Desk", "desk_of", "environment_for", "place_of"]


class Desk:
    """Where jobs for one device are handed in.

    Attributes:
        line: Who waits for the device.
    """

    def __init__(self) -> None:
        self.line = Line()
        self._lock = threading.Lock()
        self._worker: WorkerProcess | None = None
        self._started_for: object = None
        self._busy = False
        self._user: object = None
        self._timer: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the worker; None if there is none."""
        return None if self._worker is None else self._worker.pid

    @contextmanager
    def working(self, user: object, settings: EngineSettings) -> Iterator[WorkerProcess]:
        """Lend the worker to whoever's turn it is; a new one if there is none that can be used.

        Args:
            user: For whom.
            settings: Whether it may ask the hub, and how long it stays.
        """
        with self._lock:
            self._busy, self._user = True, user
            self._disarm()
            if not self._fits(settings):
                self._stop()
                self._worker = WorkerProcess(
                    offline=not settings.allow_download,
                    environment=environment_for(settings),
                )
                self._started_for = _start_of(settings)
            worker = self._worker
            assert worker is not None
        try:
            yield worker
        finally:
            with self._lock:
                self._busy = False
                if not worker.alive:
                    self._stop()
                elif not settings.keep_warm:
                    self._arm(settings.idle_unload)

    def _fits(self, settings: EngineSettings) -> bool:
        worker = self._worker
        if worker is None or not worker.alive:
            return False
        return self._started_for == _start_of(settings)

    def _arm(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._unload_idle)
        self._timer.daemon = True
        self._timer.start()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _unload_idle(self) -> None:
        with self._lock:
            if not self._busy:
                self._stop()

    def let_go(self, user: object = None) -> None:
        """End the worker, unless somebody else has used it since.

        Args:
            user: Who has no more use for it; None for all of them.
        """
        with self._lock:
            if not self._busy and user in {None, self._user}:
                self._disarm()
                self._stop()

    def _stop(self, patience: float = 5.0) -> None:
        if self._worker is not None:
            self._worker.stop(patience)
            self._worker = None

    def forget(self) -> None:
        """Drop the worker in a forked child: it is its parent's."""
        self._lock, self.line = threading.Lock(), Line()
        self._worker, self._timer, self._busy = None, None, False


def environment_for(settings: EngineSettings) -> dict[str, str]:
    """Return the environment of a worker that serves somebody with these settings."""
    also = settings.pass_environment
    return child_environment(downloads=settings.allow_download, also=also)


def _start_of(settings: EngineSettings) -> object:
    """Return the settings that a worker is started with and cannot change any more."""
    return settings.allow_download, settings.gpus, settings.pass_environment


_desks: dict[str, Desk] = {}
_making = threading.Lock()


def desk_of(device: str) -> Desk:
    """Return the desk of a device.

    Args:
        device: As in the settings.
    """
    with _making:
        return _desks.setdefault(place_of(device), Desk())


def place_of(device: str) -> str:
    """Return which device is meant, as far as that is seen without torch.

    Args:
        device: As in the settings: "auto", "cpu", "cuda", "cuda:1", "mps".
    """
    if device == "auto":
        apple = platform.system() == "Darwin" and platform.machine() == "arm64"
        device = "cuda" if has_gpu() else "mps" if apple else "cpu"
    return "cuda:0" if device == "cuda" else device


def has_gpu(nodes: tuple[str, ...] = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")) -> bool:
    """Tell whether the system shows a GPU that torch may use: NVIDIA's, WSL's or AMD's."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}:
        return False
    return any(Path(node).exists() for node in nodes)


@atexit.register
def _end() -> None:
    for desk in _desks.values():
        desk.let_go()


def _forget() -> None:
    for desk in _desks.values():
        desk.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
