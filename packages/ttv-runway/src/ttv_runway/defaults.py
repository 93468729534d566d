"""The configuration's default ratio, put into the table of models where they know it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ttv_core import Canvas

if TYPE_CHECKING:
    from ttv_core import Capabilities, ModelCapabilities, Size

__all__ = ["with_default_ratio"]

_LEAST_EDGE = 100  # "16:9" is a ratio, "1280:720" a size


def with_default_ratio(table: Capabilities, ratio: str) -> Capabilities:
    """Return a table whose models make a ratio, or a size, unless they are asked for another.

    Args:
        table: The models; those that cannot make it stay as they are.
        ratio: "1280:720" or "16:9".
    """
    models = tuple(_model(model, ratio) for model in table.models)
    return table.model_copy(update={"models": models})


def _model(model: ModelCapabilities, ratio: str) -> ModelCapabilities:
    modes: dict[Any, Any] = {}
    for mode, changes in model.by_mode.items():
        modes[mode] = dict(changes)
        if "canvas" in changes:
            canvas = _canvas(Canvas.model_validate(changes["canvas"]), ratio)
            modes[mode]["canvas"] = canvas.model_dump()
    return model.model_copy(update={"canvas": _canvas(model.canvas, ratio), "by_mode": modes})


def _canvas(canvas: Canvas, ratio: str) -> Canvas:
    width, height = (int(edge) for edge in re.split("[:x*]", ratio))
    if min(width, height) >= _LEAST_EDGE:
        same = [size for size in canvas.sizes if (size.width, size.height) == (width, height)]
        return canvas.model_copy(update={"default": same[0]}) if same else canvas
    words = f"{width}:{height}"
    if words in canvas.aspect_ratios:
        return canvas.model_copy(update={"default_aspect_ratio": words})
    shaped = [size for size in canvas.sizes if size.is_ratio(words)]
    if not shaped:
        return canvas
    usual = _short(canvas.default or canvas.sizes[0])
    nearest = min(shaped, key=lambda size: abs(_short(size) - usual))
    return canvas.model_copy(update={"default": nearest})


def _short(size: Size) -> int:
    return min(size.width, size.height)
