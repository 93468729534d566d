"""What other processes do for the kit. Started by `elsewhere`, which tells it what on stdin."""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def discover(told: Mapping[str, Any]) -> dict[str, Any]:
    """Import a plugin, ask it for its backends and list all; tell what that imported."""
    from importlib import import_module

    before = set(sys.modules)
    problems = []
    plugin = import_module(told["plugin"])
    modules = sorted(set(sys.modules) - before)
    specs = plugin.ttv_backends() if hasattr(plugin, "ttv_backends") else []
    from ttv_core import GENERATOR_REGISTRY

    listed = list(GENERATOR_REGISTRY)
    own = told["plugin"].partition(".")[0]
    generators = {spec.generator.partition(":")[0] for spec in specs}
    if early := sorted(generators & set(sys.modules)):
        problems.append(f"listing the backends imports {', '.join(early)} of {own}")
    spec = next((spec for spec in specs if spec.name == told["backend"]), None)
    facts = ("name", "summary", "generator", "kind")
    return {
        "modules": modules,
        "problems": problems,
        "listed": listed,
        "spec": spec and {name: getattr(spec, name) for name in facts},
    }


def plan(told: Mapping[str, Any]) -> dict[str, Any]:
    """Make the generator and plan; tell which heavy modules that imported."""
    before = set(sys.modules)
    made = _generator(told)
    asks = dict(told["asks"])
    if hasattr(made, "plan"):
        made.plan(**asks)
    else:
        made.get_capabilities()
    return {"heavy": sorted(set(told["heavy"]) & (set(sys.modules) - before))}


def start(told: Mapping[str, Any]) -> dict[str, Any]:
    """Start a job at a vendor, and die once it is accepted."""
    _generator(told).start(**told["asks"], output=told["output"])
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def render(told: Mapping[str, Any]) -> dict[str, Any]:
    """Make a video here, and stand still in the midst of it until somebody kills this process."""
    import threading

    def stand_still(event: Any) -> None:
        if event.state == "running":
            print("running", flush=True)  # noqa: T201 - who waits reads it
            threading.Event().wait()

    _generator(told).generate(**told["asks"], output=told["output"], on_event=stand_still)
    return {}


def _generator(told: Mapping[str, Any]) -> Any:
    from importlib import import_module
    from importlib.util import module_from_spec, spec_from_file_location

    name, qualname, file = told["generator"]
    try:
        found: Any = import_module(name)
    except ImportError:
        if file is None:
            raise
        spec = spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        found = sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(found)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found(**told["settings"])


def main() -> None:
    """Do what stdin says, and say the outcome as the last line of stdout."""
    told = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - written by `elsewhere`
    sys.path[:] = told["path"]
    task = {"discover": discover, "plan": plan, "start": start, "render": render}[told["task"]]
    print(json.dumps(task(told)))  # noqa: T201 - who waits reads it


if __name__ == "__main__":
    main()
