"""The tasks of the official script, and the weights that each of them is for."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TASKS", "Task", "model_of", "version_of"]


class Task(BaseModel):
    """One task of `generate.py`.

    Attributes:
        model: Id of what it makes, in the table of models.
        name: Its name for `--task`.
        version: The repository that has it.
        steps: Denoising steps.
        guidance_scale: How strongly the prompt is followed; None where each of two experts has
            its own, which a single flag would override.
        shift: Shift of the noise schedule.
        small_shift: Likewise, at 480p.
        heads: Heads of attention, which the GPUs share evenly.
        t5_cpu: Whether the text encoder stays off the GPU: so the README runs it on small ones.
        pictures: Role to the flag that takes the picture.
        files: What must be in the folder of weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    name: str
    version: str
    steps: int
    guidance_scale: float | None = None
    shift: float
    small_shift: float | None = None
    heads: int
    t5_cpu: bool = False
    pictures: dict[str, str] = Field(default_factory=dict)
    files: tuple[str, ...]


TASKS: Final[dict[str, Task]] = {
    table["model"]: Task.model_validate(table)
    for table in tomllib.loads((files(__package__) / "tasks.toml").read_text("utf-8"))["task"]
}
"""The tasks by the model that they are for."""

_WIDE = 5120
"""Width of the models of 14 billion parameters."""


def version_of(checkout: Path) -> str | None:
    """Return which repository a checkout is of: each has a file that the other lacks."""
    signs = {"2.2": "wan/textimage2video.py", "2.1": "wan/first_last_frame2video.py"}
    return next((version for version, name in signs.items() if (checkout / name).is_file()), None)


def model_of(weights: Path) -> str | None:
    """Return what a folder of official weights is for, as its JSON says; None if nothing does."""
    experts = weights / "high_noise_model" / "config.json"
    said = _json(experts) or _json(weights / "config.json")
    kind = said.get("model_type")
    if experts.is_file():
        return {"t2v": "wan2.2-t2v-a14b", "i2v": "wan2.2-i2v-a14b"}.get(str(kind))
    if kind == "t2v":
        return "wan2.1-t2v-14b" if said.get("dim", _WIDE) >= _WIDE else "wan2.1-t2v-1.3b"
    found = {"i2v": "wan2.1-i2v-14b", "flf2v": "wan2.1-flf2v-14b", "ti2v": "wan2.2-ti2v-5b"}
    return found.get(str(kind))


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
