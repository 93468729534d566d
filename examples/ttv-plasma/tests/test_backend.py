"""What is this backend's own: its colours, its waves, its README. The contract is tested beside."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ttv_core import JobContext
from ttv_core.testing import check_readme

from ttv_plasma.generator import PlasmaGenerator


def shown(prompt: str = "a fox", *, backend: PlasmaGenerator | None = None, **wishes: Any) -> Any:
    """Return the frames of a short video, before they are encoded."""
    backend = backend or PlasmaGenerator()
    plan = backend.plan(prompt, size="128x72", fps=12, **{"duration": 0.5, **wishes})
    assert plan.ok, plan.violations
    return np.array(list(backend.render(plan, JobContext("test", backend.name, None, None))))


@pytest.mark.parametrize(
    ("prompt", "channel"), [("Fire at dawn", 0), ("a forest at dawn", 1), ("the sea at night", 2)]
)
def test_words_choose_the_colours(prompt: str, channel: int) -> None:
    assert shown(prompt).mean(axis=(0, 1, 2)).argmax() == channel


def test_other_letters_are_other_colours() -> None:
    assert not np.array_equal(shown("a fox"), shown("a bear"))


def test_the_seed_chooses_the_waves() -> None:
    assert np.array_equal(shown(seed=1), shown(seed=1))
    assert not np.array_equal(shown(seed=1), shown(seed=2))


def test_the_waves_are_as_many_as_set_or_asked() -> None:
    one = PlasmaGenerator(waves=1)
    assert np.array_equal(shown(backend=one), shown(options={"plasma": {"waves": 1}}))
    assert not np.array_equal(shown(backend=one), shown())


def test_a_loop_ends_where_it_begins() -> None:
    looped = shown(duration=2, options={"plasma": {"loop": True}}).astype(int)
    steps = np.abs(np.diff(looped, axis=0, append=looped[:1])).mean(axis=(1, 2, 3))
    assert steps[-1] <= steps[:-1].max()
    plain = shown(duration=2).astype(int)
    assert np.abs(plain[-1] - plain[0]).mean() > 2 * steps[-1]


def test_the_backend_is_as_short_as_the_readme_says() -> None:
    home = files("ttv_plasma")
    parts = [home / name for name in ("models.yaml", "generator.py", "settings.py", "plugin.py")]
    assert sum(len(part.read_text(encoding="utf-8").splitlines()) for part in parts) < 150


def test_the_readme_has_the_table_of_models() -> None:
    check_readme(Path(__file__).parents[1] / "README.md", PlasmaGenerator.models)
