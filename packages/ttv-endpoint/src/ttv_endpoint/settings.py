"""What can be set about a server, in the configuration and in a request."""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from ttv_core import RemoteSettings
from ttv_core.settings import ApiKey
from ttv_endpoint.dialects import DIALECTS

__all__ = ["EndpointOptions", "EndpointSettings"]

_VERSION = re.compile(r"/v1(/videos)?/?$")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class EndpointSettings(RemoteSettings):
    """Settings of `backends.endpoint`.

    Attributes:
        api_key: Only if the server was started with one.
        dialect: Which server it is; asked of the server itself when left out.
        model: What the server serves, by the name that it serves it under.
        base_url: The address of the server, with or without `/v1` at its end.
        allow_http: Whether `base_url` may be plain http on another machine. Prompts, pictures, the
            key and the videos are then read and changed by whoever is on the way.
    """

    environment: ClassVar = {
        "api_key": ("TTV_ENDPOINT_API_KEY",),
        "base_url": ("TTV_ENDPOINT_BASE_URL",),
    }

    api_key: ApiKey | None = None
    dialect: str | None = None
    model: str | None = Field(default=None, min_length=1)
    # Checked even when it is not given, and after `base_url`, which cannot be judged without it.
    allow_http: bool = Field(default=False, validate_default=True)

    @field_validator("base_url", mode="before")
    @classmethod
    def _is_address(cls, value: Any) -> Any:
        """Take an address with the version that each path brings itself."""
        return _VERSION.sub("", value.strip()) if isinstance(value, str) else value

    @field_validator("base_url")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        """Check all but what `allow_http` decides."""
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme in {"https", "http"} and parts.hostname and parts.username is None:
            return value.rstrip("/")
        msg = "base_url must be https or http, with a host and no user in it"
        raise ValueError(msg)

    @field_validator("allow_http")
    @classmethod
    def _is_wanted(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        url = info.data.get("base_url")
        parts = urlsplit(url or "https://")
        if value or parts.scheme == "https" or parts.hostname in _LOOPBACK:
            return value
        msg = (
            f"{url} is plain http on another machine, where anybody on the way can read along; "
            "use https, or allow it with `allow_http: true` in a network that you trust"
        )
        raise ValueError(msg)

    @field_validator("dialect")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        if value is None or value in DIALECTS:
            return value
        msg = f"{value!r} is none of: {', '.join(DIALECTS)}"
        raise ValueError(msg)


class EndpointOptions(BaseModel):
    """Options of one request: `options={"endpoint": {...}}`; the server's own value otherwise.

    Attributes:
        num_inference_steps: Denoising steps.
        guidance_scale: How closely the prompt is followed.
        guidance_scale_2: The same for the other half of a model in two halves, such as Wan 2.2
            A14B. Which half is meant differs: vLLM-Omni takes this one for the half with high
            noise, SGLang Diffusion `guidance_scale`.
        boundary_ratio: Where one half hands over to the other, 0 to 1. vLLM-Omni only.
        flow_shift: Shift of the schedule. vLLM-Omni and SGLang Diffusion.
        true_cfg_scale: A further guidance scale that some models have.
        extra_params: What the served model takes besides, by its own names. vLLM-Omni and SGLang
            Diffusion.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    num_inference_steps: int | None = Field(default=None, ge=1, le=200)
    guidance_scale: float | None = Field(default=None, ge=0, le=20)
    guidance_scale_2: float | None = Field(default=None, ge=0, le=20)
    boundary_ratio: float | None = Field(default=None, ge=0, le=1)
    flow_shift: float | None = None
    true_cfg_scale: float | None = Field(default=None, ge=0, le=20)
    extra_params: dict[str, Any] | None = None
