"""A question that fails never fails the job, and nothing is asked for ever."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal

import pytest
from virtual import DONE, POLLING, RUNNING, Scene, Script

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    ContentRejectedError,
    DownloadError,
    GenerationCancelledError,
    GenerationFailedError,
    GenerationTimeoutError,
    InvalidInputError,
    JobExpiredError,
    JobNotFoundError,
    Poll,
    QuotaExceededError,
    jobs,
)
from ttv_core.jobs.semantics import LONGEST_JOB, Polling
from ttv_core.testing import Fault


@pytest.fixture
def scene(tmp_path):
    """A job on a clock that leaps, at a vendor that says what it is told to."""
    made = []

    def build(vendor=None, **facts):
        made.append(Scene(tmp_path, vendor or Script(), **facts))
        return made[-1]

    yield build
    for each in made:
        each.close()


def gaps(times):
    return [round(after - before, 3) for before, after in itertools.pairwise(times)]


# --- over real sockets ----------------------------------------------------------------------------

TROUBLES = {
    "500": Fault(kind="status", status=500),
    "502 with HTML": Fault(kind="status", status=502, body=b"<html>", content_type="text/html"),
    "403": Fault(kind="status", status=403),
    "401": Fault(kind="status", status=401),
    "404": Fault(kind="status", status=404),
    "409": Fault(kind="status", status=409),
    "422": Fault(kind="status", status=422),
    "429": Fault(kind="status", status=429, headers={"Retry-After": "0.01"}),
    "429 and nonsense": Fault(kind="status", status=429, headers={"Retry-After": "٣"}),
    "a redirect": Fault(kind="status", status=302, headers={"Location": "/videos/task-000001"}),
    "a reset": Fault(kind="reset"),
    "half an answer": Fault(kind="cut", after=True),
    "nothing": Fault(kind="body"),
    "HTML": Fault(kind="body", body=b"<html>done</html>", content_type="text/html"),
    "no JSON": Fault(kind="body", body=b"\xff\xfe{"),
    "JSON of another shape": Fault(kind="body", body=b'["done"]'),
    "JSON without a state": Fault(kind="body", body=b'{"id": "done"}'),
    "a state that is nothing": Fault(kind="body", body=b'{"state": null}'),
    "a state that is a list": Fault(kind="body", body=b'{"state": ["done"]}'),
    "a state in capitals": Fault(kind="body", body=b'{"state": "DONE"}'),
    "a word that is not known": Fault(kind="body", body=b'{"state": "throttled"}'),
    "an endless answer": Fault(kind="body", body=b" " * 6_000_000),
    "JSON too deep": Fault(kind="body", body=b"[" * 200_000),
}


@pytest.mark.parametrize("fault", TROUBLES.values(), ids=TROUBLES)
def test_a_poll_that_fails_for_a_while(fault, acme, backend, tmp_path, video):
    acme.fail("poll", fault, times=3)
    patient = backend("opaque", {"not_found_grace": 60.0})
    result = patient.generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    assert result.path.read_bytes() == video
    assert (acme.accepted, acme.requests["create"]) == (1, 1)
    assert jobs.get(result.job_id).state == "completed"


@pytest.mark.parametrize(
    ("word", "kind", "charged", "state"),
    [
        ("failed", GenerationFailedError, "no", "failed"),
        ("filtered", ContentRejectedError, "yes", "failed"),
        ("cancelled", GenerationCancelledError, "unknown", "cancelled"),
    ],
)
def test_the_vendors_word_ends_it(word, kind, charged, state, acme, backend, tmp_path):
    acme.states = ["queued", "running", word]
    with pytest.raises(kind) as caught:
        backend().generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    job = jobs.get(caught.value.job_id)
    assert (caught.value.charged, caught.value.backend) == (charged, "acme")
    assert (job.state, job.charged, job.owner, job.error["type"]) == (
        state,
        charged,
        None,
        kind.__name__,
    )
    assert acme.accepted == 1
    assert list(tmp_path.glob(".*")) == list(tmp_path.glob("*.mp4")) == []


def test_a_job_that_was_cancelled_over_there_is_told_as_such(acme, backend, tmp_path):
    acme.states = ["cancelled"]
    with pytest.raises(GenerationCancelledError, match="cancelled by acme") as caught:
        backend().generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    assert caught.value.code == "cancelled_by_vendor"


def test_what_the_vendor_says_is_told(acme, backend, tmp_path):
    acme.states = ["queued", "running", "throttled", "done"]
    events = []
    backend().generate("a fox", duration=1, output=tmp_path / "f.mp4", on_event=events.append)
    states = list(dict.fromkeys(event.state for event in events))
    assert states == [
        "submitting",
        "accepted",
        "queued",
        "running",
        "downloading",
        "measuring",
        "completed",
    ]
    assert "acme says 'throttled'" in [event.message for event in events]
    assert [event.fraction for event in events if event.message == "running"] == [0.5]


# --- on a clock that leaps ------------------------------------------------------------------------


def test_an_unknown_word_is_no_end_and_not_endless(scene):
    it = scene(Script().says("poll", Poll(state="unknown", word="odd")))
    error = it.through()
    assert type(error) is GenerationTimeoutError
    assert (error.job_id, error.charged, error.remedy) == ("J1", "unknown", "ttv resume J1")
    assert "is not done after 24 h" in error.message
    assert (it.job.state, it.job.owner, it.job.error) == ("accepted", None, {})
    assert LONGEST_JOB <= it.loop.now - 10_000 <= LONGEST_JOB + 20
    assert 24 * 3600 / 15 / 1.2 <= len(it.vendor.asked) <= 24 * 3600 / 15 * 1.2
    assert ("running", "script says 'odd'") in it.events


def test_a_poll_that_only_fails_is_not_endless_either(scene):
    it = scene(Script().says("poll", BackendUnavailableError("down", retryable=True)))
    assert type(it.through()) is GenerationTimeoutError
    assert it.job.state == "accepted"
    assert min(gaps(it.vendor.times("poll"))) >= POLLING.floor


def test_a_poll_that_never_answers_is_given_up_and_repeated(scene):
    class Hangs(Script):
        async def poll(self, ref):
            self.asked.append(("poll", self.loop.time()))
            if len(self.asked) < 3:
                await asyncio.sleep(10**9)
            return DONE

    it = scene(Hangs())
    assert it.through().job_id == "J1"
    assert all(gap >= 120 for gap in gaps(it.vendor.times("poll")))


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (QuotaExceededError(retry_after=100.0), 100.0),
        (BackendUnavailableError(retry_after=40.0), 40.0),
        (GenerationFailedError("a poll cannot raise this and mean it"), POLLING.floor),
    ],
)
def test_the_vendors_pause_is_kept_between_polls(error, hint, scene):
    it = scene(Script().says("poll", RUNNING, error, DONE))
    it.through()
    assert gaps(it.vendor.times("poll"))[1] >= hint


def test_a_hint_in_a_good_answer_is_obeyed(scene):
    it = scene(Script().says("poll", Poll(state="running", next_after=55.0), DONE))
    it.through()
    assert gaps(it.vendor.times("poll")) == [55.0]


@pytest.mark.parametrize("hint", [10.0**12, float("inf"), float("nan")])
def test_an_absurd_hint_is_not_believed(hint, scene):
    it = scene(Script().says("poll", Poll(state="running", next_after=hint), DONE))
    assert it.through().job_id == "J1"
    assert gaps(it.vendor.times("poll"))[0] <= 3600


@pytest.mark.parametrize("hint", [10.0**12, float("inf"), float("nan")])
def test_an_absurd_pause_after_a_failure_is_not_believed(hint, scene):
    it = scene(Script().says("poll", BackendUnavailableError(retry_after=hint), DONE))
    assert it.through().job_id == "J1"
    assert gaps(it.vendor.times("poll"))[0] <= 3600


def test_a_job_that_is_not_found_at_first_is_there_later(scene):
    gone = JobNotFoundError("no such job")
    it = scene(Script(not_found_grace=120.0).says("poll", gone, gone, gone, RUNNING, gone, DONE))
    assert it.through().charged == "yes"


def test_two_delays_with_good_answers_between_are_not_one_long_one(scene):
    gone = JobNotFoundError("no such job")
    it = scene(Script(not_found_grace=60.0).says("poll", gone, *[RUNNING] * 40, gone, DONE))
    assert it.through().charged == "yes"


def test_a_job_that_stays_gone_has_expired(scene):
    it = scene(Script(not_found_grace=120.0).says("poll", RUNNING, JobNotFoundError("no job")))
    error = it.through()
    assert type(error) is JobExpiredError
    assert (error.charged, error.job_id) == ("unknown", "J1")
    assert "has job r-1 no more: no job" in error.message
    assert (it.job.state, it.job.error["type"], it.job.owner) == (
        "expired",
        "JobExpiredError",
        None,
    )
    times = it.vendor.times("poll")
    assert times[-1] - times[1] >= 120
    assert times[-2] - times[1] < 120


def test_other_troubles_in_between_do_not_hide_that_it_is_gone(scene):
    gone, down = JobNotFoundError("no job"), BackendUnavailableError("down")
    it = scene(Script(not_found_grace=30.0).says("poll", *[gone, down] * 50))
    assert type(it.through()) is JobExpiredError


def test_a_wrong_key_ends_the_wait_and_not_the_job(scene):
    it = scene(Script().says("poll", AuthenticationError("no")))
    error = it.through()
    assert type(error) is AuthenticationError
    assert error.charged == "unknown"  # the question was refused; the job is not over
    assert error.remedy == "mend the key, then ttv resume J1"
    assert (it.job.state, it.job.error, it.job.owner) == ("accepted", {}, None)
    times = it.vendor.times("poll")
    assert len(times) >= 5
    assert times[-1] - times[0] >= 60


def test_a_key_that_is_refused_now_and_then_is_no_wrong_key(scene):
    no = AuthenticationError("no")
    it = scene(Script().says("poll", *[no, no, no, no, RUNNING] * 20, DONE))
    assert it.through().job_id == "J1"


@pytest.mark.parametrize("jump", [400 * 86400.0, -400 * 86400.0, 3600.0, -3600.0])
def test_a_clock_that_jumps_changes_nothing(jump, scene):
    it = scene(Script().says("poll", *[RUNNING] * 10, DONE))

    def set_clock(scene):
        scene.now += jump

    it.through(at={5: set_clock})
    times = it.vendor.times("poll")
    assert len(times) == 11
    assert all(POLLING.floor <= gap <= POLLING.ceiling * 1.2 for gap in gaps(times))
    assert it.job.state == "completed"
    assert 20 < it.job.took < 120


@pytest.mark.parametrize("jump", [400 * 86400.0, -400 * 86400.0])
def test_a_job_whose_acceptance_lies_at_a_strange_time_is_asked_at_once(jump, scene):
    it = scene(Script().says("poll", RUNNING, DONE), accepted_at=1_800_000_000.0 + jump)
    it.through()
    times = it.vendor.times("poll")
    assert times[0] == 10_000.0
    assert POLLING.floor <= gaps(times)[0] <= POLLING.ceiling * 1.2
    assert it.job.took is None  # nobody saw how long it took


def test_a_job_that_was_just_accepted_is_given_a_moment(scene):
    it = scene(Script().says("poll", DONE))
    it.through()
    assert it.vendor.times("poll")[0] >= 10_000 + POLLING.floor


@pytest.mark.parametrize("interval", [0.1, 7.0])
def test_an_interval_of_the_users_holds_above_the_vendors_floor(interval, scene):
    it = scene(Script().says("poll", *[RUNNING] * 8, DONE))
    it.through(interval=interval)
    wanted = max(interval, POLLING.floor)
    assert all(wanted * 0.84 <= gap <= wanted * 1.16 for gap in gaps(it.vendor.times("poll")))
    assert min(gaps(it.vendor.times("poll"))) >= POLLING.floor


def test_what_was_learned_brings_the_first_look_when_it_may_be_done(tmp_path, scene):
    it = scene(Script().says("poll", DONE))
    from ttv_core.jobs.record import JobRecord

    for i in range(5):
        old = JobRecord(id=f"H{i}", backend="script", model="m", state="completed", took=90.0 + i)
        it.journal.insert(old).result()
    it.through()
    assert len(it.vendor.asked) == 2  # one look, and where the video is
    assert 75 <= it.vendor.times("poll")[0] - 10_000 <= 110


def test_what_was_seen_of_how_long_it_took_is_kept(scene):
    it = scene(Script().says("poll", *[RUNNING] * 12, DONE))
    it.through()
    first, *_, before, last = it.vendor.times("poll")
    assert it.job.took == pytest.approx((before + last) / 2 - 10_000)
    assert first


def test_the_vendors_own_figure_goes_first(scene):
    done = Poll(state="done", took=33.0, cost=Decimal("0.07"), data={"file": "f-1"})
    it = scene(Script().says("poll", RUNNING, done), ref={"kept": 1})
    result = it.through()
    assert (it.job.took, it.job.actual, result.cost.actual) == (
        33.0,
        Decimal("0.07"),
        Decimal("0.07"),
    )
    assert it.job.ref == {"kept": 1, "file": "f-1"}
    assert result.timings["vendor"] == 33.0


def test_a_failure_without_a_reason_is_told(scene):
    it = scene(Script().says("poll", Poll(state="failed")))
    error = it.through()
    assert type(error) is GenerationFailedError
    assert "gives no reason" in error.message
    assert (it.job.state, it.job.charged) == ("failed", "unknown")


@pytest.mark.parametrize("odd", [None, 7, {"state": "done"}])
def test_a_poll_that_gives_nothing_of_ours_ends_the_wait_and_not_the_job(odd, scene):
    it = scene(Script().says("poll", odd))
    error = it.through()
    assert type(error) is GenerationFailedError
    assert (error.code, error.charged, error.job_id) == ("backend_error", "unknown", "J1")
    assert (it.job.state, it.job.owner) == ("accepted", None)


# --- the journal in between -----------------------------------------------------------------------


def test_where_the_video_is_is_asked_until_it_is_said(scene):
    vendor = Script().says("poll", DONE)
    down = BackendUnavailableError("down", retryable=True)
    files = vendor.answers["fetch"][0]
    it = scene(vendor.says("fetch", down, [], KeyError("url"), TimeoutError(), files))
    assert it.through().charged == "yes"
    assert len(vendor.times("fetch")) == 5


@pytest.mark.parametrize("answer", [[], BackendUnavailableError("down", retryable=True)])
def test_a_video_that_is_never_named_can_be_asked_for_again(answer, scene):
    vendor = Script().says("poll", DONE)
    files = vendor.answers["fetch"][0]
    it = scene(vendor.says("fetch", answer))
    error = it.through()
    assert isinstance(error, DownloadError | BackendUnavailableError)
    assert (error.charged, error.remedy) == ("yes", "ttv resume J1")
    assert (it.job.state, it.job.owner, it.job.charged) == ("remote_done", None, "yes")
    assert len(vendor.times("fetch")) == 8
    vendor.says("fetch", files)
    it.journal.update(it.job, owner="me").result()
    assert it.through().job_id == "J1"
    assert vendor.times("poll") == vendor.times("poll")[:1]  # that it is done was known


@pytest.mark.parametrize(
    "error",
    [AuthenticationError("no"), QuotaExceededError("no", kind="credits"), InvalidInputError("no")],
)
def test_a_refused_question_does_not_make_a_paid_video_free(error, scene):
    it = scene(Script().says("poll", DONE).says("fetch", error))
    assert it.through().charged == "yes"
    assert (it.job.state, it.job.charged) == ("remote_done", "yes")


def test_a_fetch_that_never_answers_is_given_up_and_repeated(scene):
    class Hangs(Script):
        async def fetch(self, ref):
            self.asked.append(("fetch", self.loop.time()))
            if len(self.times("fetch")) < 2:
                await asyncio.sleep(10**9)
            return self.answers["fetch"][0]

    it = scene(Hangs().says("poll", DONE))
    assert it.through().job_id == "J1"


def test_a_video_that_is_gone_has_expired_after_the_vendors_grace(scene):
    vendor = Script(not_found_grace=60.0).says("poll", DONE)
    it = scene(vendor.says("fetch", JobNotFoundError("no file")))
    error = it.through()
    assert type(error) is JobExpiredError
    assert (error.charged, it.job.state, it.job.charged) == ("yes", "expired", "yes")
    times = vendor.times("fetch")
    assert times[-1] - times[0] >= 60


def test_a_video_that_is_there_only_later_is_waited_for(scene):
    vendor = Script(not_found_grace=60.0).says("poll", DONE)
    files = vendor.answers["fetch"][0]
    it = scene(vendor.says("fetch", *[JobNotFoundError("not yet")] * 3, files))
    assert it.through().job_id == "J1"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (JobExpiredError("too late"), "expired"),
        (GenerationFailedError("broke at the end", charged="no"), "failed"),
        (ContentRejectedError("no foxes", charged="yes", stage="output"), "failed"),
    ],
)
def test_the_vendor_may_say_at_last_that_there_is_no_video(error, state, scene):
    it = scene(Script().says("poll", DONE).says("fetch", error))
    assert it.through() is error
    assert (it.job.state, it.job.error["type"]) == (state, type(error).__name__)


def test_floor_and_ceiling_are_the_vendors_own(scene):
    vendor = Script(polling=Polling(floor=30, ceiling=31))
    it = scene(vendor.says("poll", *[RUNNING] * 20, DONE))
    it.through()
    assert all(30 <= gap <= 31 * 1.16 for gap in gaps(vendor.times("poll")))
