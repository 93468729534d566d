"""Find the packages of this repository; nothing else may list them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CORE = "ttv-core"


@dataclass(frozen=True)
class Package:
    """One distribution under `packages/`."""

    folder: Path

    @cached_property
    def pyproject(self) -> dict[str, Any]:
        """Read the package's pyproject.toml."""
        return tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        """Return the distribution's name, as in `ttv-core`."""
        return canonicalize_name(self.pyproject["project"]["name"])

    @property
    def version(self) -> str:
        """Return the version, which pyproject.toml states literally."""
        version: str = self.pyproject["project"]["version"]
        return version

    @property
    def module(self) -> str:
        """Return the name that is imported, as in `ttv_core`."""
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        """Return the folder of the imported package."""
        return self.folder / "src" / self.module

    @property
    def tests(self) -> Path:
        """Return the folder of the tests."""
        return self.folder / "tests"

    @property
    def constraints(self) -> Path | None:
        """Return the package's constraints.txt, where it has one.

        A package with very large dependencies may use it to say which build of them the tests
        should install, such as torch without CUDA.
        """
        path = self.folder / "constraints.txt"
        return path if path.exists() else None

    @property
    def constrained(self) -> set[str]:
        """Return the names of the distributions that the package's constraints.txt fixes."""
        lines = (
            self.constraints.read_text(encoding="utf-8").splitlines() if self.constraints else []
        )
        found = (line.partition("#")[0].strip() for line in lines)
        return {canonicalize_name(Requirement(line).name) for line in found if line}

    @property
    def extras(self) -> list[str]:
        """Return the names of the optional dependencies, sorted."""
        return sorted(self.pyproject["project"].get("optional-dependencies", {}))

    def requirements(self, *extras: str) -> list[Requirement]:
        """Return the declared dependencies, with those of the extras."""
        project = self.pyproject["project"]
        lines = list(project.get("dependencies", []))
        for extra in extras:
            lines += project["optional-dependencies"][extra]
        return [Requirement(line) for line in lines]


def packages() -> dict[str, Package]:
    """Return every package of the repository by its name, the core first."""
    found = [Package(path.parent) for path in ROOT.glob("packages/*/pyproject.toml")]
    found.sort(key=lambda package: (package.name != CORE, package.name))
    return {package.name: package for package in found}


def is_huge(requirements: list[Requirement]) -> bool:
    """Tell whether a package with a constraints.txt is among what is required.

    Args:
        requirements: where to start.
    """
    members = packages()
    return any(members[name].constraints for name in closure(requirements))


def closure(requirements: list[Requirement]) -> dict[str, list[Requirement]]:
    """Follow requirements through the packages of this repository.

    Args:
        requirements: where to start.

    Returns:
        For each distribution of ours that is reached, the requirements it declares, those of the
        wanted extras included.
    """
    members = packages()
    extras: dict[str, set[str]] = {}
    queue = list(requirements)
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        wanted = extras.get(name, set()) | requirement.extras
        if name not in members or extras.get(name) == wanted:
            continue
        extras[name] = wanted
        queue += members[name].requirements(*wanted)
    return {name: members[name].requirements(*wanted) for name, wanted in extras.items()}
