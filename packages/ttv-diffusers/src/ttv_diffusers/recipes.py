"""How a kind of checkpoint is recognised and run: data, with its source."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ttv_core.errors import ModelNotFoundError
from ttv_diffusers.settings import Defaults

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from ttv_diffusers.checkpoint import Checkpoint

__all__ = ["Need", "Recipe", "find_recipe", "recipes_from"]


class Need(BaseModel):
    """What a run was published or measured to need.

    Attributes:
        memory: GB of the device's memory at the peak, for each GPU.
        run: What was made, and how.
        device: On what.
        gpus: On how many of them.
        seconds: How long it took.
        source: Where that is written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory: float
    run: str
    device: str = ""
    gpus: int = 1
    seconds: float | None = None
    source: str


class Recipe(BaseModel):
    """One kind of checkpoint.

    Attributes:
        model: Id of its capabilities in the backend's table.
        pipeline: The class in `model_index.json`; may hold "*".
        when: What else the folder must say, as `Checkpoint.value` reads it. False means that a
            component or key is not there.
        pipelines: The class that runs a mode, where it is not the folder's own.
        defaults: How it is denoised.
        small: Instead of these, for videos of at most `small_area` pixels.
        small_area: Pixels.
        call: Further arguments of every call.
        sized_by: What decides the size of a video from a picture: the "area" of the size, in the
            picture's shape; or the "picture" alone, so that the call takes no size.
        needs: What it takes.
        source: Where all this is written, and when it was read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    pipeline: str
    when: dict[str, Any] = Field(default_factory=dict)
    pipelines: dict[str, str] = Field(default_factory=dict)
    defaults: Defaults = Defaults()
    small: Defaults = Defaults()
    small_area: int = 0
    call: dict[str, Any] = Field(default_factory=dict)
    sized_by: Literal["area", "picture"] = "area"
    needs: tuple[Need, ...] = ()
    source: str

    @property
    def for_others(self) -> bool:
        """Whether it is for pipelines that no other recipe names."""
        return "*" in self.pipeline and not self.when

    def differs(self, checkpoint: Checkpoint) -> list[str]:
        """Say where a folder is not as the recipe wants it; nothing if it is this kind."""
        return [
            f"{path} is {checkpoint.value(path)!r}, not {wanted!r}"
            for path, wanted in self.when.items()
            if (checkpoint.value(path) or False) != wanted
        ]

    def denoising(self, area: int) -> Defaults:
        """Return how a video of so many pixels is denoised, if nobody says otherwise."""
        if area > self.small_area:
            return self.defaults
        return self.defaults.model_copy(update=self.small.model_dump(exclude_none=True))


def recipes_from(file: Path | Traversable) -> tuple[Recipe, ...]:
    """Read recipes from a TOML file of `[[recipe]]` tables, the most particular first.

    Raises:
        ValueError: If it holds anything else: a fault of its author's.
    """
    found = tomllib.loads(file.read_text(encoding="utf-8"))["recipe"]
    return tuple(Recipe.model_validate(item) for item in found)


def find_recipe(recipes: Sequence[Recipe], checkpoint: Checkpoint) -> Recipe:
    """Return the recipe of a checkpoint.

    Raises:
        ModelNotFoundError: If there is none; says what the folder is instead.
    """
    of_class = [r for r in recipes if fnmatchcase(checkpoint.pipeline, r.pipeline)]
    # A recipe for all that nobody knows is not for what somebody knows to be wrong.
    of_class = [r for r in of_class if not r.for_others] or of_class
    for recipe in of_class:
        if not recipe.differs(checkpoint):
            return recipe
    where = checkpoint.folder or checkpoint.source
    if not of_class:
        known = ", ".join(sorted({recipe.pipeline for recipe in recipes}))
        msg = f"{where} is a {checkpoint.pipeline}; here run {known}"
        raise ModelNotFoundError(
            msg,
            code="wrong_pipeline",
            charged="no",
            remedy="use the backend diffusers, which runs any pipeline",
        )
    nearest = min((recipe.differs(checkpoint) for recipe in of_class), key=len)
    msg = f"{where} names {checkpoint.pipeline}, but its {'; '.join(nearest)}"
    raise ModelNotFoundError(
        msg,
        code="wrong_checkpoint",
        charged="no",
        remedy="the weights are of another kind than model_index.json says: get the whole folder",
    )
