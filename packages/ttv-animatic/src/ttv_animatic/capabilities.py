"""What an animatic can be, as data."""

from __future__ import annotations

from typing import Final

from ttv_core import (
    Canvas,
    Capabilities,
    InputLimit,
    ModelCapabilities,
    Numbers,
    Price,
    PromptLimit,
    Size,
    SizeRange,
)

_STILL: Final = InputLimit(
    formats=("png", "jpeg", "webp"), max_bytes=64 * 1024 * 1024, max_pixels=50_000_000
)

CAPABILITIES: Final = Capabilities(
    backend="animatic",
    kind="preview",
    models=(
        ModelCapabilities(
            id="animatic",
            summary="storyboard frames with the prompt as type, or camera moves over a picture",
            modes=("text_to_video", "image_to_video", "first_last_frame"),
            prompt=PromptLimit(maximum=5000, required=False),
            durations=Numbers(minimum=0.01, maximum=600, default=6),
            fps=Numbers(minimum=1, maximum=120, default=24),
            canvas=Canvas(
                range=SizeRange(min_edge=64, max_edge=4096),
                default=Size(width=1280, height=720),
            ),
            inputs={"first_frame": _STILL, "last_frame": _STILL},
            lone_last_frame=True,
            seed=Numbers(minimum=0, maximum=2**64 - 1, default=0),
            prices=(Price(basis="free", source="it runs on this machine"),),
            notes=("A preview made of stills, not a generated video; `auto` never chooses it.",),
        ),
    ),
)
