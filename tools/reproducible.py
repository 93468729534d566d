"""Build a package twice, as differently as two machines would, and compare the files byte by byte.

Folder, age and mode of the files, time zone, umask and the order of sets differ; the date that is
written into archives is that of the commit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.workspace import Package

_MACHINES: tuple[Mapping[str, str], ...] = (
    {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"},
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "2"},
)
_UMASKS = (0o022, 0o077)


def build_twice(package: Package, into: Path, date: int) -> list[str]:
    """Build a package's wheel and sdist, and return in what two builds differ.

    Args:
        package: the package to build.
        into: where its files go; made anew.
        date: seconds since the epoch, for the archives.

    Returns:
        Problems; none if both builds are the same byte by byte.
    """
    shutil.rmtree(into, ignore_errors=True)
    with tempfile.TemporaryDirectory() as again:
        _build(package, into, date, 0)
        _build(package, Path(again), date, 1)
        return list(differences(into, Path(again)))


def differences(first: Path, second: Path) -> Iterator[str]:
    """Yield in what the files of two folders differ."""
    names = {path.name for folder in (first, second) for path in folder.iterdir()}
    if not names:
        yield "nothing was built"
    for name in sorted(names):
        both = [folder / name for folder in (first, second)]
        if not all(path.is_file() for path in both):
            yield f"{name} was built once, and not again"
        elif both[0].read_bytes() != both[1].read_bytes():
            yield f"{name} differs when it is built again"


def _build(package: Package, into: Path, date: int, machine: int) -> None:
    """Build from a copy; what git does not know takes no part."""
    into.mkdir(parents=True, exist_ok=True)
    variables = os.environ | _MACHINES[machine] | {"SOURCE_DATE_EPOCH": str(date)}
    with tempfile.TemporaryDirectory(prefix="ttv-build-" + "x" * 40 * machine) as folder:
        copy = Path(folder, package.name)
        for path in tracked(package):
            target = copy / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((package.folder / path).read_bytes())
            target.chmod((0o644, 0o600)[machine])
            os.utime(target, (10**9 * machine, 10**9 * machine + 315_532_800))
        command = [sys.executable, "-m", "hatchling", "build", "--directory", str(into.resolve())]
        umask = _UMASKS[machine]
        done = subprocess.run(
            command, cwd=copy, env=variables, umask=umask, check=False, capture_output=True
        )
    if done.returncode:
        message = f"{package.name} cannot be built:\n{done.stderr.decode(errors='replace')}"
        raise RuntimeError(message)
    for built in into.iterdir():
        built.chmod(0o644)


def tracked(package: Package) -> list[str]:
    """Return the files of a package that git knows, or would; all of them outside of git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(
        command, cwd=package.folder, check=False, capture_output=True, encoding="utf-8"
    )
    if done.returncode == 0:
        listed = [path for path in done.stdout.split("\0") if path]
    else:
        found = (path for path in package.folder.rglob("*") if "__pycache__" not in path.parts)
        listed = [path.relative_to(package.folder).as_posix() for path in found]
    return sorted(path for path in listed if (package.folder / path).is_file())
