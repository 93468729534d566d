"""Check what built files hold: the sources, the license, the metadata, and nothing else."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import tarfile
import zipfile
from configparser import ConfigParser
from email.parser import HeaderParser
from typing import TYPE_CHECKING, Any

from packaging.metadata import Metadata
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from email.message import Message
    from pathlib import Path

    from tools.workspace import Package

_FIXED = {
    "License-Expression": "MIT",
    "License-File": "LICENSE",
    "Requires-Python": ">=3.11",
    "Description-Content-Type": "text/markdown",
}
_NEEDED = ("Summary", "Author", "Keywords", "Classifier")


def metadata_of(wheel: Path) -> Message:
    """Return the metadata of a wheel; its payload is the description."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def problems(package: Package, wheel: Path) -> Iterator[str]:
    """Yield what is wrong with a package's wheel.

    Args:
        package: the package that was built.
        wheel: its wheel.
    """
    dist_info = f"{package.module}-{package.version}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    expected = {
        path.relative_to(package.folder / "src").as_posix()
        for path in package.source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pth"
    }
    expected |= {f"{dist_info}/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    expected.add(f"{dist_info}/licenses/LICENSE")
    points = _entry_points(package)
    if points:
        expected.add(f"{dist_info}/entry_points.txt")
    yield from _set_apart(expected, held)
    if f"{package.module}/py.typed" not in held:
        yield "py.typed is missing"

    def text(name: str) -> str:
        return held.get(f"{dist_info}/{name}", b"").decode()

    yield from _in_metadata(package, text("METADATA"))
    yield from _in_record(held, text("RECORD"))
    written = ConfigParser(delimiters=("=",))
    written.optionxform = str  # type: ignore[assignment,method-assign]
    written.read_string(text("entry_points.txt"))
    if {group: dict(written[group]) for group in written.sections()} != points:
        yield "entry_points.txt is not what pyproject.toml says"
    stated = HeaderParser().parsestr(text("WHEEL"))
    if (stated["Root-Is-Purelib"], stated.get_all("Tag")) != ("true", ["py3-none-any"]):
        yield "WHEEL does not say that it is for every Python 3"


def sdist_problems(package: Package, sdist: Path, tracked: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with a package's source distribution.

    Args:
        package: the package that was built.
        sdist: its source distribution.
        tracked: the files of the package that belong to it.
    """
    root = f"{package.module}-{package.version}"
    with tarfile.open(sdist) as archive:
        held = {member.name for member in archive if not member.isdir()}
    yield from _set_apart({f"{root}/{path}" for path in (*tracked, "PKG-INFO")}, held)


def _set_apart(expected: Iterable[str], held: Iterable[str]) -> Iterator[str]:
    expected, held = set(expected), set(held)
    yield from (f"{path} is missing" for path in sorted(expected - held))
    yield from (f"{path} does not belong there" for path in sorted(held - expected))


def _in_metadata(package: Package, text: str) -> Iterator[str]:
    try:
        Metadata.from_email(text)
    except ExceptionGroup as group:
        yield from (f"METADATA: {error}" for error in group.exceptions)
    metadata = HeaderParser().parsestr(text)
    fixed = _FIXED | {"Name": package.name, "Version": package.version}
    for field, value in fixed.items():
        if metadata[field] != value:
            yield f"METADATA: {field} is {metadata[field]!r}, not {value!r}"
    yield from (f"METADATA: {field} is missing" for field in _NEEDED if not metadata[field])
    if not str(metadata.get_payload()).strip():
        yield "METADATA: the description is empty"
    said = {str(Requirement(line)) for line in metadata.get_all("Requires-Dist") or []}
    for line in sorted(said ^ _requirements(package)):
        yield f"METADATA: {line!r} is in one of Requires-Dist and pyproject.toml"


def _requirements(package: Package) -> set[str]:
    """Return what is declared, as metadata has it: those of an extra have a marker."""
    found = {str(each) for each in package.requirements()}
    for extra in package.extras:
        for line in package.pyproject["project"]["optional-dependencies"][extra]:
            requirement, _, marker = line.partition(";")
            both = f"({marker}) and extra == '{extra}'" if marker else f"extra == '{extra}'"
            found.add(str(Requirement(f"{requirement}; {both}")))
    return found


def _entry_points(package: Package) -> dict[str, Any]:
    project = package.pyproject["project"]
    scripts = {"console_scripts": project["scripts"]} if "scripts" in project else {}
    return {**scripts, **project.get("entry-points", {})}


def _in_record(held: dict[str, bytes], text: str) -> Iterator[str]:
    listed = {path: digest for path, digest, _ in csv.reader(io.StringIO(text))}
    yield from (f"RECORD does not list {path}" for path in sorted(held.keys() - listed.keys()))
    for path, content in held.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        if listed.get(path) not in {None, "", f"sha256={digest}"}:
            yield f"{path} is not what RECORD says"
