"""A create is repeated under its key only while the vendor surely knows that key still."""

from __future__ import annotations

import dataclasses

import pytest
from virtual import ACCEPTED, DONE, Scene, Script

from ttv_core import BackendUnavailableError, QuotaExceededError, SubmissionUncertainError
from ttv_core.jobs.semantics import IdempotencyKey

NOW, UPTIME = 1_800_000_000.0, 10_000.0  # as the scene begins
LIFETIME = 3_600.0


@pytest.fixture
def scene(tmp_path):
    """Make a job whose create was cut off."""
    made = []

    def make(*answers, at=NOW, clock=UPTIME, **facts):
        vendor = Script(
            idempotency=IdempotencyKey(lifetime=LIFETIME), definite_reject=frozenset({429})
        )
        vendor.says("submit", *answers).says("poll", DONE)
        cut_off = {"state": "reconciling", "attempt": 1, "accepted_at": None, "remote_id": None}
        it = Scene(tmp_path, vendor, submitted_at=at, submitted_clock=clock, **(cut_off | facts))
        made.append(it)
        return it

    yield make
    for it in made:
        it.close()


@pytest.mark.parametrize("seconds", [0.0, 1_700.0])
def test_a_young_create_is_repeated(scene, seconds):
    it = scene(ACCEPTED, at=NOW - seconds, clock=UPTIME - seconds)
    it.through()
    assert it.job.state == "completed"


def test_a_key_grows_old_while_the_vendor_wants_pauses(scene):
    busy = QuotaExceededError("busy", status_code=429, retry_after=1_000.0)
    it = scene(busy)
    wall = it.now
    every_minute = {
        float(i): lambda s, i=i: setattr(s, "now", wall + i) for i in range(60, 9_000, 60)
    }
    assert isinstance(it.through(at=every_minute), SubmissionUncertainError)
    assert [at - UPTIME for at in it.vendor.times("submit")] == [0.0, 1_000.0]
    assert it.job.state == "unknown"


def test_a_clock_that_was_set_back_makes_no_old_key_young(scene):
    it = scene(ACCEPTED, clock=UPTIME - 4_000.0)
    assert isinstance(it.through(), SubmissionUncertainError)
    assert it.vendor.times("submit") == []


def test_a_clock_that_is_set_back_meanwhile_makes_no_old_key_young(scene):
    it = scene(BackendUnavailableError("no answer", retry_after=1_000.0))
    it.through()  # the time of day stands still
    assert [at - UPTIME for at in it.vendor.times("submit")] == [0.0, 1_000.0]


def test_a_machine_that_began_anew_has_been_up_for_so_long_at_least(scene):
    it = scene(ACCEPTED, clock=UPTIME + 1.0)
    assert isinstance(it.through(), SubmissionUncertainError)
    assert it.vendor.times("submit") == []


def test_without_that_clock_the_time_of_day_decides(scene):
    it = scene(ACCEPTED, clock=None)
    it.through()
    assert it.job.state == "completed"


def test_an_overloaded_vendor_is_not_asked_again_before_it_wants_to_be(scene):
    busy = BackendUnavailableError("overloaded", status_code=503, retry_after=900.0)
    it = scene(busy, ACCEPTED, state="prepared", attempt=0)
    it.through()
    assert [at - UPTIME for at in it.vendor.times("submit")] == [0.0, 900.0]
    assert it.job.state == "completed"


@pytest.mark.parametrize("status", [503, 429])  # doubt, and a sure no
def test_the_next_process_waits_too_as_long_as_the_vendor_wants(scene, status):
    kind = BackendUnavailableError if status == 503 else QuotaExceededError
    busy = kind("busy", status_code=status, retry_after=900.0)
    it = scene(busy, ACCEPTED, state="prepared", attempt=0)
    kept = []
    it.through(at={10.0: lambda s: kept.append(s.job.not_before)})
    assert kept == [NOW + 900.0]


@pytest.mark.parametrize("state", ["prepared", "reconciling"])
@pytest.mark.parametrize(("left", "waits"), [(300.0, 300.0), (-300.0, 0.0), (1e9, 3_600.0)])
def test_what_another_process_was_told_is_waited_for(scene, state, left, waits):
    attempt = 0 if state == "prepared" else 1
    it = scene(ACCEPTED, state=state, attempt=attempt, not_before=NOW + left, at=NOW, clock=UPTIME)
    long = IdempotencyKey(lifetime=1e6)
    it.vendor.semantics = dataclasses.replace(it.vendor.semantics, idempotency=long)
    it.through()
    assert [at - UPTIME for at in it.vendor.times("submit")] == [waits]
