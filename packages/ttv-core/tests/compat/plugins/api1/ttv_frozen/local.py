"""Grey frames, with options, progress and all that a plan expects."""

from __future__ import annotations

import numpy
from pydantic import BaseModel, ConfigDict

from ttv_core import Availability, BackendSettings, Capabilities, LocalVideoGenerator


class Settings(BackendSettings):
    model: str | None = None
    grey: int = 100


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    grey: int | None = None


class FrozenLocal(LocalVideoGenerator):
    """Grey frames."""

    name = "frozen-local"
    Settings = Settings
    Options = Options
    models = Capabilities.model_validate(
        {
            "backend": "frozen-local",
            "kind": "local",
            "models": [
                {
                    "id": "grey-1",
                    "aliases": ["grey"],
                    "durations": {"choices": [1, 2], "default": 1},
                    "fps": {"choices": [12, 24], "default": 12},
                    "canvas": {"sizes": ["64x36", "36x64"], "default": "64x36"},
                    "seed": {"maximum": 99},
                    "prices": [{"basis": "free"}],
                }
            ],
        }
    )

    def availability(self, *, deep: bool = False) -> Availability:
        return Availability(True)

    def native(self, request, model):
        grey = request.options.grey
        return request.canonical() | {"grey": self.settings.grey if grey is None else grey}

    def render(self, plan, context):
        want = plan.expected
        for i in range(want.num_frames):
            context.progress(i, want.num_frames)
            if context.cancelled:
                return
            yield numpy.full((want.height, want.width, 3), plan.native["grey"], numpy.uint8)
