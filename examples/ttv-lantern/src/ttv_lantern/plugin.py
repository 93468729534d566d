"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe the backend."""
    env = ["LANTERN_API_KEY", "LANTERN_BASE_URL"]
    return [
        BackendSpec(
            name="lantern",
            summary="Lantern, a vendor that comes with it: python -m ttv_lantern",
            generator="ttv_lantern.generator:LanternGenerator",
            kind="remote",
            setup={"env": env, "help": "python -m ttv_lantern opens it, and prints both"},
        )
    ]
