"""The contract of every backend."""

from __future__ import annotations

from ttv_core.testing.conformance.complaints import Complaints
from ttv_core.testing.conformance.data import Data
from ttv_core.testing.conformance.discovery import Discovery
from ttv_core.testing.conformance.fields import Fields
from ttv_core.testing.conformance.options import Options
from ttv_core.testing.conformance.overriding import Overriding
from ttv_core.testing.conformance.plans import Plans
from ttv_core.testing.conformance.shown import Shown

__all__ = ["BackendConformance"]


class BackendConformance(Discovery, Data, Fields, Options, Plans, Complaints, Shown, Overriding):
    """What every backend keeps; use it as it is for a class of the five methods.

    A backend at a vendor takes `RemoteConformance`, one that runs here `LocalConformance`; both
    have these tests too.

    Example:
        >>> from ttv_core.testing import BackendConformance
        >>> class TestAcme(BackendConformance):
        ...     generator = "AcmeGenerator"  # the class itself, in your tests
        ...     settings = {"api_key": "k-0123456789"}
    """
