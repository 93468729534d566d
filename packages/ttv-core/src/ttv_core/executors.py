"""Where the work of local backends is done, if not in this process: the contract of an executor.

A batch exists once: its order, budget, ledger and files are the driver's, which is the process that
runs it. An executor only decides on which device a local video is rendered, and brings it home.
Videos of vendors need no device. They stay with the driver, whose machine has the journal of jobs:
no other machine that dies can lose a paid job or double it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ttv_core.background import run
from ttv_core.errors import OutputError
from ttv_core.inputs import MediaInput
from ttv_core.output import storage_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from ttv_core.job import JobContext
    from ttv_core.local import LocalVideoGenerator
    from ttv_core.planning import Plan
    from ttv_core.results import Availability, VideoResult
    from ttv_core.settings import BackendSettings

__all__ = ["Delivery", "Executor", "Needs", "made_elsewhere", "packed"]

_SHORTEST_READ = 1024


@dataclass(frozen=True, slots=True)
class Needs:
    """What a machine must have free to make a video.

    Attributes:
        cpus: Processors.
        gpus: GPUs, all in one machine.
        memory: Bytes of main memory; 0 when nobody knows.
    """

    cpus: float = 1
    gpus: float = 0
    memory: int = 0

    def __str__(self) -> str:
        """Return it in words, as in "1 CPU and 2 GPUs"."""
        counted = ((self.cpus, "CPU"), (self.gpus, "GPU"))
        parts = [f"{count:g} {what}{'' if count == 1 else 's'}" for count, what in counted if count]
        if self.memory:
            parts.append(f"{self.memory / 1e9:.1f} GB of memory")
        return " and ".join(parts) or "nothing"


class Executor(Protocol):
    """Renders the videos of local backends somewhere else.

    The class is named by an entry point of the group `ttv.executors`, and is made with its settings
    from the section `executors.<name>` of the configuration. Its module imports nothing heavy.

    Attributes:
        name: Its name, which is also the entry point's.
        Settings: Its settings.

    Example:
        >>> from ttv_core import Availability
        >>> class Nearby:
        ...     "Renders in this process, one video at a time, and says so."
        ...     name = "nearby"
        ...     Settings = ttv_core.BackendSettings
        ...     def __init__(self, settings):
        ...         self.settings = settings
        ...     def availability(self, *, deep=False):
        ...         return Availability(ok=True, reasons=("1 CPU",))
        ...     def open(self):
        ...         "Reach the machines."
        ...     def places(self, maker, plan):
        ...         return 1
        ...     def make(self, maker, plan, delivery, context):
        ...         engine = type(maker)(maker.settings)  # a warm one, in a real executor
        ...         delivery.path.unlink()
        ...         job = engine.make_planned(plan, delivery.path)
        ...         return job.wait()
        ...     def close(self):
        ...         "Let go of them."
        >>> import tempfile, ttv_core
        >>> nearby = Nearby(ttv_core.BackendSettings())
        >>> foxes = [{"prompt": "a fox", "duration": 0.5, "size": "128x72"}]
        >>> folder = tempfile.mkdtemp()
        >>> made = ttv_core.generate_many(
        ...     foxes, output=folder, backend="animatic", executor=nearby)
        >>> [item.state for item in made]
        ['completed']
    """

    name: ClassVar[str]
    Settings: ClassVar[type[BackendSettings]]

    def __init__(self, settings: Any) -> None:
        """Take checked settings; nothing is reached yet."""

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether it can be used now, and in `reasons` which devices it has.

        Args:
            deep: Whether to ask the machines; without it, this is offline and quick.
        """

    def open(self) -> None:
        """Get ready for a batch; called once, before anything else but `availability`.

        Raises:
            BackendUnavailableError: If the machines cannot be reached.
        """

    def places(self, maker: LocalVideoGenerator, plan: Plan) -> int:
        """Return how many videos like this one may be under way at once, 1 or more.

        Args:
            maker: Whose it is; `maker.needs(plan)` says what it needs.
            plan: What is to be made.

        Raises:
            BackendUnavailableError: If no machine has what it needs.
        """

    def make(
        self, maker: LocalVideoGenerator, plan: Plan, delivery: Delivery, context: JobContext
    ) -> VideoResult:
        """Have a video made, and leave its file where it is to be delivered.

        Called in a thread of each job, as many at once as there are places. Where the video is
        rendered, `make_planned` of a generator of the same class and settings does it. An engine
        that dies on the way is replaced, a bounded number of times.

        Args:
            maker: Whose it is: its class and settings make another.
            plan: What to make. It can be pickled, and has its pictures with it.
            delivery: Where the file is to be.
            context: `emit` tells events; `check`, called several times a second, raises when the
                job is to stop.

        Returns:
            What `make_planned` gave.

        Raises:
            VideoGenerationError: If it cannot be made.
        """

    def close(self) -> None:
        """End what was started for the batch; called once, when no job is under way."""


