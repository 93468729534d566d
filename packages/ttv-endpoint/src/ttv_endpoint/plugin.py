"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe the backend for servers of one's own."""
    return [
        BackendSpec(
            name="endpoint",
            summary="your own server with /v1/videos: vLLM-Omni, SGLang Diffusion or FastVideo",
            generator="ttv_endpoint.generator:EndpointGenerator",
            kind="remote",
            setup={
                "env": ["TTV_ENDPOINT_BASE_URL", "TTV_ENDPOINT_API_KEY"],
                "help": "the address of a server that is up; a key only if it was started with one",
            },
        )
    ]
