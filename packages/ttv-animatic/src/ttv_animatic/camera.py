"""Camera moves: their names, how a prompt asks for them, and the path they take."""

import difflib
import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from ttv_animatic.dice import generator


@dataclass(frozen=True)
class Framing:
    """Where the camera looks, beside its rest.

    `x` and `y` are parts of the frame's size, to the right and down; `zoom` is a
    power of e (0.1 is about a tenth closer); `yaw` and `roll` are degrees.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0

    def plus(self, other: "Framing", amount: float) -> "Framing":
        """Add a part of another framing."""
        return Framing(
            self.x + other.x * amount,
            self.y + other.y * amount,
            self.zoom + other.zoom * amount,
            self.yaw + other.yaw * amount,
            self.roll + other.roll * amount,
        )


@dataclass(frozen=True)
class _Kind:
    travel: Framing
    rigid: float = 0.0
    steady: bool = False


# `rigid` moves turn the camera, so near and far shift alike; the others carry it.
# `steady` moves keep an even pace, as a camera on rails does.
_KINDS: Final[dict[str, _Kind]] = {
    "static": _Kind(Framing()),
    "pan left": _Kind(Framing(x=-1.0), rigid=0.75),
    "pan right": _Kind(Framing(x=1.0), rigid=0.75),
    "tilt up": _Kind(Framing(y=-1.0), rigid=0.75),
    "tilt down": _Kind(Framing(y=1.0), rigid=0.75),
    "truck left": _Kind(Framing(x=-1.15), steady=True),
    "truck right": _Kind(Framing(x=1.15), steady=True),
    "pedestal up": _Kind(Framing(y=-1.0), steady=True),
    "pedestal down": _Kind(Framing(y=1.0), steady=True),
    "zoom in": _Kind(Framing(zoom=0.20)),
    "zoom out": _Kind(Framing(zoom=-0.20)),
    "push in": _Kind(Framing(zoom=0.16, y=0.12), steady=True),
    "pull out": _Kind(Framing(zoom=-0.16, y=-0.12), steady=True),
    "orbit left": _Kind(Framing(x=-0.55, yaw=-6.0, roll=-0.6)),
    "orbit right": _Kind(Framing(x=0.55, yaw=6.0, roll=0.6)),
    "tracking": _Kind(Framing(x=1.3), steady=True),
    "shake": _Kind(Framing()),
}

_ALIASES: Final[dict[str, str]] = {
    "dolly in": "push in",
    "dolly out": "pull out",
    "dolly left": "truck left",
    "dolly right": "truck right",
    "push out": "pull out",
    "pull back": "pull out",
    "crane up": "pedestal up",
    "crane down": "pedestal down",
    "boom up": "pedestal up",
    "boom down": "pedestal down",
    "orbit": "orbit right",
    "orbital": "orbit right",
    "arc left": "orbit left",
    "arc right": "orbit right",
    "static shot": "static",
    "fixed shot": "static",
    "locked-off": "static",
    "locked off": "static",
    "tracking shot": "tracking",
    "handheld": "shake",
}

MOVES: Final[tuple[str, ...]] = tuple(sorted({*_KINDS, *_ALIASES}))
"""Every accepted name of a camera move."""

DEFAULTS: Final = (
    "truck right",
    "push in",
    "truck left",
    "pedestal up",
    "orbit right",
    "orbit left",
)
"""Moves that a composed shot may be given when nobody asks for one."""

STILL_DEFAULTS: Final = ("push in", "pull out", "push in", "truck left", "truck right")
"""The same for a shot over a picture."""

_TAG: Final = re.compile(r"\s*\[([^\[\]]*)\]")

# In running prose only phrases that cannot mean anything else are taken: "static"
# alone may be noise on a radio, "tracking" may be a parcel's.
_PROSE: Final = re.compile(
    r"\b(?:camera\s+)?(?:slowly\s+|slow\s+|gently\s+|gentle\s+|quickly\s+|quick\s+|fast\s+)?"
    r"(?:(pan|tilt|truck|dolly|zoom|push|pull|pedestal|crane|boom|arc|orbit)(?:s|ned|ning|ed|ing|es)?"
    r"(?:\s+slowly|\s+gently|\s+quickly)?(?:\s+to\s+the)?\s+(left|right|up|down|in|out|back)(?:wards?)?\b"
    r"|(orbital|static|fixed|tracking|handheld)\s+(?:shot|camera|view|move)\b"
    r"|camera\s+(orbit|shake)s?\b"
    r"|(locked[- ]off)\b)",
    re.IGNORECASE,
)


def canonical(name: str) -> str:
    """Give a move's one name.

    Args:
        name: Any accepted name, in any case.

    Returns:
        The canonical name, such as `push in` for `Dolly In`.

    Raises:
        ValueError: The name is unknown; the message names the nearest.

    >>> canonical("Dolly In")
    'push in'
    """
    key = " ".join(name.casefold().replace("_", " ").split())
    key = _ALIASES.get(key, key)
    if key in _KINDS:
        return key
    close = difflib.get_close_matches(key, MOVES, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    message = f"Unknown camera move {name!r}.{hint} Allowed: {', '.join(MOVES)}."
    raise ValueError(message)


def read_moves(prompt: str) -> list[str]:
    """Find the camera moves that a prompt asks for.

    Args:
        prompt: Text with moves in words (`the camera pans left`) or in tags
            (`[Truck left,Push in]`).

    Returns:
        Canonical names in the order in which they appear, each once.

    Raises:
        ValueError: A tag in square brackets is no known move.

    >>> read_moves("A fox runs. [Truck left,Push in] The camera tilts up.")
    ['truck left', 'push in', 'tilt up']
    """
    found: list[tuple[int, str]] = []
    for tag in _TAG.finditer(prompt):
        names = [name.strip() for name in tag.group(1).split(",")]
        found += [(tag.start(), canonical(name)) for name in names if name]
    prose = _TAG.sub(lambda tag: " " * len(tag.group()), prompt)
    for match in _PROSE.finditer(prose):
        verb, way, named, moving, locked = match.groups()
        name = f"{verb} {way}" if verb else named or moving or locked
        name = name.casefold()
        if name in MOVES:
            found.append((match.start(), canonical(name)))
        elif named:
            found.append((match.start(), "static"))
    return list(dict.fromkeys(name for _, name in sorted(found, key=lambda pair: pair[0])))


def without_tags(prompt: str) -> str:
    """Take the tags in square brackets out of a prompt.

    Args:
        prompt: The text.

    Returns:
        The text that is meant to be read.

    >>> without_tags("[Pan left] A fox [Zoom in] runs.")
    'A fox runs.'
    """
    return _TAG.sub("", prompt).strip()


@dataclass(frozen=True)
class Path:
    """The way a camera takes through one shot."""

    moves: tuple[str, ...]
    seed: int

    @property
    def rigid(self) -> float:
        """How far near and far shift alike, 0..1."""
        return max((_KINDS[move].rigid for move in self.moves), default=0.0)

    def total(self) -> Framing:
        """Give the sum of all travel, however it is spread over time."""
        total = Framing()
        for move in self.moves:
            total = total.plus(_KINDS[move].travel, 1.0)
        return total

    def at(self, progress: float, seconds: float = 0.0) -> Framing:
        """Give the framing at one moment.

        Args:
            progress: Part of the shot that has passed, 0..1.
            seconds: Time since the shot began, for a hand's shaking.

        Returns:
            The framing; travel is counted from the start of the shot.
        """
        groups = _groups(self.moves)
        framing = Framing()
        for index, group in enumerate(groups):
            part = progress * len(groups) - index
            for move in group:
                kind = _KINDS[move]
                eased = _even(part) if kind.steady else _eased(part)
                framing = framing.plus(kind.travel, eased)
        if "shake" in self.moves:
            framing = framing.plus(self._shake(seconds), 1.0)
        return framing

    def _shake(self, seconds: float) -> Framing:
        phases = generator(self.seed, "shake").uniform(0, 2 * np.pi, 6)
        rates = (4.1, 6.7, 10.3, 3.7, 7.9, 11.2)
        waves = [
            math.sin(2 * math.pi * r * 0.5 * seconds + p)
            for r, p in zip(rates, phases, strict=True)
        ]
        return Framing(
            x=0.05 * waves[0] + 0.04 * waves[1] + 0.02 * waves[2],
            y=0.05 * waves[3] + 0.04 * waves[4] + 0.02 * waves[5],
        )


def _groups(moves: tuple[str, ...]) -> list[list[str]]:
    """Split moves into runs that go together; opposite ones follow each other."""
    groups: list[list[str]] = [[]]
    for move in moves:
        travel = _KINDS[move].travel
        if any(_opposed(travel, _KINDS[other].travel) for other in groups[-1]):
            groups.append([])
        groups[-1].append(move)
    return groups


def _opposed(a: Framing, b: Framing) -> bool:
    return a.x * b.x < 0 or (a.y * b.y < 0 and not a.zoom and not b.zoom) or a.zoom * b.zoom < 0


def _eased(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return part * part * (3 - 2 * part)


def _even(part: float) -> float:
    """Keep an even pace with a short start and stop."""
    part = min(1.0, max(0.0, part))
    return 0.8 * part + 0.2 * _eased(part)
