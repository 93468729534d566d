"""The processes below another, as the kernel has them. Linux only."""

from __future__ import annotations

from pathlib import Path

__all__ = ["descendants", "is_alive"]

_PROC = Path("/proc")


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below one: id to when each began, which no later process shares."""
    found: dict[int, tuple[int, str]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (facts := _facts(int(folder.name))) is not None:
            found[int(folder.name)] = facts
    below: dict[int, str] = {}
    grown = {pid}
    while grown:
        grown = {child for child, (parent, _) in found.items() if parent in grown} - below.keys()
        below |= {child: found[child][1] for child in grown}
    return below


def is_alive(pid: int, began: str) -> bool:
    """Tell whether a process that `descendants` has told of is still there."""
    facts = _facts(pid)
    return facts is not None and facts[1] == began


def _facts(pid: int) -> tuple[int, str] | None:
    """Return the parent of a process and when it began; None if it is gone, or a zombie."""
    try:
        # What follows the name, which may itself have spaces and brackets.
        words = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in {"Z", "X"} else (int(words[1]), words[19])
