"""A page for each backend, and a table of all prices: from the data that they plan with."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

from tools.site.markdown import table
from tools.site.settings import settings_table
from tools.workspace import ROOT, packages
from ttv_core import PluginError
from ttv_core.plugins import default_manager
from ttv_core.testing import models_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttv_core import Capabilities, Price

__all__ = ["backend_pages", "executor_pages", "generators", "prices_page", "readme_as_page"]

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)")
_BASIS = {"second": "a second", "video": "a video", "image": "a picture given"}
_BASIS |= {"input_second": "a second of video given"}


_ABOUT_PRICES = """\
What each backend plans with: the data that `ttv backends NAME --json` prints. A price is a copy of
the vendor's list, made on the day that is told; the vendor's bill decides. Each can be changed in
the [configuration](/reference/configuration.md)."""


def backend_pages() -> dict[str, str]:
    """Return a page for each installed backend by its name, in Markdown.

    Raises:
        PluginError: If a backend cannot be loaded.
    """
    return {name: _page(name, generator) for name, generator in generators().items()}


def executor_pages() -> dict[str, str]:
    """Return a page for each executor that a package of ours has, in Markdown."""
    pages = {}
    for package in packages().values():
        points = package.pyproject["project"].get("entry-points", {})
        for name, value in points.get("ttv.executors", {}).items():
            module, _, attribute = value.partition(":")
            executor = getattr(importlib.import_module(module), attribute)
            readme = readme_as_page(package.folder / "README.md", title=name)
            head = f"## Every setting\n\nWhat `executors.{name}` may hold."
            pages[name] = "\n\n".join([readme, head, settings_table(executor.Settings)])
    return pages


def generators() -> dict[str, Any]:
    """Return the class of each backend; this imports no engine and no SDK."""
    manager = default_manager()
    found: dict[str, Any] = {}
    for name, record in sorted(manager.backends().items()):
        manager.load(record)
        if record.spec is None:
            raise PluginError(f"{name} cannot be loaded: {record.reason}")
        module, _, attribute = record.spec.generator.partition(":")
        found[name] = getattr(importlib.import_module(module), attribute)
    return found


def _page(name: str, generator: Any) -> str:
    package = packages()[f"ttv-{name}"]
    readme = readme_as_page(package.folder / "README.md", title=name)
    notes = "".join(f"\n- {note}" for note in generator.models.notes)
    options = getattr(generator, "Options", None)
    parts = [
        readme,
        "## Every setting",
        f"What `backends.{name}` may hold, from the model that checks it.",
        settings_table(generator.Settings),
    ]
    if options is not None and options.model_fields:
        parts += [
            "## Every option of a request",
            f'What `options={{"{name}": {{…}}}}`, or `-O` on the command line, may hold.',
            settings_table(options, inherited=True),
        ]
    if "<!-- models -->" not in (package.folder / "README.md").read_text(encoding="utf-8"):
        parts += ["## Models", models_table(generator.models)]
    if notes:
        parts += ["## Notes", notes.strip()]
    return "\n\n".join(parts)


def readme_as_page(path: Path, *, title: str) -> str:
    """Return a README as a page of the site.

    Links to pages of the site lead there; links to other files of the repository become the files'
    names, for the site does not hold them.

    Args:
        path: The README.
        title: What the page is called.
    """
    text = path.read_text(encoding="utf-8")
    body = text.partition("\n")[2]

    def target(found: re.Match[str]) -> str:
        file = (path.parent / found[2].partition("#")[0]).resolve()
        if file.is_relative_to(ROOT / "docs"):
            return f"[{found[1]}](/{file.relative_to(ROOT / 'docs')})"
        package = file.parent.name.removeprefix("ttv-")
        if file.name == "README.md" and file.parent.parent == ROOT / "packages":
            return f"[{found[1]}](/generated/backends/{package}.md)"
        name = file.relative_to(ROOT)
        return f"{found[1]} (`{name}`)"

    return f"# {title}\n{_LINK.sub(target, body)}"


def prices_page() -> str:
    """Return the page of every price of every backend, with its source and date."""
    parts = ["# Models and prices", _ABOUT_PRICES]
    for name, generator in generators().items():
        parts += _prices(name, generator.models)
    return "\n\n".join(parts)


def _prices(name: str, capabilities: Capabilities) -> Iterator[str]:
    """Yield the section of a backend: a table for each source and day."""
    in_use = [model for model in capabilities.models if model.status != "retired"]
    many = f"{len(in_use)} model{'s' * (len(in_use) > 1)}"
    yield f"## {name}"
    tables: dict[str, list[tuple[object, ...]]] = {}
    free: dict[str, None] = {}
    for model in in_use:
        for price in model.prices:
            if price.basis == "free":
                free[price.source] = None
            elif price.amount is not None:
                row = (f"`{model.id}`", price.amount, _unit(price), _condition(price))
                tables.setdefault(f"From {price.source}, read on {price.as_of}:", []).append(row)
    links = f"[{many}](/generated/backends/{name}.md)"
    yield f"{links}; free: {'; '.join(free)}." if free else f"{links}."
    for source, rows in tables.items():
        yield source
        yield table(("model", "US dollars", "for", "when"), rows)
    unknown = [
        f"`{model.id}`"
        for model in in_use
        if not any(price.basis != "unknown" for price in model.prices)
    ]
    if unknown:
        yield f"No price is known of {', '.join(unknown)}."


def _unit(price: Price) -> str:
    text = _BASIS[price.basis]
    text += f", the first {price.free} free" if price.free else ""
    return text + (f", at least {price.minimum}" if price.minimum else "")


def _condition(price: Price) -> str:
    return "; ".join(
        f"{field} {' or '.join('not set' if value is None else str(value) for value in values)}"
        for field, values in price.when.items()
    )
