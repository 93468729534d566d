"""Jobs at vendors, as the journal has them: look at them, and settle what only a person can know.

A job outlives the process that started it; `ttv_core.resume` takes one up again.

```
looking      get, select, attempts, costs, expected_seconds, jobs_here, is_worked_on
settling     adopt, confirm_not_submitted, abandon, ask_to_cancel, purge
records      JobRecord, AttemptRecord, JobHere, Spending; STATES, TERMINAL, ending, state_folder
errors       JournalError, an OutputError: the journal cannot be used
backends     SubmitSemantics, IdempotencyKey, Lookup, Polling: what a vendor promises
```

`python -m pydoc ttv_core.jobs.Lookup` tells of one.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ttv_core.jobs.folder import state_folder
    from ttv_core.jobs.here import JobHere, jobs_here
    from ttv_core.jobs.record import AttemptRecord, JobRecord
    from ttv_core.jobs.runner import ending
    from ttv_core.jobs.semantics import IdempotencyKey, Lookup, Polling, SubmitSemantics
    from ttv_core.jobs.states import STATES, TERMINAL
    from ttv_core.jobs.store import JournalError
    from ttv_core.jobs.verbs import (
        Spending,
        abandon,
        adopt,
        ask_to_cancel,
        attempts,
        confirm_not_submitted,
        costs,
        expected_seconds,
        get,
        is_worked_on,
        purge,
        select,
    )

_HOME = {
    "folder": ("state_folder",),
    "here": ("JobHere", "jobs_here"),
    "record": ("AttemptRecord", "JobRecord"),
    "runner": ("ending",),
    "semantics": ("IdempotencyKey", "Lookup", "Polling", "SubmitSemantics"),
    "states": ("STATES", "TERMINAL"),
    "store": ("JournalError",),
    "verbs": (
        "Spending",
        "abandon",
        "adopt",
        "ask_to_cancel",
        "attempts",
        "confirm_not_submitted",
        "costs",
        "expected_seconds",
        "get",
        "is_worked_on",
        "purge",
        "select",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "STATES",
    "TERMINAL",
    "AttemptRecord",
    "IdempotencyKey",
    "JobHere",
    "JobRecord",
    "JournalError",
    "Lookup",
    "Polling",
    "Spending",
    "SubmitSemantics",
    "abandon",
    "adopt",
    "ask_to_cancel",
    "attempts",
    "confirm_not_submitted",
    "costs",
    "ending",
    "expected_seconds",
    "get",
    "is_worked_on",
    "jobs_here",
    "purge",
    "select",
    "state_folder",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    module = _MODULE_OF.get(name)
    if module is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{module}"), name)
