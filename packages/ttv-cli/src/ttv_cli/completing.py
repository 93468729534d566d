"""What a shell completes: names of backends and of models, as they are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

__all__ = ["complete_backends", "complete_models"]


def complete_backends(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the installed backends; nothing of them is imported."""
    del ctx, param
    from ttv_core.plugins import default_manager

    return sorted(name for name in default_manager().names() if name.startswith(incomplete))


def complete_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the models of the backend that the line names; nothing if there is none."""
    del param
    backend = ctx.params.get("backend")
    if not backend:
        return []
    try:
        from ttv_core.registry import GENERATOR_REGISTRY

        models = GENERATOR_REGISTRY[backend].models.models  # type: ignore[attr-defined]
        return [model.id for model in models if model.id.startswith(incomplete)]
    except Exception:  # noqa: BLE001 - a completion has no place for an error
        return []
