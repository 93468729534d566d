"""Backends that plan or describe themselves wrongly, in one way each: caught by what is meant."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from typing import ClassVar

import pytest
from zoo_remote import PRICE, TABLE, ZooGenerator
from zoo_vendor import KEY

from ttv_core import Capabilities, VideoGenerationError
from ttv_core.testing import BackendConformance


class Zoo(BackendConformance):
    """The contract of every backend: no vendor is asked."""

    generator = ZooGenerator
    settings = {"api_key": KEY}
    plugin = "zoo_plugin"


class DropsAField(ZooGenerator):
    def native(self, request, model):
        found = dict(super().native(request, model))
        found.pop("avoid", None)
        return found


class TestAWishThatIsReadAndDropped(Zoo):
    generator = DropsAField
    caught_by: ClassVar = {"test_no_wish_is_dropped"}


class RoundsDown(ZooGenerator):
    def native(self, request, model):
        found = super().native(request, model)
        return {**found, "seconds": min(found["seconds"], 2)}


class TestTheLastOfThreeLengthsThatIsPlannedAsAnother(Zoo):
    generator = RoundsDown
    caught_by: ClassVar = {"test_no_wish_is_dropped"}


class DropsThePicture(ZooGenerator):
    def native(self, request, model):
        return {name: v for name, v in super().native(request, model).items() if name != "picture"}


class TestAPictureThatIsDropped(Zoo):
    generator = DropsThePicture
    caught_by: ClassVar = {"test_no_picture_is_dropped"}


class TakesZeroForNothing(ZooGenerator):
    def native(self, request, model):
        found = dict(super().native(request, model))
        return found if request.seed else {n: v for n, v in found.items() if n != "seed"}


class TestASeedOfZero(Zoo):
    generator = TakesZeroForNothing
    caught_by: ClassVar = {"test_zero_and_no_are_wishes[seed-0]"}


class TakesNoForNothing(ZooGenerator):
    def native(self, request, model):
        found = dict(super().native(request, model))
        return found if request.audio else {n: v for n, v in found.items() if n != "sound"}


class TestSilenceThatIsWanted(Zoo):
    generator = TakesNoForNothing
    caught_by: ClassVar = {"test_zero_and_no_are_wishes[audio-False]"}


class ChangesInSilence(ZooGenerator):
    def plan(self, request=None, /, **fields):
        if isinstance(fields.get("duration"), float):
            fields["duration"] = min(fields["duration"], 5)
        return super().plan(request, **fields)


class TestALengthThatIsCutInSilence(Zoo):
    generator = ChangesInSilence
    caught_by: ClassVar = {
        "test_what_a_model_cannot_do_is_refused",
        "test_what_is_adjusted_is_told",
    }


class AsksTheNetwork(ZooGenerator):
    def native(self, request, model):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), timeout=1).close()
        return super().native(request, model)


class TestAPlanThatAsksTheNetwork(Zoo):
    generator = AsksTheNetwork
    caught_by: ClassVar = {"test_planning_touches_no_network"}


class CountsItsPlans(ZooGenerator):
    numbers = itertools.count()

    def native(self, request, model):
        return {**super().native(request, model), "tier": f"480p-{next(self.numbers)}"}


class TestAPlanThatIsNotPure(Zoo):
    generator = CountsItsPlans
    caught_by: ClassVar = {"test_planning_twice_gives_the_same"}


def table(**changes):
    model = TABLE["models"][0] | changes
    return Capabilities.model_validate(TABLE | {"models": [model, TABLE["models"][1]]})


class HasNoSource(ZooGenerator):
    models = table(prices=[PRICE | {"source": ""}])


class TestAPriceFromNowhere(Zoo):
    generator = HasNoSource
    caught_by: ClassVar = {"test_prices_say_where_they_are_from"}


class ListsAModeWithoutInputs(ZooGenerator):
    models = table(inputs={})


class TestAModeThatCannotBeAskedFor(Zoo):
    generator = ListsAModeWithoutInputs
    caught_by: ClassVar = {
        "test_capabilities_are_whole",
        "test_every_mode_that_is_listed_can_be_asked_for",
    }


class SaysSets(ZooGenerator):
    def get_capabilities(self):
        return super().get_capabilities() | {"supported_formats": {"mp4"}}


class TestCapabilitiesThatAreNoJson(Zoo):
    generator = SaysSets
    caught_by: ClassVar = {"test_capabilities_are_plain_data"}


class TakesEveryOption(ZooGenerator):
    def plan(self, request=None, /, **fields):
        return super().plan(request, **fields | {"options": {}})


class TestAnOptionThatGoesNowhere(Zoo):
    generator = TakesEveryOption
    caught_by: ClassVar = {"test_an_option_that_it_does_not_know_is_refused"}


class TakesEveryModel(ZooGenerator):
    def plan(self, request=None, /, **fields):
        known = fields.get("model") == "zoo-1"
        return super().plan(request, **fields | {"model": fields.get("model") if known else None})


class TestAModelThatIsTakenForAnother(Zoo):
    generator = TakesEveryModel
    caught_by: ClassVar = {"test_an_unknown_model_is_told"}


class TakesEverySetting(ZooGenerator):
    def __init__(self, settings=None, /, **values):
        super().__init__(settings, **{n: v for n, v in values.items() if n != "no_such_setting"})


class TestASettingThatGoesNowhere(Zoo):
    generator = TakesEverySetting
    caught_by: ClassVar = {"test_a_wrong_setting_is_told"}


class EstimatesAnew(ZooGenerator):
    def estimate_cost(self, **kwargs):
        return 0.0


class TestACostThatIsNotThePlans(Zoo):
    generator = EstimatesAnew
    caught_by: ClassVar = {"test_the_five_methods_say_what_the_plan_says"}


class TestAHeavyPlugin(Zoo):
    plugin = "zoo_heavy_plugin"
    caught_by: ClassVar = {"test_discovery_imports_nothing_heavy"}


class TestAPluginThatSaysSomethingElse(Zoo):
    plugin = "zoo_lying_plugin"
    caught_by: ClassVar = {"test_the_plugin_describes_this_backend"}


class TestNoPlugin(Zoo):
    plugin = ""
    caught_by: ClassVar = {
        "test_discovery_imports_nothing_heavy",
        "test_the_plugin_describes_this_backend",
    }


class PlansWithAnEngine(ZooGenerator):
    def native(self, request, model):
        import av

        assert av
        return super().native(request, model)


class TestAPlanThatImportsAnEngine(Zoo):
    generator = PlansWithAnEngine
    caught_by: ClassVar = {"test_planning_imports_no_engine"}


class PlansForLong(ZooGenerator):
    def native(self, request, model):
        started = time.thread_time()
        while time.thread_time() - started < 0.02:
            pass
        return super().native(request, model)


class TestAPlanThatTakesLong(Zoo):
    generator = PlansForLong
    caught_by: ClassVar = {"test_planning_is_quick"}

    @pytest.fixture(autouse=True)
    def hurry(self, monkeypatch):
        monkeypatch.setattr("ttv_core.testing.conformance.plans._MOST_CPU", 0.01)


class ReadsOnlyWhatItKnows(ZooGenerator):
    def plan(self, request=None, /, **fields):
        return super().plan(request, **{n: v for n, v in fields.items() if n != "colour"})


class TestAFieldThatIsNone(Zoo):
    generator = ReadsOnlyWhatItKnows
    caught_by: ClassVar = {"test_a_field_that_is_none_is_told"}


class KeepsALock(ZooGenerator):
    def plan(self, request=None, /, **fields):
        try:
            return super().plan(request, **fields)
        except VideoGenerationError as error:
            error.generator = self, threading.Lock()
            raise


class TestAnErrorThatCannotBePickled(Zoo):
    generator = KeepsALock
    caught_by: ClassVar = {"test_errors_cross_process_boundaries"}


class TestATestThatIsReplaced(Zoo):
    caught_by: ClassVar = {"test_no_test_of_the_kit_is_left_out"}

    def test_planning_is_quick(self):
        pass


class TestATestThatIsTakenAway(Zoo):
    caught_by: ClassVar = {"test_no_test_of_the_kit_is_left_out"}
    test_planning_is_quick = None
