import sys

import pytest

from ttv_cli.progress import Clock, Lines, span
from ttv_cli.terminal import one_line
from ttv_core import JobEvent


class Time:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(("seconds", "told"), [(0, "0:00"), (41.4, "0:41"), (3723, "1:02:03")])
def test_times_are_told_as_people_do(seconds, told):
    assert span(seconds) == told


def test_the_expected_time_counts_loading_once():
    time = Time()
    clock = Clock(time)
    time.now = 10
    assert clock.told(None) == "0:10"
    clock.enter("running")
    time.now = 20
    assert clock.told(0.25) == "0:20 of about 0:50"
    assert clock.told(0.001) == "0:20"


def test_where_the_vendor_tells_no_fraction_earlier_jobs_tell_the_time():
    time = Time()
    clock = Clock(time)
    clock.expect(65)
    time.now = 3
    clock.enter("submitting")
    assert clock.told(None) == "0:03"
    clock.enter("accepted")
    time.now = 41
    clock.enter("running")
    assert clock.told(None) == "0:41 of about 1:08"
    assert clock.told(0.5) == "0:41 of about 1:19"
    time.now = 70
    assert clock.told(None) == "1:10, usually about 1:08"
    clock.enter("downloading")
    assert clock.told(0.5) == "1:10"


def test_a_job_that_is_taken_up_again_counts_from_when_it_was_accepted():
    time = Time()
    clock = Clock(time, ago=40)
    clock.enter("running")
    time.now = 1
    assert clock.told(0.5) == "0:41 of about 1:22"


def test_what_is_said_first_stands_first_and_holds_nobody_up(capsys):
    lines = Lines(Clock(Time()))
    lines.accepted = lambda: "acme · accepted"
    with lines.held():
        for state in ("submitting", "accepted", "running"):
            lines.hear(JobEvent("j", "b", state))
        assert capsys.readouterr().err == ""
        sys.stderr.write("first\n")
    told = capsys.readouterr().err.splitlines()
    assert told == ["first", "submitting 0:00", "acme · accepted", "running 0:00"]


def test_lines_tell_changes_and_quarters_and_what_takes_long(capsys):
    lines = Lines(Clock(Time()))

    def hear(state, fraction=None, at=0.0, message=""):
        lines.hear(JobEvent("j", "b", state, fraction, message=message, at=at))

    hear("loading")
    for step in range(100):
        hear("running", step / 100)
    hear("running", 0.99, at=31)
    hear("measuring", message="of \x1b[31mit")
    hear("completed", 1.0)
    told = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in told] == [
        "loading 0:00",
        "running 0 % 0:00",
        *(f"running {part} % 0:00 of about 0:00" for part in (25, 50, 75, 99)),
        r"measuring 0:00 of \x1b[31mit",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\nb\tc", "a b c"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202eevil", r"\u202eevil"),
        ("\udcff", r"\udcff"),
        ("👩‍🚀 é 火", "👩‍🚀 é 火"),
    ],
)
def test_text_of_others_is_made_harmless(text, told):
    assert one_line(text) == told
