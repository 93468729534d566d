"""A process that makes videos, and says what happens: FOLDER OUTPUT STEPS SEED [SETTING=VALUE]."""

from __future__ import annotations

import os
import signal
import sys

from ttv_core import VideoGenerationError
from ttv_diffusers import DiffusersGenerator, process
from ttv_diffusers.desk import desk_of


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


# What runs in the background, as CI may, has Ctrl-C ignored, and hands that on.
signal.signal(signal.SIGINT, signal.default_int_handler)
if standin := os.environ.get("TTV_STANDIN"):
    process.COMMAND = (sys.executable, standin)
folder, output, steps, seed, *settings = sys.argv[1:]
chosen = dict(setting.split("=") for setting in settings)
generator = DiffusersGenerator(
    model_dir=folder, device="cpu", steps=int(steps), **({"threads": 1} | chosen)
)
try:
    video = generator.generate(
        "a fox",
        size=(64, 64),
        num_frames=5,
        seed=int(seed),
        output=output,
        on_event=lambda event: say("event", event.state, event.step, event.message, event.at),
    )
    timings = video.timings
    say("made", video.path, timings.get("turn"), timings.get("load"), desk_of("cpu").pid)
except VideoGenerationError as error:
    say("error", error.code, error.message)
memory = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]  # noqa: PTH123, SIM115
say("process", "torch" in sys.modules, int(memory) // 1024)
