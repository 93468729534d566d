"""What runs elsewhere asks for sessions that there are, and for no right that it does not need."""

from __future__ import annotations

import re
from fnmatch import fnmatch

import pytest
import yaml

from tools.tags import split_tag, tag_of
from tools.workspace import ROOT, packages

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OF_AUTHORS = sorted(ROOT.glob("packages/ttv-cli/src/ttv_cli/templates/**/workflows/*.txt"))


def read(path):
    """Return a workflow; YAML takes its key `on` for a truth."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found | {"on": found.pop(True)}


@pytest.fixture
def release():
    return read(ROOT / ".github" / "workflows" / "release.yml")


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_a_tag_of_each_package_begins_a_release_and_no_other_does(release):
    [pattern] = release["on"]["push"]["tags"]
    for package in packages().values():
        tag = tag_of(package, "0.2.0")
        assert fnmatch(tag, pattern)
        assert split_tag(tag)[0] == package.name
    assert not any(fnmatch(tag, pattern) for tag in ("v1", "ttv-core-0.2.0", "ttv-core-vnext"))


def test_actions_are_pinned_to_commits_and_for_authors_of_backends_to_the_same():
    actions = [
        set(re.findall(r"uses: (.+)", "".join(path.read_text(encoding="utf-8") for path in paths)))
        for paths in (WORKFLOWS, OF_AUTHORS)
    ]
    assert all(re.fullmatch(r"\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) for action in actions[0])
    assert set() < actions[1] <= actions[0]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_given_one_by_one(path):
    workflow = read(path)
    may = [
        workflow["permissions"],
        *(job.get("permissions", {}) for job in workflow["jobs"].values()),
    ]
    assert all(isinstance(rights, dict) for rights in may)
    writing = {right for rights in may for right, level in rights.items() if level == "write"}
    assert writing <= (
        {"attestations", "contents", "id-token"} if path.stem == "release" else set()
    )


def test_nothing_that_is_built_or_tested_has_rights(release):
    assert release["permissions"] == {}
    assert release["jobs"]["make"]["permissions"] == {"contents": "read"}
    publish = release["jobs"]["publish"]
    assert publish["needs"] == "make"
    assert publish["environment"] == "pypi"
    assert not any("run" in step for step in publish["steps"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_sessions_that_are_asked_for_are_there(path):
    asked = {
        name
        for step in steps(read(path))
        for name in re.findall(r"nox -s (\w+)", step.get("run", ""))
    }
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert asked <= set(re.findall(r"^def (\w+)\(session", noxfile, flags=re.MULTILINE))
    assert path.stem != "release" or asked == {"release"}


def test_what_is_sent_is_what_was_made(release):
    texts = [str(step) for step in steps(release)]
    for place in ("/upload", "/notes.md", "/*.cdx.json"):
        assert any(place in text for text in texts)
