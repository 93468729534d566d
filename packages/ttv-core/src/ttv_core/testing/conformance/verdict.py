"""How the kit tells what is wrong: what was seen, how to mend it, and where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["all_hold", "broken", "holds", "told"]

_MOST = 12


def broken(seen: str, *, mend: str, see: str) -> NoReturn:
    """Fail the test, in words for the author of a backend.

    Args:
        seen: What the backend did.
        mend: What to change.
        see: The name whose documentation is the contract; `python -m pydoc` shows it.
    """
    __tracebackhide__ = True
    pytest.fail(f"{seen}\n\nto mend it: {mend}\nthe contract: python -m pydoc {see}", pytrace=False)


def holds(promise: object, seen: str, *, mend: str, see: str) -> None:
    """Fail the test unless a promise holds; see `broken`."""
    __tracebackhide__ = True
    if not promise:
        broken(seen, mend=mend, see=see)


def all_hold(problems: Iterable[str], *, mend: str, see: str) -> None:
    """Fail the test if there are problems, and tell them one by one; see `broken`."""
    __tracebackhide__ = True
    found = list(dict.fromkeys(problems))
    more = [f"… and {len(found) - _MOST} more"] if len(found) > _MOST else []
    if found:
        broken("\n".join([*found[:_MOST], *more]), mend=mend, see=see)


def told(error: BaseException) -> str:
    """Return an error in one line, with what caused it."""
    cause = error.__cause__
    return f"{error!r}, caused by {cause!r}" if cause is not None else repr(error)
