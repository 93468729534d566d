"""Check what a built wheel holds: the sources, the license, the metadata, and nothing else."""

from __future__ import annotations

import zipfile
from email.parser import HeaderParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.workspace import Package


def problems(package: Package, wheel: Path) -> Iterator[str]:
    """Yield what is wrong with a package's wheel.

    Args:
        package: the package that was built.
        wheel: its wheel.
    """
    dist_info = f"{package.module}-{package.version}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        metadata = HeaderParser().parsestr(archive.read(f"{dist_info}/METADATA").decode())
    expected = {
        path.relative_to(package.folder / "src").as_posix()
        for path in package.source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pth"
    }
    expected |= {f"{dist_info}/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    expected.add(f"{dist_info}/licenses/LICENSE")
    if package.pyproject["project"].keys() & {"entry-points", "scripts"}:
        expected.add(f"{dist_info}/entry_points.txt")
    yield from (f"{path} is missing" for path in sorted(expected - held))
    yield from (f"{path} does not belong there" for path in sorted(held - expected))

    if f"{package.module}/py.typed" not in held:
        yield "py.typed is missing"
    for field, value in {"License-Expression": "MIT", "Requires-Python": ">=3.11"}.items():
        if metadata[field] != value:
            yield f"METADATA: {field} is {metadata[field]!r}, not {value!r}"
    if not str(metadata.get_payload()).strip():
        yield "METADATA: the description is empty"
