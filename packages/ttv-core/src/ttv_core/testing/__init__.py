"""Tools for those who write backends: the contract as tests, and a strict vendor on loopback.

Subclass `BackendConformance`, `RemoteConformance` or `LocalConformance` to have a backend checked;
`ttv_core.testing.conformance` shows how. It needs `pip install "ttv-core[testing]"`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ttv_core.testing.conformance.backend import BackendConformance
    from ttv_core.testing.conformance.local import LocalConformance
    from ttv_core.testing.conformance.remote import RemoteConformance
    from ttv_core.testing.readme import check_readme, check_table, models_table
    from ttv_core.testing.simulator import Fault, Logged, Simulator, Task
    from ttv_core.testing.state import own_state

_MODULE_OF = {
    "BackendConformance": "conformance.backend",
    "Fault": "simulator",
    "LocalConformance": "conformance.local",
    "Logged": "simulator",
    "RemoteConformance": "conformance.remote",
    "Simulator": "simulator",
    "Task": "simulator",
    "check_readme": "readme",
    "check_table": "readme",
    "models_table": "readme",
    "own_state": "state",
}

__all__ = [
    "BackendConformance",
    "Fault",
    "LocalConformance",
    "Logged",
    "RemoteConformance",
    "Simulator",
    "Task",
    "check_readme",
    "check_table",
    "models_table",
    "own_state",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _MODULE_OF:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
