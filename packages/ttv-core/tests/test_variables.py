"""`${VAR}` in what was parsed: replaced once, missing ones named with their full key path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttv_core.errors import ConfigurationError
from ttv_core.variables import is_variable, resolve

ENVIRON = {"A": "one", "B_2": "two", "EMPTY": "", "NESTED": "${A}", "LINES": "x\nbase_url: evil"}

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.text("${}:-AB_2 ", max_size=20)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", ""),
        ("plain", "plain"),
        ("${A}", "one"),
        ("${A}-${B_2}.mp4", "one-two.mp4"),
        ("${NONE:-five}", "five"),
        ("${NONE:-}", ""),
        ("${NONE:-a b:c - d}", "a b:c - d"),
        ("${NONE:-two\nlines}", "two\nlines"),
        ("${A:-five}", "one"),
        ("${EMPTY:-five}", "five"),
        ("${NESTED}", "${A}"),
        ("${LINES}", "x\nbase_url: evil"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$${A", "${A"),
        ("$${A}${A}", "${A}one"),
        ("$A and $ and $$ and {A} and }", "$A and $ and $$ and {A} and }"),
    ],
)
def test_variables_are_replaced(written, meant):
    assert resolve(written, "key", ENVIRON) == meant


def test_what_is_no_text_stays_what_it_is():
    value = {"a": [1, 2.5, None, True, {"b": "${A}"}], "c": ("x", "${B_2}")}
    assert resolve(value, "key", ENVIRON) == {
        "a": [1, 2.5, None, True, {"b": "one"}],
        "c": ["x", "two"],
    }
    assert value["a"][4]["b"] == "${A}"


@pytest.mark.parametrize(
    ("value", "key", "said"),
    [
        ("${NONE}", "top", "top: the environment variable NONE is not set"),
        ({"a": {"b": "${NONE}"}}, "top.a.b", "NONE is not set"),
        ({"a": ["x", ["${A}", "${EMPTY}"]]}, "top.a[1][1]", "EMPTY is empty"),
    ],
)
def test_a_missing_variable_is_named_with_where_it_stands(value, key, said):
    with pytest.raises(ConfigurationError) as caught:
        resolve(value, "top", ENVIRON)
    error = caught.value
    assert error.key == key
    assert error.message.startswith(f"{key}: ")
    assert said in error.message
    name = error.message.split()[4]
    assert error.remedy == f"export {name}=…, or write ${{{name}:-default}}"


@pytest.mark.parametrize(
    "written",
    ["${}", "${ A }", "${A-x}", "${1A}", "${:-x}", "${A:x}", "${A", "x${", "${N:-${A}}", "${é}"],
)
def test_what_only_looks_like_a_variable_is_an_error_and_is_not_quoted(written):
    with pytest.raises(ConfigurationError) as caught:
        resolve(f"{written} sk-canary", "backends.acme.api_key", ENVIRON)
    assert caught.value.key == "backends.acme.api_key"
    assert caught.value.message == (
        "backends.acme.api_key: what follows '${' is no variable; write ${NAME} or ${NAME:-default}"
    )
    assert caught.value.remedy == "write $${ for a literal ${"


def test_a_variable_that_is_never_closed_is_no_variable():
    with pytest.raises(ConfigurationError, match="is no variable"):
        resolve("x${A", "key", ENVIRON)


def test_a_key_between_the_braces_is_not_repeated():
    with pytest.raises(ConfigurationError) as caught:
        resolve("${sk-live-canary}", "api_key", {})
    assert "canary" not in str(caught.value)


@given(TEXT)
def test_any_text_can_be_written_literally(text):
    assert resolve(text.replace("${", "$${"), "key", {}) == text


@given(TEXT, NAMES, TEXT)
def test_a_variable_is_its_text_wherever_it_stands(before, name, value):
    literal = before.replace("${", "$${").rstrip("$")
    kept = before.rstrip("$")
    written = f"{literal}${{{name}}}"
    if value:
        assert resolve(written, "key", {name: value}) == kept + value
    else:
        with pytest.raises(ConfigurationError, match="is empty"):
            resolve(written, "key", {name: value})


@pytest.mark.parametrize("text", ["${A}", "${NONE}", "${A:-}"])
def test_a_variable_alone_tells_nothing(text):
    assert is_variable(text)


@pytest.mark.parametrize("text", ["", "A", "${A:-sk-1}", "x${A}", "${A}x", "$${A}", "${A", "${}"])
def test_anything_else_may_tell_something(text):
    assert not is_variable(text)
