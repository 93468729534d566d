"""The reference of the library: every public name of the core, on a page with its kin."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

import ttv_core

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["library_pages"]

# Page: its title, what it says first, and the modules whose public names are on it.
PAGES = {
    "making": (
        "Make videos",
        "The functions of the front door. All of them take the fields of `ttv_core.VideoRequest`.",
        ("factory", "batch"),
    ),
    "requests": ("What is asked", "", ("request", "inputs", "resolved")),
    "results": ("Plans, events and results", "", ("planning", "results", "events")),
    "errors": ("Errors", "", ("errors",)),
    "jobs": (
        "Jobs",
        "What runs in this process is a `ttv_core.Job`; the journal is asked by `ttv_core.jobs`.",
        ("job",),
    ),
    "capabilities": ("Capabilities", "", ("capabilities", "tables")),
    "generators": (
        "Generators",
        "What a backend derives from.",
        ("interface", "local", "remote", "line", "settings"),
    ),
    "executors": ("Executors", "", ("executors",)),
    "plugins": ("Plugins and hooks", "", ("hookspecs", "registry")),
    "configuration": ("Configuration", "", ("config",)),
}
MORE = {"errors": "errors", "job": "jobs", "hookspecs": "hookspecs"}
"""Modules whose page has also the docstring, or the further names, of a public module."""
OTHERS = {
    "media": ("Video files", "media"),
    "http": ("HTTP for backends", "http"),
    "testing": ("Tools for tests", "testing"),
    "background": ("Asynchronous code from plain code", "background"),
}


def library_pages() -> dict[str, str]:
    """Return the pages by name, in reStructuredText; a module that none names has its own."""
    home: dict[str, tuple[str, ...]] = ttv_core._HOME  # noqa: SLF001 - which module has which name
    pages = {name: _page(*page, home) for name, page in PAGES.items()}
    placed = {module for _, _, modules in PAGES.values() for module in modules}
    for name in sorted(home.keys() - placed):
        pages[name] = _page(name.replace("_", " ").capitalize(), "", (name,), home)
    for name, (title, module) in OTHERS.items():
        whole = importlib.import_module(f"ttv_core.{module}")
        body = [_title(title), _summary(whole), *_names(f"ttv_core.{module}", whole)]
        pages[name] = "\n\n".join(body)
    return pages


def _page(title: str, said: str, modules: tuple[str, ...], home: dict[str, tuple[str, ...]]) -> str:
    parts = [_title(title), said.replace("`", "``")]
    for module in modules:
        parts += [_directive("ttv_core", item, getattr(ttv_core, item)) for item in home[module]]
    for more in [MORE[module] for module in modules if module in MORE]:
        whole = importlib.import_module(f"ttv_core.{more}")
        if more == "errors":
            parts.insert(1, ".. automodule:: ttv_core.errors\n   :no-members:\n   :no-index:")
        else:
            parts += [_title(f"ttv_core.{more}", "-"), _summary(whole)]
            parts += _names(f"ttv_core.{more}", whole)
    return "\n\n".join(parts)


def _names(module: str, whole: ModuleType) -> list[str]:
    """Return the public names of a module that are not documented as the core's own."""
    public = [item for item in whole.__all__ if item not in ttv_core.__all__]
    if module.endswith("hookspecs"):
        public = [item for item in vars(whole) if item.startswith("ttv_")] + ["API_VERSION"]
    return [_directive(module, item, getattr(whole, item)) for item in public]


def _directive(module: str, name: str, thing: Any) -> str:
    kind = "class" if inspect.isclass(thing) else "function" if callable(thing) else "data"
    if kind == "class" and issubclass(thing, BaseException):
        kind = "exception"
    if kind == "function" and not inspect.isfunction(thing):
        kind = "data"
    lines = [f".. auto{kind}:: {module}.{name}"]
    lines += ["   :members:"] if kind in {"class", "exception"} else []
    bases = {base.__name__ for base in getattr(thing, "__bases__", ())}
    if bases & {*ttv_core.__all__}:
        lines += ["   :show-inheritance:"]
    lines += ["   :no-value:"] if kind == "data" else []
    return "\n".join(lines)


def _summary(module: ModuleType) -> str:
    return inspect.cleandoc(module.__doc__ or "").replace("`", "``")


def _title(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}"
