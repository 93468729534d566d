"""Read what a package's changelog says of a version, and what it does not say yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.workspace import Package

FILE = "CHANGELOG.md"


def notes(package: Package, version: str) -> str:
    """Return what the changelog says of a version, without its title; "" if it says nothing."""
    text = (package.folder / FILE).read_text(encoding="utf-8")
    section = rf"^## {re.escape(version)} \([^)]*\)$(.*?)(?=^## |\Z)"
    found = re.search(section, text, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def fragments(package: Package) -> list[str]:
    """Return the names of the fragments that are in no changelog yet."""
    return sorted(path.name for path in package.folder.glob("changes/*.md"))


def problems(package: Package, version: str) -> Iterator[str]:
    """Yield why the changelog is not what a release of a version needs."""
    build = f"nox -s changelog -- {package.name}"
    if waiting := fragments(package):
        yield f"not in the changelog yet: {', '.join(waiting)}; {build}"
    if not notes(package, version):
        yield f"{FILE} says nothing of {version}; {build}"
