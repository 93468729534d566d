"""Tiny pipelines with random weights, in the folder layouts of the real ones.

Everything that runs real weights runs these too, on any CPU and in a moment: nothing is downloaded,
and what they make is noise. Needs torch, diffusers and transformers, as the engine does.

Example:
    >>> import tempfile
    >>> from ttv_diffusers.testing import build
    >>> folder = build("wan21_t2v", tempfile.mkdtemp())
    >>> sorted(path.name for path in folder.iterdir())[:3]
    ['model_index.json', 'scheduler', 'text_encoder']
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NAMES", "build", "rewrite"]

NAMES = (
    "wan21_t2v",
    "wan21_i2v",
    "wan21_flf2v",
    "wan22_t2v",
    "wan22_i2v",
    "wan22_ti2v",
    "hunyuan_t2v",
    "hunyuan_i2v",
    "hunyuan15_t2v",
    "hunyuan15_i2v",
)
"""The pipelines that can be built."""


def build(name: str, folder: str | Path, *, seed: int = 0) -> Path:
    """Write a tiny pipeline.

    Args:
        name: One of `NAMES`.
        folder: Where it goes; made if it is not there.
        seed: What the weights are drawn with.

    Returns:
        The folder.

    Raises:
        KeyError: If there is no such pipeline.
    """
    import torch

    before = torch.random.get_rng_state()
    torch.manual_seed(seed)
    try:
        pipeline = _maker(name)()
    finally:
        torch.random.set_rng_state(before)
    pipeline.save_pretrained(folder, safe_serialization=True)
    return Path(folder)


def _maker(name: str) -> Callable[[], Any]:
    from ttv_diffusers.testing import hunyuan, hunyuan15, wan

    made: dict[str, Callable[[], Any]] = {**wan.MAKERS, **hunyuan.MAKERS, **hunyuan15.MAKERS}
    return made[name]


def rewrite(file: Path, **changes: Any) -> Path:
    """Change top-level keys of a JSON file, to make a folder wrong; None removes a key."""
    data = json.loads(file.read_text(encoding="utf-8")) | changes
    kept = {name: value for name, value in data.items() if value is not None}
    file.write_text(json.dumps(kept), encoding="utf-8")
    return file
