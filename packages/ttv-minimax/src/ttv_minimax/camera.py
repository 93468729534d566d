"""Camera moves, as Hailuo reads them in a prompt.

The words are those of the API reference as third parties copy it (read 2026-11-23); moves that
stand in one pair of brackets happen at once.
"""

from __future__ import annotations

from typing import Final

__all__ = ["MOST", "MOVES", "canonical", "tag"]

MOST: Final = 3
MOVES: Final = (
    "Truck left",
    "Truck right",
    "Pan left",
    "Pan right",
    "Push in",
    "Pull out",
    "Pedestal up",
    "Pedestal down",
    "Tilt up",
    "Tilt down",
    "Zoom in",
    "Zoom out",
    "Shake",
    "Tracking shot",
    "Static shot",
)


def canonical(move: str) -> str:
    """Return a move as the vendor spells it.

    Args:
        move: In any case, with blanks, hyphens or underscores, in brackets or not.

    Raises:
        ValueError: If there is no such move; lists those there are.
    """
    words = " ".join(move.strip("[] ").replace("-", " ").replace("_", " ").split())
    for known in MOVES:
        if known.casefold() == words.casefold():
            return known
    msg = f"{move!r} is no camera move; known: {', '.join(MOVES)}"
    raise ValueError(msg)


def tag(moves: tuple[str, ...], prompt: str) -> str:
    """Return a prompt with the moves before it; as it is when there are none."""
    return f"[{','.join(moves)}] {prompt}".rstrip() if moves else prompt
