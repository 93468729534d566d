"""Models by the names that servers give them, and what the settings say about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ttv_core import RemoteFacts

if TYPE_CHECKING:
    from ttv_core import Capabilities
    from ttv_endpoint.dialects import Dialect

__all__ = ["SERVED", "basename", "knowing", "told_of"]

SERVED: Final = "served"
"""The model of which only the server knows what it is."""


def basename(name: str) -> str:
    """Return what a model is called, without whose it is or where it lies.

    Example:
        >>> basename("Wan-AI/Wan2.1-T2V-14B-Diffusers") == basename("/m/Wan2.1-T2V-14B-Diffusers/")
        True
    """
    return name.rstrip("/").rpartition("/")[2]


def knowing(table: Capabilities, name: str | None) -> Capabilities:
    """Return a table in which a name is found: of a model that is there, or of one nobody knows.

    Args:
        table: The models.
        name: As a server gives it: an id, or a folder of the server's.
    """
    if name is None or table.find(name) is not None:
        return table
    models = list(table.models)
    for i, model in enumerate(models):
        if basename(model.id) == basename(name):
            models[i] = model.model_copy(update={"aliases": (*model.aliases, name)})
            break
    else:
        unknown = table.find(SERVED)
        assert unknown is not None
        changes: dict[str, Any] = {"id": name, "provisional": True, "summary": "", "notes": ()}
        models.append(unknown.model_copy(update=changes))
    return table.model_copy(update={"models": tuple(models)})


def told_of(table: Capabilities, dialect: Dialect | None) -> Capabilities:
    """Return the models with what a server of that dialect does about their jobs."""
    if dialect is None:
        return table
    facts = RemoteFacts(progress=dialect.steps, cancel=dialect.semantics.cancel)
    models = tuple(
        model.model_copy(update={"remote": model.remote or facts}) for model in table.models
    )
    return table.model_copy(update={"models": models})
