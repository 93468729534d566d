"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe Runway."""
    return [
        BackendSpec(
            name="runway",
            summary="Runway's API: Gen-4.5 and Aleph, and Veo, Kling, Seedance, Hailuo, Wan",
            generator="ttv_runway.generator:RunwayGenerator",
            kind="remote",
            config_section="runway_ml",
            setup={
                "env": ["RUNWAYML_API_SECRET"],
                "help": "make a key and buy credits at dev.runwayml.com",
                "url": "https://dev.runwayml.com",
            },
        )
    ]
