"""A vendor on loopback, in a process of its own, which ends with the one that started it."""

from __future__ import annotations

import json
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

HERE = Path(__file__).parents[1]


class Vendor:
    """The vendor's process.

    Args:
        video: The file that every job gives, and that `/large` and `/cut` serve.
        seconds: How long a job takes; None where the prompt says that.
    """

    def __init__(self, video: Path, seconds: float | None = 0.0) -> None:
        words = ["loopback.service", "--video", video.absolute(), "--seconds", seconds]
        if seconds is None:
            words = ["loopback.three_vendors", "--video", video.absolute()]
        self._words = [sys.executable, "-m", *map(str, words)]

    def __enter__(self) -> Self:
        """Start it."""
        self._process = subprocess.Popen(
            self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.communicate()  # the end of its standard input

    def counts(self) -> Any:
        """Return what it counted: requests of each kind, bytes that `/cut` sent, or jobs."""
        host, port = self.url.removeprefix("http://").split(":")
        connection = HTTPConnection(host, int(port))
        connection.request("GET", "/counts")
        said = json.loads(connection.getresponse().read())
        connection.close()
        return said
