"""What can be set about HunyuanVideo, in the configuration and in a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from ttv_diffusers import EngineOptions
from ttv_diffusers.official.settings import OfficialSettings

__all__ = ["HunyuanOptions", "HunyuanSettings"]


class HunyuanOptions(EngineOptions):
    """Options of one request: `options={"hunyuan": {...}}`.

    Attributes:
        true_cfg_scale: How strongly a negative prompt is avoided, for the models of 13 billion
            parameters; 1 is not at all. Each step then takes twice as long.
    """

    true_cfg_scale: float | None = Field(default=None, ge=1)


class HunyuanSettings(OfficialSettings):
    """Settings of `backends.hunyuan`, or of the older section `hunyuan_video`.

    Attributes:
        hunyuan_dir: A checkout of HunyuanVideo, HunyuanVideo-I2V or HunyuanVideo-1.5.
        ckpt_path: Where the official weights are: the folder `ckpts`, or the file of the
            transformer in it. Also taken for `model_dir`, if it is a pipeline's folder.
        config_file: Taken from older configurations. No script of these repositories reads such a
            file, and every plan says so.
        sample_steps: The older name of `steps`.
        max_duration: Longest video that may be asked for, in seconds.
        seed: The seed of requests that have none.
    """

    hunyuan_dir: Path | None = None
    ckpt_path: Path | None = None
    config_file: Path | None = None
    sample_steps: int | None = Field(default=None, ge=1, le=1000)
    max_duration: float | None = Field(default=None, gt=0)
    seed: int | None = Field(default=None, ge=0, lt=2**32)

    @model_validator(mode="before")
    @classmethod
    def _older_names(cls, values: Any) -> Any:
        """Take `sample_steps` for `steps`, and a pipeline's folder for `model_dir`."""
        if not isinstance(values, dict):
            return values
        given = {name: value for name, value in values.items() if value is not None}
        found: dict[str, Any] = {}
        if "sample_steps" in given:
            found["steps"] = given["sample_steps"]
        folder = given.get("ckpt_path")
        if isinstance(folder, str | Path) and (Path(folder) / "model_index.json").is_file():
            found["model_dir"] = str(folder)
        return {**values, **{name: v for name, v in found.items() if name not in given}}

    @model_validator(mode="after")
    def _engine_fits(self) -> Self:
        if self.engine == "official" and self.hunyuan_dir is None:
            msg = "engine: official needs hunyuan_dir, the checkout of the official repository"
            raise ValueError(msg)
        return self

    @property
    def official(self) -> bool:
        """Whether the official repository is the engine."""
        if self.engine != "auto":
            return self.engine == "official"
        return self.hunyuan_dir is not None and self.model_dir is None and not self.models
