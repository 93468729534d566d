"""Find the model that a request means, in a backend's table."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, get_args

from ttv_core.capabilities import ModelCapabilities, Role
from ttv_core.errors import ModelNotFoundError
from ttv_core.labels import quoted

if TYPE_CHECKING:
    from ttv_core.capabilities import Capabilities

__all__ = ["find_model", "status_warnings"]


def find_model(capabilities: Capabilities, name: str | None) -> ModelCapabilities:
    """Return the model asked for, or the default.

    Raises:
        ModelNotFoundError: If the model is retired, or unknown and the backend takes no unknown
            ones; names what there is.
    """
    found = capabilities.find(name) if name else capabilities.default
    backend = capabilities.backend
    known = [model.id for model in capabilities.models if model.status != "retired"]
    listed = ", ".join(known) or "none"
    if found is not None and found.status == "retired":
        since = f" since {found.status_date}" if found.status_date else ""
        after = repr(found.successor) if found.successor else f"one of: {listed}"
        msg = f"model {name or found.id!r} of {backend} is retired{since}; use {after}"
        raise ModelNotFoundError(msg, backend=backend, model=name or found.id, code="retired")
    if found is not None:
        return found
    assert name
    if capabilities.unknown_models:
        return _provisional(capabilities, name)
    near = _nearest(capabilities, name)
    hint = f"; did you mean {near!r}?" if near else ""
    msg = f"{backend} has no model {quoted(name)}; it has {listed}{hint}"
    raise ModelNotFoundError(msg, backend=backend, model=name, code="unknown_model")


def _nearest(capabilities: Capabilities, name: str) -> str | None:
    names = {
        known.lower(): known
        for model in capabilities.models
        if model.status != "retired"
        for known in (*model.aliases, model.id)
    }
    near = difflib.get_close_matches(name[:100].lower(), names, n=1)
    return names[near[0]] if near else None


def _provisional(capabilities: Capabilities, name: str) -> ModelCapabilities:
    """Return a model of which nothing is known, so that everything is passed on with a warning."""
    near = _nearest(capabilities, name)
    table = {
        "id": name,
        "modes": tuple(dict.fromkeys(m for model in capabilities.models for m in model.modes)),
        "prompt": {"required": False},
        "negative_prompt": "unknown",
        "inputs": {role: {"maximum": 99, "formats": (), "urls": True} for role in get_args(Role)},
        "lone_last_frame": True,
        "seed_unknown": True,
        "audio": "unknown",
        "n": {"minimum": 1},
        "enhance_prompt": "unknown",
        "notes": [f"did you mean {near!r}?"] if near else [],
        "provisional": True,
    }
    return ModelCapabilities.model_validate(table)


def status_warnings(model: ModelCapabilities, backend: str) -> list[str]:
    """Return what a user should know before building on a model."""
    if model.provisional:
        hint = f"; {model.notes[0]}" if model.notes else ""
        unknown = f"model {quoted(model.id)} is not in {backend}'s table"
        return [f"{unknown}; nothing about it is checked{hint}"]
    if model.status != "deprecated":
        return []
    until = f" and ends on {model.status_date}" if model.status_date else ""
    after = f"; use {model.successor!r}" if model.successor else ""
    return [f"model {model.id!r} is deprecated{until}{after}"]
