"""The engine on a device of the cluster: a generator that stays warm. It runs in a Ray actor."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core import VideoGenerationError
from ttv_core.executors import Delivery

if TYPE_CHECKING:
    from ttv_core import Job, JobEvent, LocalVideoGenerator, Plan, VideoResult

__all__ = ["Made", "Ready", "RemoteEngine", "order_of"]

_HEAR_SECONDS = 0.2
_PREFIX = "ttv-ray-"


@dataclass(frozen=True, slots=True)
class Ready:
    """Who an engine is.

    Attributes:
        host: Its machine.
        pid: Its process.
        problem: Why it cannot be used; empty when it can.
    """

    host: str
    pid: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a video.

    Attributes:
        result: What was made; None if it failed.
        error: Why it failed.
        size: Bytes of its file, if they have to be fetched; 0 if it is where it is wanted.
        events: What has happened and was not told yet.
    """

    result: VideoResult | None = None
    error: VideoGenerationError | None = None
    size: int = 0
    events: tuple[JobEvent, ...] = ()


class RemoteEngine:
    """Makes one video at a time; its other methods are called meanwhile, in other threads."""

    def __init__(self) -> None:
        self._generator: LocalVideoGenerator | None = None
        self._changed = threading.Condition()
        self._job: Job | None = None
        self._number = ""
        self._unwanted = ""
        self._ended = ""
        self._events: list[JobEvent] = []
        self._told = ""
        self._folder = _own_folder()

    def prepare(self, order: bytes) -> Ready:
        """Make the generator; its weights are loaded with its first video.

        Args:
            order: Its class and its settings, pickled.
        """
        here = socket.gethostname(), os.getpid()
        try:
            from ray import cloudpickle

            cls, settings = cloudpickle.loads(order)
            self._generator = cls(settings)
        except Exception as error:  # noqa: BLE001 - any backend, any error; the driver tells it
            return Ready(*here, problem=f"{type(error).__name__}: {error}")
        return Ready(*here)

    def ping(self) -> None:
        """Say that it is there, by returning."""

    def make(self, number: str, plan: Plan, where: str, mark: bytes) -> Made:
        """Make a video.

        Args:
            number: Names the try in the other calls.
            plan: What to make.
            where: The file it is to be, as the driver calls it.
            mark: What the driver has put into that file, if it is the same one here.
        """
        assert self._generator is not None
        path = Path(where)
        shared = Delivery.is_shared(path, mark)
        file = path if shared else self._file(number)
        with self._changed:
            self._number, self._events, self._told = number, [], ""
        result: VideoResult | None = None
        failed: VideoGenerationError | None = None
        try:
            job = self._generator.make_planned(plan, file, on_event=self._hear)
            with self._changed:
                self._job = job
                if self._unwanted == number:
                    job.cancel()
            result = job.wait()
        except VideoGenerationError as error:
            failed = error
        finally:
            with self._changed:
                self._job, self._ended = None, number
                self._changed.notify_all()
                news = self._news()
        size = file.stat().st_size if result is not None and not shared else 0
        return Made(result, failed, size, tuple(news))

    def hear(self, number: str) -> list[JobEvent]:
        """Return what has happened since the last call, at once if there is something new.

        Of the steps of one state only the last is told: they come faster than anybody looks.

        Args:
            number: Of which try.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_news(number), _HEAR_SECONDS)
            return self._news() if number == self._number else []

    def _is_news(self, number: str) -> bool:
        return number == self._ended or any(e.state != self._told for e in self._events)

    def _news(self) -> list[JobEvent]:
        events, self._events = self._events, []
        self._told = events[-1].state if events else self._told
        return events

    def cancel(self, number: str) -> None:
        """Stop a try at its next step."""
        with self._changed:
            self._unwanted = number
            if self._job is not None and self._number == number:
                self._job.cancel()

    def piece(self, number: str, offset: int, size: int) -> bytes:
        """Return a part of a video that was made.

        Args:
            number: By which try.
            offset: Where the part begins.
            size: Bytes, or fewer at the end.
        """
        with self._file(number).open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def drop(self, number: str) -> None:
        """Remove a video that was made and fetched, or that nobody will fetch."""
        self._file(number).unlink(missing_ok=True)

    def _file(self, number: str) -> Path:
        return self._folder / f"{number}.mp4"

    def _hear(self, event: JobEvent) -> None:
        with self._changed:
            if self._events and self._events[-1].state == event.state:
                self._events[-1] = event
            else:
                self._events.append(event)
                self._changed.notify_all()


def _own_folder() -> Path:
    """Return a folder for this process, and remove those of processes that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, ValueError):
            if not _is_alive(int(left.name.removeprefix(_PREFIX).partition("-")[0])):
                shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is somebody else's
    return True


def order_of(generator: Any) -> bytes:
    """Return what `prepare` makes another one from."""
    from ray import cloudpickle

    order: bytes = cloudpickle.dumps((type(generator), generator.settings))
    return order
