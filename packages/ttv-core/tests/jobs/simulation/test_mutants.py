"""The simulation is tested too: it must catch every bug that is planted."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from .history import BrokenPromiseError, live_through
from .mutants import MUTANTS
from .strategies import histories
from .timeline import SpinsError
from .witnesses import WITNESSES

pytestmark = pytest.mark.skipif(
    "MUTANT_UNDER_TEST" in os.environ, reason="bugs are planted in the code as it is written"
)
_FULL = os.environ.get("TTV_TORTURE") == "full"
_NAMED = {
    "a 5xx is taken for a no, and the create is sent again",
    "a job that is not listed yet is taken for none",
    "what an opaque vendor may have is sent again",
}
_BUDGET = 10_000 if _FULL else 1_000

every_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@every_mutant
def test_a_planted_bug_breaks_a_promise_that_is_kept_without_it(mutant, tmp_path, monkeypatch):
    history = WITNESSES[mutant.name]
    for name in ("without", "with"):
        (tmp_path / name).mkdir()
    live_through(history, tmp_path / "without")
    mutant.plant(monkeypatch)
    with pytest.raises((BrokenPromiseError, SpinsError)):
        live_through(history, tmp_path / "with")


@pytest.mark.parametrize(
    "mutant",
    [mutant for mutant in MUTANTS if _FULL or mutant.name in _NAMED],
    ids=lambda mutant: mutant.name,
)
def test_a_planted_bug_is_found_by_searching(mutant, monkeypatch):
    mutant.plant(monkeypatch)

    @settings(
        max_examples=_BUDGET,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories)
    def every_promise_holds(history):
        with tempfile.TemporaryDirectory() as folder:
            live_through(history, Path(folder))

    with pytest.raises((BrokenPromiseError, SpinsError)):
        every_promise_holds()


def test_every_bug_has_one_name_and_one_history():
    assert sorted(WITNESSES) == sorted(mutant.name for mutant in MUTANTS)
