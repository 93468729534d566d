"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe Veo."""
    return [
        BackendSpec(
            name="veo",
            summary="Google Veo 3.1 on Vertex AI: text, images and references to video",
            generator="ttv_veo.generator:VeoGenerator",
            kind="remote",
            config_section="google_veo",
            setup={
                "env": ["GOOGLE_CLOUD_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS"],
                "help": "a Google Cloud project with Vertex AI, and credentials: "
                "gcloud auth application-default login, or a service account's key file",
                "url": "https://console.cloud.google.com/vertex-ai",
            },
        )
    ]
