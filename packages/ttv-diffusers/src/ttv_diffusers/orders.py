"""From a request to the call of a pipeline: what goes to the engine, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttv_diffusers.settings import Defaults
from ttv_diffusers.sizes import crop_box

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ttv_core import MediaInput, ResolvedRequest
    from ttv_diffusers.recipes import Recipe
    from ttv_diffusers.shelf import Entry

    Sizer = Callable[[tuple[int, int], int], tuple[int, int]]

__all__ = ["NOT_OF_THE_CALL", "PICTURES", "call_of", "native_of"]

PICTURES = {"first_frame": "image", "last_frame": "last_image"}
"""Roles to the arguments of a pipeline's call."""

NOT_OF_THE_CALL = ("checkpoint", "pipeline", "seed", "fps", "flow_shift", *PICTURES.values())
"""What stands in a plan besides the arguments of the call."""


def native_of(
    request: ResolvedRequest, entry: Entry, settings: Defaults, sized: Sizer
) -> dict[str, Any]:
    """Return what goes to the engine.

    Args:
        request: What is asked, with legal values.
        entry: The checkpoint.
        settings: How every video is to be denoised, as the configuration says.
        sized: Says the size of a video from a picture's size and the pixels that it may have.
    """
    recipe, checkpoint = entry.recipe, entry.checkpoint
    assert recipe is not None
    assert checkpoint is not None
    width, height = _size(request, entry, sized)
    how = _denoising(recipe.denoising(width * height), settings, entry.source.defaults)
    how |= _asked(request)
    call: dict[str, Any] = {"prompt": request.prompt}
    if request.negative_prompt is not None:
        call["negative_prompt"] = request.negative_prompt
    call |= {"num_frames": request.num_frames}
    if width and height:
        call |= {"width": width, "height": height}
    names = {"steps": "num_inference_steps", "shift": "flow_shift"}
    call |= {names.get(name, name): value for name, value in how.items()}
    seed = request.seed
    return {
        "checkpoint": checkpoint.source,
        "pipeline": recipe.pipelines.get(request.mode, checkpoint.pipeline),
        **call,
        **recipe.call,
        **({} if seed is None else {"seed": seed}),
        **({} if request.fps is None else {"fps": request.fps}),
        **_pictures(request),
    }


def _denoising(*layers: Defaults) -> dict[str, Any]:
    """Return how a video is denoised; what is said later holds."""
    found: dict[str, Any] = {}
    for layer in layers:
        found |= layer.model_dump(exclude_none=True)
    return found


def _asked(request: ResolvedRequest) -> dict[str, Any]:
    found = {name: getattr(request.options, name) for name in Defaults.model_fields}
    return {name: value for name, value in found.items() if value is not None}


def _pictures(request: ResolvedRequest) -> dict[str, MediaInput]:
    found = {"image": request.first_frame, "last_image": request.last_frame}
    return {name: item for name, item in found.items() if item is not None}


def _size(request: ResolvedRequest, entry: Entry, sized: Sizer) -> tuple[int, int]:
    """Return width and height; from a picture, in its shape unless a shape is asked for."""
    assert entry.recipe is not None
    width, height = request.width or 0, request.height or 0
    picture = _picture_size(request.first_frame or request.last_frame)
    if picture is None or not width:
        return width, height
    used = sized(picture, width * height)
    asked = request.asked
    if asked.size is None and asked.aspect_ratio is None:
        return used
    if entry.recipe.sized_by == "picture" and used != (width, height):
        why = "the picture alone decides the size with this model"
        wish = "size" if asked.size is not None else "aspect_ratio"
        said = "x".join(map(str, used)) if all(used) else None
        request.adjust(wish, asked=f"{width}x{height}", used=said, why=why)
        return used
    if crop_box(picture, (width, height)) is not None:
        request.warn(
            f"the picture is {picture[0]}x{picture[1]}: what does not fit into the shape of "
            f"{width}x{height} is cut off at its edges"
        )
    return width, height


def _picture_size(item: MediaInput | None) -> tuple[int, int] | None:
    if item is None or item.is_url:
        return None
    try:
        facts = item.facts()
    except (OSError, ValueError):  # planning has told it
        return None
    return None if facts.width is None or facts.height is None else (facts.width, facts.height)


def call_of(native: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Return the arguments of the pipeline's call: what is left of a plan."""
    left_out = {*NOT_OF_THE_CALL}
    if recipe.sized_by == "picture":
        left_out |= {"width", "height"}
    return {name: value for name, value in native.items() if name not in left_out}
