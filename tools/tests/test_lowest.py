"""Packages share a room for their lowest versions only where they agree on all of them."""

from __future__ import annotations

import pytest

from tools import lowest_versions, workspace
from tools.lowest_versions import lowest_groups
from tools.workspace import Package


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make the packages of a repository: name to dependencies."""

    def made(constrained=(), **dependencies):
        found = {}
        for module, needed in dependencies.items():
            name = module.replace("_", "-")
            folder = tmp_path / name
            folder.mkdir()
            lines = f'[project]\nname = "{name}"\nversion = "1"\ndependencies = {needed}\n'
            (folder / "pyproject.toml").write_text(lines)
            if module in constrained:
                (folder / "constraints.txt").write_text("torch==2.13.0\n")
            found[name] = Package(folder)
        for module in (lowest_versions, workspace):
            monkeypatch.setattr(module, "packages", lambda: found)
        return [[package.name for package in group] for group in lowest_groups(found.values())]

    return made


def test_those_that_agree_are_together(make):
    found = make(ttv_core=["a>=1"], ttv_b=["ttv-core", "b>=2"], ttv_c=["ttv-core", "b>=2", "c>=1"])
    assert found == [["ttv-core", "ttv-b", "ttv-c"]]


def test_who_pins_another_version_has_a_room_of_its_own(make):
    found = make(
        ttv_core=["a>=1"],
        ttv_b=["ttv-core", "b>=2"],
        ttv_c=["ttv-core", "b>=3"],
        ttv_d=["ttv-core", "b>=2"],
        ttv_e=["ttv-core", "a>=2"],
    )
    assert found == [["ttv-core", "ttv-b", "ttv-d"], ["ttv-c"], ["ttv-e"]]


def test_what_is_huge_is_only_where_it_is_needed(make):
    found = make(
        constrained=["ttv_big"],
        ttv_core=["a>=1"],
        ttv_big=["ttv-core", "torch>=2"],
        ttv_small=["ttv-core"],
        ttv_on_big=["ttv-big"],
    )
    assert found == [["ttv-core", "ttv-small"], ["ttv-big", "ttv-on-big"]]
