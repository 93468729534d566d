"""Questions about a job: what fails ends nothing, and only the vendor's own word ends it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from ttv_core import jobs
from ttv_core.errors import (
    ContentRejectedError,
    GenerationTimeoutError,
    VideoGenerationError,
)
from ttv_core.testing.conformance.faults import ODD_POLLS
from ttv_core.testing.conformance.paying import Paying
from ttv_core.testing.conformance.verdict import all_hold, broken, holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttv_core.events import JobEvent
    from ttv_core.jobs.vendor import Poll

__all__ = ["Watching"]

_POLL = "ttv_core.RemoteVideoGenerator.poll"
_STATES = "ttv_core.Poll"


class Watching(Paying):
    """Tests of `poll`."""

    @pytest.mark.parametrize("fault", ODD_POLLS)
    def test_a_question_that_fails_ends_nothing(self, fault: str) -> None:
        """Let two polls fail, then tell that it is done."""
        job = self.begun(self.running)
        self.vendor.fail(self.polls, ODD_POLLS[fault], times=2)
        self.finish()
        try:
            job.wait(60)
        except VideoGenerationError as error:
            broken(
                f"a question that fails ({fault}) ended the job: {error!r}",
                mend="raise an error in `poll` where the answer says nothing of the job; return "
                'Poll(state="failed") only where the vendor says that it failed',
                see=_POLL,
            )
        self.paid_once(f"a question that fails ({fault})")

    def test_an_unknown_word_is_unknown(self) -> None:
        """Answer a poll with a word that is not documented: it is never read as another."""
        if self.undocumented is None:
            pytest.skip("this vendor's answers have no words for states")
        job = self.begun(self.undocumented)
        backend = self.remote()
        state = backend.ask(backend.poll(self.ref(job))).state
        self.finish()
        holds(
            state == "unknown",
            f"the state {self.undocumented!r}, which is not documented, is read as {state!r}",
            mend="map the words that the vendor documents, and every other to "
            'Poll(state="unknown")',
            see=_STATES,
        )
        self.brought_home(job, "a job whose word was unknown for a while")

    def test_progress_is_a_fraction_that_grows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Watch every poll of a job: fractions from 0 to 1 that never shrink."""
        seen: list[Poll] = []
        own: Callable[..., Any] = self.generator.poll

        async def poll(backend: Any, ref: Any) -> Poll:
            said: Poll = await own(backend, ref)
            seen.append(said)
            return said

        monkeypatch.setattr(self.generator, "poll", poll)
        self.generated()
        told = [said.fraction for said in seen if said.fraction is not None]
        problems = [f"a poll tells {said!r}" for said in told if not _is_fraction(said)]
        problems += [f"{after} comes after {before}" for before, after in pairwise(told)
                     if after < before]  # fmt: skip
        all_hold(
            problems,
            mend="return `fraction` from 0 to 1: divide percents by 100, and None if the vendor "
            "does not say",
            see=_STATES,
        )

    def test_events_tell_the_course_of_a_job(self) -> None:
        """Listen to a job: its events are of one job and end with its end."""
        heard: list[JobEvent] = []
        video = self.generated(on_event=heard.append)
        states = [event.state for event in heard]
        holds(
            states[-1:] == ["completed"] and {event.job_id for event in heard} == {video.job_id},
            f"the events of a job are {states}",
            mend="do not emit events of your own; `poll` says how far it is",
            see="ttv_core.JobEvent",
        )

    def test_a_failed_job_says_so(self) -> None:
        """Let the vendor fail a job: it ends, with an error that is no matter of moderation."""
        self.vendor.states = [self.running, self.failed]
        error = self.failing()
        holds(
            not isinstance(error, ContentRejectedError | GenerationTimeoutError)
            and jobs.get(str(error.job_id)).state == "failed",
            f"a job that the vendor could not make ends as {error!r}",
            mend='return Poll(state="failed", error=GenerationFailedError(what the vendor says))',
            see=_STATES,
        )
        self.paid_once("a job that fails")

    def test_a_filtered_result_is_a_rejection(self) -> None:
        """Let moderation take a job's video away: that is ContentRejectedError on every backend."""
        if self.filtered is None:
            pytest.skip("this vendor never says that moderation took a video away")
        self.vendor.states = [self.running, self.filtered]
        error = self.failing()
        holds(
            isinstance(error, ContentRejectedError),
            f"a job whose video moderation took away ends as {error!r}",
            mend='return Poll(state="failed", error=ContentRejectedError(…, stage="output", '
            "reasons=…))",
            see="ttv_core.ContentRejectedError",
        )
        self.paid_once("a job whose video is filtered")

    def test_done_without_a_video_is_an_error(self) -> None:
        """Let a job be done and name no video: an error, and no file."""
        if self.empty is None:
            pytest.skip("this vendor cannot be done without naming a video")
        self.vendor.states = [self.running, self.empty]
        self.failing()
        holds(
            not self.output.exists(),
            f"a job that names no video left {self.left()}",
            mend="return no file in `fetch` where the vendor names none",
            see="ttv_core.RemoteVideoGenerator.fetch",
        )
        self.paid_once("a job that names no video")

    def test_the_end_of_a_wait_is_not_the_end_of_the_job(self) -> None:
        """Wait for no time: the job goes on, and comes home."""
        job = self.begun(self.running)
        with pytest.raises(GenerationTimeoutError):
            job.wait(0.01)
        self.finish()
        self.brought_home(job, "a job that was waited for twice")
        self.paid_once("a wait that ends early")


def _is_fraction(said: Any) -> bool:
    return isinstance(said, int | float) and math.isfinite(said) and 0 <= said <= 1
