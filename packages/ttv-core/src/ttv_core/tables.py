"""Capabilities as a file of data, and what the user's configuration changes in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ttv_core.capabilities import Capabilities
from ttv_core.errors import ConfigurationError
from ttv_core.yaml_loader import parse_yaml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

__all__ = ["models_from", "with_changes"]


def models_from(file: Path | Traversable) -> Capabilities:
    """Read a backend's table of models.

    Args:
        file: A YAML file with the fields of `Capabilities`; `importlib.resources.files(__package__)
            / "models.yaml"` is the usual place.

    Raises:
        ValueError: If it is no table: a fault of its author's.
    """
    return Capabilities.model_validate(parse_yaml(file.read_bytes()))


def with_changes(
    table: Capabilities, changes: Mapping[str, Mapping[str, Any]], *, path: str
) -> Capabilities:
    """Return a table with models added and changed.

    Args:
        table: The backend's own.
        changes: Model id to the fields that are to be other; a mapping in a field is changed key by
            key, everything else is replaced. An id that is not there yet is a new model.
        path: Where they stand, for messages: "backends.acme.models".

    Raises:
        ConfigurationError: If what comes of it is no table; quotes the key path.
    """
    if not changes:
        return table
    models = {model.id: model.model_dump(mode="python") for model in table.models}
    for name, fields in changes.items():
        known = table.find(name)
        old = models[known.id] if known is not None else {"id": name}
        models[str(old["id"])] = _merged(old, fields)
    data = table.model_dump(mode="python") | {"models": list(models.values())}
    try:
        return Capabilities.model_validate(data)
    except ValidationError as error:
        item = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = list(item["loc"])
        if place[:1] == ["models"] and len(place) > 1:
            place[:2] = [list(models)[int(place[1])]]
        key = ".".join([path, *(str(part) for part in place)])
        msg = f"field {key!r}: {str(item['msg']).removeprefix('Value error, ')}"
        raise ConfigurationError(msg, key=key, backend=table.backend) from None


def _merged(old: Any, new: Any) -> Any:
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return new
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}
