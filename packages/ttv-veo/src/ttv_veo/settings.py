"""The settings of Veo."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from ttv_core import RemoteSettings

__all__ = ["VeoOptions", "VeoSettings"]

_BUCKET = re.compile(r"(?:gs://)?(?P<path>[a-z0-9][a-z0-9._-]{1,220}(?:/[^\s?#]*)?)")


class VeoSettings(RemoteSettings):
    """Where Veo runs, who pays, and where videos are put.

    Attributes:
        project_id: The Google Cloud project; what `aiplatform.init()` was told when left out.
        region: The location, such as "us-central1" or "global".
        credentials_path: A key file; the application's default credentials when left out.
        output_bucket: "gs://bucket/folder" where Veo writes its videos. Without one they come in
            its answer, which Google keeps for a short time only.
        model: The model used when a request names none.
        veo_model: An older name of `model`.
        max_duration: Longest video in seconds that is let pass.
    """

    environment: ClassVar = {
        "project_id": ("GOOGLE_CLOUD_PROJECT",),
        "region": ("GOOGLE_CLOUD_LOCATION",),
        "credentials_path": ("GOOGLE_APPLICATION_CREDENTIALS",),
        "base_url": ("GOOGLE_VERTEX_BASE_URL",),
    }

    project_id: str | None = None
    region: str | None = None
    credentials_path: Path | None = None
    output_bucket: str | None = None
    model: str | None = None
    veo_model: str | None = None
    max_duration: float | None = None

    @field_validator("output_bucket")
    @classmethod
    def _is_bucket(cls, value: str | None) -> str | None:
        if value is None:
            return None
        found = _BUCKET.fullmatch(value)
        if found is None:
            msg = "output_bucket is a bucket or a folder in one, such as gs://my-bucket/videos"
            raise ValueError(msg)
        return f"gs://{found['path'].rstrip('/')}"


class VeoOptions(BaseModel):
    """What Veo takes beyond the fields of every request.

    Attributes:
        person_generation: Whether people may be shown.
        compression_quality: How strongly the file is compressed.
        resize_mode: How a picture of another shape is fitted.
        labels: Labels for the bill.
    """

    model_config = ConfigDict(extra="forbid")

    person_generation: Literal["dont_allow", "allow_adult", "allow_all"] | None = None
    compression_quality: Literal["optimized", "lossless"] | None = None
    resize_mode: Literal["pad", "crop"] | None = None
    labels: dict[str, str] | None = None
