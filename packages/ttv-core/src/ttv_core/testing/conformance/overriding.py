"""The kit holds for every backend: a test that is left out says why."""

from __future__ import annotations

from typing import Any

from ttv_core.testing.conformance.base import Conformance
from ttv_core.testing.conformance.verdict import all_hold

__all__ = ["Overriding"]

_KIT = __package__


class Overriding(Conformance):
    """The test of the tests."""

    def test_no_test_of_the_kit_is_left_out(self) -> None:
        """Look for tests of the kit that a subclass replaces or takes away without a reason."""
        kind = type(self)
        names = sorted(
            {
                name
                for base in kind.__mro__
                if base.__module__.startswith(_KIT)
                for name in vars(base)
                if name.startswith("test_")
            }
        )
        all_hold(
            [
                f"{kind.__name__}.{name} replaces a test of the kit, and gives no reason"
                for name in names
                if not _is_kept(getattr(kind, name, None))
            ],
            mend='mark it with @pytest.mark.xfail(reason="why it cannot hold here"), and call '
            "super(); what a model cannot do belongs into its capabilities instead",
            see=_KIT,
        )


def _is_kept(test: Any) -> bool:
    """Tell whether a test is the kit's own, or says why it may fail."""
    if getattr(test, "__module__", "").startswith(_KIT):
        return True
    marks = getattr(test, "pytestmark", [])
    return callable(test) and any(
        mark.name == "xfail" and str(mark.kwargs.get("reason", "")).strip() for mark in marks
    )
