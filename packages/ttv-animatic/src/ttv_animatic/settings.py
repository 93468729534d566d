"""What can be set about animatics, in the configuration and in a request."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from ttv_animatic import camera
from ttv_core import BackendSettings


class AnimaticSettings(BackendSettings):
    """Settings of `backends.animatic`.

    Attributes:
        captions: Whether the prompt is set as type.
    """

    captions: bool = True


class AnimaticOptions(BaseModel):
    """Options of one request: `options={"animatic": {...}}`.

    Attributes:
        camera: Camera moves, such as "pan left"; otherwise they are read from the prompt.
        captions: Whether the prompt is set as type; as the settings say when left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera: tuple[str, ...] = ()
    captions: bool | None = None

    @field_validator("camera", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [move.strip() for move in value.split(",")] if isinstance(value, str) else value

    @field_validator("camera")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(camera.canonical(move) for move in value)
