"""A backend on this machine, with only the facts that version 1 demands."""

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends():
    return [
        BackendSpec(
            name="frozen-local",
            summary="Grey frames of version 1",
            generator="ttv_frozen.local:FrozenLocal",
            kind="local",
        )
    ]
