"""Reading a sentence for what its picture should look like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ttv_animatic import lexicon
from ttv_animatic.dice import digest, generator

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)?", re.UNICODE)
_SUFFIXES = ("ingly", "ing", "ies", "ed", "es", "ly", "s")
_SHORTEST_STEM = 3
_STILL = 0.5
_PALE = 0.3
"""Chroma of white and black things, which keep the light's colour."""
_UNSPACED = "\u2e80"
"""Where the scripts of East Asia begin, which write words without spaces."""


@dataclass(frozen=True)
class Mood:
    """What a shot looks like, before anything is drawn.

    `None` marks what no word has said so far; `settle` decides it by chance.
    """

    place: str | None = None
    time: str | None = None
    weather: str | None = None
    particles: str | None = None
    feeling: str | None = None
    energy: float = 1.0
    hue: float | None = None
    chroma: float = 1.0
    stars: bool = False
    neon: bool = False
    moving: bool = False
    figure: str | None = None
    figure_hue: float | None = None
    key: int = 0

    def settle(self, seed: int) -> "Mood":
        """Fill what the words left open.

        Args:
            seed: The clip's seed; with the words' own hash it decides.

        Returns:
            A mood whose place and time are set.
        """
        rng = generator(seed, "settle", self.key)
        time = self.time or str(rng.choice(["dawn", "day", "golden", "sunset", "dusk"]))
        return replace_known(self, place=self.place or "abstract", time=time)


def replace_known(mood: Mood, **changes: object) -> Mood:
    """Copy a mood with the changes that say something.

    Args:
        mood: The mood to start from.
        changes: Field values; `None` leaves the field as it is.

    Returns:
        The new mood.
    """
    known = {name: value for name, value in changes.items() if value is not None}
    return Mood(**{**mood.__dict__, **known})


def stem(word: str) -> str:
    """Cut the commonest English endings off a word, so that forms of it meet.

    Args:
        word: One lower-case word.

    Returns:
        The stem, never shorter than three letters.

    >>> stem("drifting"), stem("foxes"), stem("running"), stem("sea")
    ('drift', 'fox', 'run', 'sea')
    """
    for suffix in _SUFFIXES:
        root = word.removesuffix(suffix)
        if root != word and len(root) >= _SHORTEST_STEM:
            if suffix == "es" and not root.endswith(("s", "x", "z", "ch", "sh")):
                return root + "e"
            if suffix == "ies":
                return root + "y"
            if root[-1] == root[-2] and root[-1] not in "sle":
                return root[:-1]
            return root
    return word


def read(text: str, before: Mood | None = None) -> Mood:
    """Read one shot's words.

    Args:
        text: The words of the shot.
        before: The mood of the shot before; place, time and weather last until
            words change them, as they do for anyone who listens to a story.

    Returns:
        The mood; what nothing has named yet stays open.
    """
    words = [match.group().casefold() for match in _WORD.finditer(text)]
    before = before or Mood()
    stems = frozenset(words) | {stem(word) for word in words}
    stems |= {part for word in words if "-" in word for part in word.split("-")}
    heard = _heard(text.casefold(), stems, before)
    return _cast(heard, text.casefold(), words, before)


def _heard(text: str, stems: frozenset[str], before: Mood) -> Mood:
    place = _best(text, stems, lexicon.PLACES, lexicon.PLACE_HINTS)
    hinted = _best(text, stems, lexicon.PLACES, {}) is None
    if place and hinted and before.place:
        place = None
    energies = [e for e, known in lexicon.ENERGIES.items() if _score(text, stems, known)]
    colour = next((c for w, c in lexicon.COLOURS.items() if _score(text, stems, w)), None)
    time = _best(text, stems, lexicon.TIMES, {})
    return Mood(
        place=place or before.place,
        time=time or before.time,
        weather=_best(text, stems, lexicon.WEATHERS, {}) or before.weather,
        particles=_best(text, stems, lexicon.PARTICLES, {}) or before.particles,
        feeling=_best(text, stems, lexicon.FEELINGS, {}) or before.feeling,
        energy=sum(energies) / len(energies) if energies else 1.0,
        hue=colour[0] if colour else before.hue,
        chroma=colour[1] if colour else before.chroma,
        stars=bool(_score(text, stems, "star starry galaxy 星 звезд")),
        neon=before.neon or bool(_score(text, stems, "neon cyberpunk ネオン неон")),
        moving=any(energy > _STILL for energy in energies),
        key=digest(" ".join(sorted(stems))),
    )


def _cast(mood: Mood, text: str, words: list[str], before: Mood) -> Mood:
    """Find whom the words are about, and whose colour a colour word is."""
    stems = [stem(word) for word in words]
    figure, place = _figure(words, stems)
    if figure is None:
        figure = _best(text, frozenset(words), lexicon.FIGURES, {})
    if figure is None and lexicon.PRONOUNS & set(words):
        return replace_known(mood, figure=before.figure, figure_hue=before.figure_hue)
    coloured = words[place - 1] if place else ""
    if figure and coloured in lexicon.COLOURS:
        own = Mood(**{**mood.__dict__, "hue": before.hue, "chroma": before.chroma})
        hue, chroma = lexicon.COLOURS[coloured]
        return replace_known(own, figure=figure, figure_hue=hue if chroma > _PALE else None)
    return replace_known(mood, figure=figure)


def _figure(words: list[str], stems: list[str]) -> tuple[str | None, int]:
    for place, forms in enumerate(zip(words, stems, strict=True)):
        for name, known in lexicon.FIGURES.items():
            if _vocabulary(known)[0] & set(forms):
                return name, place
    return None, 0


def _best(
    text: str,
    stems: frozenset[str],
    traits: Mapping[str, str],
    hints: Mapping[str, str],
) -> str | None:
    scores = {name: lexicon.STRONG * _score(text, stems, known) for name, known in traits.items()}
    for name, known in hints.items():
        scores[name] += lexicon.HINT * _score(text, stems, known)
    name = max(scores, key=lambda n: scores[n])
    return name if scores[name] else None


def _score(text: str, stems: frozenset[str], known: str) -> int:
    latin, other = _vocabulary(known)
    return len(latin & stems) + sum(_spoken(part, text, stems) for part in other)


def _spoken(part: str, text: str, stems: frozenset[str]) -> bool:
    """Find a word of another script: anywhere where no spaces part words, else at a start."""
    if part >= _UNSPACED:
        return part in text
    return part in stems or (
        len(part) > _SHORTEST_STEM and any(word.startswith(part) for word in stems)
    )


@cache
def _vocabulary(known: str) -> tuple[frozenset[str], tuple[str, ...]]:
    words = known.split()
    latin = {stem(word) for word in words if word[0].isascii()} | {
        w for w in words if w[0].isascii()
    }
    return frozenset(latin), tuple(word for word in words if not word[0].isascii())
