"""What can be set about MiniMax, in the configuration and in a request."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ttv_core import RemoteSettings
from ttv_core.settings import ApiKey
from ttv_minimax import camera

__all__ = ["CHINA", "GLOBAL", "MinimaxOptions", "MinimaxSettings", "is_chinese", "is_old"]

GLOBAL = "https://api.minimax.io"
CHINA = "https://api.minimaxi.com"
_CHINESE_HOSTS = frozenset({"api.minimaxi.com", "api.minimax.cn"})
_OLD_HOST = "api.minimaxi.chat"
_VERSION = re.compile(r"/v[12]/?$")
_TIER = re.compile(r"[1-9][0-9]{2,3}p|2k|4k", re.IGNORECASE)


def is_chinese(base_url: str) -> bool:
    """Tell whether an address is one of the Chinese platform, which has keys of its own."""
    return urlsplit(base_url).hostname in _CHINESE_HOSTS


def is_old(base_url: str) -> bool:
    """Tell whether an address is the one that older examples give."""
    return urlsplit(base_url).hostname == _OLD_HOST


class MinimaxSettings(RemoteSettings):
    """Settings of `backends.minimax`; the older top-level section `minimax` has the same names.

    Attributes:
        api_key: From platform.minimax.io, or platform.minimaxi.com for China.
        model: The model used when a request names none.
        resolution: The tier used when a request asks for no size, such as "1080P".
        max_duration: Longest video in seconds.
        region: Whose platform the key is from; `base_url` says it more exactly.
        base_url: The address of the API, with or without the version at its end.
    """

    environment: ClassVar = {
        "api_key": ("MINIMAX_API_KEY",),
        "base_url": ("MINIMAX_API_HOST",),
    }

    api_key: ApiKey | None = None
    model: str | None = None
    resolution: str | None = None
    max_duration: float | None = Field(default=None, gt=0)
    region: Literal["global", "china"] | None = None

    @field_validator("base_url", mode="before")
    @classmethod
    def _is_address(cls, value: Any) -> Any:
        """Take a bare host, and an address with the version that each path brings itself."""
        if not isinstance(value, str):
            return value
        whole = value.strip() if "://" in value else f"https://{value.strip()}"
        return _VERSION.sub("", whole)

    @field_validator("resolution")
    @classmethod
    def _is_tier(cls, value: str | None) -> str | None:
        if value is not None and _TIER.fullmatch(value) is None:
            msg = f"{value!r} is not a resolution such as '768P', '1080P' or '2K'"
            raise ValueError(msg)
        return value


class MinimaxOptions(BaseModel):
    """Options of one request: `options={"minimax": {...}}`.

    Attributes:
        camera: Up to three camera moves at once, such as "pan left"; they are put before the
            prompt as the vendor's tags. Hailuo only.
        fast_pretreatment: Rewrite the prompt in less time. Hailuo only.
        aigc_watermark: Mark the video as made by AI. Hailuo on the Chinese platform only.
        prompt_expansion_mode: How much the prompt is rewritten. H3-Max only.
        reference_audio: Sounds to go by, as paths, bytes or https URLs: wav or mp3. H3 only, and
            with other references.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera: tuple[str, ...] = Field(default=(), max_length=camera.MOST)
    fast_pretreatment: bool | None = None
    aigc_watermark: bool | None = None
    prompt_expansion_mode: str | None = None
    reference_audio: tuple[Any, ...] = ()

    @field_validator("camera", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [move.strip() for move in value.split(",")] if isinstance(value, str) else value

    @field_validator("camera")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(camera.canonical(move) for move in value)

    @field_validator("reference_audio", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return value if isinstance(value, list | tuple) else [value]
