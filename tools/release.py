"""Make all that a release of one package publishes: `python -m tools.release TAG [--dry-run]`.

The tag names the package and the version: `ttv-core-v0.2.0`. What is made lies in `dist/TAG/`:
`upload/` for the package index, the SBOM of the wheel, and the release's notes. Nothing is sent.
With `--dry-run` the tag need not be there: version and changelog are set in a copy, as the release
would have them, and all else is done as it is.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import changelogs, tags, wheel_contents
from tools.api_changes import breaks_since, problems_of_all, says_so
from tools.reproducible import build_twice, tracked
from tools.sbom import sbom
from tools.workspace import ROOT, Package, packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

DIST = ROOT / "dist"


class NoReleaseError(Exception):
    """What is asked for cannot be released; each argument is a reason."""


def about_tag(package: Package, tag: str) -> Iterator[str]:
    """Yield why a tag is not on what is checked out, clean."""
    here = tags.commit_of(package.folder, "HEAD")
    if tags.commit_of(package.folder, f"refs/tags/{tag}") != here:
        yield f"the tag {tag} is not on the commit that is checked out"
    if changed := tags.changed_files(package.folder):
        yield f"files differ from those of the commit: {', '.join(changed)}"


def about_version(package: Package, version: Version) -> Iterator[str]:
    """Yield why a package is not ready to be released as a version."""
    if package.version != str(version):
        yield f"pyproject.toml says {package.version}, the tag {version}"
    if package.pyproject["project"].get("dynamic"):
        yield "pyproject.toml leaves something open that only a build decides"
    yield from changelogs.problems(package, str(version))


def about_breaks(package: Package, version: Version) -> Iterator[str]:
    """Yield what breaks since the release before, if the version does not say that it may."""
    last, broken = breaks_since(package, version)
    if last is not None and broken and not says_so(last, version):
        listed = "\n".join(f"    {line}" for line in broken)
        yield f"{version} does not say that it breaks what {last} had:\n{listed}"


@contextlib.contextmanager
def rehearsal(package: Package, version: Version) -> Iterator[Package]:
    """Give a copy of a package whose version and changelog are those of the release."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "packages", package.name)
        for path in tracked(package):
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(package.folder / path, copy / path)
        project = copy / "pyproject.toml"
        stated = re.sub(
            r'^version = ".*"$',
            f'version = "{version}"',
            project.read_text(encoding="utf-8"),
            count=1,
            flags=re.MULTILINE,
        )
        project.write_text(stated, encoding="utf-8")
        made = Package(copy)
        if changelogs.fragments(made):
            where = ["--config", str(ROOT / "pyproject.toml"), "--dir", str(copy)]
            named = ["--name", package.name, "--version", str(version)]
            command = [sys.executable, "-m", "towncrier", "build", "--yes", *where, *named]
            subprocess.run(command, cwd=copy, check=True, stdout=subprocess.DEVNULL)
        yield made


def make(package: Package, into: Path, date: int) -> list[str]:
    """Build and check a package's files, write its SBOM and notes, and return the problems.

    Args:
        package: the package as it is released.
        into: where all of it goes; made anew.
        date: seconds since the epoch, for the archives.
    """
    shutil.rmtree(into, ignore_errors=True)
    upload = into / "upload"
    found = build_twice(package, upload, date)
    name = f"{package.module}-{package.version}"
    wheel, sdist = upload / f"{name}-py3-none-any.whl", upload / f"{name}.tar.gz"
    if strangers := {path.name for path in upload.iterdir()} ^ {wheel.name, sdist.name}:
        return [*found, f"built or missing: {', '.join(sorted(strangers))}"]
    found += [f"{wheel.name}: {each}" for each in wheel_contents.problems(package, wheel)]
    held = wheel_contents.sdist_problems(package, sdist, tracked(package))
    found += [f"{sdist.name}: {each}" for each in held]
    (into / f"{name}.cdx.json").write_text(sbom(wheel, date), encoding="utf-8")
    text = changelogs.notes(package, package.version)
    (into / "notes.md").write_text(f"{text}\n", encoding="utf-8")
    return found


def release(tag: str, *, dry_run: bool = False) -> Path:
    """Make a release and return the folder it is in.

    Raises:
        NoReleaseError: it cannot be released as it stands.
        ValueError: it is no tag of a release.
    """
    name, version = tags.split_tag(tag)
    package = packages().get(name)
    if package is None:
        raise NoReleaseError(f"there is no package {name}; there are {', '.join(packages())}")
    found = list(problems_of_all([package]))
    found += about_breaks(package, version)
    if not dry_run:
        found += about_tag(package, tag)
    date = tags.date_of(package.folder, "HEAD")
    with rehearsal(package, version) if dry_run else contextlib.nullcontext(package) as ready:
        found += about_version(ready, version)
        if not found:
            found += make(ready, DIST / tag, date)
    if found:
        raise NoReleaseError(*found)
    return DIST / tag


def main(tag: str, *options: str) -> int:
    """Make a release, say what was made, and return the exit status."""
    if unknown := [option for option in options if option != "--dry-run"]:
        print(f"unknown: {' '.join(unknown)}", file=sys.stderr)
        return 2
    try:
        folder = release(tag, dry_run="--dry-run" in options)
    except (NoReleaseError, ValueError) as error:
        print("\n".join(map(str, error.args)), file=sys.stderr)
        return 1
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
