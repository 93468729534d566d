"""The plugin of the zoo."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends():
    return [
        BackendSpec(
            name="zoo", summary="Right", generator="zoo_remote:ZooGenerator", kind="remote"
        ),
        BackendSpec(name="grey", summary="Grey", generator="zoo_local:GreyGenerator", kind="local"),
    ]
