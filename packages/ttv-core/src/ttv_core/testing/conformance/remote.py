"""The contract of a backend at a vendor."""

from __future__ import annotations

from ttv_core.testing.conformance.answers import Answers
from ttv_core.testing.conformance.arriving import Arriving
from ttv_core.testing.conformance.backend import BackendConformance
from ttv_core.testing.conformance.cancelling import Cancelling
from ttv_core.testing.conformance.creating import Creating
from ttv_core.testing.conformance.finding import Finding
from ttv_core.testing.conformance.leaking import Leaking
from ttv_core.testing.conformance.linking import Linking
from ttv_core.testing.conformance.sending import Sending
from ttv_core.testing.conformance.watching import Watching

__all__ = ["Jobs", "RemoteConformance"]


class Jobs(Creating, Sending, Finding, Watching, Cancelling, Arriving, Linking, Answers, Leaking):
    """What only a backend at a vendor has to keep."""


class RemoteConformance(Jobs, BackendConformance):
    """What a backend at a vendor keeps: paid at most once, and nothing lost.

    Subclass it, and name the generator, its settings, the simulator of its vendor, and the states
    of the vendor in its own words; `python -m pydoc ttv_core.testing.conformance` tells of each.

    Example:
        >>> from ttv_core.testing import RemoteConformance
        >>> class TestAcme(RemoteConformance):
        ...     generator = "AcmeGenerator"  # the class itself, in your tests
        ...     settings = {"api_key": "k-0123456789"}
        ...     simulator = "Acme"  # likewise
        ...     running, done, failed = "running", "succeeded", "failed"
        ...     filtered = {"status": "failed", "code": "moderation"}
        ...     empty = {"status": "succeeded", "url": None}
    """
