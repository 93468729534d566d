"""Right backends pass all of the kit."""

from __future__ import annotations

from typing import ClassVar

import pytest
from zoo_five import FiveMethods
from zoo_local import GreyGenerator
from zoo_remote import TABLE, KeyedGenerator, ZooGenerator
from zoo_rich import RichKeyedGenerator, RichWords
from zoo_vendor import KEY
from zoo_words import Words

from ttv_core import Capabilities
from ttv_core.testing import BackendConformance, LocalConformance, RemoteConformance
from ttv_core.testing.conformance.remote import Jobs


class TestRemote(Words, RemoteConformance):
    pass


class TestKeyed(Words, RemoteConformance):
    generator = KeyedGenerator


class TestRich(RichWords, RemoteConformance):
    pass


class TestRichAndKeyed(RichWords, Jobs):
    generator = RichKeyedGenerator


class TestLocal(LocalConformance):
    generator = GreyGenerator
    plugin = "zoo_plugin"
    asks = {"prompt": "a fox", "duration": 0.5}


class TakesJpegOnly(ZooGenerator):
    models = Capabilities.model_validate(
        {
            **TABLE,
            "models": [TABLE["models"][0] | {"inputs": {"first_frame": {"formats": ["jpeg"]}}}],
        }
    )


class TestOneThatTakesJpegOnly(BackendConformance):
    generator = TakesJpegOnly
    settings = {"api_key": KEY}
    plugin = "zoo_plugin"


class TestFiveMethods(BackendConformance):
    generator = FiveMethods
    plugin = None
    asks = {"prompt": "a fox", "duration": 5, "seed": 0}


class TestWithAReason(TestLocal):
    caught_by: ClassVar = frozenset()

    @pytest.mark.xfail(reason="a test of the kit may be left out for a reason", strict=True)
    def test_planning_is_quick(self):
        super().test_planning_is_quick()
        pytest.fail("this backend is slow")
