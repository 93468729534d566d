"""Domains: which values are legal, which is nearest, and how it is told."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from ttv_core import Canvas, Numbers, Size, SizeRange
from ttv_core.labels import parse_ratio, parse_size, quoted, same_value, tier_pixels
from ttv_core.sizes import label_size

WHOLE = st.integers(0, 500)
TENTHS = st.integers(0, 5000).map(lambda x: x / 10)


@st.composite
def domains(draw):
    value = draw(st.sampled_from([WHOLE, TENTHS]))
    if draw(st.booleans()):
        return Numbers(choices=tuple(draw(st.lists(value, min_size=1, max_size=6))))
    low, high = sorted((draw(value), draw(value)))
    step = draw(st.sampled_from([None, 0.1, 0.5, 1, 4, 7]))
    offset = draw(st.sampled_from([None, 0, 1, low]))
    table = {"minimum": low, "maximum": high, "step": step, "offset": offset if step else None}
    try:
        return Numbers.model_validate(table)
    except ValidationError as error:
        assert "no value is legal" in str(error)  # noqa: PT017 - the only way to be no domain
        assume(False)


def listed(domain):
    """Return all legal values, found without the code under test; None where they are dense."""
    if domain.choices:
        return list(domain.choices)
    if domain.step is None:
        return None
    base = domain.minimum if domain.offset is None else domain.offset
    steps = range(
        math.floor((domain.minimum - base) / domain.step) - 2,
        math.ceil((domain.maximum - base) / domain.step) + 3,
    )
    values = (base + step * domain.step for step in steps)
    return [v for v in values if domain.minimum - 1e-6 <= v <= domain.maximum + 1e-6]


@given(domains(), st.floats(-100, 1000) | st.integers(-100, 1000))
def test_the_nearest_is_legal_and_nothing_legal_is_nearer(domain, value):
    nearest = domain.nearest(value)
    assert domain.allows(nearest)
    assert domain.nearest(nearest) == nearest
    legal = listed(domain)
    if legal is None:
        assert nearest == min(max(value, domain.minimum), domain.maximum)
    else:
        assert abs(nearest - value) <= min(abs(v - value) for v in legal) + 1e-6


@given(domains(), st.floats(-100, 1000))
def test_what_is_legal_is_its_own_nearest(domain, value):
    legal = listed(domain)
    if legal is not None:
        assert domain.allows(value) == any(math.isclose(v, value, abs_tol=1e-9) for v in legal)
        assert all(domain.allows(v) for v in legal)


@given(domains())
def test_a_domain_says_what_it_allows(domain):
    assert domain.describe()
    if domain.only is not None:
        assert domain.nearest(-100) == domain.nearest(1000) == domain.only


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ([4, 6, 8], "4, 6, 8"),
        (24, "24"),
        ({"minimum": 2, "maximum": 10}, "2 to 10"),
        ({"minimum": 2, "maximum": 10, "step": 0.5}, "2 to 10 in steps of 0.5"),
        ({"minimum": 5, "maximum": 121, "step": 4, "offset": 1}, "5 to 121, as 4k+1"),
        ({"minimum": 0.5}, "0.5 or more"),
        ({"maximum": 2**63 - 1}, "0 to 9223372036854775807"),
        ([23.976, 59.94005994], "23.976, 59.9401"),
    ],
)
def test_legal_numbers_are_told_in_words(table, told):
    assert Numbers.model_validate(table).describe() == told


@pytest.mark.parametrize(
    ("table", "value", "nearest"),
    [
        ([4, 6, 8], 5, 6),  # a tie goes to the larger
        ([8, 6, 4], 5, 6),
        ([4, 6, 8], 100, 8),
        ({"minimum": 5, "maximum": 121, "step": 4, "offset": 1}, 83, 85),
        ({"minimum": 5, "maximum": 121, "step": 4, "offset": 1}, 1, 5),
        ({"minimum": 6, "maximum": 120, "step": 4, "offset": 1}, 1, 9),
        ({"minimum": 6, "maximum": 120, "step": 4, "offset": 1}, 500, 117),
        ({"minimum": 0, "maximum": 1, "step": 0.1}, 0.31, 0.3),
        ({"minimum": 2, "step": 3}, 1e12, 1_000_000_000_001),
        ({"minimum": 1, "maximum": 9}, 3.7, 3.7),
    ],
)
def test_values_snap_to_the_nearest(table, value, nearest):
    found = Numbers.model_validate(table).nearest(value)
    assert found == nearest
    assert repr(found) == repr(nearest)


def test_whole_numbers_stay_exact_beyond_what_a_float_can_hold():
    seeds = Numbers(minimum=0, maximum=2**63 - 1)
    assert seeds.nearest(2**64 - 1) == 2**63 - 1
    assert seeds.allows(2**63 - 1)
    assert not seeds.allows(2**63)
    assert seeds.nearest(2**53 + 1) == 2**53 + 1


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (True, "valid dictionary"),
        ([], "the list of choices is empty"),
        (["5"], "valid integer"),
        ([True], "valid integer"),
        ({"choices": [4], "maximum": 8}, "one of the two"),
        ({"choices": [4], "minimum": 1}, "one of the two"),
        ({"choices": [4], "step": 1}, "one of the two"),
        ({"minimum": 5, "maximum": 4}, "maximum 4 is below minimum 5"),
        ({"maximum": 5, "step": 0}, "step 0 must be positive"),
        ({"minimum": 6, "maximum": 8, "step": 4, "offset": 1}, "no value is legal: 6 to 8"),
        ({"choices": [4, 6], "default": 5}, "default 5 is not one of: 4, 6"),
        ({"maximum": math.nan}, "finite"),
        ({"maximun": 5}, "Extra inputs"),
    ],
)
def test_a_domain_that_makes_no_sense_is_refused_when_it_is_read(table, why):
    with pytest.raises(ValidationError, match=why):
        Numbers.model_validate(table)


def test_one_legal_value_is_known_as_such():
    assert Numbers(choices=(5,)).only == 5
    assert Numbers(minimum=5, maximum=5).only == 5
    assert Numbers(choices=(5, 6)).only is None
    assert Numbers(minimum=5).only is None


def test_narrowing_keeps_what_is_legal_in_both_and_a_default_that_is():
    domain = Numbers(minimum=2, maximum=10, default=4)
    assert domain.within([8, 6, 12]) == Numbers(choices=(8, 6), default=6)
    assert Numbers(choices=(4, 6, 8)).within([8]).default is None
    with pytest.raises(ValueError, match="none of 12, 14 is one of 2 to 10"):
        domain.within([12, 14])


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1280x720", (1280, 720)),
        (" 1280 X 720 ", (1280, 720)),
        ("1280*720", (1280, 720)),
        ("1280×720", (1280, 720)),
        ("1280:720", (1280, 720)),
    ],
)
def test_sizes_are_read_as_vendors_write_them(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["16:9", "1280", "1280x", "x720", "-1x5", "1280x720x3", "1e3x720"])
def test_what_is_no_size_is_quoted(text):
    with pytest.raises(ValueError, match="is not a size such as '1280x720'"):
        parse_size(text)


def test_ratios_are_read_as_width_by_height():
    assert parse_ratio("16:9") == 16 / 9
    assert parse_ratio("2.39:1") == 2.39


@pytest.mark.parametrize(
    "text", ["16x9", "0:9", "16:0", "-16:-9", "16:9:1", "nan:1", "inf:1", "1_6:9", "16:", "", "a:b"]
)
def test_what_is_no_ratio_is_quoted(text):
    with pytest.raises(ValueError, match=f"{text!r} is not an aspect ratio such as '16:9'"):
        parse_ratio(text)


@pytest.mark.parametrize(
    ("tier", "pixels"), [("720p", 720), ("1080P", 1080), ("2k", 1440), ("4K", 2160), ("8k", 4320)]
)
def test_tiers_are_read_by_their_short_edge(tier, pixels):
    assert tier_pixels(tier) == pixels


@pytest.mark.parametrize("tier", ["720", "0p", "p", "hd", "720pp", "3k", "123456p", "7 20p"])
def test_what_is_no_tier_is_quoted(tier):
    with pytest.raises(ValueError, match=f"{tier!r} is not a resolution such as"):
        tier_pixels(tier)


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("resolution", "1080P", "1080p", True),
        ("resolution", "2k", "1440p", True),
        ("resolution", "720p", "1080p", False),
        ("aspect_ratio", "16:9", "1920:1072", True),  # 0.7 % off
        ("aspect_ratio", "16:9", "1.75:1", False),  # 1.6 % off
        ("size", "1280x720", "1280*720", True),
        ("size", "1280x720", "720x1280", False),
        ("duration", 8, 8.0, True),
        ("duration", 8.000000001, 8, True),
        ("duration", 8, 8.01, False),
        ("n", 2, 3, False),
        ("audio", True, True, True),
        ("audio", False, None, False),
        ("audio", None, None, True),
        ("mode", "text_to_video", "image_to_video", False),
    ],
)
def test_one_thing_said_in_two_ways_is_the_same(field, one, other, same):
    assert same_value(field, one, other) is same
    assert same_value(field, other, one) is same


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5.0, "5"),
        (0.25, "0.25"),
        (1e300, "1e+300"),
        (math.nan, "nan"),
        (True, "True"),
        ((1280, 720), "1280x720"),
        (b"x" * 10_000, "<10,000 bytes>"),
        ("fox", "'fox'"),
        ("\x1b[31m\ud800", r"'\x1b[31m\ud800'"),
        pytest.param(10**5000, "<int>", id="more digits than Python prints"),
        pytest.param(Unprintable(), "<Unprintable instance at", id="a repr that fails"),
    ],
)
def test_values_are_quoted_short_and_printable(value, shown):
    assert quoted(value).startswith(shown)


@pytest.mark.parametrize("value", ["x" * 10**7, ["y" * 1000] * 1000, {"k": "v" * 10**6}, 10**300])
def test_huge_values_are_not_quoted_whole(value):
    assert len(quoted(value)) < 1000


# --- pictures -----------------------------------------------------------------------------------


@st.composite
def ranges(draw):
    unit = draw(st.sampled_from([1, 2, 8, 16]))
    low, high = sorted((draw(st.integers(8, 160)), draw(st.integers(8, 160))))
    table = {"min_edge": low, "max_edge": high, "multiple_of": unit}
    if draw(st.booleans()):
        table["max_pixels"] = draw(st.integers(64, 160 * 160))
    try:
        return SizeRange.model_validate(table)
    except ValidationError as error:
        assert "no size is legal" in str(error)  # noqa: PT017 - the only way to be no range
        assume(False)


def is_legal(bounds, width, height):
    return (
        all(bounds.min_edge <= edge <= bounds.max_edge for edge in (width, height))
        and width % bounds.multiple_of == height % bounds.multiple_of == 0
        and (bounds.max_pixels is None or width * height <= bounds.max_pixels)
    )


@given(ranges(), st.integers(1, 400), st.integers(1, 400))
def test_the_nearest_size_is_legal_and_a_legal_size_is_its_own_nearest(bounds, width, height):
    found = bounds.nearest(width, height)
    assert is_legal(bounds, found.width, found.height)
    assert bounds.allows(found.width, found.height)
    assert bounds.nearest(found.width, found.height) == found
    assert bounds.allows(width, height) == is_legal(bounds, width, height)


@given(ranges(), st.integers(8, 400), st.integers(8, 400))
def test_no_legal_size_is_nearer_than_rounding_explains(bounds, width, height):
    """Brute force: the best by shape first, then by area, within one multiple an edge."""

    def apart(size):
        shape = abs(math.log(size[0] * height / (size[1] * width)))
        return 2 * shape + abs(math.log(size[0] * size[1] / (width * height)))

    unit = bounds.multiple_of
    edges = [e for e in range(unit, bounds.max_edge + 1, unit) if e >= bounds.min_edge]
    legal = (s for s in itertools.product(edges, edges) if is_legal(bounds, *s))
    found = bounds.nearest(width, height)
    slack = 4 * math.log1p(unit / min(found.width, found.height))
    assert apart((found.width, found.height)) <= min(map(apart, legal)) + slack + 1e-9


@pytest.mark.parametrize(
    ("table", "asked", "nearest"),
    [
        ({"max_edge": 1280}, (1920, 1080), "1280x720"),
        ({"max_edge": 1280}, (1080, 1920), "720x1280"),
        ({"max_edge": 4096, "max_pixels": 921_600}, (1920, 1080), "1280x720"),
        ({"max_edge": 4096, "multiple_of": 16}, (1920, 1080), "1920x1088"),
        ({"min_edge": 256, "max_edge": 4096}, (160, 90), "456x256"),
        ({"min_edge": 256, "max_edge": 1024}, (5000, 10), "1024x256"),
        ({"max_edge": 2048}, (1281, 719), "1280x720"),
    ],
)
def test_sizes_are_scaled_before_they_are_cut(table, asked, nearest):
    assert str(SizeRange.model_validate(table).nearest(*asked)) == nearest


def test_bounds_are_told_in_words():
    bounds = SizeRange(min_edge=64, max_edge=2048, multiple_of=16, max_pixels=921_600)
    assert bounds.describe() == (
        "64 to 2048 pixels an edge, multiples of 16, at most 921,600 pixels in all"
    )
    assert SizeRange(max_edge=512, multiple_of=1).describe() == "16 to 512 pixels an edge"


@pytest.mark.parametrize(
    "table",
    [
        {"min_edge": 65, "max_edge": 79, "multiple_of": 16},
        {"min_edge": 100, "max_edge": 50},
        {"min_edge": 100, "max_edge": 500, "max_pixels": 9_999},
    ],
)
def test_bounds_that_leave_nothing_are_refused(table):
    with pytest.raises(ValidationError, match="no size is legal"):
        SizeRange.model_validate(table)


def test_a_size_knows_its_ratio_and_tier_by_name_or_by_pixels():
    wan = Size(width=832, height=480, aspect_ratio="16:9")
    assert wan.is_ratio("16:9")
    assert wan.is_ratio("32:18")
    assert wan.is_ratio("26:15")
    assert not wan.is_ratio("4:3")
    assert wan.is_tier("480p")
    assert (wan.ratio, wan.tier) == ("16:9", "480p")
    hailuo = Size(width=1366, height=768, resolution="768P")
    assert hailuo.is_tier("768p")
    assert hailuo.is_ratio("16:9")
    assert hailuo.ratio == "683:384"
    assert str(hailuo) == "1366x768"


@pytest.mark.parametrize(
    "table", [{"width": 0, "height": 5}, {"width": 5, "height": 5, "resolution": "big"}]
)
def test_a_size_that_is_none_is_refused(table):
    with pytest.raises(ValidationError):
        Size.model_validate(table)


@pytest.mark.parametrize(
    ("ratio", "tier", "size"),
    [
        ("16:9", "720p", "1280x720"),
        ("9:16", "1080p", "1080x1920"),
        ("16:9", "480p", "854x480"),
        ("1:1", "4k", "2160x2160"),
        ("21:9", "2k", "3360x1440"),
    ],
)
def test_a_ratio_at_a_tier_is_a_size(ratio, tier, size):
    assert str(label_size(ratio, tier)) == size


def test_a_canvas_reads_sizes_from_text_and_tells_its_form():
    listed = Canvas.model_validate({"sizes": ["1280*720", "720*1280"], "default": "720x1280"})
    assert listed.form == "sizes"
    assert listed.describe() == "1280x720, 720x1280"
    free = Canvas.model_validate({"range": {"max_edge": 512}})
    assert free.form == "range"
    assert free.describe().startswith("16 to 512")
    words = Canvas(aspect_ratios=("16:9", "1:1"), resolutions=("720p",))
    assert words.form == "labels"
    assert words.describe() == "16:9, 1:1 in 720p"
    assert Canvas(resolutions=("720p",)).describe() == "720p"
    assert Canvas().form == "unknown"
    assert Canvas().describe() == "unknown"


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"sizes": ["1280x720"], "resolutions": ["720p"]}, "one of the three"),
        ({"sizes": ["1280x720"], "range": {"max_edge": 512}}, "one of the three"),
        ({"aspect_ratios": ["wide"]}, "'wide' is not an aspect ratio"),
        ({"resolutions": ["hd"]}, "'hd' is not a resolution"),
        ({"sizes": ["16:9"]}, "'16:9' is not a size"),
        ({"sizes": ["1280x720"], "default": "720x1280"}, "default 720x1280 is not one of"),
        ({"range": {"max_edge": 512}, "default": "1280x720"}, "default 1280x720 is not one of"),
        ({"default": "1280x720"}, "default 1280x720 is not one of: unknown"),
        ({"aspect_ratios": ["16:9"], "default_aspect_ratio": "1:1"}, "default_aspect_ratio 1:1"),
        ({"aspect_ratios": ["16:9"], "default_resolution": "720p"}, "default_resolution 720p"),
    ],
)
def test_a_canvas_that_makes_no_sense_is_refused_when_it_is_read(table, why):
    with pytest.raises(ValidationError, match=why):
        Canvas.model_validate(table)
