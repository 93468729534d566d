"""What the documentation shows with this backend, runs."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import ttv_core.factory
from ttv_core.yaml_loader import parse_yaml

PACKAGE = Path(__file__).parents[1]
PAGES = [
    folder / "README.md" for folder in (PACKAGE, PACKAGE.parent / "ttv-core", PACKAGE.parents[1])
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_every_python_block_of_a_readme_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(page), "exec"), {"__name__": "readme"})


def test_the_examples_of_the_front_door_run():
    found = doctest.DocTestFinder().find(ttv_core.factory, "ttv_core.factory")
    examples = [test for test in found if test.examples]
    assert len(examples) == 3
    for test in examples:
        runner = doctest.DocTestRunner()
        runner.run(test)
        assert runner.failures == 0, test.name


def test_the_configuration_in_the_readme_is_one():
    page = PAGES[2].read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    config = ttv_core.load_config(parse_yaml(text))
    assert ttv_core.extract_backend_config(config, "animatic") == {"captions": True}
