"""The reference of the library: every public name of the core, on a page with its kin."""

from __future__ import annotations

import importlib
import inspect
import tomllib
from typing import TYPE_CHECKING, Any

import ttv_core
from tools.workspace import ROOT

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
MODULE_OF = {"job": "jobs"}
"""The public module that is told on the page of another, which brings the core its names."""
TITLES = {
    "background": "Asynchronous code from plain code",
    "http": "HTTP for backends",
    "kept": "Engines that stay loaded",
    "media": "Video files",
    "testing": "Tools for tests",
}


def library_pages() -> dict[str, str]:
    """Return the pages by name, in reStructuredText; a module that none names has its own."""
    home: dict[str, tuple[str, ...]] = ttv_core._HOME  # noqa: SLF001 - which module has which name
    public = public_modules()
    left = dict.fromkeys([*home, *public])
    pages = {}
    for name, (title, said, modules) in PAGES.items():
        pages[name] = _page(title, said, modules, home, public)
        for module in modules:
            left.pop(module)
            left.pop(MODULE_OF.get(module, ""), None)
    for module in left:
        title = TITLES.get(module, module.replace("_", " ").capitalize())
        pages[module] = _page(title, "", (module,), home, public)
    return pages


def public_modules() -> list[str]:
    """Return the names of the core's modules that others may import."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed: list[str] = root["tool"]["import-contracts"]["public"]
    return [name.partition(".")[2] for name in listed if "." in name]


def _page(
    title: str,
    said: str,
    modules: tuple[str, ...],
    home: dict[str, tuple[str, ...]],
    public: list[str],
) -> str:
    parts = [_title(title), said.replace("`", "``")]
    for name in modules:
        names = home.get(name, ())
        parts += [_directive("ttv_core", each, getattr(ttv_core, each)) for each in names]
    for name in modules:
        module = MODULE_OF.get(name, name)
        if module not in public:
            continue
        whole = importlib.import_module(f"ttv_core.{module}")
        about = f".. automodule:: ttv_core.{module}\n   :no-members:\n   :no-index:"
        further = _names(f"ttv_core.{module}", whole)
        if module == "errors" or name not in home:
            parts[1:1] = [about]
            parts += further
        elif further:
            parts += [_title(f"ttv_core.{module}", "-"), about, *further]
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


def _title(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}"
