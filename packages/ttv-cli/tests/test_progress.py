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
