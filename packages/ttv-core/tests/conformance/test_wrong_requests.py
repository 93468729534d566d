"""Backends that send something else than was asked, in one way each: caught by what is meant."""

from __future__ import annotations

from typing import ClassVar

from test_wrong_jobs import LOST
from zoo_rich import RichGenerator, RichKeyedGenerator, RichWords

from ttv_core import Poll, RemoteRef
from ttv_core.testing.conformance.creating import Creating
from ttv_core.testing.conformance.sending import Sending


class Zoo(RichWords, Sending):
    """What is to arrive at a vendor that has all that there is."""


class Creates(RichWords, Creating):
    """What is to be kept of creates."""


class ForgetsThePicture(RichGenerator):
    async def prepare(self, plan):
        sent = dict(await super().prepare(plan))
        sent.pop("picture", None)
        return sent


class TestAPictureThatIsUploadedAndNotNamed(Zoo):
    generator = ForgetsThePicture
    caught_by: ClassVar = {"test_every_mode_is_sent"}


class NamesTheFirstPicture(RichGenerator):
    async def uploaded(self, data):
        await super().uploaded(data)
        return "picture-1"


class TestAlwaysTheFirstPicture(Zoo):
    generator = NamesTheFirstPicture
    caught_by: ClassVar = {"test_every_mode_is_sent"}


class UploadsNoPicture(RichGenerator):
    async def uploaded(self, data):
        return await super().uploaded(b"--" + data)


class TestAnUploadThatTheVendorRefuses(Zoo):
    generator = UploadsNoPicture
    caught_by: ClassVar = {"test_every_mode_is_sent"}


class SendsOneModel(RichGenerator):
    async def prepare(self, plan):
        return {**await super().prepare(plan), "model": "zoo-1"}


class TestOneModelThatIsSentAsAnother(Zoo):
    generator = SendsOneModel
    caught_by: ClassVar = {"test_models_are_sent_as_themselves"}


class Misspells(RichGenerator):
    async def prepare(self, plan):
        sent = dict(await super().prepare(plan))
        if "seed" in sent:
            sent["sead"] = sent.pop("seed")
        return sent


class TestAFieldThatTheVendorDoesNotKnow(Zoo):
    generator = Misspells
    caught_by: ClassVar = {"test_what_is_planned_is_sent"}


class SendsNoOption(RichGenerator):
    async def prepare(self, plan):
        sent = dict(await super().prepare(plan))
        sent.pop("loop", None)
        return sent


class TestAnOptionThatIsPlannedAndNotSent(Zoo):
    generator = SendsNoOption
    caught_by: ClassVar = {"test_what_is_planned_is_sent"}
    says = "options.zoo.loop='never' and options.zoo.loop='always' send the same"


class SendsAShorterOne(RichGenerator):
    async def prepare(self, plan):
        sent = dict(await super().prepare(plan))
        return sent | {"seconds": min(sent["seconds"], 2)}


class TestTheLastOfThreeLengthsThatIsSentAsAnother(Zoo):
    generator = SendsAShorterOne
    caught_by: ClassVar = {"test_what_is_planned_is_sent"}


class TakesWaitingForDone(RichGenerator):
    def read(self, said):
        return Poll(state="done") if said.get("state") == "queued" else super().read(said)


class TestAWordForWaitingThatIsReadAsDone(Zoo):
    generator = TakesWaitingForDone
    caught_by: ClassVar = {"test_each_state_is_read_as_what_it_is"}


class CreatesBeforehand(RichKeyedGenerator):
    async def prepare(self, plan):
        sent = dict(await super().prepare(plan))
        await self.api.create("/videos", json=sent)
        return sent


class TestACreateBeforeTheCreate(Creates):
    generator = CreatesBeforehand
    caught_by: ClassVar = {
        LOST,
        "test_a_video_comes_home_with_one_create",
        "test_a_refusal_is_told_and_not_sent_again",
        "test_a_prompt_that_moderation_refuses_is_a_rejection",
        "test_a_rate_limit_is_waited_for",
        "test_a_rate_limit_that_stays_is_told",
    }
    says = "before `submit` was called"


class SpeaksOfProof(RichGenerator):
    """`lookup` finds nothing, and that is called a proof."""

    async def lookup(self, plan, key, since):
        return None


class TestAProofThatIsNone(Creates):
    generator = SpeaksOfProof
    caught_by: ClassVar = {f"{LOST}[reset before the answer]"}
    says = "`lookup` did not find the job"


class RepeatsWithoutTheKey(RichKeyedGenerator):
    async def submit(self, plan, key):
        return RemoteRef((await self.create(plan.native))["id"])


class TestAKeyThatIsNotSent(Creates):
    generator = RepeatsWithoutTheKey
    caught_by: ClassVar = {f"{LOST}[reset before the answer]"}
    says = "repeated the create with the same key"
