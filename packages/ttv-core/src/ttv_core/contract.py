"""The five methods that make a class a backend, by name: nothing here needs to import anything."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FIVE_METHODS", "missing_methods"]

FIVE_METHODS = (
    "generate_video",
    "get_capabilities",
    "estimate_cost",
    "validate_inputs",
    "is_available",
)


def missing_methods(cls: Any) -> list[str]:
    """Return which methods a class still lacks to be a backend, whatever it derives from.

    Besides the five, these are the abstract methods that it does not implement: a class that has
    any cannot be made.

    Raises:
        TypeError: If it is no class.
    """
    if not isinstance(cls, type):
        msg = f"{cls!r} is no class"
        raise TypeError(msg)
    missing = [name for name in FIVE_METHODS if not callable(getattr(cls, name, None))]
    abstract = sorted(getattr(cls, "__abstractmethods__", ()))
    return list(dict.fromkeys((*missing, *abstract)))
