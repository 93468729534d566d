"""Other processes: what they are told, and what they say."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from ttv_core.testing.conformance.verdict import broken

__all__ = ["Elsewhere", "located"]

_CHILD = "ttv_core.testing.conformance.child"
_PATIENCE = 120.0


def located(reference: str) -> type[Any]:
    """Return the class that "package.module:Class" names."""
    module, _, name = reference.partition(":")
    found: type[Any] = getattr(import_module(module), name)
    return found


class Elsewhere:
    """A process that does one thing of `ttv_core.testing.conformance.child`.

    Args:
        task: Which.
        of: The generator's class; its module may be a file of tests that no one can import.
        **payload: What else the task takes.
    """

    def __init__(self, task: str, *, of: type[Any] | None = None, **payload: Any) -> None:
        told = {"task": task, "path": list(sys.path), **payload}
        if of is not None:
            file = getattr(sys.modules[of.__module__], "__file__", None)
            told["generator"] = (of.__module__, of.__qualname__, file)
        environ = {name: text for name, text in os.environ.items() if not name.startswith("COV")}
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Found before anything else is: also where the package is not installed.
            env=environ | {"PYTHONPATH": os.pathsep.join([str(_root()), *_inherited()])},
            text=False,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(pickle.dumps(told))
        self.process.stdin.close()
        self.process.stdin = None

    def said(self) -> dict[str, Any]:
        """Wait for its end and return what it says."""
        __tracebackhide__ = True
        out, err = self.process.communicate(timeout=_PATIENCE)
        try:
            found: dict[str, Any] = json.loads(out.splitlines()[-1])
        except (IndexError, ValueError):
            last = err.decode(errors="replace").strip()[-2000:]
            broken(
                f"another process ended with {self.process.returncode} and this:\n{last}",
                mend="see to it that the generator can be imported and made by itself",
                see="ttv_core.hookspecs.BackendSpec",
            )
        return found

    def ended_by_kill(self) -> None:
        """Wait until it has killed itself; tell what it says if it ends in another way."""
        __tracebackhide__ = True
        if self.process.wait(_PATIENCE) != -signal.SIGKILL:
            self.said()
        self.process.communicate()

    def line(self) -> str:
        """Return the next line that it writes; "" at its end."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def kill(self) -> None:
        """Kill it with signal 9, and wait until it is gone."""
        self.process.kill()
        self.process.communicate(timeout=_PATIENCE)


def _root() -> Path:
    import ttv_core

    assert ttv_core.__file__ is not None
    return Path(ttv_core.__file__).parents[1]


def _inherited() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
