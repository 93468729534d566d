"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe the backend for any pipeline folder."""
    return [
        BackendSpec(
            name="diffusers",
            summary="any text- or image-to-video pipeline folder of diffusers, on this machine",
            generator="ttv_diffusers.generator:DiffusersGenerator",
            kind="local",
            setup={
                "help": "set backends.diffusers.model_dir to a folder with a model_index.json",
                "url": "https://huggingface.co/docs/diffusers",
            },
        )
    ]
