"""No test of the kit is one that cannot fail: each catches a wrong backend."""

from __future__ import annotations

import test_wrong_answers
import test_wrong_jobs
import test_wrong_keys
import test_wrong_local_backends
import test_wrong_options
import test_wrong_plans
import test_wrong_requests

from ttv_core.testing import LocalConformance, RemoteConformance

ZOO = (
    test_wrong_answers,
    test_wrong_jobs,
    test_wrong_keys,
    test_wrong_local_backends,
    test_wrong_options,
    test_wrong_plans,
    test_wrong_requests,
)


def test_every_test_of_the_kit_catches_a_wrong_backend():
    kit = {
        name
        for kind in (LocalConformance, RemoteConformance)
        for name in dir(kind)
        if name.startswith("test_")
    }
    caught = {
        name.partition("[")[0]
        for module in ZOO
        for kind in vars(module).values()
        for name in getattr(kind, "caught_by", ())
    }
    assert caught == kit
