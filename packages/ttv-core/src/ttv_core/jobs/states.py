"""The states of a job at a vendor, and which may follow which: data, and nothing else.

```
prepared ──> submitting ──> accepted ──> running ──> remote_done ──> completed
               │  ^            ^  │          │
               v  │ absent     │  └──> cancelling ──> cancelled
           reconciling ────────┤
               v               │ adopt
            unknown ───────────┘
```

Whatever ends a *wait* (a deadline, Ctrl-C, the end of the process) is no state: the job goes on.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACCEPTED", "STATES", "TERMINAL", "TRANSITIONS", "UNSETTLED", "State", "may_follow"]

State = Literal[
    "prepared",
    "submitting",
    "reconciling",
    "unknown",
    "accepted",
    "running",
    "remote_done",
    "completed",
    "failed",
    "cancelling",
    "cancelled",
    "expired",
    "abandoned",
]
STATES: tuple[State, ...] = get_args(State)

_AT_THE_VENDOR: frozenset[State] = frozenset(
    {"remote_done", "failed", "cancelling", "cancelled", "expired"}
)

TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        # Durable before anything leaves: what is to be sent, to whom, for how much.
        "prepared": frozenset({"submitting", "failed", "cancelled"}),
        # A create may be on its way. Back to prepared only if it surely was not accepted.
        "submitting": frozenset({"accepted", "prepared", "failed", "reconciling", "unknown"}),
        # Its answer was lost; the vendor is asked, never told again.
        "reconciling": frozenset({"accepted", "prepared", "failed", "unknown"}),
        # Nobody can tell but a person: adopt, confirm-not-submitted, abandon.
        "unknown": frozenset({"accepted", "prepared", "reconciling", "abandoned"}),
        "accepted": _AT_THE_VENDOR | {"running", "abandoned"},
        "running": _AT_THE_VENDOR | {"abandoned"},
        # The vendor may refuse to cancel, or be done before it hears of it.
        "cancelling": frozenset({"running", "remote_done", "failed", "cancelled", "expired"}),
        # The video is there and paid for; only fetching it is left.
        "remote_done": frozenset({"completed", "failed", "expired", "abandoned"}),
        "completed": frozenset(),
        "failed": frozenset(),
        "cancelled": frozenset(),
        "expired": frozenset(),
        "abandoned": frozenset(),
    }
)

TERMINAL: frozenset[State] = frozenset(state for state, after in TRANSITIONS.items() if not after)
"""Nothing follows."""

ACCEPTED: frozenset[State] = frozenset({"accepted", "running", "cancelling", "remote_done"})
"""The vendor has the job, and its id is known."""

UNSETTLED: frozenset[State] = frozenset({"submitting", "reconciling", "unknown"})
"""It is not known whether the vendor has the job, or it was not when the process ended."""


def may_follow(before: State, after: State) -> bool:
    """Tell whether a job may go from one state to another; staying is always allowed."""
    return before == after or after in TRANSITIONS[before]
