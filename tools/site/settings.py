"""The keys of the configuration, from the models that check them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.site.markdown import cell, table
from ttv_core import Config, RemoteSettings
from ttv_core.config import _General
from ttv_core.described import attributes, fields

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ttv_core.described import Described

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
        (f"`{key.name}`", _kind(key), _default(key), said.get(key.name, ""))
        for key in fields(_General)
    ]
    return table(("key", "type", "default", "meaning"), rows)


def settings_table(settings: type[BaseModel], *, inherited: bool = False) -> str:
    """Return the table of a settings model.

    Args:
        settings: The model.
        inherited: Whether to list what every remote backend has too.
    """
    known = () if inherited else RemoteSettings.model_fields
    variables: dict[str, tuple[str, ...]] = dict(getattr(settings, "environment", {}))
    rows = [
        (
            f"`{key.name}`",
            _kind(key),
            _default(key),
            ", ".join(f"`{variable}`" for variable in variables.get(key.name, ())),
            key.description,
        )
        for key in fields(settings)
        if key.name not in known or key.name in variables
    ]
    return table(("setting", "type", "default", "or the variable", "meaning"), rows)


def _kind(key: Described) -> str:
    """Return a field's type; that it may be left out is told by an empty default."""
    return f"`{key.type.removesuffix(' | None')}`"


def _default(key: Described) -> str:
    if key.required:
        return "required"
    return "" if key.default in (None, [], {}) else f"`{cell(key.default)}`"
