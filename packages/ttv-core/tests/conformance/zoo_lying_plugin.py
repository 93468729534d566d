"""A plugin that says another kind than the capabilities do."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends():
    return [BackendSpec(name="zoo", summary="", generator="zoo_remote:ZooGenerator", kind="local")]
