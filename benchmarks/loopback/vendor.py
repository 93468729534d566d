"""A vendor on loopback, in a process of its own, which ends with the one that started it."""

from __future__ import annotations

import json
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

SERVICE = Path(__file__).with_name("service.py")


class Vendor:
    """The vendor's process.

    Args:
        video: The file that every job gives, and that `/large` and `/cut` serve.
        seconds: How long a job takes.
    """

    def __init__(self, video: Path, seconds: float = 0.0) -> None:
        words = [SERVICE, "--video", video, "--seconds", seconds]
        self._words = [sys.executable, *map(str, words)]

    def __enter__(self) -> Self:
        """Start it."""
        self._process = subprocess.Popen(
            self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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

    def counts(self) -> dict[str, int]:
        """Return how many requests of each kind came, and how many bytes `/cut` sent."""
        host, port = self.url.removeprefix("http://").split(":")
        connection = HTTPConnection(host, int(port))
        connection.request("GET", "/counts")
        said: dict[str, int] = json.loads(connection.getresponse().read())
        connection.close()
        return said
