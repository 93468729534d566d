"""Type: it fits, it stays in the frame, and it can be read."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ttv_animatic import contrast, layout, mood, palette, typesetting, typography

SIZES = st.tuples(
    st.integers(min_value=32, max_value=960).map(lambda n: n * 2),
    st.integers(min_value=32, max_value=960).map(lambda n: n * 2),
)
LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z", "M"))
TEXTS = st.text(
    st.one_of(st.sampled_from("    aeiounrstlWMj.,-äßж"), LETTERS), min_size=1, max_size=600
)


@settings(max_examples=60, deadline=None)
@given(TEXTS, SIZES, st.integers(min_value=1, max_value=4), st.booleans())
@example("word " * 1000, (64, 64), 1, False)
@example("x" * 5000, (1280, 720), 3, False)
@example("静かな海に沈む夕日。" * 60, (64, 1920), 2, True)
def test_type_never_leaves_the_frame(text, size, most, subtitle):
    text = typography.drawable(text)
    if not text:
        return
    blocks, place = typesetting.set_type(text, size, most, subtitle=subtitle)
    assert 1 <= len(blocks) <= most
    for block in blocks:
        assert all(line for line in block.lines)
        assert place.left + block.width <= size[0] - place.left + 1
        assert place.foot - block.height >= 0
        assert place.foot < size[1]
        for line in block.lines:
            assert typography.measure(line, block.size) <= block.width


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("abcdefghij,.", min_size=1, max_size=9), min_size=1, max_size=60))
def test_wrapping_loses_no_word(words):
    text = " ".join(words)
    assert " ".join(layout.wrap(text, 20, 300)) == text


def test_short_text_is_large_and_long_text_turns_pages():
    short, _ = typesetting.set_type("A red fox.", (1280, 720), 3, subtitle=False)
    long, _ = typesetting.set_type("A red fox runs. " * 50, (1280, 720), 3, subtitle=False)
    assert len(short) == 1
    assert len(long) == 3
    assert short[0].size > 1.5 * long[0].size
    shown = " ".join(line for block in long for line in block.lines)
    assert shown == ("A red fox runs. " * 50).strip()


def test_only_what_fits_no_way_ends_in_an_ellipsis():
    blocks, _ = typesetting.set_type("many words " * 400, (320, 180), 1, subtitle=False)
    assert blocks[-1].lines[-1].endswith("…")


def test_lines_are_balanced():
    text = "The last word of a paragraph should not stand alone"
    lines = layout.pages(text, (420, 200), (30, 20, 10))[0].lines
    widths = [typography.measure(line, 30) for line in lines]
    assert len(lines) > 1
    assert min(widths) > 0.5 * max(widths)


def test_east_asian_text_breaks_between_characters_but_never_before_a_stop():
    text = "静かな海に、沈む夕日。小さな船。"
    for width in range(60, 140, 5):
        lines = layout.wrap(text, 20, width)
        assert len(lines) > 1
        assert "".join(lines) == text
        assert not any(line[0] in "。、" for line in lines)


def test_a_line_is_drawn_whole():
    for size in (8, 13, 24, 61):
        for line in ("Fjord quay", "Wavy Äpfel", "jjj fff"):
            wide = int(typography.measure(line, size)) + 8
            mask = typography.draw_line(line, size, (wide, layout.leading(size) + 4))
            left, top, right, foot = mask.getbbox()
            assert top > 0 or mask.crop((0, 0, wide, 1)).getextrema()[1] < 128
            assert right < wide
            assert foot <= mask.height
            assert left <= size


def test_missing_glyphs_are_named_and_left_out():
    nobody = "\U000f0000\U00012345"
    assert typography.missing_glyphs("A fox\n runs…") == ""
    assert typography.missing_glyphs(f"A {nobody[1]}fox") == nobody[1]
    assert typography.drawable(f"A {nobody[1]} fox\u200b") == "A fox"


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (128, 128, 128), (250, 220, 60)])
@pytest.mark.parametrize("dark_allowed", [True, False])
def test_ink_can_be_read_on_any_ground(ground, dark_allowed):
    scheme = palette.make(mood.read("sea at noon").settle(1), 1)
    picture = Image.new("RGB", (64, 64), ground)
    ink = contrast.choose(scheme, [picture], dark_allowed=dark_allowed)
    pixels = contrast._sample(picture)
    assert contrast.worst(ink.colour, ink.shade, ink.veil, pixels) >= 4.5
