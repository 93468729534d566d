"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl

LEGACY_KEYS = (
    "wan2_dir",
    "i2v_model_dir",
    "flf2v_model_dir",
    "total_gpus",
    "gpu_count",
    "size",
    "sample_steps",
    "sample_shift",
    "guide_scale",
    "frame_num",
    "chaining_max_retries",
    "chaining_use_fsdp_flags",
)
"""Settings that older configurations have at their top level."""


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe Wan."""
    return [
        BackendSpec(
            name="wan",
            summary="Wan 2.1 and 2.2 on this machine: text, a picture, or two of them to video",
            generator="ttv_wan.generator:WanGenerator",
            kind="local",
            legacy_keys=LEGACY_KEYS,
            setup={
                "help": "set backends.wan.model_dir to a folder whose name ends in -Diffusers",
                "url": "https://huggingface.co/Wan-AI",
            },
        )
    ]
