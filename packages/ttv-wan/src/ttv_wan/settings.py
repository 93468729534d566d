"""What can be set about Wan, in the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from ttv_diffusers.official.settings import OfficialSettings

__all__ = ["WanSettings"]

_OLDER = {"sample_steps": "steps", "sample_shift": "shift", "guide_scale": "guidance_scale"}


class WanSettings(OfficialSettings):
    """Settings of `backends.wan`; the keys of older configurations mean the same at the top level.

    Attributes:
        i2v_model_dir: Weights that start from a picture, besides `model_dir`.
        flf2v_model_dir: Weights that go from a first to a last picture.
        size: The size used when a request asks for none: "1280x720", or "1280*720".
        frame_num: The number of frames used when a request asks for no length.
        sample_steps: The older name of `steps`.
        sample_shift: The older name of `shift`.
        guide_scale: The older name of `guidance_scale`.
        wan2_dir: A checkout of the official repository.
        total_gpus: GPUs of this machine, for the official repository.
        gpu_count: GPUs of one video, for the official repository.
        chaining_max_retries: How often a failed run of the official script is made again.
        chaining_use_fsdp_flags: Whether the official repository spreads weights over GPUs.
    """

    i2v_model_dir: str | None = None
    flf2v_model_dir: str | None = None
    size: str | None = Field(default=None, pattern=r"^\d{2,4}x\d{2,4}$")
    frame_num: int | None = Field(default=None, ge=1)
    sample_steps: int | None = Field(default=None, ge=1, le=1000)
    sample_shift: float | None = Field(default=None, gt=0)
    guide_scale: float | None = Field(default=None, ge=0)
    wan2_dir: Path | None = None
    total_gpus: int | None = Field(default=None, ge=1)
    gpu_count: int | None = Field(default=None, ge=1)
    chaining_max_retries: int | None = Field(default=None, ge=0)
    chaining_use_fsdp_flags: bool | None = None

    @field_validator("size", mode="before")
    @classmethod
    def _times(cls, value: Any) -> Any:
        return value.lower().replace("*", "x") if isinstance(value, str) else value

    @field_validator("i2v_model_dir", "flf2v_model_dir", mode="before")
    @classmethod
    def _folder(cls, value: Any) -> Any:
        return str(value) if isinstance(value, Path) else value

    @model_validator(mode="before")
    @classmethod
    def _older_names(cls, values: Any) -> Any:
        """Take a value under its older name, unless it is also there under the newer one."""
        if not isinstance(values, dict):
            return values
        found = {new: values[old] for old, new in _OLDER.items() if values.get(old) is not None}
        return {**values, **{name: v for name, v in found.items() if values.get(name) is None}}

    @model_validator(mode="after")
    def _engine_fits(self) -> Self:
        if self.engine == "official" and self.wan2_dir is None:
            msg = "engine: official needs wan2_dir, the checkout of the official repository"
            raise ValueError(msg)
        return self
