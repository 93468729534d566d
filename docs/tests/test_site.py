"""What the site takes from the code: everything that is there, and what the code says."""

from __future__ import annotations

import importlib
import re

import click
import pytest

import ttv_core
from tools.site.backends import (
    backend_pages,
    executor_pages,
    generators,
    prices_page,
    readme_as_page,
)
from tools.site.commands import commands_page
from tools.site.docstrings import as_rst, public_name, with_types
from tools.site.known import known_page
from tools.site.library import library_pages, public_modules
from tools.site.settings import general_keys, settings_table
from tools.workspace import ROOT, packages
from ttv_cli.main import cli
from ttv_core.known import KnownBackend, known_backends
from ttv_core.plugins import default_manager


def test_every_public_name_is_in_the_reference():
    text = "\n".join(library_pages().values())
    documented = set(re.findall(r"auto\w+:: ttv_core\.(\w+)$", text, re.MULTILINE))
    assert documented >= set(ttv_core.__all__)
    hooks = re.findall(r"autofunction:: ttv_core\.hookspecs\.(\w+)", text)
    assert set(hooks) == {"ttv_backends", "ttv_rank", "ttv_review", "ttv_job_event"}
    for module in set(public_modules()) - {"hookspecs"}:
        for name in importlib.import_module(f"ttv_core.{module}").__all__:
            told = {f":: ttv_core.{module}.{name}\n", f":: ttv_core.{name}\n"}
            assert any(each in f"{text}\n" for each in told), f"{module}.{name}"


def test_a_module_that_no_page_names_has_one_of_its_own(monkeypatch):
    monkeypatch.setattr(ttv_core, "_HOME", ttv_core._HOME | {"else_where": ("Plan",)})
    assert "Else where\n==" in library_pages()["else_where"]


def commands(command, path):
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), name)
            yield from commands(child, f"{path} {name}")


def test_every_command_and_option_is_in_the_reference():
    page = commands_page()
    found = dict(commands(cli, "ttv"))
    assert len(found) > 20
    for path, command in found.items():
        part = page.partition(f" {path}\n\n")[2].partition("\n#")[0]
        assert part, path
        for param in command.params:
            for option in param.opts:
                assert option in part or isinstance(param, click.Argument), f"{path} {option}"


@pytest.mark.parametrize("name", sorted(default_manager().backends()))
def test_every_backend_has_a_page_with_its_models_settings_and_readme(name):
    page = backend_pages()[name]
    assert page.startswith(f"# {name}\n")
    generator = generators()[name]
    for model in generator.models.models:
        assert model.id in page, model.id
    own = generator.Settings.model_fields.keys() - ttv_core.RemoteSettings.model_fields.keys()
    for setting in own:
        assert f"| `{setting}` |" in page, setting


def test_every_package_of_a_backend_is_there():
    backends = {name for name, each in packages().items() if "ttv.backends" in entries(each)}
    assert {f"ttv-{name}" for name in backend_pages()} == backends


def test_every_executor_has_a_page_with_its_settings():
    pages = executor_pages()
    points = [entries(package).get("ttv.executors", {}) for package in packages().values()]
    assert set(pages) == {name for each in points for name in each} >= {"ray"}
    assert "| `address` |" in pages["ray"]


def entries(package):
    return package.pyproject["project"].get("entry-points", {})


def test_every_price_has_its_source_and_day():
    page = prices_page()
    rows = re.findall(r"^\| `[^`]+` \| [\d.]+ \|", page, re.MULTILINE)
    prices = [
        price
        for generator in generators().values()
        for model in generator.models.models
        for price in model.prices
        if model.status != "retired" and price.amount is not None
    ]
    assert len(rows) == len(prices) > 20
    for price in prices:
        assert price.source
        assert f"From {price.source}, read on {price.as_of.isoformat()}:\n" in page


def test_every_setting_says_what_it_means():
    tables = [general_keys(), settings_table(ttv_core.RemoteSettings, inherited=True)]
    for generator in generators().values():
        options = getattr(generator, "Options", None)
        tables.append(settings_table(generator.Settings))
        tables += [settings_table(options, inherited=True)] if options else []
    for table in tables:
        for row in table.splitlines()[2:]:
            assert row.rstrip("| ").count("|") >= 3
            assert row.strip("| ").rpartition("|")[2].strip(), row


def test_links_of_a_readme_fit_the_site():
    path = ROOT / "packages" / "ttv-wan" / "README.md"
    page = readme_as_page(path, title="wan")
    assert "[ttv-diffusers](/generated/backends/diffusers.md)" in page
    runway = readme_as_page(ROOT / "packages" / "ttv-runway" / "README.md", title="runway")
    assert "the table (`packages/ttv-runway/src/ttv_runway/models.yaml`)" in runway


def test_docstrings_are_turned_into_what_sphinx_reads():
    assert as_rst(["See `Plan` and `auto`.", "", "```python", "x = 1", "```"]) == [
        "See :py:obj:`Plan <ttv_core.Plan>` and ``auto``.",
        "",
        ".. code-block:: python",
        "",
        "    x = 1",
        "",
    ]
    assert as_rst(["`Plan`s"]) == [r":py:obj:`Plan <ttv_core.Plan>`\ s"]
    assert public_name("ttv_core.planning.Plan") == "ttv_core.Plan"
    assert public_name("Plan.check") == "ttv_core.Plan.check"
    assert public_name("plan.native") is None
    assert public_name("pathlib.Path") is None


def test_attributes_get_their_types():
    lines = with_types(ttv_core.Violation, ["Attributes:", "    field: The field."])
    assert lines[1] == "    field (str): The field."


def test_every_backend_that_can_be_installed_is_told_with_its_command(monkeypatch):
    page = known_page()
    for backend in known_backends():
        assert f"`pip install {backend.distribution}` | {backend.by} |" in page
    other = KnownBackend(
        name="comet",
        distribution="ttv-comet",
        kind="remote",
        summary="comets",
        by="Somebody",
        licence="MIT",
        url="https://comet.example/ttv",
    )
    monkeypatch.setattr("tools.site.known.known_backends", lambda: (other,))
    assert "| [`comet`](https://comet.example/ttv) | comets |" in known_page()
