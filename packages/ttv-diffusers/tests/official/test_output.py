"""Progress bars and last lines, out of what a script writes."""

from __future__ import annotations

import pytest

from ttv_diffusers.official.output import Lines, Tail, progress_in

BAR = " 42%|████▏     | 21/50 [00:31<00:42,  1.47s/it]"


@pytest.mark.parametrize(
    ("line", "step"),
    [
        (BAR, 21),
        ("  0%|          | 0/50 [00:00<?, ?it/s]", 0),
        ("100%|##########| 50/50 [01:12<00:00,  1.45s/it]", 50),
        ("Loading checkpoint shards: 100%|##########| 50/50 [00:01<00:00]", None),
        ("100%|##########| 8/8 [00:02<00:00]", None),
        ("the score is 21/50 [00:31<00:42]", None),
        ("", None),
    ],
)
def test_only_the_bar_of_the_steps_counts(line, step):
    assert progress_in(line, 50) == step


def test_lines_end_at_breaks_and_carriage_returns_wherever_the_bytes_are_cut():
    data = "Loading 模型\r\n\r 2%|▏| 1/50 [00:01<00:02]\r 4%|▏| 2/50 [00:02<00:03]\nSaved".encode()
    wanted = ["Loading 模型", " 2%|▏| 1/50 [00:01<00:02]", " 4%|▏| 2/50 [00:02<00:03]", "Saved"]
    for size in range(1, len(data) + 1):
        lines = Lines()
        found = [
            line
            for start in range(0, len(data), size)
            for line in lines.feed(data[start : start + size])
        ]
        assert [*found, *lines.end()] == wanted, size


def test_a_bar_counts_before_the_next_one_comes():
    assert Lines().feed(f"\r{BAR}".encode()) == [BAR]


def test_what_follows_a_bar_in_the_same_line_is_told_apart():
    data = f"\r{BAR}Traceback (most recent call last):\nValueError".encode()
    lines = Lines()
    found = [*lines.feed(data), *lines.end()]
    assert found == [BAR, "Traceback (most recent call last):", "ValueError"]
    assert Lines().feed(f"{BAR}\n".encode()) == [BAR]


def test_a_line_without_end_is_not_kept_for_ever():
    lines = Lines()
    found = [line for _ in range(100) for line in lines.feed(b"x" * 1000)]
    assert sum(map(len, found)) >= 89_000


def test_what_is_no_text_is_read_all_the_same():
    assert Lines().feed(b"\xff\xfe bad\n") == ["\N{REPLACEMENT CHARACTER}" * 2 + " bad"]


def test_the_tail_keeps_words_and_leaves_bars_out():
    tail = Tail(count=2)
    for line in ("one", "two", BAR, f"Loading: {BAR}", "", "three\n"):
        tail.add(line)
    assert str(tail) == "two\nthree"
