"""A command of an official repository, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Command", "Flag", "flags"]

Flag = str | int | float | bool | Path | tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Command:
    """What is run, and where its video is found.

    Attributes:
        python: The interpreter of the repository's own environment.
        script: The script, in the checkout: it runs there.
        arguments: Its arguments.
        result: Pattern of the names that the video may have, in the job's folder.
        steps: Steps that its progress bar counts.
        ranks: Processes, one for each GPU.
        environment: Variables for it, besides those of this process that pass.
        passes: Names of variables that pass besides the usual ones.
    """

    python: Path
    script: Path
    arguments: tuple[str, ...]
    result: str
    steps: int
    ranks: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    passes: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The program and its arguments."""
        return (str(self.python), self.script.name, *self.arguments)


def flags(values: Mapping[str, Flag]) -> tuple[str, ...]:
    """Return command-line arguments.

    Args:
        values: Flag to value. True is the bare flag, False and None leave it out, several numbers
            follow it. Everything else is joined by "=", for a text may begin with a hyphen.

    Example:
        >>> flags({"--prompt": "-5 degrees", "--video-size": (720, 1280), "--t5_cpu": True})
        ('--prompt=-5 degrees', '--video-size', '720', '1280', '--t5_cpu')
    """
    found: list[str] = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        if value is True:
            found.append(name)
        elif isinstance(value, tuple):
            found += [name, *map(str, value)]
        else:
            found.append(f"{name}={value}")
    return tuple(found)
