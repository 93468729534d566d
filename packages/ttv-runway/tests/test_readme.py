"""The README says what the data says, and its examples run."""

from __future__ import annotations

import re

from runway_readme import README, written
from runway_vendor import KEY

import ttv_core
from ttv_core import Config, load_config
from ttv_runway.settings import RunwaySettings


def test_the_table_of_models_is_the_data():
    text = README.read_text(encoding="utf-8")
    assert written(text) == text, "run: python packages/ttv-runway/tests/runway_readme.py"


def test_the_configuration_shown_is_one(monkeypatch, tmp_path):
    monkeypatch.setenv("RUNWAYML_API_SECRET", KEY)
    (text,) = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "ttv.yaml"
    file.write_text(text, encoding="utf-8")
    config = load_config(file)
    assert isinstance(config, Config)
    values = ttv_core.extract_backend_config(config, "runway")
    settings = RunwaySettings.load(values, path="backends.runway")
    assert settings.api_key.get_secret_value() == KEY
    assert settings.models["gen4.5"]["prices"][0]["amount"] == "0.12"


def test_the_python_shown_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, str(README), "exec"), {"__name__": "readme"})
    assert "$0.85" in capsys.readouterr().out
