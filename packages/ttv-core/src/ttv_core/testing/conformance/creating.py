"""Paid at most once: one create for each request, whatever becomes of its answer."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from ttv_core import jobs
from ttv_core.errors import (
    AuthenticationError,
    BackendUnavailableError,
    ContentRejectedError,
    QuotaExceededError,
    SubmissionUncertainError,
    VideoGenerationError,
)
from ttv_core.testing.conformance.faults import LOST_ANSWERS, REFUSALS
from ttv_core.testing.conformance.paying import Paying
from ttv_core.testing.conformance.verdict import holds
from ttv_core.testing.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ttv_core.planning import Plan
    from ttv_core.remote import RemoteRef
    from ttv_core.results import VideoResult

__all__ = ["Creating"]

_SUBMIT = "ttv_core.RemoteVideoGenerator.submit"
_SEMANTICS = "ttv_core.SubmitSemantics"
_FAR = 25
_MOMENT = 0.01
_SILENCE = 0.5
_TURN_TO_ERRORS = "raise one of ttv_core.errors, with `status_code` and `charged`"


class Creating(Paying):
    """Tests of the one request that costs money."""

    def test_a_video_comes_home_with_one_create(self) -> None:
        """Make a video: one create, and the vendor's bytes in the file."""
        video = self.generated()
        self.paid_once("making one video")
        holds(
            video.path.read_bytes() == self.vendor.video,
            "the file is not what the vendor sent",
            mend="return the address of the video in `fetch`; ttv_core brings it home",
            see="ttv_core.RemoteVideoGenerator.fetch",
        )

    def test_what_it_cost_is_of_the_size_of_the_plan(self) -> None:
        """Make a video: what the vendor takes is told in dollars, not in cents or credits."""
        planned = self.made().plan(**self.asks).cost.amount
        self.generated()
        took = self.the_job().actual
        if took is None or not planned or not took:
            pytest.skip("the vendor does not say what it took, or it costs nothing")
        holds(
            1 / _FAR < took / planned < _FAR,
            f"the plan says ${planned}, and the job says that it took ${took}",
            mend="turn the vendor's credits or cents into dollars, in `cost` of `Poll` and of "
            "`RemoteRef`",
            see="ttv_core.Poll",
        )

    def test_a_prompt_that_moderation_refuses_is_a_rejection(self) -> None:
        """Refuse a create for its prompt: that is ContentRejectedError on every backend."""
        if self.refused is None:
            pytest.skip("the test class does not say how the vendor refuses a prompt (`refused`)")
        self.vendor.fail(self.creates, self.refused, times=99)
        error = self.failing()
        holds(
            isinstance(error, ContentRejectedError) and error.stage == "input",
            f"a prompt that moderation refuses is told as {error!r}",
            mend='raise ContentRejectedError(…, stage="input", reasons=…, status_code=…) in '
            "`submit`, by the answer's status and code, and have that status in `definite_reject`",
            see="ttv_core.ContentRejectedError",
        )
        self.paid_once("a prompt that moderation refuses")

    @pytest.mark.parametrize("fault", LOST_ANSWERS)
    def test_a_lost_answer_makes_no_second_job(
        self, fault: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Lose the answer of a create: it is looked up, or left to a person; never sent again."""
        if LOST_ANSWERS[fault].kind == "silence":
            self._end_silence_soon(monkeypatch)
        self.vendor.fail(self.creates, LOST_ANSWERS[fault])
        outcome = self._outcome()
        self.paid_once(f"an answer that is lost ({fault})")
        if isinstance(outcome, VideoGenerationError):
            self._is_left_open(outcome, fault)
        else:
            holds(
                self.vendor.accepted,
                f"a create that was not accepted ({fault}) came to a video: of another job",
                mend="return a job in `lookup` only if it is surely the one that was sent",
                see="ttv_core.RemoteVideoGenerator.lookup",
            )

    def _end_silence_soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """End a create as ttv_core ends one that takes too long, once the vendor has it."""
        own: Callable[..., Coroutine[Any, Any, RemoteRef]] = self.generator.submit

        async def submit(backend: Any, plan: Plan, key: str) -> RemoteRef:
            before = self.vendor.requests[self.creates]
            sending = asyncio.ensure_future(own(backend, plan, key))
            try:
                while self.vendor.requests[self.creates] == before and not sending.done():
                    await asyncio.wait([sending], timeout=_MOMENT)
                async with asyncio.timeout(_SILENCE):
                    return await sending
            finally:
                sending.cancel()

        monkeypatch.setattr(self.generator, "submit", submit)

    def _outcome(self) -> VideoResult | VideoGenerationError:
        try:
            return self.attempted()
        except VideoGenerationError as error:
            return error

    def _is_left_open(self, error: VideoGenerationError, fault: str) -> None:
        """Look whether an answer that was lost is told as such, and can be settled by a person."""
        __tracebackhide__ = True
        accepted = self.vendor.accepted
        holds(
            isinstance(error, SubmissionUncertainError) and error.charged == "unknown",
            f"an answer that is lost ({fault}) is told as {type(error).__name__}, "
            f"charged {error.charged!r}: {error.message}",
            mend="raise SubmissionUncertainError where nobody knows whether the vendor has it; "
            "put only those statuses into `definite_reject` that the vendor's pages promise",
            see=_SEMANTICS,
        )
        if not accepted or error.job_id is None:
            return
        jobs.adopt(error.job_id, self.remote_id(next(iter(self.vendor.tasks.values()))))
        self.finish()
        video = self.brought_home(self.resumed(error.job_id), "a job that was adopted by its id")
        holds(
            video.path.read_bytes() == self.vendor.video,
            "a job that was adopted by its id came to another video",
            mend="let `poll` and `fetch` do with the id alone where `ref.data` is empty",
            see="ttv_core.RemoteRef",
        )
        self.paid_once(f"an answer that is lost ({fault}), and its job taken up again")

    @pytest.mark.parametrize("status", REFUSALS)
    def test_a_refusal_is_told_and_not_sent_again(self, status: int) -> None:
        """Refuse a create: what is definite is free, what is not is uncertain; once each."""
        self.vendor.fail(self.creates, Fault(kind="status", status=status), times=99)
        error = self.failing()
        self.paid_once(f"a create that is refused with {status}")
        definite = not isinstance(error, SubmissionUncertainError)
        holds(
            error.charged == ("no" if definite else "unknown"),
            f"a create that is refused with {status} is told as {type(error).__name__}, "
            f"charged {error.charged!r}",
            mend=_TURN_TO_ERRORS,
            see=_SUBMIT,
        )
        holds(
            status != 402 or not isinstance(error, QuotaExceededError) or error.kind != "rate",
            "a create that is refused with 402 is told as a rate limit, and is waited for",
            mend='raise QuotaExceededError(kind="credits"): no time brings money',
            see="ttv_core.QuotaExceededError",
        )
        holds(
            status != 401 or isinstance(error, AuthenticationError) or not definite,
            f"a create that is refused with 401 is told as {type(error).__name__}",
            mend="raise AuthenticationError with a remedy: where to get a key, and where to put it",
            see="ttv_core.AuthenticationError",
        )

    def test_a_rate_limit_is_waited_for(self) -> None:
        """Refuse a create with 429 and Retry-After: 0; it is sent again if that is definite."""
        limit = Fault(kind="status", status=429, headers={"Retry-After": "0"})
        self.vendor.fail(self.creates, limit)
        outcome = self._outcome()
        if isinstance(outcome, SubmissionUncertainError):
            self.paid_once("a rate limit that is not declared as definite")
            return
        holds(
            not isinstance(outcome, VideoGenerationError),
            f"a rate limit that passes ends the job: {outcome!r}",
            mend="raise QuotaExceededError(kind='rate', status_code=429, retry_after=…) in "
            "`submit`; ttv_core waits, and sends again",
            see="ttv_core.QuotaExceededError",
        )
        self.paid_once("a rate limit that passes", creates=2)

    def test_a_rate_limit_that_stays_is_told(self) -> None:
        """Refuse a create with 429 and Retry-After: 17; the error says so."""
        if not self._no_retries:
            pytest.skip("its settings have no max_retries, so the limit would be waited for")
        limit = Fault(kind="status", status=429, headers={"Retry-After": "17"})
        self.vendor.fail(self.creates, limit, times=9)
        error = self.failing(self.made(**self._no_retries))
        self.paid_once("a rate limit with no retries")
        if isinstance(error, SubmissionUncertainError):
            return
        holds(
            isinstance(error, QuotaExceededError) and error.retry_after == 17,
            f"429 with Retry-After: 17 is told as {error!r}, retry_after {error.retry_after}",
            mend="raise QuotaExceededError with `retry_after` from the answer's header",
            see="ttv_core.QuotaExceededError",
        )

    def test_nobody_listens(self) -> None:
        """Send a create where nobody listens: nothing was sent, and nothing charged."""
        if "base_url" not in self.generator.Settings.model_fields:
            pytest.skip("its settings have no base_url")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            closed = f"http://127.0.0.1:{free.getsockname()[1]}"
        error = self.failing(self.made(base_url=closed, **self._no_retries))
        holds(
            isinstance(error, BackendUnavailableError)
            and (error.code, error.charged) == ("not_sent", "no"),
            f"a connection that cannot be made is told as {error!r}, code {error.code!r}, "
            f"charged {error.charged!r}",
            mend='raise BackendUnavailableError(code="not_sent") where no connection was made, as '
            "ttv_core.http.ApiClient does",
            see="ttv_core.errors.NOT_SENT",
        )
