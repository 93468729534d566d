"""Backends that treat keys, lookups and cancels wrongly, in one way each."""

from __future__ import annotations

from typing import ClassVar

from zoo_rich import RichGenerator, RichKeyedGenerator, RichWords

from ttv_core import BackendUnavailableError, Poll, RemoteRef, VideoGenerationError
from ttv_core.testing.conformance.cancelling import Cancelling
from ttv_core.testing.conformance.finding import Finding

FOUND = "test_a_job_whose_answer_was_lost_is_found"


class Keys(RichWords, Finding):
    """What is to be kept of keys."""


class Cancels(RichWords, Cancelling):
    """What is to be kept of cancels."""


class HasOneKey(RichKeyedGenerator):
    async def submit(self, plan, key):
        return await super().submit(plan, "zoo")


class TestOneKeyForAll(Keys):
    generator = HasOneKey
    caught_by: ClassVar = {"test_two_requests_are_two_jobs", FOUND}


class SendsNoKey(RichKeyedGenerator):
    semantics = RichKeyedGenerator.semantics

    async def submit(self, plan, key):
        return RemoteRef((await self.create(plan.native))["id"])


class TestAKeyThatIsDeclaredAndNotSent(Keys):
    generator = SendsNoKey
    caught_by: ClassVar = {
        "test_a_create_that_is_repeated_with_its_key_is_one_job",
        FOUND,
    }


class FindsNothing(RichGenerator):
    async def lookup(self, plan, key, since):
        await super().lookup(plan, key, since)


class TestAJobThatIsThereAndNotFound(Keys):
    generator = FindsNothing
    caught_by: ClassVar = {FOUND}


class FindsTheLast(RichGenerator):
    async def lookup(self, plan, key, since):
        return RemoteRef("task-000001")


class TestAJobThatIsFoundByNoKey(Keys):
    generator = FindsTheLast
    caught_by: ClassVar = {FOUND}
    says = "with which nothing was created"


class FindsAnother(RichKeyedGenerator):
    async def lookup(self, plan, key, since):
        found = await super().lookup(plan, key, since)
        return found and RemoteRef(f"{found.id}-x")


class TestAnIdThatIsNone(Keys):
    generator = FindsAnother
    caught_by: ClassVar = {FOUND}


class TakesNoAnswerForNone(RichGenerator):
    async def lookup(self, plan, key, since):
        try:
            return await super().lookup(plan, key, since)
        except VideoGenerationError:
            return None


class TestAnAnswerThatCountsAsAbsence(Keys):
    generator = TakesNoAnswerForNone
    caught_by: ClassVar = {"test_an_answer_that_is_no_list_proves_nothing"}


class TakesNoListForAnEmptyOne(RichGenerator):
    async def lookup(self, plan, key, since):
        reply = await self.api.request("GET", "/videos", params={"key": key})
        found = self.listed(reply).get("videos")
        return RemoteRef(found[0]) if found else None

    def listed(self, reply):
        if not reply.ok or not isinstance(reply.json(), dict):
            raise BackendUnavailableError("zoo said something else", retryable=True)
        return reply.json()


class TestAListThatIsNotThere(Keys):
    generator = TakesNoListForAnEmptyOne
    caught_by: ClassVar = {"test_an_answer_that_is_no_list_proves_nothing"}
    says = "without videos"


class SaysThatItWasCancelled(RichGenerator):
    async def cancel(self, ref):
        return Poll(state="cancelled")


class TestACancelThatIsOnlySaid(Cancels):
    generator = SaysThatItWasCancelled
    caught_by: ClassVar = {
        "test_a_job_is_cancelled_if_the_vendor_can",
        "test_a_job_that_goes_on_is_not_cancelled",
    }


class TakesTooLateForCancelled(RichGenerator):
    async def cancel(self, ref):
        await self.api.request("DELETE", f"/videos/{ref.id}")
        return Poll(state="cancelled")


class TestACancelThatIsRefused(Cancels):
    generator = TakesTooLateForCancelled
    caught_by: ClassVar = {"test_a_job_that_goes_on_is_not_cancelled"}
