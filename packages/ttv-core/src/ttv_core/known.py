"""The backends that can be installed, as data: what a name that is not installed may mean.

`known_backends.json` lists them, those of other authors too; `known_backends.schema.json` is its
form. Nothing but hints depends on it: a backend that is not listed works as well as any other.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KnownBackend", "install_command", "known_backends"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBackend:
    """One backend that can be installed.

    Attributes:
        name: The name it answers to, which is its entry point's.
        distribution: What `pip install` takes.
        kind: "local", "remote" or "preview".
        summary: One line for people.
        by: Who keeps it.
        licence: SPDX identifier of its own code.
        aliases: Further names that it answers to.
        keywords: What people call it who do not know its name, such as the vendor's models.
        url: Where its documentation is.
    """

    name: str
    distribution: str
    kind: str
    summary: str
    by: str
    licence: str
    aliases: Sequence[str] = ()
    keywords: Sequence[str] = ()
    url: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)


@lru_cache(maxsize=1)
def known_backends() -> tuple[KnownBackend, ...]:
    """Return the backends that can be installed, sorted by name."""
    text = (files("ttv_core") / "known_backends.json").read_text(encoding="utf-8")
    return tuple(KnownBackend(**entry) for entry in json.loads(text)["backends"])


def install_command(distribution: str, *, prefix: str | None = None) -> str:
    """Return the command that installs a distribution beside ttv.

    Where a tool keeps ttv in an environment of its own, plain pip would install it elsewhere.

    Args:
        distribution: What to install.
        prefix: The environment that ttv runs in; this process's own when left out.
    """
    parts = PurePath(prefix or sys.prefix).parts
    places = set(pairwise(parts))
    if ("pipx", "venvs") in places:
        return f"pipx inject {parts[-1]} {distribution}"
    if ("uv", "tools") in places:
        return f"uv tool install {parts[-1]} --with {distribution}"
    return f"pip install {distribution}"
