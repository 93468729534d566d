"""What the configuration changes in every request: a usual resolution, and a longest duration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttv_core import Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core import Capabilities, ModelCapabilities, ResolvedRequest
    from ttv_minimax.settings import MinimaxSettings

__all__ = ["configured", "tell"]


def configured(table: Capabilities, settings: MinimaxSettings) -> Capabilities:
    """Return the models as the settings want them used."""
    if settings.resolution is None and settings.max_duration is None:
        return table
    models = tuple(_model(model, settings) for model in table.models)
    return table.model_copy(update={"models": models})


def _model(model: ModelCapabilities, settings: MinimaxSettings) -> ModelCapabilities:
    changes: dict[str, Any] = {}
    if tier := _tier(model, settings.resolution):
        changes["canvas"] = model.canvas.model_copy(update={"default_resolution": tier})
        changes["by_mode"] = {
            mode: _with_tier(fields, tier) for mode, fields in model.by_mode.items()
        }
    if model.durations is not None and settings.max_duration is not None:
        changes["durations"] = _shorter(model.durations, settings.max_duration)
    return model.model_copy(update=changes)


def _with_tier(fields: Mapping[str, Any], tier: str) -> dict[str, Any]:
    canvas = fields.get("canvas")
    if not isinstance(canvas, dict):
        return dict(fields)
    return {**fields, "canvas": canvas | {"default_resolution": tier}}


def _tier(model: ModelCapabilities, wanted: str | None) -> str | None:
    """Return a resolution as the model spells it; None if it has none such."""
    tiers = model.canvas.resolutions
    return next((tier for tier in tiers if wanted and tier.upper() == wanted.upper()), None)


def _shorter(durations: Numbers, most: float) -> Numbers:
    """Return the durations up to a limit; all of them if none is that short."""
    if durations.nearest(0) > most:
        return durations
    default = durations.default
    if durations.choices:
        kept = tuple(choice for choice in durations.choices if choice <= most)
        usual = None if default is None else Numbers(choices=kept).nearest(default)
        return Numbers(choices=kept, default=usual)
    limit = most if durations.maximum is None else min(most, durations.maximum)
    held = durations.model_copy(update={"maximum": limit, "default": None})
    usual = None if default is None else held.nearest(default)
    return held.model_copy(update={"default": usual})


def tell(
    request: ResolvedRequest,
    body: Mapping[str, Any],
    model: ModelCapabilities,
    settings: MinimaxSettings,
) -> None:
    """Say where a request cannot be as the configuration wants it.

    Args:
        request: Nothing is read of it that a backend has to make use of.
        body: What is to be sent.
        model: What is not in the body is fixed by the model, or unknown.
        settings: The configuration.
    """
    fixed = None if model.durations is None else model.durations.only
    most, duration = settings.max_duration, body.get("duration", fixed)
    if most is not None and duration is not None and duration > most:
        said = f"{model.id} makes {duration:g} s; max_duration in the configuration is {most:g} s"
        request.refuse("duration", said, allowed=f"at most {most:g} seconds")
    wanted, asked = settings.resolution, request.asked
    if wanted is None or asked.resolution is not None or asked.size is not None:
        return
    used = str(body.get("resolution") or "".join(model.canvas.resolutions[:1]))
    if used.upper() != wanted.upper():
        instead = f"; {used} is used" if used else ""
        request.warn(f"resolution {wanted} of the configuration cannot be had here{instead}")
