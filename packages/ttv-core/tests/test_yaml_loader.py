"""YAML as people mean it; what only an attacker writes is refused, fast and without quoting it."""

from __future__ import annotations

import contextlib
import json
import math
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ttv_core.yaml_loader import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, YamlError, parse_yaml


def refusal(text):
    with pytest.raises(YamlError) as caught:
        parse_yaml(text)
    assert caught.value.__cause__ is None
    return str(caught.value)


# --- scalars --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("16:9", "16:9"),
        ("1:30:00", "1:30:00"),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("NULL", None),
        ("~", None),
        ("", None),
        ("nUll", "nUll"),
        ("none", "none"),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("012", 12),
        ("0o17", 15),
        ("0o18", "0o18"),
        ("-0o17", "-0o17"),
        ("0xfF", 255),
        ("0x", "0x"),
        ("0b101", "0b101"),
        ("1_000", "1_000"),
        ("1,000", "1,000"),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        ("-1.5e+3", -1500.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+.5", 0.5),
        ("0.1", 0.1),
        (".", "."),
        ("e3", "e3"),
        ("1e", "1e"),
        (".inf", math.inf),
        ("+.Inf", math.inf),
        ("-.INF", -math.inf),
        ("inf", "inf"),
        ("nan", "nan"),
        ("+.nan", "+.nan"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        ("1.2.3", "1.2.3"),
        ("768P", "768P"),
        ("=", "="),
        ("'012'", "012"),
        ('"true"', "true"),
        ('"\\u00e9\\n"', "é\n"),
        ("${VAR}", "${VAR}"),
        ("é 火 🦊", "é 火 🦊"),
    ],
)
def test_scalars_are_what_yaml_1_2_says(written, meant):
    found = parse_yaml(f"key: {written}")["key"]
    assert found == meant
    assert type(found) is type(meant)
    assert parse_yaml(f"- {written}") == [meant]


def test_not_a_number_is_one():
    for written in (".nan", ".NaN", ".NAN"):
        assert math.isnan(parse_yaml(written))


def test_collections_nest_and_keep_their_order():
    text = "b: [1, {c: d}]\na:\n  - x\n  -\n    - y\n{}: \n".replace("{}", "'{}'")
    assert list(parse_yaml(text).items()) == [
        ("b", [1, {"c": "d"}]),
        ("a", ["x", ["y"]]),
        ("{}", None),
    ]


def test_text_over_several_lines():
    assert parse_yaml("a: |\n  x\n  y\nb: >\n  x\n  y\n") == {"a": "x\ny\n", "b": "x y\n"}


def test_numbers_keep_their_order_of_magnitude_and_large_ones_are_refused():
    assert parse_yaml("9" * 4000) == int("9" * 4000)
    assert refusal("a: " + "9" * 5000) == "a number in it is too large"
    assert parse_yaml("1e999") == math.inf


# --- documents ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "\n", "# only a comment", "---\n", "---\n...\n", b"", " \n \n"]
)
def test_an_empty_document_is_nothing(text):
    assert parse_yaml(text) is None


@pytest.mark.parametrize(
    "text", [b"\xef\xbb\xbfa: 1\n", "\ufeffa: 1\n", "a: 1\r\n", "a: 1\r", b"%YAML 1.2\n---\na: 1\n"]
)
def test_byte_order_marks_and_line_ends_do_not_matter(text):
    assert parse_yaml(text) == {"a": 1}


@pytest.mark.parametrize("text", ["a: é".encode("latin-1"), "a: 1".encode("utf-16"), b"\xff"])
def test_what_is_not_utf_8_is_refused(text):
    assert refusal(text) == "it is not UTF-8 text"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\n---\nb: 2\n", "line 2: expected a single document in the stream"),
        ("a:\n\t- 1", "line 2: while scanning for the next token, found character '\\t'"),
        ("a: 1\na: 2", "line 2: the key 'a' stands here twice"),
        ("b:\n  a: 1\n  'a': 2", "line 3: the key 'a' stands here twice"),
        ("- 1\n- {5: x}", "line 2: the key 5 is not text; put it in quotes"),
        ("true: x", "line 1: the key True is not text; put it in quotes"),
        ("null: x", "line 1: the key None is not text"),
        ("1.5: x", "line 1: the key 1.5 is not text"),
        ("? [a]\n: x", "line 1: the key ['a'] is not text"),
        ("? {a: b}\n: x", "line 1: the key {'a': 'b'} is not text"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "line 3: the merge key '<<' is not part of YAML 1.2"),
        ("a: [1, 2", "line 1: while parsing a flow sequence, expected ',' or ']'"),
        ("a: b: c", "line 1: mapping values are not allowed here"),
        ("a: 'x", "line 1: while scanning a quoted scalar, found unexpected end of stream"),
        ('a: "\\q"', "line 1: while scanning a double-quoted scalar, found unknown escape"),
        ("a: @x", "line 1: while scanning for the next token, found character '@'"),
        ("a: \x00", "unacceptable character #x0000"),
        ("a: \ud800", "it is not UTF-8 text"),
        ("%YAML 2.0\n---\n", "line 1: found incompatible YAML document"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text, said):
    assert refusal(text).startswith(said)


