"""Breaking a prompt into shots and giving each its share of the frames."""

import re
from collections.abc import Sequence
from typing import Final

_ABBREVIATIONS: Final = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "e.g", "i.e", "no", "fig"}
    | {"approx", "ca", "al", "inc", "ltd", "co", "u.s", "u.k", "a.m", "p.m"},
)
_STOP: Final = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+[」』）]*|;(?=\s)|；|\n+")
_SHORTEST_SHOT: Final = 1.0
_SECONDS_PER_LETTER: Final = 0.055
_SECONDS_PER_SHOT: Final = 0.8


def sentences(text: str) -> list[str]:
    """Split text where a reader would breathe.

    Args:
        text: Any prose; `.`, `!`, `?`, `;`, line ends and their East Asian forms
            part sentences, abbreviations and decimals do not.

    Returns:
        Sentences without surrounding space, none empty.

    >>> sentences("Dr. Li waits 3.5 hours. Rain; then sun!")
    ['Dr. Li waits 3.5 hours.', 'Rain', 'then sun!']
    """
    parts: list[str] = []
    start = 0
    for stop in _STOP.finditer(text):
        if stop.group() == "." and _abbreviates(text[start : stop.start()], text[stop.end() :]):
            continue
        parts.append(text[start : stop.end()].strip().rstrip(";；"))
        start = stop.end()
    parts.append(text[start:].strip())
    return [" ".join(part.split()) for part in parts if any(map(str.isalnum, part))] or (
        [" ".join(text.split())] if text.strip() else []
    )


def _abbreviates(before: str, after: str) -> bool:
    words = before.split()
    if not words or not after.strip():
        return False
    word = words[-1].casefold().lstrip("(\"'")
    initial = len(word) == 1 and word.isalpha() and words[-1].isupper() and len(words) > 1
    return word in _ABBREVIATIONS or initial


def shots(parts: Sequence[str], num_frames: int, fps: float) -> list[str]:
    """Merge sentences until each shot is long enough to be seen.

    Args:
        parts: The sentences.
        num_frames: Frames of the whole clip.
        fps: Frames a second.

    Returns:
        One text per shot, at least one, at most `num_frames`.
    """
    room = max(1, min(num_frames, int(num_frames / fps / _SHORTEST_SHOT)))
    texts = list(parts) or [""]
    while len(texts) > room:
        pairs = range(len(texts) - 1)
        first = min(pairs, key=lambda i: len(texts[i]) + len(texts[i + 1]))
        texts[first : first + 2] = [f"{texts[first]} {texts[first + 1]}"]
    return texts


def share(texts: Sequence[str], num_frames: int) -> list[int]:
    """Give each text frames by the time it takes to read.

    Args:
        texts: One per shot, not more than `num_frames`.
        num_frames: Frames of the whole clip.

    Returns:
        Frames per shot, each at least one, `num_frames` in all.

    >>> share(["short", "a good deal longer"], 48)
    [18, 30]
    """
    weights = [_SECONDS_PER_SHOT + _SECONDS_PER_LETTER * len(text) for text in texts]
    spare = num_frames - len(texts)
    exact = [spare * weight / sum(weights) for weight in weights]
    counts = [int(value) for value in exact]
    by_rest = sorted(range(len(texts)), key=lambda i: counts[i] - exact[i])
    for index in by_rest[: spare - sum(counts)]:
        counts[index] += 1
    return [count + 1 for count in counts]
