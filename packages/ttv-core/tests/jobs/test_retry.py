"""When to try again and when to look again: numbers in, numbers out."""

from __future__ import annotations

import email.utils
import math
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttv_core.http import retry_after
from ttv_core.jobs.retry import Schedule, backoff
from ttv_core.jobs.semantics import Polling

NOW = 1_800_000_000.0


class Chance:
    """Chance that always falls the same way: 0 is the lowest, 1 the highest."""

    def __init__(self, where):
        self.where = where
        self.asked = []

    def uniform(self, low, high):
        self.asked.append((low, high))
        return low + (high - low) * self.where


LEAST, MIDDLE, MOST = 0.0, 0.5, 1.0


# --- after failures -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "most"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30), (5000, 30)]
)
def test_the_pause_doubles_up_to_its_limit(failures, most):
    assert backoff(failures, Chance(MOST)) == pytest.approx(most)
    assert backoff(failures, Chance(LEAST)) == pytest.approx(most / 10)


def test_first_and_longest_can_be_said():
    assert backoff(1, Chance(MOST), first=0.5, longest=100) == 0.5
    assert backoff(3, Chance(MOST), first=0.5, longest=100) == 2
    assert backoff(9, Chance(MOST), first=0.5, longest=100) == 100
    assert backoff(1, Chance(MOST), first=9, longest=3) == 3


def test_a_pause_that_has_no_limit_stays_a_number():
    assert backoff(31, Chance(MOST), longest=math.inf) == 2.0**30
    assert backoff(32, Chance(MOST), longest=math.inf) == 2.0**30
    assert backoff(10_000, Chance(MOST), longest=math.inf) == 2.0**30


@settings(deadline=None)
@given(failures=st.integers(1, 10**6), seed=st.integers())
def test_the_pause_is_never_nothing_and_never_too_long(failures, seed):
    assert 0.1 <= backoff(failures, random.Random(seed)) <= 30


def test_many_clients_do_not_come_back_at_once():
    waits = [backoff(3, random.Random(seed)) for seed in range(200)]
    assert statistics.stdev(waits) > 0.5


# --- what the vendor says -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("999999999", 3600.0),
        (email.utils.formatdate(NOW + 90, usegmt=True), 90.0),
        (email.utils.formatdate(NOW - 90, usegmt=True), 0.0),
        (email.utils.formatdate(NOW + 10**8, usegmt=True), 3600.0),
        ("Fri, 15 Jan 2027 08:00:30 -0000", 30.0),
        ("Fri, 15 Jan 2027 09:00:30 +0100", 30.0),
        ("Fri, 01 Jan 0001 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
    ],
)
def test_retry_after_is_read(said, wait):
    assert retry_after(said, now=NOW) == pytest.approx(wait)


@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        "   ",
        "-1",
        "+7",
        "1e3",
        "0x10",
        "inf",
        "nan",
        "7 s",
        "7,5",
        "٧",
        "７",
        "²",
        "9" * 4000,
        "1." + "0" * 50,
        "soon",
        "Fri, 99 Jan 2027 08:00:30 GMT",
        "Fri, 15 Jan 99999999999 08:00:30 GMT",
        "Fri, 15 Jan 2027 08:00:30 +99999999",
        "\x00",
    ],
)
def test_retry_after_that_says_nothing_is_not_obeyed(said):
    assert retry_after(said, now=NOW) is None


@settings(deadline=None)
@given(st.text())
def test_retry_after_never_fails(said):
    wait = retry_after(said, now=NOW)
    assert wait is None or 0 <= wait <= 3600


# --- when to look ---------------------------------------------------------------------------------

POLLING = Polling(floor=2, ceiling=15)
numbers = st.floats(allow_nan=True, allow_infinity=True)


@settings(deadline=None)
@given(
    took=st.lists(numbers, max_size=8),
    interval=st.none() | st.floats(0.001, 1e6),
    elapsed=st.floats(-1e9, 1e9),
    hint=st.none() | st.floats(-1e9, 1e9),
    seed=st.integers(),
)
def test_the_floor_holds_and_hints_are_obeyed(took, interval, elapsed, hint, seed):
    schedule = Schedule(POLLING, took, interval)
    wait = schedule.pause(elapsed, random.Random(seed), hint=hint)
    assert wait >= POLLING.floor
    assert hint is None or wait >= hint
    assert math.isfinite(wait)


@pytest.mark.parametrize(
    ("elapsed", "wait"), [(-5, 2), (0, 2), (12, 2), (18, 3), (90, 15), (9e9, 15)]
)
def test_without_experience_pauses_grow_with_the_time_that_has_passed(elapsed, wait):
    assert Schedule(POLLING).pause(elapsed, Chance(MIDDLE)) == pytest.approx(wait)


def test_pauses_vary_by_chance_but_little():
    schedule = Schedule(POLLING)
    assert schedule.pause(60, Chance(LEAST)) == pytest.approx(8.5)
    assert schedule.pause(60, Chance(MOST)) == pytest.approx(11.5)


