"""Read from a package's source what it offers to others, a line for each fact.

Nothing is imported. Each parameter has a line of its own, so that one which is added takes none
away: a line that is gone is something that somebody may have relied on.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import griffe

from tools.workspace import CORE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tools.workspace import Package

REQUIRED = ", required"
ABSTRACT = ": abstractmethod "
_KINDS = {"abstractmethod", "async", "classmethod", "staticmethod"}


def public_faces(members: Iterable[Package], of_core: Iterable[str]) -> dict[str, list[str]]:
    """Return each package's lines, in the order of its modules and names.

    Args:
        members: the packages to read.
        of_core: the modules of the core that others may import.
    """
    members = list(members)
    loader = griffe.GriffeLoader(search_paths=[package.source.parent for package in members])
    for package in members:
        loader.load(package.module)
    loader.resolve_aliases(implicit=True, external=False)
    faces = _Faces(loader.modules_collection)
    named = {
        package.name: faces.named(of_core if package.name == CORE else _own_modules(package))
        for package in members
    }
    return {
        package.name: [*_entry_points(package), *faces.lines(named[package.name])]
        for package in members
    }


def core_public() -> list[str]:
    """Return the modules of the core that others may import, by the import contracts."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rules = root["tool"]["import-contracts"]
    return [*rules["public"], *rules["hosts_public"]]


def _own_modules(package: Package) -> list[str]:
    """Name a backend's own module, and that of what users write into its configuration."""
    settings = package.source / "settings.py"
    return [package.module, *([f"{package.module}.settings"] if settings.exists() else [])]


def _entry_points(package: Package) -> Iterator[str]:
    """Yield what is found under a name: backends, commands, extras."""
    project = package.pyproject["project"]
    for group, names in sorted(project.get("entry-points", {}).items()):
        yield from (f"entry point {group}: {name}" for name in sorted(names))
    yield from (f"command: {name}" for name in sorted(project.get("scripts", {})))
    yield from (f"extra: {name}" for name in package.extras)


class _Faces:
    """Writes each object under its first public name; what a public base has stands there."""

    def __init__(self, modules: griffe.ModulesCollection) -> None:
        self.modules = modules
        self.public: dict[str, str] = {}

    def named(self, modules: Iterable[str]) -> dict[str, griffe.Object | str]:
        """Return what stands under the public names of some modules, and keep where it does."""
        named = dict(pair for module in sorted(modules) for pair in self.names(module))
        for path, found in named.items():
            if isinstance(found, griffe.Object):
                self.public.setdefault(found.path, path)
        return named

    def lines(self, named: dict[str, griffe.Object | str]) -> Iterator[str]:
        for path, found in named.items():
            first = found if isinstance(found, str) else self.public[found.path]
            if first != path:
                yield f"{path}: is {first}"
            elif isinstance(found, griffe.Class):
                yield from self.a_class(path, found)
            else:
                yield from _lines(path, found)

    def names(self, path: str) -> Iterator[tuple[str, griffe.Object | str]]:
        """Yield a module's public names, each with what it stands for, or where that is."""
        module = self.modules[path]
        names = module.exports
        if names is None:
            members = module.members.items()
            names = [name for name, each in members if not each.is_alias and each.is_class]
        for name in sorted(str(name) for name in names):
            if name.startswith("_"):
                continue
            found = module[name]
            try:
                yield f"{path}.{name}", found.final_target if found.is_alias else found
            except griffe.AliasResolutionError as elsewhere:
                yield f"{path}.{name}", elsewhere.alias.target_path

    def a_class(self, path: str, found: griffe.Class) -> Iterator[str]:
        mro = found.mro()
        bases = [self.public[each.path] for each in mro if each.path in self.public]
        resolved = {each.name for each in (found, *mro)}
        foreign = {str(base) for each in (found, *mro) for base in each.bases}
        bases += sorted(base for base in foreign if base.partition("[")[0] not in resolved)
        yield f"{path}: class({', '.join(bases)})"
        for name, member in sorted(found.all_members.items()):
            target = member.final_target if isinstance(member, griffe.Alias) else member
            assert target.parent is not None
            inherited = target.parent is not found and target.parent.path in self.public
            # What it inherits from another distribution is that one's to keep.
            if inherited or target.package is not found.package or target.is_class:
                continue
            if name == "model_config":  # pydantic's, and seen by what it does
                continue
            if name == "__init__":
                yield from _parameters(path, target)
            elif not name.startswith("_") or _is_special(name, target):
                yield from _lines(f"{path}.{name}", target)


def _is_special(name: str, found: Any) -> bool:
    """Tell whether it is what Python calls for `with`, `for`, `len()` and the like."""
    hidden = {"__post_init__", "__repr__", "__str__", "__reduce__", "__getattr__"}
    return found.is_function and name.endswith("__") and name not in hidden


def _lines(path: str, found: Any) -> Iterator[str]:
    if found.is_function:
        kind = " ".join((*sorted(found.labels & _KINDS), "function"))
        yield f"{path}: {kind} -> {found.returns or 'unsaid'}"
        yield from _parameters(path, found)
        return
    annotation = f": {found.annotation}" if found.annotation else ""
    # What an instance is given is no default.
    value = _default(found.value) if found.labels != {"instance-attribute"} else ""
    yield f"{path}{annotation}{f' = {value}' if value else ''}"


def _parameters(path: str, function: Any) -> Iterator[str]:
    """Yield a line for each parameter; its place counts only where it can be given by place."""
    place = 0
    for each in function.parameters:
        kind = each.kind
        if kind is griffe.ParameterKind.keyword_only:
            how = "by name"
        elif kind in {
            griffe.ParameterKind.var_keyword,
            griffe.ParameterKind.var_positional,
        }:
            how = "any more"
        else:
            if not place and each.name in {"self", "cls"}:
                continue
            place += 1
            only = kind is griffe.ParameterKind.positional_only
            how = f"place {place}" + (" only" if only else "")
        needed = "" if how == "any more" else REQUIRED if each.required else ""
        default = f" = {each.default}" if each.default is not None and how != "any more" else ""
        annotation = f": {each.annotation}" if each.annotation else ""
        yield f"{path}({each.name}{annotation}{default}) {how}{needed}"


def _default(value: Any) -> str:
    """Return a plain default, also one given to pydantic's `Field`; limits are no part of it."""
    if isinstance(value, griffe.ExprCall):
        named = (each for each in value.arguments if isinstance(each, griffe.ExprKeyword))
        return next((str(each.value) for each in named if each.name == "default"), "")
    text = str(value) if value is not None else ""
    return text if len(text) <= 200 else ""
