"""Use a package as somebody does who has just installed it, and nothing but what it declares.

`python -W error first_steps.py DISTRIBUTION`, by the environment's own Python: nothing else of this
repository needs to be there.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import EntryPoint, distribution
from pathlib import Path

import ttv_core


def take(name: str) -> None:
    """Touch every public name of a package, and everything it registers.

    Args:
        name: the distribution.
    """
    module = importlib.import_module(name.replace("-", "_"))
    for public in getattr(module, "__all__", ()):
        getattr(module, public)
    for entry in distribution(name).entry_points:
        print(f"{entry.group}: {entry.name}")
        if entry.group == "ttv.backends":
            _use(entry)
        elif entry.group == "console_scripts":
            script = Path(sys.executable).with_name(entry.name)
            subprocess.run([script, "--version"], check=True)
        else:
            entry.load()


def _use(entry: EntryPoint) -> None:
    """Ask a backend what it can do, and what it would send, as it is without any setting."""
    generator = ttv_core.create_video_generator({}, entry.name)
    assert isinstance(generator, ttv_core.VideoGenerator)
    json.dumps(generator.get_capabilities())
    plan = generator.plan("A red fox runs through snow", output="fox.mp4")
    told = {"model": plan.model} if plan.ok else {"refused": str(plan.violations[0].message)}
    print(told, generator.availability())


if __name__ == "__main__":
    take(sys.argv[1])
