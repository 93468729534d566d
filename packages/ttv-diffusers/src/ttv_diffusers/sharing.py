"""Whether several GPUs can share a video: each computes as many of its tokens as the others do.

A token is what the transformer makes of a patch of the latents (EquipartitionSharder in
diffusers/hooks/context_parallel.py, diffusers 0.42.1, read 2026-11-25).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ttv_core import ModelCapabilities, ResolvedRequest
    from ttv_diffusers.checkpoint import Checkpoint
    from ttv_diffusers.shelf import Entry

__all__ = ["cannot_share", "check_shares", "tokens_of"]

_AROUND = 12
"""Sizes and lengths to either side among which one is looked for that can be shared."""
_WHOLE = frozenset(
    {
        "CogVideoXTransformer3DModel",
        "HunyuanVideo15Transformer3DModel",
        "HunyuanVideoTransformer3DModel",
        "MochiTransformer3DModel",
    }
)
"""Transformers without a plan of how to split them (`_cp_plan`), in the same version."""


def cannot_share(checkpoint: Checkpoint, gpus: int) -> tuple[str, str] | None:
    """Say why so many GPUs can share no video of a model, and what mends it.

    Args:
        checkpoint: The checkpoint.
        gpus: How many.
    """
    name = checkpoint.value("transformer._class_name")
    heads = checkpoint.value("transformer.num_attention_heads")
    if gpus > 1 and name in _WHOLE:
        reason = f"{checkpoint.source}: diffusers cannot split a {name} over several GPUs"
        return reason, "gpus: 1, or the model's own repository as the engine"
    if isinstance(heads, int) and heads % gpus:
        reason = f"{checkpoint.source} has {heads} heads, not to be shared by {gpus} GPUs"
        return reason, "gpus: a number that divides them"
    return None


def check_shares(
    request: ResolvedRequest, native: Mapping[str, Any], entry: Entry, gpus: int
) -> None:
    """Refuse a video that so many GPUs cannot share evenly, and say which they can.

    Args:
        request: What is asked.
        native: What would go to the engine.
        entry: The checkpoint.
        gpus: How many.
    """
    assert entry.checkpoint is not None
    if (found := cannot_share(entry.checkpoint, gpus)) is not None:
        request.refuse("model", found[0], allowed=found[1])
        return
    asked = tuple(int(native.get(name) or 0) for name in ("width", "height", "num_frames"))
    tokens = tokens_of(entry.checkpoint, *asked)
    if tokens is None or tokens % gpus == 0:
        return
    assert entry.model is not None
    width, height, frames = asked
    message = (
        f"{frames} frames of {width}x{height} are {tokens} tokens, which {gpus} GPUs cannot share "
        "evenly"
    )
    allowed = "; ".join(_allowed(entry.checkpoint, entry.model, asked, tokens, gpus))
    request.refuse("size", message, allowed=allowed)


def tokens_of(checkpoint: Checkpoint, width: int, height: int, frames: int) -> int | None:
    """Return how many tokens a video is.

    Args:
        checkpoint: The checkpoint.
        width: Pixels.
        height: Pixels.
        frames: How many.

    Returns:
        The number; None if the folder does not say, or the size is not known.
    """
    spatial = checkpoint.value("vae.scale_factor_spatial")
    temporal = checkpoint.value("vae.scale_factor_temporal")
    patch = checkpoint.value("transformer.patch_size")
    known = isinstance(spatial, int) and isinstance(temporal, int) and isinstance(patch, list)
    if not known or len(patch) != 3 or not (width and height and frames):
        return None
    deep, tall, wide = patch
    latents = (frames - 1) // temporal + 1
    return int((latents // deep) * (height // spatial // tall) * (width // spatial // wide))


def _allowed(
    checkpoint: Checkpoint,
    model: ModelCapabilities,
    asked: tuple[int, ...],
    tokens: int,
    gpus: int,
) -> Iterable[str]:
    """Yield in words what can be shared, each time with one thing changed."""
    width, height, frames = asked

    def even(*video: int) -> bool:
        found = tokens_of(checkpoint, *video)
        return bool(found) and found is not None and found % gpus == 0

    bounds = model.canvas.range
    if bounds is not None:
        steps = [step * bounds.multiple_of for step in _outwards()]
        sizes = [(width + step, height) for step in steps]
        sizes += [(width, height + step) for step in steps]
        sizes.sort(key=lambda size: abs(size[0] * size[1] - width * height))
        fine = [size for size in sizes if bounds.allows(*size) and even(*size, frames)]
        if fine:
            yield "size " + " or ".join(f"{wide}x{tall}" for wide, tall in fine[:2])
    lengths = model.frames
    if lengths is not None and lengths.step:
        near = [frames + int(step * lengths.step) for step in _outwards()]
        legal = [count for count in near if count > 0 and lengths.nearest(count) == count]
        fitting = [count for count in legal if even(width, height, count)]
        if fitting:
            yield f"num_frames {fitting[0]}"
    yield f"gpus: {', '.join(str(n) for n in range(1, gpus) if tokens % n == 0)}"


def _outwards() -> list[int]:
    return [sign * step for step in range(1, _AROUND + 1) for sign in (1, -1)]
