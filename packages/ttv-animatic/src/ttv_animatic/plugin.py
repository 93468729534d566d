"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe the animatic."""
    return [
        BackendSpec(
            name="animatic",
            summary="a storyboard animatic: a preview from stills, free, no key, no GPU",
            generator="ttv_animatic.generator:AnimaticGenerator",
            kind="preview",
            setup={"help": "nothing to set up"},
        )
    ]
