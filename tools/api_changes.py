"""Hold what packages offer against what is written down: `python -m tools.api_changes [--write]`.

Each package's `api.txt` is its public face, so that a change of it is seen in review. What is gone
since the package's last release breaks somebody's code: that has to be said, either by a changelog
fragment of the kind `changed` or `removed`, or by a version that says so already.
"""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING

from packaging.version import Version

from tools.public_face import ABSTRACT, REQUIRED, core_public, public_faces
from tools.tags import file_at, releases, tag_of
from tools.workspace import Package, packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FILE = "api.txt"
WRITE = "nox -s api -- --write"
_DECLARE = ("changed", "removed")


def breaks(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Return what breaks those who use or derive from what was there before.

    Args:
        before: the lines of an `api.txt`.
        after: those of a later one.
    """
    was, now = set(before), set(after)
    gone = [f"- {line}" for line in sorted(was - now)]
    known = {line.partition(": ")[0] for line in was}
    new = (line for line in sorted(now - was) if _asks_more(line, known, was))
    return gone + [f"+ {line}" for line in new]


def _asks_more(line: str, known: set[str], was: set[str]) -> bool:
    """Tell whether a new line is one that callers or derived classes must comply with."""
    if line.endswith(REQUIRED):
        called = line.partition("(")[0]
        # A parameter whose other facts changed is among those that are gone.
        return called in known or any(each.startswith(f"{called}(") for each in was)
    return ABSTRACT in line and line.partition(ABSTRACT)[0].rpartition(".")[0] in known


def says_so(before: Version, after: Version) -> bool:
    """Tell whether a version says that it may break: a new major one, or a new minor one of 0."""
    if after.major != before.major:
        return after.major > before.major
    return before.major == 0 and after.minor > before.minor


def breaks_since(package: Package, version: Version) -> tuple[Version | None, list[str]]:
    """Return the release that a version follows, if there is one, and what breaks since then.

    What is compared are the files: that they are what the source has is checked by `problems`.
    """
    out = releases(package)
    earlier = [each for each in out if each < version]
    # A version that is out may be built anew, but says nothing else any more.
    last = version if version in out else max(earlier, default=None)
    kept = None if last is None else file_at(tag_of(package, last), package.folder / FILE)
    return last, [] if kept is None else breaks(_lines(kept), _kept(package))


def problems(package: Package, face: list[str]) -> Iterator[str]:
    """Yield what is wrong with a package's public face.

    Args:
        package: the package.
        face: its public face, as its source has it.
    """
    kept = _kept(package)
    if kept != face:
        diff = difflib.unified_diff(kept, face, f"{FILE}", "source", lineterm="", n=0)
        shown = "\n".join(f"    {line}" for line in list(diff)[2:])
        yield f"{FILE} is not what the source has; if that is meant: {WRITE}\n{shown}"
    version = Version(package.version)
    last, broken = breaks_since(package, version)
    if last is None or not broken or says_so(last, version):
        return
    if not [path for kind in _DECLARE for path in package.folder.glob(f"changes/*.{kind}.md")]:
        listed = "\n".join(f"    {line}" for line in broken)
        yield f"breaks since {last}, in no fragment {' or '.join(_DECLARE)} told:\n{listed}"


def problems_of_all(members: Iterable[Package]) -> Iterator[str]:
    """Yield what is wrong with the public faces of packages, each with its package's name."""
    faces = public_faces(packages().values(), core_public())
    for package in members:
        yield from (f"{package.name}: {each}" for each in problems(package, faces[package.name]))


def write(path: Path, package: Package, face: list[str]) -> None:
    """Write a package's public face down."""
    about = f"# What {package.name} offers to others. A line that goes breaks them. {WRITE}"
    path.write_text("\n".join((about, *face, "")), encoding="utf-8")


def _kept(package: Package) -> list[str]:
    path = package.folder / FILE
    return _lines(path.read_text(encoding="utf-8")) if path.exists() else []


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def main(*arguments: str) -> int:
    """Check every package, or write down what it has, and return the exit status."""
    members = packages()
    if "--write" in arguments:
        for name, face in public_faces(members.values(), core_public()).items():
            write(members[name].folder / FILE, members[name], face)
    found = list(problems_of_all(members.values()))
    print("\n".join(found))
    for name, package in members.items():
        if not releases(package):
            print(f"{name}: no release yet; {FILE} is where it begins")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
