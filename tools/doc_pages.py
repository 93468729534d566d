"""The pages of the documentation, and what is marked in them.

A fenced block is an example if its language is one that runs, or can be checked. Comments right
before a block say what is special about it:

- `<!-- not run: why -->`: it needs what a test has not, such as eight GPUs.
- `<!-- exit: 2 -->`: it ends with this exit code.
- `<!-- output -->`: a block of text is what the block before it prints; `…` stands for anything.

`<!-- nothing is run: why -->` anywhere on a page leaves out all of its commands and programs; its
configurations are still checked.

A block that begins with the name of a file, `# src/ttv_acme/plugin.py`, is written there.

`<!-- vendors: runway minimax -->` anywhere on a page has its examples run against these vendors on
loopback.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.workspace import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RUN", "Block", "Page", "pages"]

RUN = frozenset({"bash", "console", "python", "sh"})
"""Languages of what is run."""

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>```+)(?P<language>[\w+-]*) *$")
_COMMENT = re.compile(r"^ *<!-- (?P<name>[^:]*?)(?:: (?P<text>.*?))? -->$")
_NOTHING = re.compile(r"<!-- nothing is run: (?P<why>.+?) -->")
_VENDORS = re.compile(r"<!-- vendors: (?P<names>[\w ,-]+) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        language: What the fence says.
        text: What is in it.
        line: Where it begins, from 1.
        marks: The comments right before it, by name.
    """

    language: str
    text: str
    line: int
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def excuse(self) -> str | None:
        """Why it is not run; None if it is."""
        return self.marks.get("not run")


@dataclass(frozen=True)
class Page:
    """A page with examples."""

    path: Path

    @property
    def name(self) -> str:
        """Return its path in the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def vendors(self) -> list[str]:
        """Return whom its examples talk to."""
        found = _VENDORS.search(self.path.read_text(encoding="utf-8"))
        return re.findall(r"[\w-]+", found["names"]) if found else []

    def blocks(self) -> list[Block]:
        """Return its blocks, in order."""
        found: list[Block] = []
        marks: dict[str, str] = {}
        text = self.path.read_text(encoding="utf-8")
        excuse = _NOTHING.search(text)
        lines = enumerate(text.splitlines(), 1)
        for number, line in lines:
            if fence := _FENCE.match(line):
                end = fence["indent"] + fence["ticks"]
                inside = []
                for _, more in lines:
                    if more.rstrip() == end:
                        break
                    inside.append(more.removeprefix(fence["indent"]))
                if excuse and fence["language"] in RUN:
                    marks = {"not run": excuse["why"]} | marks
                found.append(Block(fence["language"], "\n".join(inside), number, marks))
                marks = {}
            elif comment := _COMMENT.match(line):
                marks = {**marks, comment["name"]: comment["text"] or ""}
            elif line.strip():
                marks = {}
        return found


def pages() -> list[Page]:
    """Return every page of the documentation and every README."""
    names = ["README.md", "packages/*/README.md", "docs/**/*.md"]
    found = {path for name in names for path in ROOT.glob(name)}
    left_out = (ROOT / "docs" / "generated", ROOT / "docs" / "_build")
    return [Page(path) for path in sorted(found) if not any(map(path.is_relative_to, left_out))]
