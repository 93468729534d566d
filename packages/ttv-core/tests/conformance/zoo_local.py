"""A backend that runs here, as it should be."""

from __future__ import annotations

import numpy as np

from ttv_core import Capabilities, LocalVideoGenerator

STEPS = 8


class GreyGenerator(LocalVideoGenerator):
    """Noise of the seed that brightens."""

    name = "grey"
    models = Capabilities.model_validate(
        {
            "backend": "grey",
            "kind": "local",
            "models": [
                {
                    "id": "grey-1",
                    "fps": 24,
                    "durations": {"minimum": 0.1, "maximum": 10, "default": 2},
                    "canvas": {"sizes": ["128x72", "72x128"], "default": "128x72"},
                    "seed": {"maximum": 99, "default": 0},
                    "prices": [{"basis": "free"}],
                }
            ],
        }
    )

    def native(self, request, model):
        return {
            "prompt": request.prompt,
            "size": (request.width, request.height),
            "num_frames": request.num_frames,
            "fps": request.fps,
            "seed": 0 if request.seed is None else request.seed,
        }

    def noise(self, plan):
        return np.random.default_rng(plan.native["seed"])

    def render(self, plan, context):
        width, height = plan.native["size"]
        picture = self.noise(plan).integers(0, 99, (height, width, 3), np.uint8)
        for step in range(STEPS):
            self.step(context, step)
        for i in range(plan.native["num_frames"]):
            yield picture + np.uint8(i)

    def step(self, context, done):
        context.progress(done, STEPS)
