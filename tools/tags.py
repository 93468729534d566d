"""Tags of releases: `ttv-core-v0.2.0` is version 0.2.0 of the package ttv-core."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from pathlib import Path

    from tools.workspace import Package


def split_tag(tag: str) -> tuple[str, Version]:
    """Return the package and the version that a tag names.

    Raises:
        ValueError: it is no tag of a release.
    """
    named = re.fullmatch(r"(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)-v(?P<version>[0-9].*)", tag)
    try:
        if named and str(version := Version(named["version"])) == named["version"]:
            return named["name"], version
    except InvalidVersion:
        pass
    message = f"{tag!r} is no tag of a release; they are called like ttv-core-v0.2.0"
    raise ValueError(message)


def tag_of(package: Package, version: Version | str) -> str:
    """Return the tag of a package's release."""
    return f"{package.name}-v{version}"


def releases(package: Package) -> list[Version]:
    """Return the versions of a package that were released in the history of what is checked out."""
    listed = _git(package.folder, "tag", "--merged", "HEAD", "--list", tag_of(package, "*"))
    found = []
    for tag in (listed or "").split():
        try:
            found.append(split_tag(tag)[1])
        except ValueError:
            continue
    return sorted(found)


def file_at(tag: str, path: Path) -> str | None:
    """Return a file as it was at a tag; None if there was none."""
    return _git(path.parent, "show", f"{tag}:./{path.name}")


def commit_of(folder: Path, name: str) -> str | None:
    """Return the commit that a name means; None if it means none."""
    found = _git(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return found.strip() if found else None


def date_of(folder: Path, name: str) -> int:
    """Return when a commit was made, in seconds since the epoch."""
    return int(_git(folder, "show", "--no-patch", "--format=%ct", f"{name}^{{commit}}") or 0)


def changed_files(folder: Path) -> list[str]:
    """Return the files of a folder that are not as they were committed."""
    listed = _git(folder, "status", "--porcelain", "--untracked-files=all", ".") or ""
    return [line[3:] for line in listed.splitlines()]


def _git(folder: Path, *words: str) -> str | None:
    done = subprocess.run(
        ["git", *words], cwd=folder, check=False, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout if done.returncode == 0 else None
