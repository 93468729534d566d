"""A backend at a vendor, with every fact that version 1 knows."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe the backend."""
    return [
        BackendSpec(
            name="frozen",
            summary="A vendor of version 1",
            generator="ttv_frozen.vendor:FrozenGenerator",
            kind="remote",
            priority=3,
            api_version=1,
            config_section="frozen_section",
            legacy_keys=("frozen_dir", "frozen_steps"),
            setup={
                "env": ["FROZEN_API_KEY"],
                "help": "a key from the shop",
                "url": "https://frozen.example/keys",
            },
        )
    ]
