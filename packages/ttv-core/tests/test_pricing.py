"""Costs: exact, told with their source, and held against both limits."""

from __future__ import annotations

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttv_core import (
    CostEstimate,
    CostLimitError,
    InvalidInputError,
    ModelCapabilities,
    VideoRequest,
)
from ttv_core.planning import make_plan
from ttv_core.pricing import estimate


def model(*prices, **table):
    return ModelCapabilities.model_validate({"id": "acme-1", "prices": prices} | table)


def cost(price, **settled):
    return estimate(model(price), settled)


@pytest.mark.parametrize(
    ("price", "settled", "amount", "basis"),
    [
        ({"basis": "second", "amount": "0.12"}, {"duration": 5.0}, "0.6", "5 s x 0.12"),
        ({"basis": "second", "amount": "0.1"}, {"duration": 81 / 16}, "0.50625", "5.0625 s x 0.1"),
        ({"basis": "second", "amount": "0.1"}, {"duration": 1 / 3}, "0.0333333", "0.333333 s x"),
        ({"basis": "second", "amount": "25"}, {"duration": 8, "n": 5}, "1000", "5 x 8 s x 25"),
        ({"basis": "second", "amount": "0.10"}, {"duration": None}, None, "the length is not kno"),
        ({"basis": "second", "amount": "0.10"}, {}, None, "the length is not known"),
        ({"basis": "video", "amount": "0.28"}, {}, "0.28", "0.28 a video"),
        ({"basis": "video", "amount": "0.28"}, {"n": 1}, "0.28", "0.28 a video"),
        ({"basis": "video", "amount": "0.28"}, {"n": 3}, "0.84", "3 x 0.28 a video"),
        ({"basis": "video", "amount": "0"}, {}, "0", "0 a video"),
        ({"basis": "free"}, {"duration": 5, "n": 3}, "0", "free"),
        ({"basis": "unknown"}, {"duration": 5}, None, "the vendor does not say"),
        (
            {"basis": "second", "amount": "0.10", "minimum": "0.50"},
            {"duration": 2},
            "0.5",
            "least charge 0.50",
        ),
        (
            {"basis": "second", "amount": "0.10", "minimum": "0.50"},
            {"duration": 5, "n": 2},
            "1",
            "2 x 5 s x 0.10",
        ),
        (
            {"basis": "second", "amount": "0.10", "minimum": "0.50"},
            {"duration": 2, "n": 2},
            "1",
            "2 x least charge 0.50",
        ),
    ],
)
def test_a_cost_is_made_from_its_basis(price, settled, amount, basis):
    found = cost(price, **settled)
    assert found.amount == (None if amount is None else Decimal(amount))
    assert found.basis.startswith(basis)
    assert "E" not in str(found.amount)


@given(
    st.decimals("0.0001", 100, places=4),
    st.integers(1, 10**6).map(lambda x: x / 1000),
    st.integers(1, 1000),
)
def test_a_cost_is_exact_whatever_precision_the_caller_uses(price, seconds, n):
    with decimal.localcontext() as context:
        context.prec, context.traps[decimal.Inexact] = 3, True
        found = cost({"basis": "second", "amount": price}, duration=seconds, n=n)
    thousandths = Decimal(round(seconds * 1000))
    assert found.amount * 1000 == price * thousandths * n


def test_a_price_is_told_with_its_source_and_day():
    said = {"source": "acme.example/prices", "as_of": "2026-11-20", "currency": "EUR"}
    for price in ({"basis": "video", "amount": 1}, {"basis": "free"}, {"basis": "unknown"}):
        found = cost(price | said)
        assert (found.source, found.as_of, found.currency) == tuple(said.values())


def test_the_first_price_that_holds_counts():
    table = model(
        {"basis": "video", "amount": 3, "when": {"resolution": ["1080P"], "audio": [True]}},
        {"basis": "video", "amount": 2, "when": {"resolution": ["1080P"]}},
        {"basis": "video", "amount": 1, "when": {"audio": [False, None]}},
    )
    assert estimate(table, {"resolution": "1080p", "audio": True}).amount == 3
    assert estimate(table, {"resolution": "1080p", "audio": None}).amount == 2
    assert estimate(table, {"resolution": "720p", "audio": None}).amount == 1
    unknown = estimate(table, {"resolution": "720p", "audio": True})
    assert unknown == CostEstimate(None, basis="no price is known")


def test_a_price_by_tier_holds_for_listed_sizes_too():
    table = model(
        {"basis": "video", "amount": 2, "when": {"resolution": ["1080p"]}},
        {"basis": "video", "amount": 1, "when": {"aspect_ratio": ["9:16"]}},
        canvas={"sizes": ["1920x1080", "720x1280"]},
    )
    assert plan(table).cost.amount == 2
    assert plan(table, size="720x1280").cost.amount == 1


GIVEN = model(
    {"basis": "second", "amount": "0.08", "when": {"resolution": ["768P"]}},
    {"basis": "image", "amount": "0.04", "free": 2},
    {"basis": "input_second", "amount": "0.08", "when": {"resolution": ["768P"]}},
)


