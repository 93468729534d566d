"""Tables of models as files, and what a configuration changes in them."""

from __future__ import annotations

import pytest

from ttv_core import Capabilities, ConfigurationError, RemoteVideoGenerator, models_from
from ttv_core.tables import with_changes

TABLE = """
backend: acme
kind: remote
models:
  - id: acme-1
    aliases: [one]
    durations: [5, 10]
    prompt: {maximum: 100, unit: utf16}
    prices: [{basis: second, amount: "0.05", source: acme.example, as_of: 2026-11-20}]
"""


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "models.yaml"
    file.write_text(TABLE)
    return models_from(file)


def changed(table, **changes):
    return with_changes(table, {k.replace("_", "-"): v for k, v in changes.items()}, path="b.acme")


def test_a_file_is_a_table(table):
    assert isinstance(table, Capabilities)
    assert table.default.durations.choices == (5, 10)
    assert str(table.default.prices[0].as_of) == "2026-11-20"


def test_a_field_is_changed_and_the_others_stay(table):
    after = changed(table, acme_1={"prompt": {"maximum": 7}, "durations": [3]}).default
    assert (after.prompt.maximum, after.prompt.unit) == (7, "utf16")
    assert after.durations.choices == (3,)
    assert after.prices == table.default.prices


def test_an_alias_names_the_model_and_another_id_adds_one(table):
    after = changed(table, one={"fps": 24}, acme_2={"durations": [4]})
    assert [model.id for model in after.models] == ["acme-1", "acme-2"]
    assert after.default.fps.only == 24


def test_what_is_wrong_is_told_with_its_key_path(table):
    with pytest.raises(ConfigurationError, match=r"b\.acme\.acme-1\.durations") as caught:
        changed(table, acme_1={"durations": []})
    assert caught.value.key.startswith("b.acme.acme-1.durations")


def test_the_settings_of_a_backend_change_its_table(table):
    class Acme(RemoteVideoGenerator):
        name = "acme"
        models = table

        async def submit(self, plan, key):
            raise NotImplementedError

        poll = fetch = submit

    acme = Acme(models={"acme-1": {"prices": [{"basis": "second", "amount": "1.00"}]}})
    assert str(acme.plan("fox", duration=5).cost) == "$5.00"
    with pytest.raises(ConfigurationError, match=r"backends\.acme\.models\.acme-1"):
        Acme(models={"acme-1": {"nonsense": 1}}).plan("fox")
