"""Run a command of an official repository as a job."""

from __future__ import annotations

import contextlib
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ttv_core import GenerationFailedError
from ttv_diffusers.environment import child_environment
from ttv_diffusers.official import warden
from ttv_diffusers.official.output import Lines, Tail, progress_in

if TYPE_CHECKING:
    from typing import BinaryIO

    from ttv_core import JobContext
    from ttv_diffusers.official.command import Command

__all__ = ["run"]

GRACE = 3.0
"""Seconds that processes have to end when they are asked to."""
_SLICE = 0.05
"""Seconds between two looks at whether the job is to stop."""
_LAST_WORDS = 5.0
"""Seconds for what an ended process said last."""
_CHUNK = 65_536
_USAGE = 2
"""The exit code of a script that does not take its arguments, as argparse has it."""


def run(command: Command, context: JobContext, *, timeout: float | None = None) -> Path:
    """Run a command to its end and return the video that it has left in the job's folder.

    Whatever ends this (a cancelled job, the timeout, an error, the death of this process), ends all
    processes of the command.

    Args:
        command: The command.
        context: The job: it is told the progress, and asked whether to stop.
        timeout: Seconds after which the command is ended; None for as long as it takes.

    Raises:
        GenerationFailedError: If the command fails, takes too long, or leaves no video.
        GenerationCancelledError: If the job is to stop.
    """
    context.emit("loading")
    with _Process(command, context.folder) as process:
        deadline = None if timeout is None else time.monotonic() + timeout
        step = 0
        while (line := process.next_line()) is not None:
            context.check()
            if deadline is not None and time.monotonic() > deadline:
                msg = f"{process.name} was ended after {timeout:g} s{process.told}"
                raise _failed(msg, "timeout", "a longer timeout, a shorter or a smaller video")
            at = progress_in(line, command.steps)
            if at is not None and at > step:
                step = at
                context.progress(step, command.steps)
        process.check()
    return _video(command, process, context.folder)


def _video(command: Command, process: _Process, folder: Path) -> Path:
    """Return the video in the folder: the official scripts may end well without having saved it."""
    found = [path for path in folder.glob(command.result) if path.is_file()]
    whole = sorted((path for path in found if path.stat().st_size), key=lambda path: path.name)
    if not whole:
        msg = f"{process.name} ended well, but has not left a video{process.told}"
        raise _failed(msg, "no_file", "what the script says above of saving the video")
    return whole[-1]


def _failed(message: str, code: str, remedy: str | None = None) -> GenerationFailedError:
    return GenerationFailedError(message, code=code, remedy=remedy, charged="no")


class _Process:
    """The running command, under its warden."""

    def __init__(self, command: Command, folder: Path) -> None:
        self.name = f"{command.script.name} of {command.script.parent}"
        self._tail = Tail()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._open = 2
        self._readers: list[threading.Thread] = []
        argv = [sys.executable, "-I", str(Path(warden.__file__)), str(command.ranks)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own engine
                [*argv, str(_free_port()), str(GRACE), str(folder), *command.argv],
                cwd=command.script.parent,
                env=child_environment(also=command.passes)
                | {"PYTHONUNBUFFERED": "1", **command.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            msg = f"{self.name} cannot be started: {error}"
            raise _failed(msg, "cannot_start") from error
        for stream in (self._process.stdout, self._process.stderr):
            reader = threading.Thread(
                target=self._read, args=(stream,), name="ttv-official-output", daemon=True
            )
            reader.start()
            self._readers.append(reader)

    def _read(self, stream: BinaryIO) -> None:
        lines = Lines()
        with contextlib.suppress(OSError, ValueError):  # closed under its hands, on the way out
            while data := stream.read(_CHUNK):
                for line in lines.feed(data):
                    self._lines.put(line)
        for line in lines.end():
            self._lines.put(line)
        self._lines.put(None)

    def next_line(self) -> str | None:
        """Return the next line, "" if there is none for a moment, None when all has been said."""
        try:
            line = self._lines.get(timeout=_SLICE)
        except queue.Empty:
            return None if self._process.poll() is not None and self._heard_out() else ""
        if line is None:
            self._open -= 1
            return "" if self._open else None
        self._tail.add(line)
        return line

    def _heard_out(self) -> bool:
        """Tell whether nothing more is to come from a process that has ended.

        What it could not end itself may hold its output open for ever.
        """
        for reader in self._readers:
            reader.join(_LAST_WORDS)
        return self._lines.empty()

    @property
    def told(self) -> str:
        """The last of what it said, for an error."""
        tail = str(self._tail)
        return f"; it said last:\n{tail}" if tail else "; it said nothing"

    def check(self) -> None:
        """Wait for the end and raise unless it went well."""
        code = self._process.wait()
        if code == 0:
            return
        if code > 128 or code < 0:
            number = code - 128 if code > 0 else -code
            known = {each.value: each.name for each in signal.Signals}
            out_of_memory = number == signal.SIGKILL  # most often it is the kernel that sends it
            remedy = "more memory, or a smaller or shorter video" if out_of_memory else None
            msg = f"{self.name} was killed by {known.get(number, number)}{self.told}"
            raise _failed(msg, "killed", remedy)
        kind = "usage" if code == _USAGE else "engine_failed"
        raise _failed(f"{self.name} ended with exit code {code}{self.told}", kind)

    def __enter__(self) -> Self:
        """Return the process."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the lifeline, and wait until every process is gone."""
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(GRACE + warden.PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for reader in self._readers:
            reader.join(_LAST_WORDS)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