class Delivery:
    """Where a video that is made elsewhere is to arrive: a hidden file beside its final name.

    Whoever renders it either writes the file itself, if it has the same folder, or sends the bytes.

    Args:
        path: The file.
        context: Hears how far the bytes are.
    """

    def __init__(self, path: Path, context: JobContext) -> None:
        self.path = path
        self._context = context

    def mark(self) -> bytes:
        """Begin anew, with a file that holds nothing but a mark nobody can guess.

        A folder of the same name on another machine may be another folder. Only who reads this mark
        there has the same one.

        Raises:
            OutputError: If it cannot be written.
        """
        mark = secrets.token_bytes(32)
        # Another file, not this one anew: what was given up may be written to still.
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
        try:
            self.path.unlink(missing_ok=True)
            handle = os.open(self.path, flags, 0o666)
            try:
                os.write(handle, mark)
            finally:
                os.close(handle)
        except OSError as error:
            raise storage_error(error, self.path) from error
        return mark

    @staticmethod
    def is_shared(path: Path, mark: bytes) -> bool:
        """Tell, where a video is rendered, whether the file can be written there; then it is gone.

        Args:
            path: The file as the driver calls it.
            mark: What the driver has put into it.
        """
        try:
            with path.open("rb") as file:
                if file.read(_SHORTEST_READ) != mark:
                    return False
            path.unlink()
            path.touch(exist_ok=False)
            path.unlink()
        except OSError:
            return False
        return True

    def receive(self, read: Callable[[], AsyncIterator[bytes]], size: int) -> None:
        """Write the file from its bytes, as they come.

        Args:
            read: Gives the bytes, from the first to the last.
            size: How many there are.

        Raises:
            DownloadError: If they did not all come; the cause is what `read` raised.
            OutputError: If they cannot be written.
        """
        from ttv_core.addresses import Guard
        from ttv_core.transfer import RemoteFile, download

        def progress(done: int, total: int | None) -> None:
            fraction = min(done / total, 1.0) if total else None
            self._context.emit("downloading", fraction=fraction, step=done, total=total)

        self.mark()
        file = RemoteFile(read=read, size=size)
        run(download(file, self.path, Guard(), progress=progress))

    def check(self, result: VideoResult) -> None:
        """See that the file is the one that was rendered and measured, to the last byte.

        Raises:
            OutputError: If it is not.
        """
        try:
            with self.path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise storage_error(error, self.path) from error
        if found != result.sha256:
            msg = f"what arrived in {self.path.parent} is not the video that was made"
            raise OutputError(msg, code="damaged", retryable=True)


def made_elsewhere(
    executor: Executor, maker: LocalVideoGenerator, plan: Plan, path: Path, context: JobContext
) -> VideoResult:
    """Have a video made by an executor, and check that it arrived whole.

    Args:
        executor: Who has it made.
        maker: Whose it is.
        plan: What to make.
        path: The file to fill.
        context: The job.

    Raises:
        VideoGenerationError: If it could not be made, or did not arrive.
    """
    delivery = Delivery(path, context)
    delivery.mark()
    result = executor.make(maker, packed(plan), delivery, context)
    context.emit("measuring")
    delivery.check(result)
    return replace(result, job_id=context.job_id, timings=dict(result.timings))


def packed(plan: Plan) -> Plan:
    """Return a plan that holds its pictures and videos themselves, not where they are here.

    Raises:
        OutputError: If one of them cannot be read any more.
    """
    request = plan.request
    inputs = tuple(_packed(item) for item in request.inputs)
    native = {name: _packed(value) for name, value in plan.native.items()}
    return replace(plan, native=native, request=request.with_(inputs=inputs) if inputs else request)


def _packed(value: Any) -> Any:
    if isinstance(value, MediaInput) and not isinstance(value.source, bytes) and not value.is_url:
        try:
            return MediaInput(role=value.role, source=value.read())
        except (OSError, ValueError) as error:
            msg = f"{value.label} cannot be read any more: {error}"
            raise OutputError(msg, code="input_gone") from error
    if isinstance(value, list | tuple):
        return type(value)(_packed(item) for item in value)
    return value
