"""The sizes that the authors' own code makes of a shape."""

from __future__ import annotations

__all__ = ["bucket"]

_LONGEST = 4
"""Width to height, or height to width, at the most."""


def bucket(shape: tuple[int, int], base: int, patch: int = 16) -> tuple[int, int]:
    """Return width and height for a shape, from the grid of sizes that a model was trained with.

    The sizes are those in whole patches with about the area of a square of the base; of them, the
    one nearest to the shape is taken that is not more extreme (HunyuanVideo-1.5,
    hyvideo/utils/data_utils.py, as diffusers 0.42.1 has it in its pipeline of that model).

    Args:
        shape: Width and height of a picture, or the two numbers of a ratio.
        base: Edge of the square, in pixels: 640 for 480p, 960 for 720p.
        patch: Edge of a patch, in pixels.

    Example:
        >>> bucket((16, 9), 640), bucket((9, 16), 960), bucket((1, 1), 640)
        ((848, 480), (720, 1264), (640, 640))
    """
    steepness = shape[1] / shape[0]
    fitting = [
        (abs(ratio - steepness), (width, height))
        for ratio, (width, height) in _sizes(base, patch)
        if (ratio <= steepness if steepness >= 1 else ratio >= steepness)
    ]
    return min(fitting, key=lambda found: found[0])[1]


def _sizes(base: int, patch: int) -> list[tuple[float, tuple[int, int]]]:
    """Return the grid, each size with its height by its width."""
    patches = round((base / patch) ** 2)
    return [
        (round(tall / wide, 5), (wide * patch, tall * patch))
        for tall in range(patches, 0, -1)
        for wide in range(max(patches // (tall + 1), 1), patches // tall + 1)
        if max(tall, wide) <= _LONGEST * min(tall, wide)
    ]
