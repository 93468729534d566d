"""What the README says is what the data says."""

from __future__ import annotations

import re

from models_table import BLOCK, README, table

import ttv_core
from ttv_minimax.generator import MinimaxGenerator
from ttv_minimax.settings import MinimaxOptions, MinimaxSettings

PAGE = README.read_text(encoding="utf-8")


def test_the_table_of_models_is_made_from_the_data():
    found = BLOCK.search(PAGE)
    assert found[0] == found[1] + table() + found[2], (
        f"run {__file__.replace('test_readme', 'models_table')}"
    )


def test_every_setting_and_option_is_named():
    for name in (*MinimaxSettings.model_fields, *MinimaxOptions.model_fields):
        assert f"`{name}`" in PAGE, name


def test_the_configuration_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIMAX_API_KEY", "k-123456")
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "ttv.yaml").write_text(text, encoding="utf-8")
    config = ttv_core.load_config(tmp_path / "ttv.yaml")
    made = ttv_core.create_video_generator(config, "minimax", fallback_backends=())
    plan = made.plan("a fox", duration=10)
    assert (plan.native["resolution"], str(plan.cost.amount)) == ("2K", "0.7")


def test_the_prices_in_words_are_those_of_the_data():
    models = MinimaxGenerator.models
    for name, said in (
        ("MiniMax-H3", "$0.04 each after the first 5"),
        ("MiniMax-H3-Max", "$0.074 after 2"),
    ):
        (price,) = [item for item in models.find(name).prices if item.basis == "image"]
        assert said in PAGE
        assert (f"${price.amount}" in said, str(price.free) in said) == (True, True)
