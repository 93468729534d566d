"""Standard output and error: what may be written to them, and how."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

__all__ = [
    "is_plain",
    "near",
    "note",
    "one_line",
    "prepare",
    "print_json",
    "print_json_line",
    "print_line",
    "styled",
]

_JOINERS = "\u200c\u200d"
"""Invisible, harmless, and part of words and of emoji."""
_ASCII = str.maketrans({"·": "-", "–": "-", "—": "-", "→": "->", "…": "...", "×": "x", "’": "'"})
_STYLES = {"red": 31, "green": 32, "yellow": 33, "bold": 1, "dim": 2}


def prepare() -> None:
    """Let both streams take any text: what their encoding lacks is written in ASCII."""
    codecs.register_error("ttv", _in_ascii)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="ttv")


def _in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    near = lost.translate(_ASCII)
    return near.encode("ascii", "backslashreplace").decode("ascii"), error.end


def one_line(text: object) -> str:
    """Return text fit for a line of a terminal, whoever wrote it.

    Line breaks become spaces; control characters, escape sequences, direction marks and halves of
    surrogate pairs are made visible.
    """
    return "".join(
        char
        if char.isprintable() or char in _JOINERS
        else char.encode("unicode_escape", "surrogatepass").decode("ascii")
        for char in " ".join(str(text).split(None))
    )


def near(path: Path) -> str:
    """Return a path as it would be typed here."""
    if not path.is_absolute():
        return str(path)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def is_plain(stream: TextIO) -> bool:
    """Tell whether a stream is to have neither colour nor anything that moves."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return True
    return bool(os.environ.get("NO_COLOR"))


def styled(text: str, style: str, stream: TextIO) -> str:
    """Return the text in a style, where the stream shows styles."""
    return text if is_plain(stream) else f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def note(text: str, *, kind: str = "", style: str = "yellow") -> None:
    """Write a line for people to standard error, which must not stop anything.

    Args:
        text: What to say; by anybody.
        kind: A word before it, such as "warning".
        style: How that word looks.
    """
    before = f"{styled(f'{kind}:', style, sys.stderr)} " if kind else ""
    write_error(before + one_line(text))


def write_error(text: str) -> None:
    """Write a line to standard error, which must not stop anything: nobody may be reading."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def print_line(text: str = "") -> None:
    """Write a line to standard output. The text is ours, or has been through `one_line`."""
    sys.stdout.write(f"{text}\n")


def print_json(data: Any) -> None:
    """Write the one JSON document of this command to standard output."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print_line(_json(data, indent=2, ensure_ascii=not utf8))


def print_json_line(data: Any) -> None:
    """Write one JSON document of several to standard output, at once, in a line.

    In ASCII: some that read lines take more for the end of one than a line feed.
    """
    print_line(_json(data))
    sys.stdout.flush()


def _json(data: Any, **how: Any) -> str:
    import json

    return json.dumps(_finite(data), allow_nan=False, default=str, **how)


def _finite(value: Any) -> Any:
    """Return the value with NaN and infinities, which JSON cannot say, as null."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in {float("inf"), -float("inf")}):  # noqa: PLR0124
        return None
    return value
