"""What a running script says: lines, progress bars among them, and the last of them for errors."""

from __future__ import annotations

import re
from collections import deque

__all__ = ["Lines", "Tail", "progress_in"]

_LONGEST = 10_000
_BAR = re.compile(r"\s*\d{1,3}%\|[^|]*\|\s*(\d+)/(\d+)\s*\[[^\]]*\]\s*")
_ANY_BAR = re.compile(r"\d{1,3}%\|[^|]*\|\s*\d+/\d+\s*\[")


def progress_in(line: str, steps: int) -> int | None:
    """Return the step that a progress bar (of tqdm's kind) is at.

    Args:
        line: One line.
        steps: Steps of the bar that is meant. Bars for loading shards or for enlarging the video
            count something else, or have a word before them.

    Example:
        >>> progress_in(" 42%|####2     | 21/50 [00:31<00:42,  1.47s/it]", 50)
        21
    """
    found = _BAR.fullmatch(line)
    if found is None or int(found[2]) != steps:
        return None
    return int(found[1])


class Lines:
    """Bytes as they come, cut into lines at line breaks and carriage returns.

    A progress bar is written without a line break after it: it counts as soon as it is whole, and
    what follows it is a line of its own.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take further bytes; return the lines that are whole with them."""
        *whole, self._rest = re.split(rb"[\r\n]+", self._rest + data)
        lines = [line for piece in whole if piece for line in _apart(_text(piece))]
        rest = _text(self._rest)
        if _BAR.fullmatch(rest) or len(self._rest) > _LONGEST:
            lines.append(rest)
            self._rest = b""
        return lines

    def end(self) -> list[str]:
        """Return what is left when nothing more will come."""
        rest, self._rest = self._rest, b""
        return _apart(_text(rest)) if rest else []


def _apart(line: str) -> list[str]:
    """Split a line after a progress bar that it begins with."""
    bar = _BAR.match(line)
    if bar is None or bar.end() == len(line):
        return [line]
    return [line[: bar.end()], line[bar.end() :]]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


class Tail:
    """The last lines that are no progress bars."""

    def __init__(self, count: int = 12) -> None:
        self._lines: deque[str] = deque(maxlen=count)

    def add(self, line: str) -> None:
        """Remember a line, if it says something."""
        if line.strip() and not _ANY_BAR.search(line):
            self._lines.append(line.rstrip()[:500])

    def __str__(self) -> str:
        """Return the lines, one below another."""
        return "\n".join(self._lines)
