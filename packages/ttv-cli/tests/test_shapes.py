"""What --json prints keeps its shape: programs read it.

The shapes are in `shapes/`, one for each document. One that changed on purpose is written anew by
running these tests with TTV_WRITE_SHAPES=1, and seen in review.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

import click
import pytest

from ttv_cli.main import cli

SHAPES = Path(__file__).parent / "shapes"
FOX = ("generate", "a fox", "-b", "snail", "-d", "1")


OURS = {"snail", "five", "keyed"}


def shape(value):
    """Return names and types; those of a list's items are put together."""
    if isinstance(value, dict):
        return {key: shape(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [functools.reduce(either, map(shape, value))] if value else []
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return "null" if value is None else type(value).__name__


def either(one, other):
    """Return the shape of two items of a list together."""
    if one == other:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        both = {key: either(one[key], other[key]) for key in one.keys() & other.keys()}
        return dict(sorted((one | other | both).items()))
    if isinstance(one, list) and isinstance(other, list):
        return [either(one[0], other[0])] if one and other else one or other
    if isinstance(one, str) and isinstance(other, str):
        return " | ".join(sorted({*one.split(" | "), *other.split(" | ")}))
    return {"one of": sorted((one, other), key=str)}


def of_these_tests(document):
    """Return a document without what this environment brings to it besides."""
    for key in ("backends", "plugins"):
        if isinstance(document.get(key), list):
            named = (row.get("name", row.get("backend")) for row in document[key])
            pairs = zip(named, document[key], strict=True)
            document[key] = [row for name, row in pairs if name in OURS]
    if "variables" in document:
        document["variables"] = {"KEYED_API_KEY": document["variables"]["KEYED_API_KEY"]}
    return document


def sometimes(document):
    """Return a document as if polls had seen how long the vendor took: they may come too late."""
    if isinstance(document, list):
        return [sometimes(item) for item in document]
    if not isinstance(document, dict):
        return document
    seen = {key: sometimes(value) for key, value in document.items()}
    if "submit" in seen.get("timings", ()):
        seen["timings"]["vendor"] = 1.0
    if "took" in seen and seen.get("state", "completed") == "completed":
        seen["took"] = 1.0
    return seen


def hold(name, found):
    """Hold what was found against what is recorded."""
    path = SHAPES / f"{name}.json"
    if os.environ.get("TTV_WRITE_SHAPES") == "1":
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(path.read_text(encoding="utf-8"))


DOCUMENTS = {
    "generate": ([*FOX, "-o", "fox.mp4"], 0),
    "generate-dry-run": ([*FOX, "--dry-run"], 0),
    "plan": (["plan", "a fox", "-d", "3"], 0),
    "plan-adjusted": (
        ["plan", "a fox", "-b", "snail", "-d", "3", "--on-unsupported", "adjust"],
        0,
    ),
    "backends": (["backends"], 0),
    "backends-of-one": (["backends", "snail"], 0),
    "new-backend": (["new-backend", "acme"], 0),
    "plugins": (["plugins"], 0),
    "doctor": (["doctor"], 0),
    "config-show": (["config", "show"], 0),
    "config-check": (["config", "check"], 2),
    "error": (["generate", "a fox", "-b", "snail", "-O", "fail=failed"], 5),
    "error-in-input": (["generate", "a fox", "-b", "snail", "-d", "9"], 2),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_keeps_its_shape(shell, name):
    (shell.cwd / "ttv.yaml").write_text("backends: {snail: {level: 1, lewel: 2}}\n")
    words, code = DOCUMENTS[name]
    if not name.startswith("config-"):
        (shell.cwd / "ttv.yaml").unlink()
    hold(name, shape(of_these_tests(shell.json(*words, code=code))))


def lines(shell, *words, code=0):
    done = shell.run(*words, "--json")
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_lines_of_a_batch_keep_their_shape(shell):
    requests = [
        {"prompt": "a fox", "duration": 1, "backend": "snail"},
        {"prompt": "a cat", "duration": 9, "backend": "snail"},
    ]
    (shell.cwd / "r.jsonl").write_text("\n".join(map(json.dumps, requests)))
    *planned, plan = lines(shell, "batch", "r.jsonl", "-o", "videos", "--dry-run", code=2)
    hold("batch-dry-run", shape(planned))
    hold("batch-dry-run-sum", shape(plan))
    *items, summary = lines(shell, "batch", "r.jsonl", "-o", "videos", code=2)
    hold("batch", shape(items))
    hold("batch-sum", shape(summary))


def test_jobs_keep_their_shape(bare, vendor):
    vendor.end()
    hold(
        "generate-remote",
        shape(sometimes(bare.json("generate", "a fox", "-b", "acme", "-d", "1", "-o", "a.mp4"))),
    )
    vendor.states = ["running"]
    detached = bare.json(
        "generate", "a cat", "-b", "acme", "-d", "1", "-o", "b.mp4", "--tag", "of=x", "--detach"
    )
    hold("generate-detach", shape(detached))
    listed = bare.json("jobs")
    hold("jobs", shape(sometimes(listed)))
    hold("jobs-cost", shape(bare.json("jobs", "--cost")))
    hold("jobs-show", shape(bare.json("jobs", "show", detached["id"])))
    vendor.end()
    hold("resume", shape(sometimes(bare.json("resume", detached["id"]))))


def commands(group, path=("ttv",)):
    """Yield every command with its path."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


def test_commands_keep_their_options():
    found = {
        " ".join(path): sorted(
            f"{'/'.join([*each.opts, *each.secondary_opts])}{' required' * each.required}"
            for each in command.params
        )
        for path, command in commands(cli)
    }
    hold("options", found)
