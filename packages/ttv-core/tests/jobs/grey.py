"""A backend on this machine that takes next to no time."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import numpy as np

from ttv_core import Capabilities, LocalVideoGenerator


class Grey(LocalVideoGenerator):
    """Makes grey frames on this machine, and counts them."""

    name = "grey"
    models = Capabilities.model_validate(
        {
            "backend": "grey",
            "kind": "local",
            "models": [
                {
                    "id": "grey-1",
                    "fps": 24,
                    "prices": [{"basis": "free"}],
                    "durations": {"minimum": 0.1, "maximum": 10, "default": 0.5},
                    "canvas": {"sizes": ["64x36"]},
                }
            ],
        }
    )
    rendered = itertools.count()
    hold = threading.Event()
    log = None

    def render(self, plan, context):
        next(self.rendered)
        if self.log is not None:
            with Path(self.log).open("a", encoding="utf-8") as log:
                log.write(f"{plan.request.prompt}\n")
        for i in range(plan.expected.num_frames):
            context.progress(i, plan.expected.num_frames)
            yield np.full((36, 64, 3), 7 * i, np.uint8)
        while "hold" in plan.request.prompt:
            context.check()
            self.hold.wait(0.01)