def test_a_long_wait_for_the_first_look_varies_no_more_than_the_longest_pause():
    schedule = Schedule(POLLING, (600, 600, 600))
    assert schedule.pause(0, Chance(LEAST)) == pytest.approx(600 - 0.15 * 15)
    assert schedule.pause(0, Chance(MOST)) == pytest.approx(600 + 0.15 * 15)


def test_an_interval_of_the_users_is_kept_to_above_the_floor():
    for elapsed in (0, 10, 1000):
        assert Schedule(POLLING, (9, 9, 9), 5).pause(elapsed, Chance(MIDDLE)) == 5
    assert Schedule(POLLING, (), 0.5).pause(0, Chance(MIDDLE)) == 2


def test_a_hint_is_the_least_and_not_the_most():
    assert Schedule(POLLING).pause(0, Chance(MIDDLE), hint=7) == 7
    assert Schedule(POLLING).pause(60, Chance(MIDDLE), hint=7) == 10
    assert Schedule(POLLING).pause(0, Chance(MIDDLE), hint=0) == 2


def test_two_finished_jobs_are_too_few_to_learn_from():
    assert Schedule(POLLING, (60, 60)).pause(0, Chance(MIDDLE)) == 2
    assert Schedule(POLLING, (60, 60, 60)).pause(0, Chance(MIDDLE)) == 60


def test_times_that_cannot_be_are_not_learned_from():
    odd = (math.nan, math.inf, -1.0, -math.inf)
    assert Schedule(POLLING, (*odd, 60, 60)).pause(0, Chance(MIDDLE)) == 2
    assert Schedule(POLLING, (*odd, 60, 60, 60)).pause(0, Chance(MIDDLE)) == 60
    assert Schedule(POLLING, (0, 0, 0)).pause(0, Chance(MIDDLE)) == 2
    assert Schedule(POLLING, (*odd, 0, 0.5, 0.5)).pause(60, Chance(MIDDLE)) == pytest.approx(
        59.5 / 8
    )


def test_the_first_look_comes_when_the_job_may_be_done():
    # Of 101 jobs the third shortest is the fiftieth part, the eleventh longest the nine tenths.
    took = [100 + second / 2 for second in range(101)]
    schedule = Schedule(POLLING, took[::-1])  # 100 … 150: from 101 to 145
    assert schedule.pause(0, Chance(MIDDLE)) == pytest.approx(101)
    assert schedule.pause(30, Chance(MIDDLE)) == pytest.approx(71)
    assert schedule.pause(101, Chance(MIDDLE)) == pytest.approx(101 / 24)
    assert schedule.pause(120, Chance(MIDDLE)) == pytest.approx(5)
    assert schedule.pause(145 + 20, Chance(MIDDLE)) == pytest.approx((145 - 101) / 8)
    assert schedule.pause(145 + 80, Chance(MIDDLE)) == pytest.approx(10)
    assert schedule.pause(145 + 800, Chance(MIDDLE)) == pytest.approx(15)


def test_between_two_jobs_the_times_lie_on_a_straight_line():
    schedule = Schedule(POLLING, (100, 200, 300, 400))  # a fiftieth of the way is 106
    assert schedule.pause(0, Chance(MIDDLE)) == pytest.approx(106)
    # Nine tenths of it are 370.
    assert schedule.pause(370 + 90, Chance(MIDDLE)) == pytest.approx(15)
    assert Schedule(POLLING, (10, 20, 30, 40)).pause(37 + 40, Chance(MIDDLE)) == pytest.approx(5)


def test_the_less_jobs_differ_the_closer_they_are_looked_at():
    alike = Schedule(POLLING, (240, 250, 260)).pause(250, Chance(MIDDLE))
    apart = Schedule(POLLING, (100, 250, 400)).pause(250, Chance(MIDDLE))
    assert alike == pytest.approx((258 - 240.4) / 8)
    assert apart == pytest.approx(250 / 24)


def test_close_looks_keep_between_floor_and_ceiling():
    assert Schedule(POLLING, (60, 60, 60)).pause(60, Chance(MIDDLE)) == 2
    wide = Schedule(POLLING, (60, 600, 6000))
    assert wide.pause(1000, Chance(MIDDLE)) == 15


def looks(schedule, done_at, chance):
    """Return how often a job is looked at, and how long after its end the last look comes."""
    now, count = 0.0, 0
    while now < done_at:
        now += schedule.pause(now, chance)
        count += 1
    return count, now - done_at


def test_what_was_learned_saves_looks_and_time():
    chance = random.Random(5)
    history = [random.Random(i).gauss(80, 6) for i in range(30)]
    ends = [random.Random(1000 + i).gauss(80, 6) for i in range(300)]

    def mean(schedule):
        found = [looks(schedule, end, chance) for end in ends]
        return [statistics.mean(column) for column in zip(*found, strict=True)]

    fixed, unlearned, learned = (
        mean(Schedule(POLLING, took, interval))
        for took, interval in (((), 5), ((), None), (history, None))
    )
    assert learned[0] < fixed[0] / 2
    assert learned[0] < unlearned[0]
    assert learned[1] < fixed[1]
    assert learned[1] < unlearned[1]
