"""What classes say of their attributes: in their docstrings, and in the models that check them."""

from __future__ import annotations

import inspect
import re
from dataclasses import asdict, dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic_core import PydanticUndefined

from ttv_core.results import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

__all__ = ["Described", "attributes", "fields", "kind_of"]

SECTION = re.compile(r"^([A-Z][a-z]+):$")
ITEM = re.compile(r"^(\*{0,2}\w+): ")


@dataclass(frozen=True, slots=True)
class Described:
    """A field of a model, for people.

    Attributes:
        name: Its name.
        type: Its type, without modules and without what only checks.
        required: Whether there is no default.
        default: Its default, as plain data; None if it is required, too.
        description: What the docstring of its class says of it, or else the field itself.
    """

    name: str
    type: str
    required: bool
    default: Any
    description: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return asdict(self)


def fields(model: type[BaseModel]) -> Iterator[Described]:
    """Yield each field of a model.

    Args:
        model: Such as the `Options` of a backend.
    """
    said = attributes(model)
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        required = default is PydanticUndefined
        yield Described(
            name=name,
            type=kind_of(field.annotation),
            required=required,
            default=None if required else plain(default),
            description=said.get(name) or field.description or "",
        )


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
        if heading := SECTION.match(line):
            here = heading[1]
        elif here == section and (item := ITEM.match(line.removeprefix("    "))):
            name = item[1]
            found[name] = line.strip().partition(": ")[2]
        elif here == section and name and line.startswith("        "):
            found[name] += f" {line.strip()}"
    return found


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
