"""What a new backend may be called: what can be installed and imported, and is still free."""

from __future__ import annotations

import re

__all__ = ["LONGEST", "objection"]

LONGEST = 24
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TAKEN = frozenset({"auto", "backend", "cli", "core", "example", "plugin", "ray", "test", "tests"})


def objection(name: str) -> str:
    """Return why a backend cannot be called so, and what can be done; "" if it can.

    Args:
        name: The name, without "ttv-".
    """
    if not _NAME.fullmatch(name):
        likely = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").removeprefix("ttv-")
        hint = f"; {likely!r} would do" if _NAME.fullmatch(likely) else ""
        return (
            f"{name!r} is no name for a backend: lower case letters, digits and single hyphens, "
            f"a letter first{hint}"
        )
    if len(name) > LONGEST:
        return f"{name!r} is longer than {LONGEST} characters"
    if name in _TAKEN:
        return f"{name!r} means something else in ttv; choose another name"
    return _known(name) or _installed(name)


def _known(name: str) -> str:
    from ttv_core.known import known_backends

    for known in known_backends():
        if name in known.names or known.distribution == f"ttv-{name}":
            return f"{name!r} is the backend of {known.distribution}, by {known.by}; choose another"
    return ""


def _installed(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec

    from ttv_core.plugins import default_manager

    for record in default_manager().records:
        if name in record.names:
            owner = f"{record.distribution} {record.version}"
            return (
                f"{name!r} is installed already, by {owner}; choose another name, or uninstall it"
            )
    try:
        return f"ttv-{name} {version(f'ttv-{name}')} is installed already; choose another name"
    except PackageNotFoundError:
        pass
    module = f"ttv_{name.replace('-', '_')}"
    if find_spec(module) is not None:
        return f"there is a module {module} already; choose another name"
    return ""
