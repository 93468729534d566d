"""Read docstrings as they are written here: Google's sections, Markdown in the text."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import ttv_core
from ttv_core.described import ITEM, SECTION, kind_of

__all__ = ["as_rst", "public_name", "with_types"]

_CODE = re.compile(r"(?<![`:\\])`([^`\n]+)`(?!`)")
_FENCE = re.compile(r"^(\s*)```(\w*)$")


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
        if heading := SECTION.match(line):
            within = heading[1] == "Attributes"
        item = ITEM.match(line.removeprefix("    ")) if within else None
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
