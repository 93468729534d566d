"""What the README says is what the data says."""

from __future__ import annotations

import re
from pathlib import Path

import ttv_core
from ttv_core.testing import check_readme
from ttv_minimax.generator import MinimaxGenerator
from ttv_minimax.settings import MinimaxOptions, MinimaxSettings

README = Path(__file__).parents[1] / "README.md"
PAGE = README.read_text(encoding="utf-8")


def test_the_table_of_models_is_made_from_the_data():
    check_readme(README, MinimaxGenerator.models)


def test_the_limits_of_prompts_are_those_of_the_data():
    limits = {model.prompt.maximum for model in MinimaxGenerator.models.models}
    assert limits == {2000, 7000}
    for limit in limits:
        assert f"{limit:,} " in PAGE


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
