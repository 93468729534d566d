"""What can be set about Runway in the configuration."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field, field_validator

from ttv_core import RemoteSettings
from ttv_core.settings import ApiKey

_RATIO = re.compile(r"[1-9]\d{0,4}[:x*][1-9]\d{0,4}", re.ASCII)


class RunwaySettings(RemoteSettings):
    """Settings of `backends.runway`, or of the older section `runway_ml`.

    Attributes:
        api_key: The API secret; `RUNWAYML_API_SECRET` if it is not here.
        model: The model to use when a request names none.
        model_version: The older name of `model`.
        max_duration: Longest video that may be asked for, in seconds.
        default_ratio: What to make when a request does not say, where the model can: a size such
            as "1280:720", or a ratio such as "16:9".
        seed: The seed of requests that have none, where the model takes one.
        motion_amount: Taken from older configurations. No current model has such a thing, and
            every plan says so.
    """

    environment: ClassVar = {
        "api_key": ("RUNWAYML_API_SECRET",),
        "base_url": ("RUNWAYML_BASE_URL",),
    }

    api_key: ApiKey | None = None
    model: str | None = None
    model_version: str | None = None
    max_duration: float | None = Field(default=None, gt=0)
    default_ratio: str | None = None
    seed: int | None = Field(default=None, ge=0, lt=2**64)
    motion_amount: float | None = None

    @field_validator("default_ratio")
    @classmethod
    def _is_ratio(cls, value: str | None) -> str | None:
        if value is not None and not _RATIO.fullmatch(value):
            msg = "must be a size such as '1280:720' or a ratio such as '16:9'"
            raise ValueError(msg)
        return value
