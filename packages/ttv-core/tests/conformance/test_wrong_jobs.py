"""Backends that treat jobs wrongly, in one way each: caught by the tests that are meant for it."""

from __future__ import annotations

import contextlib
import threading
from typing import ClassVar

from zoo_remote import ZooGenerator, ZooSettings
from zoo_words import Words

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    ConfigurationError,
    GenerationFailedError,
    InvalidInputError,
    Poll,
    QuotaExceededError,
    RemoteFile,
    RemoteRef,
    SubmitSemantics,
    VideoGenerationError,
)
from ttv_core.testing import RemoteConformance
from ttv_core.testing.conformance.remote import Jobs

LOST = "test_a_lost_answer_makes_no_second_job"
TWICE = {
    "test_a_video_comes_home_with_one_create",
    "test_a_rate_limit_is_waited_for",
    "test_a_question_that_fails_ends_nothing",
    "test_a_failed_job_says_so",
    "test_a_filtered_result_is_a_rejection",
    "test_done_without_a_video_is_an_error",
    "test_the_end_of_a_wait_is_not_the_end_of_the_job",
    "test_a_job_is_cancelled_if_the_vendor_can",
    "test_a_download_that_breaks_is_gone_on_with",
    "test_what_is_no_whole_video_is_no_file",
    "test_a_killed_process_loses_nothing",
}


class Zoo(Words, Jobs):
    """What only a backend at a vendor has to keep."""


class CreatesAgain(ZooGenerator):
    async def create(self, native):
        try:
            return await super().create(native)
        except BackendUnavailableError as error:
            if error.code == "not_sent":
                raise
            return await super().create(native)


class TestASecondCreateForALostAnswer(Zoo):
    generator = CreatesAgain
    caught_by: ClassVar = {LOST}


class KeepsTheRetriesOfAnSdk(ZooGenerator):
    """As an SDK with `max_retries=2` does: on broken connections, 429 and 5xx."""

    async def create(self, native):
        for _ in range(2):
            with contextlib.suppress(BackendUnavailableError, QuotaExceededError):
                return await super().create(native)
        return await super().create(native)


class TestTheRetriesOfAnSdk(Zoo):
    generator = KeepsTheRetriesOfAnSdk
    caught_by: ClassVar = {
        LOST,
        "test_a_rate_limit_is_waited_for",
        "test_a_rate_limit_that_stays_is_told",
    }


class CreatesTwoJobs(ZooGenerator):
    async def submit(self, plan, key):
        await super().submit(plan, key)
        return await super().submit(plan, key)


class TestTwoJobsForOneRequest(Zoo):
    generator = CreatesTwoJobs
    caught_by: ClassVar = TWICE
    says = "One call of `submit` sent 2"


class SaysThatItWasRefused(ZooGenerator):
    semantics = SubmitSemantics(
        definite_reject=frozenset({400, 401, 402, 403, 404, 413, 422, 429, 500}),
        cancel=True,
        evidence="a guess",
    )


class TestAnErrorOfTheServerThatCountsAsARefusal(Zoo):
    generator = SaysThatItWasRefused
    caught_by: ClassVar = {f"{LOST}[500]"}


class SaysThatABrokenAnswerWasRefused(SaysThatItWasRefused):
    async def create(self, native):
        try:
            return await super().create(native)
        except BackendUnavailableError as error:
            if error.code == "not_sent":
                raise
            raise BackendUnavailableError(error.message, status_code=500, retryable=True) from error


class TestALostAnswerThatCountsAsARefusal(Zoo):
    generator = SaysThatABrokenAnswerWasRefused
    caught_by: ClassVar = {LOST}
    says = "taken as refused"


class DropsAFieldWhenSending(ZooGenerator):
    async def create(self, native):
        return await super().create({name: v for name, v in native.items() if name != "seed"})


class TestAWishThatIsPlannedAndNotSent(Zoo):
    generator = DropsAFieldWhenSending
    caught_by: ClassVar = {"test_what_is_planned_is_sent"}


class SwallowsTheFilter(ZooGenerator):
    def failure(self, said):
        return GenerationFailedError(f"zoo could not: {said.get('code')}")


class TestAFilterThatCountsAsAFailure(Zoo):
    generator = SwallowsTheFilter
    caught_by: ClassVar = {"test_a_filtered_result_is_a_rejection"}


class TakesAllForDone(ZooGenerator):
    def read(self, said):
        known = {"queued", "running", "cancelled", "failed"}
        return super().read(said if said.get("state") in known else {**said, "state": "done"})


class TestAnUnknownWordThatCountsAsDone(Zoo):
    generator = TakesAllForDone
    caught_by: ClassVar = {"test_an_unknown_word_is_unknown"}


class TakesAllForQueued(ZooGenerator):
    def read(self, said):
        found = super().read(said)
        return Poll(state="queued") if found.state == "unknown" else found


class TestAnUnknownWordThatCountsAsQueued(Zoo):
    generator = TakesAllForQueued
    caught_by: ClassVar = {"test_an_unknown_word_is_unknown"}


