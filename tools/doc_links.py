"""Check the links of Markdown files without a network: files, headings, and the form of addresses.

Links into pages that the documentation's build writes are left to Sphinx, which checks them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tools.workspace import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["problems", "slug"]

_FENCE = re.compile(r"^ *(```+).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?\s*\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_WRITTEN_BY_THE_BUILD = "/generated/"


def markdown_files() -> list[Path]:
    """Return every Markdown file that a clone would hold."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def problems(path: Path) -> list[str]:
    """Return what is wrong with the links of a file.

    Args:
        path: A Markdown file.
    """
    text = _CODE.sub(_blank, _FENCE.sub(_blank, path.read_text(encoding="utf-8")))
    found = []
    for link in _LINK.finditer(text):
        line = text.count("\n", 0, link.start()) + 1
        if wrong := _wrong(path, link[1]):
            found.append(f"{path.relative_to(ROOT)}:{line}: {link[1]}: {wrong}")
    return found


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _wrong(path: Path, target: str) -> str:
    parts = urlsplit(target)
    if parts.scheme:
        good = parts.scheme == "https" and "." in (parts.hostname or "") and not parts.username
        return "" if good else "it is no https address"
    if _WRITTEN_BY_THE_BUILD in f"/{parts.path}":
        return ""
    file = (path.parent / parts.path).resolve() if parts.path else path
    if not file.is_relative_to(ROOT):
        return "it leads out of the repository"
    if not file.exists():
        return "there is no such file"
    known = not parts.fragment or file.suffix != ".md" or parts.fragment in headings(file)
    return "" if known else "the file has no such heading"


@cache
def headings(path: Path) -> frozenset[str]:
    """Return the anchors of a file's headings."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    return frozenset(slug(heading) for heading in _HEADING.findall(text))


def slug(heading: str) -> str:
    """Return the anchor of a heading, as sites make it.

    Args:
        heading: Its text.
    """
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.strip().replace(" ", "-")


if __name__ == "__main__":
    sys.exit("\n".join(wrong for path in markdown_files() for wrong in problems(path)) or 0)
