"""Thousands of histories of calls, faults and crashes, held against the promises."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from ttv_core.jobs.states import STATES

from .history import live_through
from .strategies import histories

_FULL = os.environ.get("TTV_TORTURE") == "full"
_COUNT = 10_000 if _FULL else 400


@pytest.fixture(scope="module")
def seen(request):
    """What all histories together were made of; told in the end of a full run."""
    counts = Counter()
    yield counts
    if _FULL:
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
            print(f"\n{told}")  # noqa: T201


@settings(
    max_examples=_COUNT,
    derandomize=not _FULL,  # the full run looks for what nobody has seen yet
    print_blob=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(history=histories)
def test_every_promise_holds_in_every_history(seen, history):
    with tempfile.TemporaryDirectory() as folder:
        world = live_through(history, Path(folder))
    seen += world.tally()
    seen["histories"] += 1


def test_the_histories_were_no_idle_ones(seen):
    """Every state was reached, and much was lost on the way."""
    assert [state for state in STATES if not seen[f"jobs that were {state}"]] == []
    assert seen["jobs"] > seen["histories"] >= _COUNT
    assert seen["answers lost"] > seen["jobs"] / 10
    assert seen["processes killed"] > seen["histories"]
