"""Backends for these tests: real ones, small enough to run in milliseconds."""

from __future__ import annotations

import sys
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict

from ttv_core import (
    GENERATOR_REGISTRY,
    Availability,
    BackendUnavailableError,
    Capabilities,
    GenerationFailedError,
    LocalVideoGenerator,
)
from ttv_core.media import VideoWriter
from ttv_core.plugins import PluginManager
from ttv_core.settings import BackendSettings, SecretStr

# The tests import what else lies here by its name.
sys.path.insert(0, str(Path(__file__).parent))

TABLE = {
    "backend": "grey",
    "kind": "local",
    "models": [
        {
            "id": "grey-1",
            "fps": {"choices": [12, 24], "default": 24},
            "durations": {"minimum": 0.1, "maximum": 10, "default": 0.5},
            "canvas": {"range": {"min_edge": 16, "max_edge": 512}, "default": "64x36"},
            "seed": {"maximum": 99},
            "inputs": {"first_frame": {}},
            "modes": ["text_to_video", "image_to_video"],
            "prices": [{"basis": "free"}],
        }
    ],
}


class GreyOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")
    level: int = 0


class GreySettings(BackendSettings):
    api_key: SecretStr | None = None
    ready: bool = True


class Grey(LocalVideoGenerator):
    """Makes grey frames, and can be told to misbehave."""

    name = "grey"
    Settings = GreySettings
    Options = GreyOptions
    models = Capabilities.model_validate(TABLE)
    settings: GreySettings

    loads = 0
    unloads = 0
    at_once = 0
    most_at_once = 0
    misbehave = None

    def native(self, request, model):
        return {
            "prompt": request.prompt,
            "size": (request.width, request.height),
            "frames": request.num_frames,
            "fps": request.fps,
            "seed": 7 if request.seed is None else request.seed,
            "image": request.first_frame,
            "level": request.options.level,
        }

    def availability(self, *, deep=False):
        reasons = () if self.settings.ready else ("grey is not ready",)
        remedies = () if self.settings.ready else ("set backends.grey.ready",)
        return Availability(self.settings.ready, reasons, remedies)

    def load(self):
        self.loads += 1

    def unload(self):
        self.unloads += 1

    def render(self, plan, context):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            width, height = plan.native["size"]
            for i in range(plan.native["frames"]):
                context.progress(i, plan.native["frames"])
                if self.misbehave is not None:
                    self.misbehave(i, context)
                yield np.full((height, width, 3), (i * 8 + plan.native["level"]) % 256, np.uint8)
        finally:
            self.at_once -= 1


class FiveMethods:
    """A backend with the five methods and nothing else; derives from nothing of ours."""

    def __init__(self, **config):
        self.config = config
        self.calls = []

    def generate_video(self, prompt, **kwargs):
        self.calls.append(("generate_video", prompt, kwargs))
        frames = int(24 * kwargs.get("duration", 1))
        write_video(Path(kwargs["output_path"]), frames=frames)
        return kwargs["output_path"]

    def get_capabilities(self):
        return {"max_duration": 10, "supported_formats": ["mp4"], "max_resolution": "720p"}

    def estimate_cost(self, **kwargs):
        return 0.0

    def validate_inputs(self, **kwargs):
        return []

    def is_available(self):
        return True


def write_video(path, frames=24, size=(64, 36), fps=24):
    with VideoWriter(path, width=size[0], height=size[1], fps=fps) as video:
        for i in range(frames):
            video.write(np.full((size[1], size[0], 3), i % 256, np.uint8))
    return path


def remote_table(name, price, **model):
    return Capabilities.model_validate(
        {
            "backend": name,
            "kind": "remote",
            "models": [
                {
                    "id": f"{name}-1",
                    "durations": {"minimum": 0.1, "maximum": 60, "default": 0.5},
                    "fps": 24,
                    "canvas": {"sizes": ["64x36"]},
                    "prices": [{"basis": "video", "amount": price}],
                    **model,
                }
            ],
        }
    )


def paid(name, price, error=None, **model):
    """Return a backend that costs money, and that fails with the error given."""

    class Paid(Grey):
        Options = None
        models = remote_table(name, price, **model)

        def native(self, request, model):
            return {
                "prompt": request.prompt,
                "size": (request.width, request.height),
                "frames": request.num_frames,
                "level": 0,
            }

        def _signed(self, problem, plan, context):
            return problem  # it runs here, but is to count as a vendor's

        def render(self, plan, context):
            if error is not None:
                raise error
            return super().render(plan, context)

    Paid.name = name
    return Paid


@pytest.fixture
def registry(monkeypatch):
    """The process's registry, with nothing in it."""
    manager = PluginManager(distributions=lambda: iter(()))
    for name, value in (("_plugins", manager), ("_own", {}), ("_hidden", set())):
        monkeypatch.setattr(GENERATOR_REGISTRY, name, value)
    monkeypatch.delenv("TTV_BACKEND", raising=False)
    monkeypatch.delenv("TTV_CONFIG", raising=False)
    return GENERATOR_REGISTRY


@pytest.fixture
def grey():
    return Grey()


@pytest.fixture
def kit():
    """The classes and functions above, for tests that build their own scenes."""

    class Kit:
        pass

    Kit.Grey = Grey
    Kit.FiveMethods = FiveMethods
    Kit.write_video = staticmethod(write_video)
    Kit.paid = staticmethod(paid)
    Kit.Event = threading.Event
    Kit.Decimal = Decimal
    Kit.Unavailable = BackendUnavailableError
    Kit.Failed = GenerationFailedError
    return Kit
