"""A plan that was written down is the same plan when another process reads it."""

from __future__ import annotations

import json
import stat
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttv_core import InvalidInputError, MediaInput
from ttv_core.jobs.codec import decode_plan, encode_plan, is_same


@pytest.fixture
def plan(backend, picture):
    return backend().plan(
        "a fox 🦊",
        duration=1,
        seed=0,
        image=picture,
        tags={"shot": "1"},
        max_cost="0.50",
        output="out/fox.mp4",
        idempotency_key="k",
    )


def through(plan, folder):
    return decode_plan(json.loads(json.dumps(encode_plan(plan, folder))))


def with_native(plan, native):
    from dataclasses import replace

    return replace(plan, native=native)


def test_a_plan_comes_back_whole(plan, tmp_path, picture):
    back = through(plan, tmp_path / "kept")
    assert (back.backend, back.model, back.mode) == (plan.backend, plan.model, plan.mode)
    assert back.native["text"] == plan.native["text"]
    assert back.native["seed"] == 0
    assert back.native["image"].read() == picture.read_bytes()
    assert (back.cost, back.expected, back.warnings) == (plan.cost, plan.expected, plan.warnings)
    assert (back.request.max_cost, back.request.seed) == (Decimal("0.50"), 0)
    assert back.request.tags == {"shot": "1"}
    assert back.request.model_fields_set == plan.request.model_fields_set
    assert not (tmp_path / "kept").exists()  # what is in files of the user's is not copied


def test_bytes_are_kept_once_in_a_folder_for_the_user_alone(backend, picture, tmp_path):
    data = picture.read_bytes()
    plan = backend().plan("a fox", duration=1, image=data)
    folder = tmp_path / "kept"
    kept = encode_plan(plan, folder)
    (path,) = folder.iterdir()
    assert path.read_bytes() == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(json.dumps(kept)) < 5000
    assert encode_plan(plan, folder) == kept
    assert decode_plan(kept).native["image"].read() == data
    path.unlink()  # as when the vendor has it
    assert is_same(kept, plan, folder)
    assert not path.exists()


def test_long_texts_are_kept_beside(plan, tmp_path):
    long = "x\udcff" * 50_000
    changed = with_native(plan, {"text": long})
    kept = encode_plan(changed, tmp_path / "kept")
    assert len(json.dumps(kept)) < 5000
    assert decode_plan(kept).native["text"] == long
    for path in (tmp_path / "kept").iterdir():
        path.unlink()
    assert decode_plan(kept).native["text"] == ""


SIMPLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SIMPLE
    | st.binary(max_size=50)
    | st.decimals(allow_nan=False)
    | st.text("abc", min_size=1).map(lambda name: Path("/tmp") / name),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5).filter(lambda key: key != "$"), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(native=st.dictionaries(st.text(max_size=5).filter(lambda key: key != "$"), VALUES))
def test_whatever_a_backend_sends_comes_back(native, plan, tmp_path):
    changed = with_native(plan, native)
    kept = json.loads(json.dumps(encode_plan(changed, tmp_path / "kept")))
    assert decode_plan(kept).native == native
    assert is_same(kept, changed, tmp_path / "kept")
    assert not is_same(kept, with_native(plan, {**native, "one": "more"}), tmp_path / "kept")


@pytest.mark.parametrize("value", [{1, 2}, object(), {1: "a"}, {"$": "a"}, b"".join])
def test_what_cannot_be_kept_is_refused_and_not_guessed(value, plan, tmp_path):
    with pytest.raises(TypeError):
        encode_plan(with_native(plan, {"deep": [{"er": value}]}), tmp_path / "kept")


def test_views_of_bytes_are_bytes(plan, tmp_path):
    native = {"a": bytearray(b"abc"), "b": memoryview(b"def")}
    assert through(with_native(plan, native), tmp_path / "k").native == {"a": b"abc", "b": b"def"}


def test_inputs_of_each_kind_come_back(plan, tmp_path, picture):
    inputs = [
        MediaInput(role="first_frame", source=picture),
        MediaInput(role="reference", source=picture.read_bytes()),
        MediaInput(role="reference", source="https://a.example/cat.png"),
    ]
    back = through(with_native(plan, {"inputs": inputs}), tmp_path / "kept").native["inputs"]
    assert [item.role for item in back] == ["first_frame", "reference", "reference"]
    assert back[0].read() == back[1].read() == picture.read_bytes()
    assert back[2].source == "https://a.example/cat.png"


def test_a_request_of_another_backend_is_another(plan, tmp_path):
    from dataclasses import replace

    kept = encode_plan(plan, tmp_path)
    assert is_same(kept, plan, tmp_path)
    assert not is_same(kept, replace(plan, backend="other"), tmp_path)


def test_a_kept_plan_is_checked_like_any_other(plan, tmp_path):
    kept = encode_plan(plan, tmp_path)
    kept["request"]["nonsense"] = 1
    with pytest.raises(InvalidInputError):
        decode_plan(kept)
