"""Tools for those who write backends: a strict vendor on loopback, with every fault there is.

It needs `pip install "ttv-core[testing]"`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ttv_core.testing.simulator import Fault, Logged, Simulator, Task

__all__ = ["Fault", "Logged", "Simulator", "Task"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from ttv_core.testing import simulator

    return getattr(simulator, name)
