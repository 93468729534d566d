"""What the README says is what the data says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ttv_core
from ttv_core.testing import check_readme
from ttv_endpoint.dialects import DIALECTS
from ttv_endpoint.generator import EndpointGenerator
from ttv_endpoint.settings import EndpointOptions, EndpointSettings

README = Path(__file__).parents[1] / "README.md"
PAGE = README.read_text(encoding="utf-8")


def test_the_table_of_models_is_made_from_the_data():
    check_readme(README, EndpointGenerator.models)


def test_every_setting_and_option_is_named():
    for name in (*EndpointSettings.model_fields, *EndpointOptions.model_fields):
        assert f"`{name}`" in PAGE, name
    for name in DIALECTS:
        assert f"`{name}`" in PAGE, name
    for variables in EndpointSettings.environment.values():
        assert all(f"`{variable}`" in PAGE for variable in variables)


def test_the_configuration_is_one(tmp_path):
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "ttv.yaml").write_text(text, encoding="utf-8")
    config = ttv_core.load_config(tmp_path / "ttv.yaml")
    made = ttv_core.create_video_generator(config, "endpoint", fallback_backends=())
    plan = made.plan("a fox", duration=3, seed=0, negative_prompt="rain")
    assert (plan.ok, plan.native["num_frames"], plan.native["width"]) == (True, 49, 832)
    assert str(plan.cost.amount) == "0.06125"
    assert [v.field for v in made.plan("a fox", num_frames=121).violations] == ["num_frames"]


@pytest.mark.parametrize("name", list(DIALECTS))
def test_the_table_of_servers_is_made_from_the_data(name):
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| ")]
    (head,) = [row for row in rows if any(cell.strip() == "FastVideo" for cell in row)]
    column = [cell.strip() for cell in head].index(DIALECTS[name].title)
    table = {row[0].strip(): row for row in rows if len(row) == len(head)}

    def says(fact):
        cells = [cell.strip() for cell in table[fact]]
        return cells[column - 1] if cells[column] == "likewise" else cells[column]

    dialect = DIALECTS[name]
    assert says("a create is").startswith("JSON" if dialect.encoding == "json" else "a form")
    assert ("a form with a picture" in says("a create is")) == (
        dialect.encoding == "json" and dialect.picture == "file"
    )
    assert (says("progress") == "by steps") == dialect.steps
    assert says("cancel").startswith("cannot") != dialect.semantics.cancel
    assert says("a lost job is found").startswith("no") != dialect.lists_prompts
    assert dialect.lists_prompts == (dialect.semantics.lookup is not None)
    for option in ("flow_shift", "boundary_ratio", "extra_params"):
        assert option in PAGE


HOW_TO = Path(__file__).parents[3] / "docs" / "serve-wan-on-eight-gpus.md"


def test_the_how_to_says_how_long_the_video_is_and_its_settings_are_some(tmp_path):
    page = HOW_TO.read_text(encoding="utf-8")
    found = re.findall(r"```yaml\n# ttv\.yaml\n(.*?)```", page, re.DOTALL)
    assert len(found) == 2
    for text in found:
        (tmp_path / "ttv.yaml").write_text(text, encoding="utf-8")
        config = ttv_core.load_config(tmp_path / "ttv.yaml")
        made = ttv_core.create_video_generator(config, "endpoint", fallback_backends=())
        plan = made.plan("a fox", duration=5, size="1280x720", seed=7)
        assert (plan.ok, plan.native["fps"], plan.native["num_frames"]) == (True, 16, 81)
        assert "16 a second: five seconds are 81 frames" in page
    for dialect in DIALECTS.values():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {dialect.title} ")]
        cells = [cell.strip() for cell in row.split("|")]
        assert (cells[2] == "yes", cells[3] == "yes") == (dialect.semantics.cancel, dialect.steps)
