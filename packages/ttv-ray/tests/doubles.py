"""A backend that renders on whichever machine it is, and a vendor with its own."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from aiohttp import web

from ttv_core import (
    BackendSettings,
    Capabilities,
    LocalVideoGenerator,
    Poll,
    RemoteFile,
    RemoteRef,
    RemoteVideoGenerator,
    SubmitSemantics,
)
from ttv_core.http import ApiClient
from ttv_core.jobs import Polling
from ttv_core.testing import Simulator


class RampSettings(BackendSettings):
    """Settings of the backend below.

    Attributes:
        log: Where it writes down what it does.
        level: How bright its frames are.
        broken: Whether it cannot be made anywhere but in the driver, which made it before.
    """

    log: str = ""
    level: int = 0
    broken: bool = False


class Ramp(LocalVideoGenerator):
    """Renders a ramp that moves. Words in the prompt say what goes wrong on the way."""

    name = "ramp"
    Settings = RampSettings
    models = Capabilities.model_validate(
        {
            "backend": "ramp",
            "kind": "local",
            "models": [
                {
                    "id": "ramp-1",
                    "fps": 12,
                    "seed": {"maximum": 99},
                    "prices": [{"basis": "free"}],
                    "durations": {"minimum": 0.5, "maximum": 10, "default": 0.5},
                    "canvas": {"sizes": ["64x36"]},
                    "inputs": {"first_frame": {}},
                    "modes": ["text_to_video", "image_to_video"],
                }
            ],
        }
    )
    driver = os.getpid()

    def __init__(self, *settings, **values):
        super().__init__(*settings, **values)
        if self.settings.broken and "RAY_JOB_ID" in os.environ:
            raise ZeroDivisionError("no engine here")

    def note(self, word, plan):
        gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        line = f"{word}|{plan.request.prompt}|{os.getpid()}|{os.getppid()}|{gpu}\n"
        with Path(self.settings.log).open("a") as file:
            file.write(line)

    def render(self, plan, context):
        self.note("begun", plan)
        prompt, total = plan.request.prompt, plan.expected.num_frames
        hold = Path(f"{self.settings.log}.hold")
        ramp = np.arange(64, dtype=np.uint8)[None, :, None].repeat(36, 0).repeat(3, 2)
        for i in range(total):
            context.progress(i, total)
            if i == 2 and "held" in prompt:
                while hold.exists():
                    if context.cancelled:
                        self.note("heeded", plan)
                    context.check()
                    time.sleep(0.01)
            if i == 2 and "together" in prompt:
                while Path(self.settings.log).read_text().count("begun|") < 3:
                    context.check()
                    time.sleep(0.01)
            if i == 2 and "stuck" in prompt:
                while True:
                    time.sleep(0.01)
            if i == 2 and "deadly" in prompt:
                os._exit(1)
            yield ramp + np.uint8(7 * i + (plan.native.get("seed") or 0) + self.settings.level)
        self.note("done", plan)


class OnGpu(Ramp):
    """Likewise, on a GPU."""

    name = "gpu"
    models = Ramp.models.model_copy(update={"requires_gpu": True, "backend": "gpu"})


class Vendor(Simulator):
    """A vendor that knows neither keys nor a list: a lost answer stays lost."""

    def routes(self):
        return [
            ("create", "POST", "/videos", self.create),
            ("poll", "GET", "/videos/{id}", self.poll),
            ("file", "GET", "/files/{id}", self.file),
        ]

    async def create(self, request):
        return web.json_response({"id": self.accept(await request.json()).id})

    async def poll(self, request):
        return web.json_response({"state": self.tasks[request.match_info["id"]].next()})

    def end(self):
        """Bring every job to its end, and those that are still to come."""
        self.states = ["done"]
        for task in self.tasks.values():
            task.states.clear()
            task.states.append("done")


class VendorGenerator(RemoteVideoGenerator):
    """Its backend."""

    name = "vendor"
    semantics = SubmitSemantics(
        definite_reject=frozenset({400}),
        evidence="the vendor above",
        polling=Polling(floor=0.01, ceiling=0.05),
    )
    models = Capabilities.model_validate(
        {
            "backend": "vendor",
            "kind": "remote",
            "models": [
                {
                    "id": "vendor-1",
                    "durations": [1, 2],
                    "fps": 12,
                    "prices": [{"basis": "second", "amount": "0.10"}],
                }
            ],
        }
    )

    def native(self, request, model):
        return {"text": request.prompt, "seconds": request.duration}

    @property
    def api(self):
        return ApiClient(self.base_url, headers={}, backend=self.name)

    async def submit(self, plan, key):
        said = (await self.api.create("/videos", json=dict(plan.native))).json()
        return RemoteRef(said["id"])

    async def poll(self, ref):
        state = (await self.api.request("GET", f"/videos/{ref.id}")).json()["state"]
        return Poll(state=state, word=state)

    async def fetch(self, ref):
        return [RemoteFile(url=f"{self.base_url}/files/{ref.id}")]
