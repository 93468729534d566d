"""The checkout of an official repository on this machine."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ttv_core import Availability

__all__ = ["Checkout"]

_ENVIRONMENTS = (".venv/bin/python", "venv/bin/python")


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where a repository is, and what runs it.

    Attributes:
        folder: The checkout.
        setting: Full key of the setting that names it, for messages.
        url: Where it is published.
        interpreter: What the settings say runs it; None leaves it to what is there.
    """

    folder: Path
    setting: str
    url: str
    interpreter: Path | None = None

    @property
    def python(self) -> Path:
        """The interpreter: the one set, that of an environment in the checkout, or our own."""
        if self.interpreter is not None:
            return self.interpreter.expanduser()
        own = (self.folder / name for name in _ENVIRONMENTS)
        return next((path for path in own if path.is_file()), Path(sys.executable))

    def availability(self, script: str) -> Availability:
        """Say whether a script of it can be run. Nothing is started."""
        reasons, remedies = [], []
        if os.name != "posix":
            reasons.append("the official repositories are for Linux")
            remedies.append("engine: diffusers")
        if not (self.folder / script).is_file():
            reasons.append(f"{self.setting} is {self.folder}, which has no {script}")
            remedies.append(f"git clone {self.url}, and set {self.setting} to its folder")
        if not os.access(self.python, os.X_OK):
            reasons.append(f"{self.python} is no interpreter that can be run")
            remedies.append("set python to the interpreter of the repository's own environment")
        return Availability(not reasons, tuple(reasons), tuple(remedies))
