"""Step by step: what is written down about a create, what is asked afterwards, and when."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from virtual import ACCEPTED, DONE, RUNNING, Prompt, Scene, Script

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    GenerationCancelledError,
    GenerationFailedError,
    QuotaExceededError,
    RemoteRef,
    SubmissionUncertainError,
    VideoGenerationError,
    VideoResult,
)
from ttv_core.jobs.semantics import IdempotencyKey, Lookup

NOW = 1_800_000_000.0
NEW = {"state": "prepared", "remote_id": None, "accepted_at": None, "charged": "no"}
IN_DOUBT = NEW | {"state": "reconciling", "attempt": 3, "submitted_at": NOW, "charged": "unknown"}
GONE = ConnectionResetError("gone")
BUSY = BackendUnavailableError("busy", status_code=503, retryable=True)
NO = GenerationFailedError("no", status_code=400)


@pytest.fixture
def scene(tmp_path):
    made = []

    def build(vendor, **facts):
        made.append(Scene(tmp_path, vendor, **(NEW | facts)))
        return made[-1]

    yield build
    for each in made:
        each.close()


def vendor(**semantics):
    return Script(definite_reject=frozenset({400, 503}), **semantics).says("poll", DONE)


def keyed(lifetime=1000.0):
    return vendor(idempotency=IdempotencyKey(lifetime=lifetime))


def listed(**lookup):
    return vendor(lookup=Lookup(**({"settle": 10.0, "absence_is_proof": True} | lookup)))


def noted(it):
    """Return what was done, with its number and its words."""
    return [(a.what, a.outcome, a.number, a.detail) for a in it.journal.attempts("J1")]


# --- sending --------------------------------------------------------------------------------------


def test_a_create_is_written_down_before_and_after(scene):
    it = scene(vendor().says("submit", RemoteRef("r-1", {"a": 1})))

    def looks(script):
        before.append(it.job)
        return RemoteRef("r-1", {"a": 1})

    before = []
    it.vendor.says("submit", looks)
    assert type(it.through()) is VideoResult
    (job,) = before
    assert (job.state, job.attempt, job.submitted_at) == ("submitting", 1, NOW)
    assert (job.charged, job.remote_id, job.submitted_clock) == ("unknown", None, 10_000)
    assert noted(it) == [("create", "started", 1, ""), ("create", "accepted", 1, "r-1")]
    assert (it.job.accepted_at, it.job.ref, it.job.remote_id) == (NOW, {"a": 1}, "r-1")
    assert it.events[:2] == [("submitting", ""), ("accepted", "script job r-1")]


def test_accepted_is_not_yet_charged(scene):
    it = scene(vendor().says("submit", RemoteRef("r-1", cost=None)).says("poll", RUNNING))
    it.through()
    assert (it.job.charged, it.job.note, it.job.actual) == ("unknown", "RUNNING", None)


def test_what_the_vendor_says_it_costs_is_kept(scene):
    from decimal import Decimal

    it = scene(vendor().says("submit", RemoteRef("r-1", cost=Decimal("0.30"))))
    assert it.through().cost.actual == Decimal("0.30")


def test_a_no_is_written_down_with_its_words(scene):
    it = scene(vendor().says("submit", NO))
    assert it.through() is NO
    assert (NO.charged, it.job.state, it.job.charged, it.job.owner) == ("no", "failed", "no", None)
    assert noted(it) == [("create", "started", 1, ""), ("create", "rejected", 1, "no")]
    assert it.job.error["message"] == "no"


def test_a_no_that_was_charged_says_so(scene):
    error = GenerationFailedError("no", status_code=400, charged="yes")
    it = scene(vendor().says("submit", error))
    assert it.through().charged == "yes"
    assert it.job.charged == "yes"


def test_pauses_before_it_is_sent_again(scene):
    waits = QuotaExceededError("slow down", status_code=503, retry_after=33.0)
    it = scene(vendor().says("submit", waits, BUSY, ACCEPTED))
    assert type(it.through()) is VideoResult
    first, second, third = it.vendor.times("submit")
    assert second - first == pytest.approx(33)
    assert 0.2 <= third - second <= 2.0
    assert it.events[1] == ("waiting", "slow down; it is sent again in 33 s")
    assert noted(it)[:3] == [
        ("create", "started", 1, ""),
        ("create", "rejected", 1, "slow down"),
        ("create", "started", 2, ""),
    ]


def test_no_pause_is_a_pause_of_nothing(scene):
    at_once = QuotaExceededError("go on", status_code=503, retry_after=0.0)
    it = scene(vendor().says("submit", at_once, ACCEPTED))
    it.through()
    first, second = it.vendor.times("submit")
    assert second == first


def test_while_it_waits_it_is_prepared_and_free(scene):
    seen = []

    def look(scene):
        seen.append((scene.job.state, scene.job.charged, scene.job.note))

    slow = BackendUnavailableError("busy", status_code=503, retryable=True, retry_after=50.0)
    it = scene(vendor().says("submit", slow, ACCEPTED))
    it.through(at={20: look})
    assert seen == [("prepared", "no", "busy")]


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_it_is_sent_so_often_and_no_more(tries, scene):
    it = scene(vendor().says("submit", BUSY))
    assert type(it.through(tries=tries)) is BackendUnavailableError
    assert len(it.vendor.times("submit")) == tries
    assert it.job.attempt == tries


def test_the_longest_create_is_the_vendors(scene):
    class Hangs(Script):
        async def submit(self, plan, key):
            self.asked.append(("submit", self.loop.time()))
            await asyncio.sleep(10**6)

    it = scene(Hangs(create_timeout=77.0))
    assert type(it.through()) is SubmissionUncertainError
    assert it.loop.now == pytest.approx(10_077)
    assert noted(it)[1][1:] == (
        "ambiguous",
        1,
        "script failed to create the job: TimeoutError: ",
    )


def test_what_is_prepared_is_what_is_sent(scene):
    sent = []

    class Prepares(Script):
        async def prepare(self, plan):
            return {"uploaded": 1}

        async def submit(self, plan, key):
            sent.append((plan.native, key))
            return ACCEPTED

    it = scene(Prepares().says("poll", DONE))
    it.through()
    assert sent == [({"uploaded": 1}, "J1-1")]


def test_preparing_is_tried_again_with_pauses(scene):
    times = []

    class Prepares(Script):
        async def prepare(self, plan):
            times.append(self.loop.time())
            hint = 44.0 if len(times) == 1 else None
            raise BackendUnavailableError("later", retryable=True, retry_after=hint)

    it = scene(Prepares())
    error = it.through()
    assert (error.message, error.charged, it.job.state) == ("later", "no", "failed")
    assert len(times) == 4
    assert times[1] - times[0] == pytest.approx(44)
    assert 0.2 <= times[2] - times[1] <= 2
    assert 0.4 <= times[3] - times[2] <= 4
    assert noted(it) == []


def test_what_fails_of_itself_while_preparing_is_told_whole(scene):
    class Prepares(Script):
        async def prepare(self, plan):
            raise KeyError("upload")

    error = scene(Prepares()).through()
    assert type(error) is GenerationFailedError
    assert error.message == "script failed to prepare the request: KeyError: 'upload'"
    assert type(error.__cause__) is KeyError
    assert error.charged == "no"


# --- doubt ----------------------------------------------------------------------------------------


def test_doubt_is_told_in_full(scene):
    it = scene(vendor().says("submit", GONE))
    error = it.through()
    why = "script failed to create the job: ConnectionResetError: gone"
    assert error.message == (
        f"whether script has accepted job J1 is not known: {why}. "
        "It may be charged, and is not sent again"
    )
    assert error.remedy == (
        "look at script for a job of that time and prompt, then say ttv jobs adopt J1 REMOTE_ID, "
        "or ttv jobs confirm-not-submitted J1"
    )
    assert (error.backend, error.model, error.job_id) == ("script", "m", "J1")
    assert (error.charged, it.job.note, it.job.charged) == ("unknown", why, "unknown")
    assert noted(it) == [("create", "started", 1, ""), ("create", "ambiguous", 1, why)]


def test_an_answer_without_an_id_is_told_as_such(scene):
    it = scene(vendor().says("submit", RemoteRef("")))
    assert "script answered without the id of a job" in it.through().message


@pytest.mark.parametrize(
    ("kind", "after"), [(vendor, "unknown"), (keyed, "accepted"), (listed, "accepted")]
)
def test_a_crash_is_doubt_too(kind, after, scene):
    """The process had written that it would send, and ended."""
    crashed = IN_DOUBT | {"state": "submitting"}
    it = scene(kind().says("submit", ACCEPTED).says("lookup", ACCEPTED), **crashed)
    found = it.through()
    why = "the process ended before an answer came"
    assert noted(it)[0] == ("create", "ambiguous", 3, why)
    if after == "unknown":
        assert type(found) is SubmissionUncertainError
        assert (it.job.state, it.job.note) == ("unknown", why)
        assert it.vendor.asked == []
    else:
        assert type(found) is VideoResult
        assert ("reconciling", why) in it.events


# --- the same create once more, under its own key -------------------------------------------------


@pytest.mark.parametrize(
    ("age", "asked"), [(0, 1), (1, 1), (499, 1), (500, 0), (501, 0), (-1, 0), (10**9, 0)]
)
def test_a_key_is_repeated_while_it_is_surely_known(age, asked, scene):
    it = scene(keyed(1000.0).says("submit", ACCEPTED), **IN_DOUBT)
    it.now = NOW + age
    found = it.through()
    assert len(it.vendor.times("submit")) == asked
    assert type(found) is (VideoResult if asked else SubmissionUncertainError)


def test_a_job_without_a_time_is_not_repeated(scene):
    it = scene(keyed().says("submit", ACCEPTED), **(IN_DOUBT | {"submitted_at": None}))
    assert type(it.through()) is SubmissionUncertainError
    assert it.vendor.asked == []


def test_a_repetition_is_written_down(scene):
    sent = []

    class Prepares(Script):
        async def prepare(self, plan):
            return {"uploaded": 1}

        async def submit(self, plan, key):
            sent.append((plan.native, key))
            return ACCEPTED

    semantics = {"idempotency": IdempotencyKey(lifetime=1000.0)}
    it = scene(Prepares(**semantics).says("poll", DONE), **IN_DOUBT)
    it.through()
    assert sent == [({"uploaded": 1}, "J1-3")]
    assert noted(it) == [("replay", "started", 3, ""), ("replay", "accepted", 3, "r-1")]


def test_repetitions_come_to_an_end(scene):
    it = scene(keyed(10_000.0).says("submit", GONE), **IN_DOUBT)
    assert type(it.through()) is SubmissionUncertainError
    times = it.vendor.times("submit")
    assert len(times) == 5
    for i, (before, after) in enumerate(itertools.pairwise(times)):
        assert 2**i / 10 <= after - before <= 2**i


@pytest.mark.parametrize("wait", [0.0, 40.0])
def test_the_vendors_pause_is_kept_between_repetitions(wait, scene):
    later = QuotaExceededError("later", status_code=503, retry_after=wait)
    it = scene(keyed().says("submit", later, ACCEPTED), **IN_DOUBT)
    assert type(it.through()) is VideoResult
    first, second = it.vendor.times("submit")
    assert second - first == pytest.approx(wait)


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (NO, 1),
        (BUSY, 5),
        (AuthenticationError("no", status_code=401), 5),
        (GenerationFailedError("no", retryable=False), 5),
    ],
)
def test_only_a_no_that_stays_ends_repetitions(answer, asked, scene):
    it = scene(keyed().says("submit", answer), **IN_DOUBT)
    assert type(it.through()) is SubmissionUncertainError
    assert len(it.vendor.times("submit")) == asked
    refused = [("replay", "rejected", 3, "no")] if asked == 1 else []
    assert noted(it) == [("replay", "started", 3, "")] * asked + refused
    assert it.job.state == "unknown"


def test_a_no_to_a_repetition_is_what_is_told(scene):
    it = scene(keyed().says("submit", NO), **IN_DOUBT)
    assert "is not known: no. It may" in it.through().message


def test_a_repetition_that_cannot_be_prepared_is_what_is_told(scene):
    class Prepares(Script):
        async def prepare(self, plan):
            raise GenerationFailedError("the picture is gone")

    it = scene(Prepares(idempotency=IdempotencyKey(lifetime=1000.0)), **IN_DOUBT)
    assert "is not known: the picture is gone. It may" in it.through().message
    assert (it.job.state, it.job.note) == ("unknown", "the picture is gone")


def test_a_vendor_with_both_is_asked_after_its_key_is_of_no_use(scene):
    both = vendor(
        idempotency=IdempotencyKey(lifetime=1000.0), lookup=Lookup(settle=10, absence_is_proof=True)
    )
    it = scene(both.says("submit", NO).says("lookup", ACCEPTED), **IN_DOUBT)
    assert type(it.through()) is VideoResult
    assert [kind for kind, _ in it.vendor.asked[:2]] == ["submit", "lookup"]


# --- looking it up --------------------------------------------------------------------------------


def test_a_lookup_is_told_what_to_look_for(scene):
    asked = []

    class Looks(Script):
        async def lookup(self, plan, key, since):
            asked.append((plan.request.prompt, key, since))
            return ACCEPTED

    it = scene(Looks(lookup=Lookup()).says("poll", DONE), **IN_DOUBT)
    it.through()
    assert asked == [("a fox", "J1-3", NOW)]
    assert noted(it) == [("lookup", "found", 3, "r-1")]
    assert it.job.remote_id == "r-1"


def test_a_job_is_absent_only_after_the_vendor_has_had_its_time(scene):
    it = scene(listed(settle=100.0).says("lookup", None).says("submit", ACCEPTED), **IN_DOUBT)
    assert type(it.through()) is VideoResult
    looks = it.vendor.times("lookup")
    assert looks[0] == 10_000
    assert 10_100 <= looks[-1] <= 10_100.1
    assert looks[-2] < 10_100
    gaps = [after - before for before, after in itertools.pairwise(looks)]
    for i, gap in enumerate(gaps[:-1]):
        assert min(2.0**i, 30) / 10 <= gap <= min(2.0**i, 30)
    assert noted(it)[:2] == [("lookup", "absent", 3, ""), ("create", "started", 4, "")]


def test_a_job_that_is_absent_is_free_until_it_is_sent_again(scene):
    seen = []
    it = scene(listed(settle=0.0).says("lookup", None), **IN_DOUBT)

    class Looks(Script):
        async def prepare(self, plan):
            seen.append((it.job.state, it.job.charged, it.job.note))
            return {}

    it.vendor.prepare = Looks.prepare.__get__(it.vendor)
    it.vendor.says("submit", ACCEPTED)
    it.through()
    assert seen == [("prepared", "no", "it was not accepted")]
    assert len(it.vendor.times("lookup")) == 1


def test_absence_that_proves_nothing_leaves_it_in_doubt(scene):
    it = scene(listed(settle=5.0, absence_is_proof=False).says("lookup", None), **IN_DOUBT)
    error = it.through()
    assert "is not known: script does not list it. It may" in error.message
    assert noted(it) == [("lookup", "absent", 3, "")]
    assert (it.job.state, it.job.charged) == ("unknown", "unknown")


def test_a_list_that_fails_is_asked_until_it_has_had_its_time(scene):
    it = scene(listed(settle=100.0).says("lookup", KeyError("list")), **IN_DOUBT)
    why = "script failed to look the job up: KeyError: 'list'"
    assert f"is not known: {why}. It may" in it.through().message
    looks = it.vendor.times("lookup")
    assert looks[-1] >= 10_100 > looks[-2]
    for i, (before, after) in enumerate(itertools.pairwise(looks)):
        assert min(2.0**i, 30) / 10 <= after - before <= min(2.0**i, 30)
    assert noted(it) == [("lookup", "failed", 3, why)]
    assert it.job.note == why


def test_a_list_that_fails_is_asked_five_times_at_least(scene):
    it = scene(listed(settle=0.0).says("lookup", BUSY), **IN_DOUBT)
    assert type(it.through()) is SubmissionUncertainError
    assert len(it.vendor.times("lookup")) == 5


def test_the_vendors_pause_is_kept_between_lookups(scene):
    later = QuotaExceededError("later", retry_after=40.0)
    it = scene(listed(settle=100.0).says("lookup", later, ACCEPTED), **IN_DOUBT)
    it.through()
    first, second = it.vendor.times("lookup")
    assert second - first == pytest.approx(40)


def test_a_lookup_that_never_answers_is_given_up(scene):
    class Hangs(Script):
        async def lookup(self, plan, key, since):
            self.asked.append(("lookup", self.loop.time()))
            if len(self.times("lookup")) < 3:
                await asyncio.sleep(10**6)
            return ACCEPTED

    it = scene(Hangs(lookup=Lookup()).says("poll", DONE), **IN_DOUBT)
    assert type(it.through()) is VideoResult
    first, second, _ = it.vendor.times("lookup")
    assert 60 <= second - first <= 62


def test_what_is_absent_is_sent_as_often_as_any_other(scene):
    it = scene(listed(settle=0.0).says("lookup", None).says("submit", GONE), **IN_DOUBT)
    error = it.through(tries=2)
    assert isinstance(error, VideoGenerationError)
    assert len(it.vendor.times("submit")) == 2
    assert it.job.state == "unknown"


def test_what_was_in_doubt_is_in_doubt_no_more_once_it_is_found(scene):
    seen = []

    def look(script):
        seen.append((it.job.state, it.job.note, it.job.charged))
        return DONE

    it = scene(listed().says("lookup", ACCEPTED), **(IN_DOUBT | {"note": "lost"}))
    it.vendor.says("poll", look)
    it.through()
    assert seen == [("accepted", "", "unknown")]


# --- not sent after all ---------------------------------------------------------------------------


class Wishing(Prompt):
    """A journal in which somebody wishes at the last moment that nothing were sent."""

    moment = "submitting"

    def update(self, record, *attempts, **changes):
        future = super().update(record, *attempts, **changes)
        if changes.get("state") == self.moment:
            self.seen = future.result()
            self.journal.update(self.seen, cancel_asked=True).result()
        return future


def test_a_wish_at_the_last_moment_is_heard(tmp_path):
    it = Scene(tmp_path, vendor(cancel=True).says("submit", ACCEPTED), store=Wishing, **NEW)
    error = it.through()
    assert type(error) is GenerationCancelledError
    assert error.message == "job J1 was cancelled before anything was sent"
    assert (error.backend, error.job_id, error.charged) == ("script", "J1", "no")
    assert it.vendor.asked == []
    assert it.store.seen.charged == "unknown"
    assert (it.job.state, it.job.charged, it.job.owner) == ("cancelled", "no", None)
    it.close()


def test_a_wish_before_anything_is_done_is_heard(scene):
    it = scene(vendor(cancel=True).says("submit", ACCEPTED), cancel_asked=True)
    error = it.through()
    assert (type(error), error.charged) == (GenerationCancelledError, "no")
    assert (it.job.state, it.vendor.asked) == ("cancelled", [])


# --- what the vendor wants, and what the clocks say -----------------------------------------------

OVERLOADED = BackendUnavailableError("overloaded", status_code=500, retry_after=40.0)


def test_an_overloaded_vendor_is_given_its_pause_before_it_is_asked(scene):
    it = scene(keyed().says("submit", OVERLOADED, ACCEPTED))
    assert type(it.through()) is VideoResult
    first, second = it.vendor.times("submit")
    assert second - first == pytest.approx(40)


def test_where_nothing_is_asked_nothing_is_waited_for(scene):
    it = scene(vendor().says("submit", OVERLOADED))
    assert type(it.through()) is SubmissionUncertainError
    assert it.loop.now == 10_000


@pytest.mark.parametrize(
    ("clock", "since", "asked"),
    [
        (10_000, None, 1),
        (10_000, 10_000, 1),
        (10_000, 9_501, 1),
        (10_000, 9_500, 0),
        (10_000, 9_000, 0),
        (499, 20_000, 1),  # the machine has begun anew since
        (500, 20_000, 0),
    ],
)
def test_a_clock_that_was_set_does_not_make_a_key_young(clock, since, asked, scene):
    it = scene(keyed(1000.0).says("submit", ACCEPTED), **IN_DOUBT, submitted_clock=since)
    it.loop.now = clock
    it.through()
    assert len(it.vendor.times("submit")) == asked
