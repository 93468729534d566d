"""What can be set about plasma, in the configuration and in a request."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from ttv_core import BackendSettings


class PlasmaSettings(BackendSettings):
    """Settings of `backends.plasma`.

    Attributes:
        waves: How many waves meet where a request does not say.
    """

    waves: int = Field(default=4, ge=1, le=12)


class PlasmaOptions(BaseModel):
    """Options of one request: `options={"plasma": {...}}`, or `--option loop=true`.

    Attributes:
        waves: How many waves meet.
        loop: Whether the end leads into the beginning.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    waves: int | None = Field(default=None, ge=1, le=12)
    loop: bool = False
