"""How many GPUs may share a video of which size, with sample_video.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ttv_core import ResolvedRequest

__all__ = ["degrees"]

# README.md of Tencent/HunyuanVideo (fa14b00), "Supported Parallel Configurations"; read 2026-11-23.
# GPUs to the degrees of Ulysses and ring; of several that are listed the one with most Ulysses.
_LISTED: Final[dict[tuple[int, int], dict[int, tuple[int, int]]]] = {
    (1280, 720): {8: (8, 1), 5: (1, 5), 4: (4, 1), 3: (3, 1), 2: (2, 1)},
    (1104, 832): {4: (4, 1), 3: (3, 1), 2: (2, 1)},
    (960, 960): {6: (6, 1), 4: (4, 1), 3: (3, 1), 2: (2, 1)},
    (960, 544): {6: (6, 1), 4: (4, 1), 3: (3, 1), 2: (2, 1)},
    (832, 624): {4: (4, 1), 3: (3, 1), 2: (2, 1)},
    (720, 720): {5: (1, 5), 3: (3, 1)},
}


def degrees(request: ResolvedRequest, size: tuple[int, int], gpus: int) -> tuple[int, int]:
    """Return the degrees of Ulysses and ring; refuse what cannot be shared by so many."""
    if gpus == 1:
        return 1, 1
    listed = _LISTED.get((max(size), min(size)), {})
    if gpus not in listed:
        counts = ", ".join(map(str, sorted({1, *listed})))
        said = f"{size[0]}x{size[1]} cannot be shared by {gpus} GPUs, says the script's README"
        request.refuse("size", said, allowed=f"gpus: {counts}")
        return gpus, 1
    return listed[gpus]
