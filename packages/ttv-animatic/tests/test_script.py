"""From a prompt to shots and their frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttv_animatic import script


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("A fox runs. It stops! Why?", ["A fox runs.", "It stops!", "Why?"]),
        ("One\n\ntwo; three", ["One", "two", "three"]),
        ("Dr. Li waits 3.5 hours at 5 p.m. near the door", None),
        ("Wait... what?", ["Wait...", "what?"]),
        ('He said "go." She went.', ['He said "go."', "She went."]),
        ("海が静かだ。夜が来る！", ["海が静かだ。", "夜が来る！"]),
        ("no stop at all", ["no stop at all"]),
        ("", []),
        ("...", ["..."]),
    ],
)
def test_sentences_end_where_a_reader_breathes(text, parts):
    assert script.sentences(text) == ([text] if parts is None else parts)


def test_there_are_never_more_shots_than_there_is_time_for():
    parts = [f"Sentence {k}." for k in range(10)]
    assert len(script.shots(parts, 240, 24)) == 10
    assert len(script.shots(parts, 96, 24)) == 4
    assert len(script.shots(parts, 5, 24)) == 1
    merged = script.shots(parts, 96, 24)
    assert " ".join(merged) == " ".join(parts)


@given(
    st.lists(st.text(max_size=80), min_size=1, max_size=12),
    st.integers(min_value=12, max_value=2000),
)
def test_frames_add_up_and_no_shot_goes_without(texts, num_frames):
    counts = script.share(texts, num_frames)
    assert sum(counts) == num_frames
    assert min(counts) >= 1


def test_longer_text_gets_more_frames():
    short, long = script.share(["Rain.", "A long sentence that takes a while to read."], 100)
    assert long > short
