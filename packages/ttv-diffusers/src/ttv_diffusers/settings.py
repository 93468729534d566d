"""What can be set about local pipelines, in the configuration and in a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ttv_core.settings import BackendSettings

__all__ = ["Defaults", "EngineOptions", "EngineSettings", "ModelEntry"]

_LEVERS = (
    "device",
    "dtype",
    "memory",
    "offload",
    "vae_tiling",
    "vae_slicing",
    "layerwise_casting",
    "quantization",
    "attention",
    "cache",
    "compile",
    "gpus",
    "threads",
    "allow_download",
)


class Defaults(BaseModel):
    """How a video is denoised; what is left out is as the recipe of the model says.

    Attributes:
        steps: Denoising steps.
        guidance_scale: How strongly the prompt is followed; 1 for models distilled without it.
        guidance_scale_2: Likewise, of the second of two experts.
        shift: Shift of the noise schedule.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int | None = Field(default=None, ge=1, le=1000)
    guidance_scale: float | None = Field(default=None, ge=0)
    guidance_scale_2: float | None = Field(default=None, ge=0)
    shift: float | None = Field(default=None, gt=0)


class EngineOptions(Defaults):
    """Options of one request: `options={"diffusers": {...}}`."""


class ModelEntry(Defaults):
    """One model of `models`: a folder, and how it is used. A step-distilled one is set up so.

    Attributes:
        path: Its folder, or its id on the hub if `allow_download` is on.
    """

    path: str

    @classmethod
    def of(cls, value: Any) -> Any:
        """Read a bare path."""
        return {"path": str(value)} if isinstance(value, str | Path) else value


Auto = Literal["auto"]


class EngineSettings(BackendSettings):
    """Settings of every backend that runs pipelines here.

    Attributes:
        model_dir: A pipeline's folder, or a folder of such folders; an id on the hub if
            `allow_download` is on.
        models: Name to a folder and how it is used, for several of them.
        model: The model used when a request names none.
        steps: Denoising steps, for every model; see `Defaults` for this and the next three.
        guidance_scale: How strongly the prompt is followed.
        guidance_scale_2: Likewise, of the second of two experts.
        shift: Shift of the noise schedule.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        dtype: What is computed in; bfloat16 on accelerators and float32 on the CPU if "auto".
        memory: How much of the device's memory may be used: "high" keeps everything there,
            "balanced" one part of the pipeline at a time, "low" one layer at a time.
        offload: Which parts wait in main memory, if not as `memory` says.
        vae_tiling: Whether pictures are decoded tile by tile, if not as `memory` says.
        vae_slicing: Whether videos of a batch are decoded one by one, likewise.
        layerwise_casting: Whether weights are kept in float8, likewise.
        quantization: How the weights of the transformers are stored: "bitsandbytes-8bit",
            "bitsandbytes-4bit", "torchao-int8" or "quanto-int8", if that package is there.
        attention: The backend of attention, as diffusers names it: "flash", "sage", …
        cache: What is reused between steps, as diffusers names it: "first-block",
            "pyramid-attention", "taylor-seer"; faster, and another video.
        compile: Whether the transformers are compiled: slow at first, faster after.
        gpus: How many GPUs share one video, where the model can be split.
        threads: Threads on the CPU; results differ in the last digit with their number.
        keep_warm: Whether the weights stay loaded until the process ends.
        idle_unload: Seconds after which an idle worker ends and frees its memory.
        allow_download: Whether weights may be fetched from the hub.
        pass_environment: Environment variables that the processes which run a model get besides
            the usual ones, "ACME_*" for all that begin so; see `ttv_diffusers.environment`.
    """

    model_dir: str | None = None
    models: dict[str, ModelEntry] = Field(default_factory=dict)
    model: str | None = None
    steps: int | None = Field(default=None, ge=1, le=1000)
    guidance_scale: float | None = Field(default=None, ge=0)
    guidance_scale_2: float | None = Field(default=None, ge=0)
    shift: float | None = Field(default=None, gt=0)
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    memory: Literal["auto", "low", "balanced", "high"] = "auto"
    offload: Literal["none", "model", "group", "sequential"] | None = None
    vae_tiling: bool | None = None
    vae_slicing: bool | None = None
    layerwise_casting: bool | None = None
    quantization: (
        Literal["bitsandbytes-8bit", "bitsandbytes-4bit", "torchao-int8", "quanto-int8"] | None
    ) = None
    attention: str | None = None
    cache: Literal["first-block", "pyramid-attention", "taylor-seer"] | None = None
    compile: bool = False
    gpus: int = Field(default=1, ge=1, le=64)
    threads: int | None = Field(default=None, ge=1, le=1024)
    keep_warm: bool = False
    idle_unload: float = Field(default=600.0, ge=0)
    allow_download: bool = False
    pass_environment: tuple[str, ...] = ()

    @field_validator("model_dir", mode="before")
    @classmethod
    def _path(cls, value: Any) -> Any:
        return str(value) if isinstance(value, Path) else value

    @field_validator("models", mode="before")
    @classmethod
    def _entries(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: ModelEntry.of(entry) for name, entry in value.items()}

    @property
    def levers(self) -> dict[str, Any]:
        """What a worker loads and runs a pipeline with, by name."""
        return {name: getattr(self, name) for name in _LEVERS}

    @property
    def defaults(self) -> Defaults:
        """How every video is denoised."""
        return Defaults(**{name: getattr(self, name) for name in Defaults.model_fields})
