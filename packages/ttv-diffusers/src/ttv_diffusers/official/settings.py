"""What can be set about the official repositories."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import Literal

from pydantic import Field

from ttv_diffusers.settings import EngineSettings

__all__ = ["OfficialSettings"]


class OfficialSettings(EngineSettings):
    """Settings of a backend that can also run its model's official repository.

    Attributes:
        engine: "diffusers" runs the weights here, in the layout of diffusers; "official" runs the
            scripts of the official repository, with its own weights. "auto" takes the repository
            if one is set and no weights for diffusers are.
        python: The interpreter of the repository's own environment; otherwise that of `.venv` or
            `venv` in its folder, or else the one that runs ttv.
        timeout: Seconds after which a run of an official script is ended.
    """

    engine: Literal["auto", "diffusers", "official"] = "auto"
    python: Path | None = None
    timeout: float | None = Field(default=None, gt=0)
