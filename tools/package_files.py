"""Check that every package carries what a package must: `python -m tools.package_files`."""

from __future__ import annotations

import re
import sys
import tomllib
from typing import TYPE_CHECKING

from tools.workspace import CORE, ROOT, Package, packages

if TYPE_CHECKING:
    from collections.abc import Iterator


def problems(package: Package, kinds: set[str]) -> Iterator[str]:
    """Yield what is wrong with a package's files.

    Args:
        package: the package to look at.
        kinds: the kinds of changelog fragments.
    """
    for needed in (
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        f"src/{package.module}/__init__.py",
        f"src/{package.module}/py.typed",
    ):
        if not (package.folder / needed).is_file():
            yield f"{needed} is missing"
    license_file = package.folder / "LICENSE"
    if license_file.is_file() and license_file.read_bytes() != (ROOT / "LICENSE").read_bytes():
        yield "LICENSE differs from the LICENSE of the repository"
    if not any(package.tests.rglob("test_*.py")):
        yield "tests/ holds no test_*.py"
    if "test" not in package.pyproject.get("dependency-groups", {}):
        yield "pyproject.toml has no dependency group `test`"
    if package.name != CORE and not _bounds_the_core(package):
        yield f"pyproject.toml must require {CORE} with a lower and an upper bound"
    named_well = re.compile(rf"(\+[\w-]+|\d+)\.({'|'.join(kinds)})\.md|\.gitignore")
    for fragment in package.folder.glob("changes/*"):
        if not named_well.fullmatch(fragment.name):
            yield f"changes/{fragment.name} is not named like +what-changed.added.md"


def _bounds_the_core(package: Package) -> bool:
    bounds = {
        specifier.operator
        for requirement in package.requirements()
        if requirement.name == CORE
        for specifier in requirement.specifier
    }
    return ">=" in bounds and "<" in bounds


def main() -> int:
    """Print every problem and return the exit status."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    kinds = {kind["directory"] for kind in root["tool"]["towncrier"]["type"]}
    found = [
        f"{package.folder.relative_to(ROOT)}: {problem}"
        for package in packages().values()
        for problem in problems(package, kinds)
    ]
    print("\n".join(found) or "Every package has its files.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
