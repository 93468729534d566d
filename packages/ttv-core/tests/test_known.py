"""The list of backends that can be installed, and the form of its file."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from ttv_core.discovery import canonical
from ttv_core.known import install_command, known_backends

SCHEMA = json.loads((files("ttv_core") / "known_backends.schema.json").read_text("utf-8"))
LIST = json.loads((files("ttv_core") / "known_backends.json").read_text("utf-8"))

ENTRY = {
    "name": "acme",
    "distribution": "ttv-acme",
    "kind": "remote",
    "summary": "Acme's video API",
    "by": "Jane Doe",
    "licence": "Apache-2.0",
    "aliases": ["acme2"],
    "keywords": ["Rocket 3"],
    "url": "https://acme.example/ttv",
}


def objections(*entries):
    checker = jsonschema.Draft202012Validator(SCHEMA)
    found = checker.iter_errors(LIST | {"backends": list(entries)})
    return [f"{error.json_path}: {error.message}" for error in found]


def test_the_list_has_the_form_that_its_schema_says():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert objections(*LIST["backends"]) == []
    assert len(known_backends()) == len(LIST["backends"]) > 0


def test_an_entry_by_another_author_fits():
    assert objections(ENTRY) == []
    needed = {key: ENTRY[key] for key in SCHEMA["$defs"]["backend"]["required"]}
    assert objections(needed) == []
    for key in needed:
        assert key in objections({name: ENTRY[name] for name in needed if name != key})[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("distribution", "ttv-acme; rm -rf ~"),
        ("distribution", "--index-url=x"),
        ("name", "a b"),
        ("name", ""),
        ("kind", "cloud"),
        ("summary", "two\nlines"),
        ("summary", "x" * 101),
        ("by", ""),
        ("url", "http://acme.example"),
        ("aliases", ["a b"]),
        ("keywords", []),
        ("price", 1),
    ],
)
def test_what_does_not_fit_is_refused(key, value):
    (objection,) = objections(ENTRY | {key: value})
    assert key in objection


def test_the_list_is_sorted_and_no_word_means_two_backends():
    found = known_backends()
    assert [known.name for known in found] == sorted(known.name for known in found)
    words = [word for known in found for word in (*known.names, *known.keywords)]
    assert len({canonical(word) for word in words}) == len(words)
    distributions = {canonical(known.distribution) for known in found}
    assert len(distributions) == len(found)


def test_it_lists_what_this_workspace_publishes():
    packages = Path(__file__).resolve().parents[2]
    projects = [
        tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        for path in packages.glob("ttv-*/pyproject.toml")
    ]
    if "ttv-core" not in {project["name"] for project in projects}:
        pytest.skip("the tests run apart from the workspace")
    brought = {
        (name, project["name"], project["license"])
        for project in projects
        for name in project.get("entry-points", {}).get("ttv.backends", {})
    }
    ours = [known for known in known_backends() if known.by == "The ttv developers"]
    listed = {(name, known.distribution, known.licence) for known in ours for name in known.names}
    assert listed == brought


@pytest.mark.parametrize(
    ("prefix", "command"),
    [
        ("/home/jane/film/.venv", "pip install ttv-acme"),
        ("/usr", "pip install ttv-acme"),
        ("/home/jane/.local/share/pipx/venvs/ttv-cli", "pipx inject ttv-cli ttv-acme"),
        ("/home/jane/.local/share/uv/tools/ttv-cli", "uv tool install ttv-cli --with ttv-acme"),
    ],
)
def test_the_command_installs_where_ttv_is(prefix, command):
    assert install_command("ttv-acme", prefix=prefix) == command
