"""The worker as this process sees it: started, listened to, and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from ttv_core.errors import GenerationFailedError
from ttv_diffusers.environment import child_environment, worker_environment
from ttv_diffusers.inbox import Inbox
from ttv_diffusers.protocol import Channel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_diffusers.protocol import Message

__all__ = ["WorkerProcess"]

COMMAND = (sys.executable, "-P", "-m", "ttv_diffusers.worker")
_TAIL = 30
"""Lines of its output that are told when it dies."""
_PATIENCE = 5.0
"""Seconds that it has to end by itself."""


class WorkerProcess:
    """A process that holds a pipeline, in a session of its own: Ctrl-C is for its parent to hear.

    It ends when its end of the pipe is closed, and so when this process dies, however that happens.

    Args:
        offline: Whether it must not ask the hub for anything.
        environment: Its environment variables, besides a few of its own; those of this process
            that `child_environment` lets pass, when left out.
        command: How it is started, if not as usual; it ends with the process id of this one.
    """

    def __init__(
        self,
        *,
        offline: bool = True,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        given = child_environment(downloads=not offline) if environment is None else environment
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command or [*COMMAND, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=worker_environment(given, offline=offline),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._channel = Channel(self._process.stdout, self._process.stdin)  # type: ignore[arg-type]
        self._inbox = Inbox(self._channel, "ttv-worker-inbox")
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._output = threading.Thread(
            target=self._overhear, name="ttv-worker-output", daemon=True
        )
        self._output.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def send(self, message: Message, *payload: Any) -> None:
        """Tell it something.

        Raises:
            GenerationFailedError: If it is dead.
        """
        try:
            self._channel.send(message, *payload)
        except (OSError, ValueError) as error:
            raise self.obituary() from error

    def next(self, timeout: float) -> tuple[Message, bytearray] | None:
        """Return what it says next, and the bytes behind it; None if it is silent for so long.

        Raises:
            GenerationFailedError: If it is dead.
        """
        try:
            return self._inbox.next(timeout)
        except EOFError:
            raise self.obituary() from None

    def _overhear(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._tail.append(line.decode(errors="replace").rstrip())

    def obituary(self) -> GenerationFailedError:
        """Return the error that tells how it died, with the tail of its output."""
        try:
            status = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:  # it only closed its end
            self._process.kill()
            status = self._process.wait()
        self._output.join(_PATIENCE)
        killed = -status == getattr(signal, "SIGKILL", 9)
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        said = "\n".join(self._tail) or "(it said nothing)"
        out_of_memory = "; that is what the system does when memory runs out" if killed else ""
        return GenerationFailedError(
            f"the worker process {self.pid} {how}{out_of_memory}. The end of its output:\n{said}",
            code="worker_killed" if status < 0 else "worker_died",
            charged="no",
            remedy="if memory ran out: memory: low, a smaller size, or fewer frames",
        )

    def stop(self, patience: float = _PATIENCE) -> None:
        """End it: by itself if it can within so many seconds, else at once."""
        if patience == 0:
            self._process.kill()
        self._close_input()
        self._inbox.leave()
        try:
            self._process.wait(patience or _PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close_output()

    def release(self, *, tied: bool) -> None:
        """Let it go on without this process; it must have closed its own ends by itself.

        Args:
            tied: Whether the pipe to it stays open, by which it sees the end of this process.
        """
        if not tied:
            self._close_input()
        self._close_output()
        # Waited for when it ends, so that nothing is left of it while this process lives.
        threading.Thread(target=self._process.wait, name="ttv-kept", daemon=True).start()

    def _close_output(self) -> None:
        self._inbox.join(_PATIENCE)
        self._output.join(_PATIENCE)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._process.stdout.close()
        self._process.stderr.close()

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it is dead already
            self._process.stdin.close()
