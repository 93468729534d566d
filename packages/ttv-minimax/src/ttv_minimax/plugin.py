"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe the MiniMax backend."""
    return [
        BackendSpec(
            name="minimax",
            summary="MiniMax's video API: Hailuo 2.3 and 02, and H3 with sound",
            generator="ttv_minimax.generator:MinimaxGenerator",
            kind="remote",
            config_section="minimax",
            setup={
                "env": ["MINIMAX_API_KEY", "MINIMAX_API_HOST"],
                "help": "keys are bound to a region: platform.minimax.io or platform.minimaxi.com",
                "url": "https://platform.minimax.io",
            },
        )
    ]
