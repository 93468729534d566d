"""Read docstrings as they are written here: Google's sections, Markdown in the text."""

from __future__ import annotations

import dataclasses
import inspect
import re
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import ttv_core

__all__ = ["as_rst", "attributes", "public_name", "with_types"]

_SECTION = re.compile(r"^([A-Z][a-z]+):$")
_ITEM = re.compile(r"^(\*{0,2}\w+): ")
_CODE = re.compile(r"(?<![`:\\])`([^`\n]+)`(?!`)")
_FENCE = re.compile(r"^(\s*)```(\w*)$")


def attributes(thing: Any, section: str = "Attributes") -> dict[str, str]:
    """Return what the docstrings of a class and its bases say of each attribute.

    Args:
        thing: The class.
        section: Another section of the same form.
    """
    found: dict[str, str] = {}
    for cls in reversed(inspect.getmro(thing)):
        found |= _items(inspect.cleandoc(vars(cls).get("__doc__") or ""), section)
    return found


def _items(text: str, section: str) -> dict[str, str]:
    found: dict[str, str] = {}
    here, name = "", ""
    for line in text.splitlines():
        if heading := _SECTION.match(line):
            here = heading[1]
        elif here == section and (item := _ITEM.match(line.removeprefix("    "))):
            name = item[1]
            found[name] = line.strip().partition(": ")[2]
        elif here == section and name and line.startswith("        "):
            found[name] += f" {line.strip()}"
    return found


def public_name(written: str) -> str | None:
    """Return where a name is documented, "ttv_core.Plan", or None if it is no public one.

    Args:
        written: The name as it stands in a docstring or an annotation, with its module or without.
    """
    bare = written.removeprefix("ttv_core.")
    head, _, rest = bare.partition(".")
    if head in ttv_core.__all__:
        # `plan.native` is an attribute of some plan, and not of the function of that name.
        return f"ttv_core.{bare}" if not rest or head[0].isupper() else None
    last = rest.rpartition(".")[2]
    return f"ttv_core.{last}" if last in ttv_core.__all__ else None


def as_rst(lines: list[str]) -> list[str]:
    """Return a docstring with its Markdown turned into what Sphinx reads.

    Args:
        lines: The docstring.
    """
    out: list[str] = []
    indent = None
    for line in lines:
        found = _FENCE.match(line)
        if found and indent is None:
            indent = found[1]
            out += [f"{indent}.. code-block:: {found[2] or 'text'}", ""]
        elif found:
            indent = None
            out.append("")
        elif indent is not None:
            out.append(f"    {line}" if line.strip() else "")
        else:
            out.append(line if ">>>" in line else _CODE.sub(_linked, line))
    return out


def _linked(found: re.Match[str]) -> str:
    text = found[1]
    name = public_name(text)
    # What follows a word in reStructuredText must not be a letter.
    after = r"\ " if found.string[found.end() : found.end() + 1].isalnum() else ""
    return (f":py:obj:`{text} <{name}>`" if name else f"``{text}``") + after


def with_types(thing: Any, lines: list[str]) -> list[str]:
    """Return a class's docstring with the type of each attribute, as the code has it.

    Args:
        thing: The class.
        lines: Its docstring.
    """
    kinds = _kinds(thing)
    out: list[str] = []
    within = False
    for line in lines:
        if heading := _SECTION.match(line):
            within = heading[1] == "Attributes"
        item = _ITEM.match(line.removeprefix("    ")) if within else None
        typed = item is not None and item[1] in kinds
        out.append(line)
        if item and typed:
            out[-1] = line.replace(f"{item[1]}:", f"{item[1]} ({kinds[item[1]]}):", 1)
    return out


def _kinds(thing: Any) -> dict[str, str]:
    if hasattr(thing, "model_fields"):
        return {name: kind_of(field.annotation) for name, field in thing.model_fields.items()}
    if dataclasses.is_dataclass(thing):
        return {field.name: str(field.type) for field in dataclasses.fields(thing)}
    return {}


def kind_of(annotation: Any) -> str:
    """Return a type for people: without modules and without what only checks.

    Args:
        annotation: The type.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind_of(arguments[0])
    if origin is Literal:
        return " | ".join(map(repr, arguments))
    if origin in {Union, UnionType}:
        return " | ".join(map(kind_of, arguments))
    if annotation in {None, type(None)}:
        return "None"
    name = "..." if annotation is ... else getattr(annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(map(kind_of, arguments))}]" if arguments else name