@pytest.mark.parametrize(
    "value",
    [
        "!canary",
        "!!canary x",
        "!!python/object/apply:os.system ['canary']",
        "!!str canary",
        "!!map canary",
        "!!bool canary",
        "!<tag:canary> x",
        "! canary",
        "!canary!x",
        "&canary 1\nb: &canary 2",
        "!!binary Y2FuYXJ5",
        "!!set {canary}",
        "*canary",
        "'canary",
        "[canary",
        "%canary",
    ],
)
def test_a_password_that_is_a_yaml_sign_is_refused_and_not_repeated(value):
    said = refusal(f"a: 1\npassword: {value}\n")
    assert said.startswith("line ")
    assert "canary" not in said


def test_tags_are_refused_wherever_they_stand():
    said = "line 2: a tag ('!…') is not allowed; put the text in quotes"
    for text in ("#\n!x", "#\n- !x y", "#\n!x {}", "#\n!x a: b", "a:\n  !x b: c", "#\n!x [a]"):
        assert refusal(text) == said


# --- bombs ----------------------------------------------------------------------------------------


def test_a_few_aliases_are_fine():
    text = "a: &x [1]\n" + "".join(f"b{i}: *x\n" for i in range(MAX_ALIASES))
    assert parse_yaml(text)[f"b{MAX_ALIASES - 1}"] == [1]
    assert refusal(f"{text}c: *x\n") == f"line 12: more than {MAX_ALIASES} aliases"


def test_aliases_as_keys_count_too():
    text = "a: &x y\n" + "".join(f"? [*x]\n: {i}\n" for i in range(MAX_ALIASES + 1))
    assert "aliases" in refusal(text)


def test_an_alias_of_nothing_and_an_alias_of_itself():
    said = "line 2: an alias ('*…') of nothing; put the text in quotes"
    assert refusal("a: 1\nb: *later\nc: &later 2") == said
    for text in ("&a [*a]", "a: &a [*a]", "&a {b: *a}", "a: &a {b: [*a]}"):
        assert "recursive" in refusal(text)


def test_nesting_is_bounded():
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json.dumps(parse_yaml(deepest)) == deepest
    assert refusal(f"[{deepest}]") == f"line 1: nested more than {MAX_DEPTH} deep"


def test_the_size_is_bounded_in_bytes():
    text = "é" * (MAX_BYTES // 2)
    assert parse_yaml(text) == text
    for larger in (text + "e", (text + "e").encode()):
        assert refusal(larger) == "it is larger than 256 KB"


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 100_000,
        "a: " + "x" * MAX_BYTES,
        "x" * 50_000_000,
        "? " * 100_000,
        "&a " * 10 + "x",
        "k: " * 50_000,
    ],
    ids=["laughs", "lists", "mappings", "dashes", "long", "huge", "keys", "anchors", "colons"],
)
def test_bombs_are_refused_before_they_go_off(text):
    started = time.thread_time()
    refusal(text)
    assert time.thread_time() - started < 5  # it takes milliseconds; a bomb takes for ever


# --- against others -------------------------------------------------------------------------------

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("é火🦊"))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
DATA = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(DATA)
def test_json_is_read_as_json(data):
    text = json.dumps(data, ensure_ascii=False, allow_nan=False) if finite(data) else "null"
    if '"<<"' not in text:
        assert parse_yaml(text) == json.loads(text)


def finite(data):
    try:
        json.dumps(data, allow_nan=False)
    except ValueError:
        return False
    return True


WORDS = st.from_regex(r"[a-z][a-z ]{0,10}[a-z]", fullmatch=True).filter(
    lambda word: word not in {"on", "off", "yes", "no", "true", "false", "null", "nan", "inf"}
)
SIMPLE = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(SIMPLE, st.sampled_from([None, True, False]))
def test_plain_data_is_read_as_any_loader_reads_it(data, flow):
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    if "*" not in text:
        assert parse_yaml(text) == yaml.safe_load(text) == data


@given(st.text(max_size=60) | st.text("ab:-[]{}&*!|>'\"%@`#?,\n\t 0", max_size=60))
def test_any_text_is_read_or_refused_in_one_line(text):
    said = ""
    try:
        json.dumps(parse_yaml(text))
    except YamlError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content):
    with contextlib.suppress(YamlError):
        json.dumps(parse_yaml(content))