@pytest.mark.parametrize(
    ("settled", "amount", "basis"),
    [
        ({}, "0.4", "5 s x 0.08"),
        ({"images": 2, "videos": 0}, "0.4", "5 s x 0.08"),
        ({"images": 5}, "0.52", "5 s x 0.08 + 3 images x 0.04"),
        ({"videos": 1}, None, "5 s x 0.08 + 0.08 for each second of the videos given"),
        (
            {"images": 3, "videos": 1, "duration": None},
            None,
            "the length is not known + 1 images x 0.04 + 0.08 for each second of the videos given",
        ),
    ],
)
def test_what_is_given_costs_on_top(settled, amount, basis):
    found = estimate(GIVEN, {"duration": 5, "resolution": "768p"} | settled)
    assert found.amount == (None if amount is None else Decimal(amount))
    assert found.basis == basis


def test_pictures_and_videos_that_are_given_are_counted(tmp_path):
    clip = b"\0\0\0\x18ftypisom" + bytes(16)
    png = b"\x89PNG\r\n\x1a\n" + bytes(8) + (64).to_bytes(4) * 2
    table = {"inputs": {"reference": {"maximum": 9, "formats": ["png", "mp4"], "urls": True}}}
    table |= {"modes": ["reference_to_video"], "canvas": {"resolutions": ["768P"]}}
    priced = GIVEN.model_validate({**GIVEN.model_dump(), **table, "durations": [5]})

    def asked(*given):
        return str(plan(priced, reference_images=list(given)).cost.basis)

    assert asked(png, png, png) == "5 s x 0.08 + 1 images x 0.04"
    assert "the videos given" not in asked("https://acme.example/a.png")
    assert "the videos given" in asked(png, clip)
    assert "the videos given" in asked("https://acme.example/a.MP4?key=1")


def test_only_pictures_have_a_number_that_is_free():
    with pytest.raises(ValueError, match="free counts pictures"):
        model({"basis": "second", "amount": 1, "free": 2})
    with pytest.raises(ValueError, match="a price per image needs an amount"):
        model({"basis": "image"})


# --- limits -------------------------------------------------------------------------------------


def plan(table, configured=None, **fields):
    return make_plan(
        VideoRequest(prompt="a fox", **fields),
        table,
        lambda request, _: request.canonical(),
        backend="acme",
        max_cost=configured,
    )


DOLLAR = model({"basis": "video", "amount": "1"})
HALF_CENT = model({"basis": "second", "amount": "0.121"}, durations=[5])
FREE = model({"basis": "free"})
UNKNOWN = model()
YUAN = model({"basis": "video", "amount": "2", "currency": "CNY"})


@pytest.mark.parametrize(
    ("table", "asked", "configured", "told"),
    [
        (DOLLAR, None, None, None),
        (DOLLAR, 1, None, None),
        (DOLLAR, 1, 1, None),
        (DOLLAR, "0.99", None, "it would cost $1.00 (1 a video), over the limit of $0.99"),
        (DOLLAR, None, "0.5", "over the limit of $0.50 in the configuration"),
        (DOLLAR, 2, "0.5", "over the limit of $0.50 in the configuration"),
        (DOLLAR, "0.5", 2, "over the limit of $0.50"),
        (DOLLAR, 0, None, "over the limit of $0.00"),
        (HALF_CENT, "0.60", None, "it would cost $0.605 (5 s x 0.121), over the limit of $0.60"),
        (FREE, 0, 0, None),
        (UNKNOWN, None, None, None),
        (UNKNOWN, 5, None, "the price of acme-1 is unknown, so the limit of $5.00 cannot be kept"),
        (UNKNOWN, None, 5, "limit of $5.00 in the configuration cannot be kept; set allow_unknown"),
        (YUAN, None, None, None),
        (YUAN, 100, None, "the price of acme-1 is in CNY (2.00 CNY), so the limit of $100.00"),
    ],
)
def test_both_limits_are_kept(table, asked, configured, told):
    limit = None if configured is None else Decimal(configured)
    found = plan(table, limit, max_cost=asked)
    if told is None:
        assert found.ok
        return
    [violation] = found.violations
    assert violation.field == "max_cost"
    assert told in violation.message
    with pytest.raises(CostLimitError):
        found.check()


@pytest.mark.parametrize("table", [UNKNOWN, YUAN])
def test_an_unknown_price_may_be_let_pass(table):
    assert plan(table, max_cost=5, allow_unknown_cost=True).ok
    assert plan(table, Decimal(5), allow_unknown_cost=True).ok
    assert not plan(DOLLAR, max_cost="0.5", allow_unknown_cost=True).ok


def test_a_request_that_is_also_impossible_is_not_a_matter_of_cost():
    found = plan(DOLLAR, max_cost=0, seed=1)
    assert {item.code for item in found.violations} == {"unsupported", "cost_limit"}
    with pytest.raises(InvalidInputError) as caught:
        found.check()
    assert type(caught.value) is InvalidInputError
    assert caught.value.charged == "no"


def test_what_comes_on_top_is_added_and_what_is_unknown_makes_all_of_it_unknown():
    table = ModelCapabilities.model_validate(
        {"id": "acme-1", "prices": [{"basis": "second", "amount": "0.10"}]}
    )
    cost = estimate(table, {"duration": 5.0}, [(Decimal("0.04"), "for 2 references")])
    assert (cost.amount, cost.basis) == (Decimal("0.54"), "5 s x 0.10 + 0.04 for 2 references")
    cost = estimate(table, {"duration": 5.0}, [(None, "the input video"), (Decimal(1), "more")])
    assert (cost.amount, cost.basis) == (None, "5 s x 0.10 + the input video")
