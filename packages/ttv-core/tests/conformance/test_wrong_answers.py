"""Backends that read answers wrongly, in one way each: caught by the tests meant for it."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from zoo_rich import RichGenerator, RichWords

from ttv_core import InvalidInputError, QuotaExceededError, RemoteFile
from ttv_core.testing.conformance.answers import Answers
from ttv_core.testing.conformance.creating import Creating
from ttv_core.testing.conformance.linking import Linking

PROMPT = "test_a_prompt_that_moderation_refuses_is_a_rejection"


class Links(RichWords, Linking):
    """What is to be kept of links."""


class Creates(RichWords, Creating):
    """What is to be kept of creates."""


class TakesCentsForDollars(RichGenerator):
    def read(self, said):
        return super().read(said | {"cents": 100 * said["cents"]} if "cents" in said else said)


class TestCentsThatAreTakenForDollars(Creates):
    generator = TakesCentsForDollars
    caught_by: ClassVar = {"test_what_it_cost_is_of_the_size_of_the_plan"}


class TakesModerationForAMistake(RichGenerator):
    def said(self, reply):
        if reply.status == 422:
            raise InvalidInputError("zoo refuses a field", status_code=422)
        return super().said(reply)


class TestAPromptThatIsRefusedAsAMistake(Creates):
    generator = TakesModerationForAMistake
    caught_by: ClassVar = {PROMPT}


class WaitsForMoney(RichGenerator):
    def said(self, reply):
        if reply.status == 402:
            raise QuotaExceededError("zoo wants money", status_code=402, retryable=False)
        return super().said(reply)


class TestALackOfMoneyThatIsARateLimit(Creates):
    generator = WaitsForMoney
    caught_by: ClassVar = {"test_a_refusal_is_told_and_not_sent_again[402]"}


class KeepsTheFirstLink(RichGenerator):
    async def fetch(self, ref):
        return vars(self).setdefault("link", await super().fetch(ref))


class TestOneLinkForAllJobs(Links):
    generator = KeepsTheFirstLink
    caught_by: ClassVar = {"test_links_are_those_of_now"}


class KeepsALinkForEachJob(RichGenerator):
    async def fetch(self, ref):
        return vars(self).setdefault(f"link of {ref.id}", await super().fetch(ref))


class TestALinkThatIsKept(Links):
    generator = KeepsALinkForEachJob
    caught_by: ClassVar = {"test_links_are_those_of_now"}
    says = "other links by now"


class SendsTheKeyAlong(RichGenerator):
    async def fetch(self, ref):
        headers = {"Authorization": f"Bearer {self.key}"}
        return [RemoteFile(url=file.url, headers=headers) for file in await super().fetch(ref)]


class TestAKeyThatGoesToAnotherHost(Links):
    generator = SendsTheKeyAlong
    caught_by: ClassVar = {"test_no_secret_goes_to_another_host"}


class NeedsEveryField(RichGenerator):
    def read(self, said):
        assert Decimal(said["percent"]) >= 0
        return super().read(said)


class TestAFieldThatIsNotThere(RichWords, Answers):
    generator = NeedsEveryField
    caught_by: ClassVar = {"test_a_field_that_is_missing_is_no_accident"}


class PassesTheWordOn(RichGenerator):
    def read(self, said):
        found = super().read(said)
        if said.get("state") is None:
            object.__setattr__(found, "state", None)
        return found


class TestAStateThatIsNone(RichWords, Answers):
    generator = PassesTheWordOn
    caught_by: ClassVar = {"test_a_field_that_is_missing_is_no_accident"}
    says = "tells the state None"
