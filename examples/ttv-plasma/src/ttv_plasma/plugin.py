"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe the backend."""
    return [
        BackendSpec(
            name="plasma",
            summary="moving colours, reckoned with numpy on this machine",
            generator="ttv_plasma.generator:PlasmaGenerator",
            kind="local",
        )
    ]
