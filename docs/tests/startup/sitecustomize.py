"""For commands of the examples: nobody waits here for a vendor's sake."""

from ttv_core.jobs import semantics


def _quickly(polling):
    object.__setattr__(polling, "floor", 0.05)
    object.__setattr__(polling, "ceiling", 0.1)


semantics.Polling.__post_init__ = _quickly
