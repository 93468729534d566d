"""The guidance that makes a negative prompt count."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttv_core import ResolvedRequest

__all__ = ["true_cfg_scale"]


def true_cfg_scale(request: ResolvedRequest) -> float | None:
    """Return how strongly the negative prompt is avoided, as the request says.

    The models of 13 billion parameters have their guidance distilled into them: without a second
    run of each step, a negative prompt is dropped by diffusers and by the official scripts alike,
    without a word (hyvideo/inference.py; pipeline_hunyuan_video.py of diffusers 0.42.1). It is
    refused here.
    """
    scale: float | None = request.options.true_cfg_scale
    if request.negative_prompt is not None and (scale is None or scale <= 1):
        said = "this model heeds a negative prompt only with the option true_cfg_scale, over 1"
        request.refuse("negative_prompt", said, allowed="true_cfg_scale=6, at twice the time")
    return scale