class ForgetsAWord(ZooGenerator):
    def read(self, said):
        return Poll(state="unknown") if said.get("state") == "running" else super().read(said)


class TestAWordThatIsForgotten(Zoo):
    generator = ForgetsAWord
    caught_by: ClassVar = {"test_each_state_is_read_as_what_it_is"}


class TellsPercent(ZooGenerator):
    def read(self, said):
        return super().read(said | {"percent": (said.get("percent") or 0) * 100})


class TestProgressInPercent(Zoo):
    generator = TellsPercent
    caught_by: ClassVar = {"test_progress_is_a_fraction_that_grows"}


class FailsOnAQuestion(ZooGenerator):
    async def poll(self, ref):
        try:
            return await super().poll(ref)
        except VideoGenerationError as error:
            return Poll(state="failed", error=error)


class TestAQuestionThatEndsTheJob(Zoo):
    generator = FailsOnAQuestion
    caught_by: ClassVar = {"test_a_question_that_fails_ends_nothing"}


class TakesThePreview(ZooGenerator):
    async def fetch(self, ref):
        said = await self.ask_for(ref)
        return [RemoteFile(url=said.get("url") or f"{self.base_url}/files/{ref.id}")]


class TestDoneWithoutAVideo(Zoo):
    generator = TakesThePreview
    caught_by: ClassVar = {"test_done_without_a_video_is_an_error"}


class DoesNotCancel(ZooGenerator):
    async def cancel(self, ref):
        return None


class TestACancelThatIsNotSent(Zoo):
    generator = DoesNotCancel
    caught_by: ClassVar = {"test_a_job_is_cancelled_if_the_vendor_can"}


class RemembersItsJobs(ZooGenerator):
    mine = None

    async def submit(self, plan, key):
        ref = await super().submit(plan, key)
        self.mine = ref.id
        return ref

    async def fetch(self, ref):
        return await super().fetch(ref) if ref.id == self.mine else []


class TestAJobThatOnlyItsProcessKnows(Zoo):
    generator = RemembersItsJobs
    caught_by: ClassVar = {
        "test_a_killed_process_loses_nothing",
        "test_what_is_no_whole_video_is_no_file",
        f"{LOST}[reset before the answer]",
    }


class SdkError(Exception):
    """What an SDK raises."""


class LetsTheSdkSpeak(ZooGenerator):
    async def ask_for(self, ref):
        try:
            return await super().ask_for(ref)
        except VideoGenerationError as error:
            raise SdkError(str(error)) from error


class TestAnErrorOfAnSdk(Zoo):
    generator = LetsTheSdkSpeak
    caught_by: ClassVar = {
        "test_every_error_is_ours",
        "test_a_field_that_is_missing_is_no_accident",
    }


class KeepsALock(ZooGenerator):
    def failure(self, said):
        error = super().failure(said)
        error.response = threading.Lock()
        return error


class TestAnErrorThatCannotBePickled(Zoo):
    generator = KeepsALock
    caught_by: ClassVar = {"test_errors_of_a_vendor_cross_process_boundaries"}


class LooseSettings(ZooSettings):
    api_key: str = ""


class QuotesTheKey(ZooGenerator):
    Settings = LooseSettings

    @property
    def key(self):
        return self.settings.api_key

    def said(self, reply):
        try:
            return super().said(reply)
        except VideoGenerationError as error:
            error.message += f" to {self.key}"
            raise


class TestASecretInAnError(Words, RemoteConformance):
    generator = QuotesTheKey
    caught_by: ClassVar = {
        "test_no_secret_shows_anywhere",
        "test_a_backend_shows_no_secret_of_its_own",  # a plain text shows in the settings, too
    }


class KeepsTheKey(ZooGenerator):
    async def submit(self, plan, key):
        return RemoteRef((await super().submit(plan, key)).id, {"headers": {"key": self.key}})


class TestASecretInTheJournal(Zoo):
    generator = KeepsTheKey
    caught_by: ClassVar = {"test_no_secret_shows_anywhere"}


class IsNeverSure(ZooGenerator):
    async def create(self, native):
        try:
            return await super().create(native)
        except BackendUnavailableError as error:
            raise GenerationFailedError(error.message) from error


class TestAConnectionThatWasNotMadeAndMayHaveBeen(Zoo):
    generator = IsNeverSure
    caught_by: ClassVar = {"test_nobody_listens"}


class ChargesForARefusal(ZooGenerator):
    async def create(self, native):
        try:
            return await super().create(native)
        except InvalidInputError as error:
            error.charged = "yes"
            raise
        except AuthenticationError as error:
            raise ConfigurationError(error.message, status_code=error.status_code) from error


class TestARefusalThatIsToldAsSomethingElse(Zoo):
    generator = ChargesForARefusal
    caught_by: ClassVar = {"test_a_refusal_is_told_and_not_sent_again"}


class TellsNobody(ZooGenerator):
    def _make(self, plan, on_event, job_id):
        return super()._make(plan, None, job_id)


class TestEventsThatNobodyHears(Zoo):
    generator = TellsNobody
    caught_by: ClassVar = {"test_events_tell_the_course_of_a_job"}
