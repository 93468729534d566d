"""Where ttv keeps what outlives a process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["state_folder"]


def state_folder(environ: Mapping[str, str] | None = None) -> Path:
    r"""Return the folder where jobs are kept.

    `TTV_STATE_DIR`, or the place for such things of the system: `$XDG_STATE_HOME/ttv`,
    `%LOCALAPPDATA%\ttv`, or `~/.local/state/ttv`.
    """
    variables = os.environ if environ is None else environ
    if named := variables.get("TTV_STATE_DIR"):
        return Path(named).expanduser().absolute()
    base = variables.get("XDG_STATE_HOME") or variables.get("LOCALAPPDATA")
    return (Path(base) if base else Path("~/.local/state").expanduser()) / "ttv"
