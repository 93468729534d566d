"""What passes between this process and its worker: a JSON line, and bytes behind it.

Every message is a dataclass. Frames and pictures follow their message as raw bytes, so that a clip
is neither pickled nor ever whole in the pipe.
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, get_args

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = [
    "Ask",
    "Cancel",
    "Channel",
    "Denoised",
    "Done",
    "Facts",
    "Failed",
    "Frames",
    "Generate",
    "Keep",
    "Kept",
    "Load",
    "Loaded",
    "Loading",
    "Message",
    "Queued",
    "Step",
    "Teller",
]


@dataclass(frozen=True, slots=True)
class Generate:
    """Make a video; the pictures follow.

    Attributes:
        job: The job.
        checkpoint: Folder of the pipeline, or its id on the hub.
        pipeline: Class to run it with.
        call: Arguments of the pipeline's call, by name.
        levers: How it is loaded and run; the fields of `levers.Levers`.
        seed: What the noise is drawn with.
        flow_shift: Shift of the noise schedule; None leaves it as the folder has it.
        pictures: Argument of the call to the number of bytes, in the order that they follow.
    """

    job: str
    checkpoint: str
    pipeline: str
    call: dict[str, Any]
    levers: dict[str, Any]
    seed: int
    flow_shift: float | None = None
    pictures: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Load:
    """Load a pipeline, to be warm for what comes.

    Attributes:
        checkpoint: Folder of the pipeline, or its id on the hub.
        pipeline: Class to run it with.
        levers: How it is loaded and run.
    """

    checkpoint: str
    pipeline: str
    levers: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep a worker for other processes to use.

    Attributes:
        worker: What it is called.
        backend: Who wants it.
        model: What is loaded, as the user calls it.
        checkpoint: Folder of the pipeline, or its id on the hub.
        pipeline: Class to run it with.
        levers: How it is loaded and run.
        identity: Where a process that uses it must agree with it.
        idle: Seconds without work after which it ends.
        parent: The process with which it also ends; None if it outlives it.
    """

    worker: str
    backend: str
    model: str
    checkpoint: str
    pipeline: str
    levers: dict[str, Any]
    identity: dict[str, Any]
    idle: float
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The worker is kept, and ready."""


@dataclass(frozen=True, slots=True)
class Queued:
    """An order is taken on.

    Attributes:
        ahead: How many come before it.
    """

    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop a job at its next step."""

    job: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Say what torch finds on this machine."""

    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Loading:
    """The weights are being loaded."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The pipeline is ready.

    Attributes:
        seconds: How long that took; next to nothing if it was there already.
        device: Where it runs.
        levers: How it is loaded, in words.
    """

    seconds: float
    device: str
    levers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A denoising step is done.

    Attributes:
        step: How many are.
        total: How many there are.
        seconds: How long one takes, on average and without the first.
    """

    step: int
    total: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames, whose bytes follow: uint8, RGB.

    Attributes:
        count: How many.
        height: Pixels.
        width: Pixels.
    """

    count: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Denoised:
    """The pipeline has returned; frames that it could not tell before follow."""


@dataclass(frozen=True, slots=True)
class Done:
    """The job is done.

    Attributes:
        measures: Name with its unit to value.
    """

    measures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Failed:
    """The job has failed; the worker goes on.

    Attributes:
        error: Name of the class in `ttv_core.errors`.
        message: What happened.
        facts: Further arguments of the class.
    """

    error: str
    message: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What torch finds on this machine.

    Attributes:
        versions: Package to version.
        device: Where a pipeline would run.
        name: What that is.
        free: Bytes of memory that are free there; None when nobody says.
    """

    versions: dict[str, str]
    device: str
    name: str
    free: int | None = None


Message = (
    Ask
    | Cancel
    | Denoised
    | Done
    | Facts
    | Failed
    | Frames
    | Generate
    | Keep
    | Kept
    | Load
    | Loaded
    | Loading
    | Queued
    | Step
)
_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in get_args(Message)}


class Teller(Protocol):
    """Whatever takes messages."""

    def send(self, message: Message, *payload: Any) -> None:
        """Take a message and its bytes."""


class Channel:
    """Both ends of a pair of pipes speak through one of these.

    Args:
        incoming: What is read.
        outgoing: What is written.
    """

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._writing = threading.Lock()

    def send(self, message: Message, *payload: Any) -> None:
        """Write a message and its bytes.

        Raises:
            OSError: If nobody reads any more.
        """
        parts = [memoryview(part).cast("B") for part in payload]
        head = {"is": type(message).__name__, "bytes": sum(part.nbytes for part in parts)}
        with self._writing:
            self._outgoing.write(json.dumps(head | asdict(message)).encode() + b"\n")
            for part in parts:
                self._outgoing.write(part)
            self._outgoing.flush()

    def receive(self) -> tuple[Message, bytearray]:
        """Wait for a message and its bytes.

        Raises:
            EOFError: If the other end is gone, or was cut off in the midst of a message.
        """
        line = self._incoming.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        head = json.loads(line)
        kind, size = _KINDS[head.pop("is")], head.pop("bytes")
        payload = bytearray(size)
        view, read = memoryview(payload), 0
        while read < size:
            count = self._incoming.readinto(view[read:])  # type: ignore[attr-defined]
            if not count:
                raise EOFError
            read += count
        return kind(**head), payload

    def hang_up(self) -> None:
        """Say no more; the other end sees that this one has said all."""
        with contextlib.suppress(OSError):
            self._outgoing.close()

    def close(self) -> None:
        """Let the other end see that this one is gone."""
        for file in (self._outgoing, self._incoming):
            with contextlib.suppress(OSError):  # what was still to be written has no reader
                file.close()
