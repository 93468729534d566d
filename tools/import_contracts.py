"""Check who imports whom, across every package found: `python -m tools.import_contracts`.

The layers of the core and its public modules are data in the root pyproject.toml. The contracts
between packages follow from the packages that exist and are written here. import-linter checks all.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Any

from importlinter.cli import lint_imports
from packaging.utils import canonicalize_name

from tools.workspace import CORE, ROOT, Package, packages

Contract = dict[str, Any]


def contracts_between(members: dict[str, Package], rules: dict[str, Any]) -> list[Contract]:
    """Write the contracts that follow from the packages found.

    Args:
        members: every package by its name.
        rules: the table `tool.import-contracts` of the root pyproject.toml.

    Returns:
        Contracts as import-linter reads them.
    """
    core = members[CORE]
    others = [package for package in members.values() if package is not core]
    modules = _modules(core)
    hosts = [package.module for package in others if package.module in rules["hosts"]]
    hosts_public = [module for module in modules if module in rules["hosts_public"]]
    private = [module for module in modules if module not in rules["public"] + hosts_public]
    return [
        {
            "name": "The core knows no backend",
            "type": "forbidden",
            "source_modules": [core.module],
            "forbidden_modules": [package.module for package in others],
        },
        {
            "name": "Others use only the core's public face",
            "type": "protected",
            "protected_modules": private,
            "allowed_importers": [core.module],
        },
        {
            "name": "Backends do not run the core",
            "type": "protected",
            "protected_modules": hosts_public,
            "allowed_importers": [core.module, *hosts],
        },
        *(
            {
                "name": f"Nobody imports {package.module}" + (" undeclared" if users else ""),
                "type": "protected",
                "protected_modules": [package.module],
                "allowed_importers": [package.module, *users],
            }
            for package in others
            for users in [_declared_users(package, others, rules["engines"])]
        ),
        *(
            {
                "name": f"Only {owner} imports {library}",
                "type": "forbidden",
                "source_modules": [p.module for p in members.values() if p.module != owner],
                "forbidden_modules": [library],
                "allow_indirect_imports": True,
            }
            for library, owner in rules["libraries"].items()
        ),
    ]


def _modules(package: Package) -> list[str]:
    """Name the direct submodules."""
    files = [path.stem for path in package.source.glob("*.py") if path.stem != "__init__"]
    folders = [path.parent.name for path in package.source.glob("*/__init__.py")]
    return sorted(f"{package.module}.{name}" for name in files + folders)


def _declared_users(package: Package, others: list[Package], engines: list[str]) -> list[str]:
    """Name the packages that may build on this one: it is an engine, and they declare it."""
    if package.module not in engines:
        return []
    return [
        other.module
        for other in others
        if package.name in {canonicalize_name(needed.name) for needed in other.requirements()}
    ]


def _as_ini(options: dict[str, Any], contracts: list[Contract]) -> ConfigParser:
    """Write import-linter's options in the form that the standard library can write."""
    ini = ConfigParser(interpolation=None)
    sections = {"importlinter": options}
    sections |= {f"importlinter:contract:{n}": each for n, each in enumerate(contracts)}
    for title, section in sections.items():
        ini[title] = {
            key: "\n" + "\n".join(value) if isinstance(value, list) else str(value)
            for key, value in section.items()
        }
    return ini


def _check(options: dict[str, Any], contracts: list[Contract]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "importlinter.ini")
        with config.open("w", encoding="utf-8") as file:
            _as_ini(options, contracts).write(file)
        return lint_imports(str(config), no_cache=True, no_logo=True)


def main() -> int:
    """Check all contracts and return the exit status."""
    members = {name: each for name, each in packages().items() if each.source.exists()}
    sys.path[:0] = [str(package.source.parent) for package in members.values()]
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]

    within_core = dict(tool["importlinter"])
    failed = _check(within_core, within_core.pop("contracts"))

    modules = [package.module for package in members.values()]
    between = contracts_between(members, tool["import-contracts"])
    # A contract that protects nothing says nothing.
    between = [contract for contract in between if [] not in contract.values()]
    options = {"root_packages": modules, "include_external_packages": True}
    return _check(options, between) or failed


if __name__ == "__main__":
    sys.exit(main())
