"""Turn declared lower bounds into exact pins, to test that they are honest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.workspace import Package, closure, is_huge, packages

if TYPE_CHECKING:
    from collections.abc import Iterable


def lowest_versions(requirements: list[Requirement]) -> list[str]:
    """Pin every direct dependency of what is required to the lowest version that all allow.

    Dependencies of this repository's own packages are followed; these packages themselves are not
    pinned, for they are installed as built; nor is what a package's constraints fix.

    Args:
        requirements: the packages to be installed, with their extras.

    Returns:
        Constraints for pip, one a line, sorted.

    Raises:
        ValueError: a dependency has no lower bound.
    """
    ours = packages()
    needed = closure(requirements)
    not_pinned = ours.keys() | {name for owner in needed for name in ours[owner].constrained}
    lowest: dict[str, Version] = {}
    for owner, declared in needed.items():
        for requirement in declared:
            name = canonicalize_name(requirement.name)
            if name in not_pinned or (requirement.marker and not requirement.marker.evaluate()):
                continue
            bound = _lower_bound(requirement, owner)
            lowest[name] = max(bound, lowest.get(name, bound))
    return sorted(f"{name}=={version}" for name, version in lowest.items())


def lowest_groups(members: Iterable[Package]) -> list[list[Package]]:
    """Put packages together whose lowest versions agree: one environment then does for all.

    A package is in the first group in which nobody pins a distribution to another version. What a
    constraints.txt fixes is huge, and is only where it is needed.

    Args:
        members: the packages, the one that gives a group its name before the others.
    """
    groups: list[tuple[bool, dict[str, str], list[Package]]] = []
    for package in members:
        needed = [all_of(package)]
        huge = is_huge(needed)
        pins = dict(line.split("==") for line in lowest_versions(needed))
        for other_huge, shared, group in groups:
            if huge == other_huge and pins.items() <= (pins | shared).items():
                shared.update(pins)
                group.append(package)
                break
        else:
            groups.append((huge, pins, [package]))
    return [group for _, _, group in groups]


def all_of(package: Package) -> Requirement:
    """Return what requires a package with all of its extras."""
    return Requirement(f"{package.name}[{','.join(package.extras)}]")


def _lower_bound(requirement: Requirement, owner: str) -> Version:
    bounds = [
        Version(specifier.version)
        for specifier in requirement.specifier
        if specifier.operator in {">=", "~=", "=="}
    ]
    if not bounds:
        message = f"{owner}: the dependency `{requirement}` has no lower bound; add `>=`"
        raise ValueError(message)
    return max(bounds)
