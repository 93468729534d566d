"""What a machine must have is said without a look at any machine: it may be another one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ttv_core import Needs
from ttv_diffusers import DiffusersGenerator


@pytest.mark.parametrize(
    ("settings", "native", "needs"),
    [
        ({}, {}, Needs(gpus=1)),
        ({"device": "cuda:1"}, {}, Needs(gpus=1)),
        ({"gpus": 4}, {}, Needs(gpus=4)),
        ({"device": "cpu"}, {}, Needs(cpus=1)),
        ({"device": "cpu", "threads": 6}, {}, Needs(cpus=6)),
        ({"device": "mps"}, {}, Needs(cpus=1)),
        ({"device": "cpu"}, {"gpus": 8}, Needs(gpus=8)),  # of the official repository's scripts
    ],
)
def test_needs_are_as_the_settings_say(settings, native, needs):
    plan = SimpleNamespace(native=native)
    assert DiffusersGenerator(**settings).needs(plan) == needs
