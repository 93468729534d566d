"""Requests in files: read one by one, and one that is wrong is told in its place."""

from __future__ import annotations

import io

import pytest

from ttv_core import InvalidInputError, VideoRequest
from ttv_core.batch import read_lines


def read(text, form, **defaults):
    return list(read_lines(io.StringIO(text), form, defaults))


def test_json_lines():
    lines = read(
        '{"prompt": "a", "seed": 0, "backend": "x", "name": "n"}\n\n"b"\n', "jsonl", fps=12.0
    )
    assert [(line.number, line.backend, line.name) for line in lines] == [
        (1, "x", "n"),
        (2, None, ""),
    ]
    assert lines[0].wanted() == VideoRequest(prompt="a", seed=0, fps=12.0)
    assert lines[1].prompt == "b"


def test_csv():
    text = """\
prompt,duration,seed,audio,options,size
"a, b",2.5,7,no,"{""x"": {""y"": 1}}",
c,,,,,64x36
"""
    first, second = read(text, "csv")
    assert first.wanted() == VideoRequest(
        prompt="a, b", duration=2.5, seed=7, audio=False, options={"x": {"y": 1}}
    )
    assert second.wanted() == VideoRequest(prompt="c", size="64x36")


def test_yaml():
    lines = read("- a\n- {prompt: b, aspect_ratio: 16:9}\n", "yaml")
    assert [line.prompt for line in lines] == ["a", "b"]
    assert lines[1].wanted().aspect_ratio == "16:9"


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("jsonl", "nonsense", "it is no JSON"),
        ("jsonl", '{"prompt": "a", "prompt": "b"}', "'prompt' is there twice"),
        ("jsonl", "7", "it is a int, not a set of fields"),
        ("jsonl", '{"promt": "a"}', "did you mean 'prompt'?"),
        ("csv", "prompt\na,b,c", "it has 3 cells, and the first line names 1"),
        ("csv", "prompt,seed\na,x", "seed is 'x'"),
        ("csv", "prompt,audio\na,maybe", "audio is 'maybe'"),
        ("csv", "prompt,options\na,{", "Expecting property name"),
        ("csv", 'prompt\n"a', "it is no CSV"),
        ("yaml", "a: b", "the file is no list of requests"),
        ("yaml", "- [", "it is no YAML"),
    ],
)
def test_what_is_wrong_is_told_in_its_place(form, text, said):
    line = read(text, form)[-1]
    with pytest.raises(InvalidInputError) as caught:
        line.wanted()
    assert said in caught.value.message


def test_the_rest_is_read_on():
    lines = read('{"prompt": "a"}\nnonsense\n{"prompt": "c"}\n', "jsonl")
    assert [line.prompt for line in lines] == ["a", "", "c"]


def test_nothing_is_read_before_it_is_needed():
    class Endless(io.StringIO):
        def __next__(self):
            return '"again"\n'

    lines = read_lines(Endless(), "jsonl")
    assert [next(lines).number for _ in range(3)] == [1, 2, 3]
