"""Chance that comes out the same every time it is asked."""

import hashlib

import numpy as np


def digest(*parts: object) -> int:
    """Reduce values to one 64-bit number, the same in every process.

    Python's own `hash` is salted per process, so it cannot serve here.

    Args:
        parts: Values with a stable `repr`: text, numbers, tuples of them.

    Returns:
        A number from 0 to 2**64 - 1.
    """
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def generator(*parts: object) -> np.random.Generator:
    """Open a random stream named by values.

    Args:
        parts: What the stream is for, for example `(seed, "ridges", 2)`.

    Returns:
        A PCG64 generator; equal parts give equal streams.
    """
    return np.random.Generator(np.random.PCG64(digest(*parts)))
