"""The keys of the configuration, from the models that check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from tools.site.markdown import cell, table
from ttv_core import Config, RemoteSettings
from ttv_core.config import _General
from ttv_core.described import attributes, kind_of

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["general_keys", "settings_table"]

_MORE = {
    "executors": "Each executor's own settings, by its name.",
    "backends": "Each backend's own settings, by its name.",
    "remote_api_settings": "Settings that every remote backend inherits.",
}


def general_keys() -> str:
    """Return the table of the keys that belong to the core."""
    said = attributes(Config) | _MORE
    rows = [
        (f"`{name}`", _kind(field), _default(field), said.get(name, ""))
        for name, field in _General.model_fields.items()
    ]
    return table(("key", "type", "default", "meaning"), rows)


def settings_table(settings: type[BaseModel], *, inherited: bool = False) -> str:
    """Return the table of a settings model.

    Args:
        settings: The model.
        inherited: Whether to list what every remote backend has too.
    """
    said = attributes(settings)
    known = () if inherited else RemoteSettings.model_fields
    variables: dict[str, tuple[str, ...]] = dict(getattr(settings, "environment", {}))
    names = [name for name in settings.model_fields if name not in known or name in variables]
    rows = [
        (
            f"`{name}`",
            _kind(settings.model_fields[name]),
            _default(settings.model_fields[name]),
            ", ".join(f"`{variable}`" for variable in variables.get(name, ())),
            said.get(name, ""),
        )
        for name in names
    ]
    return table(("setting", "type", "default", "or the variable", "meaning"), rows)


def _kind(field: Any) -> str:
    """Return a field's type; that it may be left out is told by an empty default."""
    return f"`{kind_of(field.annotation).removesuffix(' | None')}`"


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    return "" if value is None or value in ((), {}, []) else f"`{cell(value)}`"
