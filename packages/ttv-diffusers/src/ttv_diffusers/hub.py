"""An id on the hub, where the user allows downloads: its JSON first, the weights when needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ttv_core.errors import ModelNotFoundError
from ttv_diffusers.checkpoint import Checkpoint

__all__ = ["read_from_hub"]


def read_from_hub(name: str) -> Checkpoint:
    """Fetch what a repository says of itself, or take it from the cache; no weights.

    Args:
        name: Its id, such as "Wan-AI/Wan2.1-T2V-1.3B-Diffusers".

    Raises:
        ModelNotFoundError: If it is not there, or cannot be reached.
    """
    from huggingface_hub import snapshot_download

    wanted = ["model_index.json", "*/config.json"]
    try:
        folder = Path(snapshot_download(name, allow_patterns=wanted))
        index: dict[str, Any] = json.loads((folder / "model_index.json").read_bytes())
    except (OSError, ValueError) as error:  # its own errors derive from these
        msg = f"{name} cannot be had from the hub: {error}"
        raise ModelNotFoundError(msg, code="weights_missing", charged="no") from error
    configs = {
        file.parent.name: json.loads(file.read_bytes()) for file in folder.glob("*/config.json")
    }
    return Checkpoint(None, name, str(index.get("_class_name")), index, configs)
