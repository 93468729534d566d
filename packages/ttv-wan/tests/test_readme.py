"""The README's tables are the data's."""

from __future__ import annotations

from pathlib import Path

from ttv_core.testing import check_readme
from ttv_diffusers.testing.readme import check_needs
from ttv_wan.generator import WanGenerator

README = Path(__file__).parent.parent / "README.md"


def test_the_tables_are_the_datas():
    check_readme(README, WanGenerator.models)
    check_needs(README, WanGenerator.recipes)
