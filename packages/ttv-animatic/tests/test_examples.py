"""What the documentation shows with this backend, runs."""

from __future__ import annotations

import doctest
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

import ttv_core.factory
from ttv_core.media import frames, measure
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


EXAMPLES = PACKAGE.parents[1] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_chain_goes_on_from_the_last_frame(tmp_path):
    prompts = ["A red fox.", "A frozen river.", "Stars."]
    made = example("chain").chain(
        prompts, tmp_path / "film.mp4", backend="animatic", duration=0.5, size="128x72", fps=12
    )
    assert measure(made.path).num_frames == 6 + 5 + 5
    shots = list(frames(made.path))
    across = np.abs(shots[5].astype(int) - shots[6]).mean()
    within = np.abs(shots[0].astype(int) - shots[5]).mean()
    assert across < max(within, 4)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_the_comparison_tells_of_every_backend(tmp_path, monkeypatch):
    class Dear(ttv_core.VideoGeneratorInterface):
        def __init__(self, **config):
            pass

        def generate_video(self, prompt, **kwargs):
            raise AssertionError

        def get_capabilities(self):
            return {"max_duration": 10}

        def estimate_cost(self, **kwargs):
            return 2.0

        def validate_inputs(self, **kwargs):
            return []

        def is_available(self):
            return True

    monkeypatch.setitem(ttv_core.GENERATOR_REGISTRY, "dear", Dear)
    told = example("compare").compare("A fox.", tmp_path / "out", duration=0.5, max_cost="1")
    assert "0.5 s · free" in told["animatic"]
    assert told["dear"].startswith("no: ")
    assert measure(tmp_path / "out" / "animatic.mp4").num_frames == 12


def test_the_cells_of_the_notebook_run_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((EXAMPLES / "first_steps.ipynb").read_text(encoding="utf-8"))
    names = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec("".join(cell["source"]), names)
    assert "<video" in names["fox"]._repr_html_()
    joined = measure(tmp_path / "film.mp4").num_frames
    assert joined == names["fox"].info.num_frames + names["river"].info.num_frames - 1
