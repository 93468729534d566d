"""The contract of a backend that runs on this machine."""

from __future__ import annotations

from ttv_core.testing.conformance.backend import BackendConformance
from ttv_core.testing.conformance.dying import Dying
from ttv_core.testing.conformance.rendering import Rendering
from ttv_core.testing.conformance.stopping import Stopping

__all__ = ["LocalConformance"]


class LocalConformance(Rendering, Stopping, Dying, BackendConformance):
    """What a backend on this machine keeps: it makes what was planned, and leaves nothing behind.

    Subclass it, and name the generator and a request that it serves quickly.

    Example:
        >>> from ttv_core.testing import LocalConformance
        >>> class TestGrey(LocalConformance):
        ...     generator = "GreyGenerator"  # the class itself, in your tests
        ...     asks = {"prompt": "a fox", "size": "128x72", "duration": 0.5}
    """
