"""The checkpoints that a configuration names, and what each of them can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core import ModelNotFoundError
from ttv_diffusers.checkpoint import Checkpoint, read_checkpoint
from ttv_diffusers.recipes import Recipe, find_recipe
from ttv_diffusers.settings import Defaults

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ttv_core import Capabilities, ModelCapabilities
    from ttv_diffusers.settings import EngineSettings

__all__ = ["Entry", "Source", "fill_shelf", "sources_of"]


@dataclass(frozen=True)
class Source:
    """Where a checkpoint is to be, and how it is used.

    Attributes:
        path: The folder, or the id on the hub.
        key: The setting that says so, for messages.
        name: What the user calls it; None for the name of its kind.
        defaults: How it is used.
    """

    path: str
    key: str
    name: str | None = None
    defaults: Defaults = field(default_factory=Defaults)


@dataclass(frozen=True)
class Entry:
    """A checkpoint that is there, or why it is not.

    Attributes:
        source: What was configured.
        checkpoint: What is there.
        recipe: How it is run.
        model: What it can do; its id is how it is called.
        problem: What is wrong with it, if it cannot be used.
    """

    source: Source
    checkpoint: Checkpoint | None = None
    recipe: Recipe | None = None
    model: ModelCapabilities | None = None
    problem: ModelNotFoundError | None = None


def sources_of(settings: EngineSettings, section: str) -> Iterator[Source]:
    """Yield every checkpoint that the settings name.

    Args:
        settings: The settings.
        section: Where they stand: "backends.wan".
    """
    if settings.model_dir is not None:
        yield from _within(settings.model_dir, f"{section}.model_dir")
    for name, entry in settings.models.items():
        defaults = Defaults(**entry.model_dump(exclude={"path"}))
        yield Source(entry.path, f"{section}.models.{name}.path", name, defaults)


def _within(path: str, key: str) -> Iterator[Source]:
    """Yield a folder, or the pipelines' folders in it if it is none itself."""
    folder = Path(path).expanduser()
    inside: list[Path] = []
    if folder.is_dir() and not (folder / "model_index.json").is_file():
        inside = sorted(file.parent for file in folder.glob("*/model_index.json"))
    if not inside:
        yield Source(path, key)
    for each in inside:
        yield Source(str(each), key)


def fill_shelf(
    sources: Sequence[Source], recipes: Sequence[Recipe], table: Capabilities, *, hub: bool
) -> list[Entry]:
    """Look at every checkpoint.

    Args:
        sources: What is configured.
        recipes: The kinds that are known.
        table: What each kind can do.
        hub: Whether an id on the hub may be meant.
    """
    entries: list[Entry] = []
    for source in sources:
        try:
            checkpoint = _find(source, hub=hub)
            recipe = find_recipe(recipes, checkpoint)
        except ModelNotFoundError as error:
            entries.append(Entry(source, problem=error))
            continue
        taken = {entry.model.id for entry in entries if entry.model is not None}
        model = describe(recipe, checkpoint, table)
        name = source.name or (Path(source.path).name if model.id in taken else model.id)
        aliases = (model.id,) if name != model.id and model.id not in taken else ()
        model = model.model_copy(update={"id": name, "aliases": (*model.aliases, *aliases)})
        entries.append(Entry(source, checkpoint, recipe, model))
    return entries


def _find(source: Source, *, hub: bool) -> Checkpoint:
    folder = Path(source.path).expanduser()
    looks_like_id = source.path.count("/") == 1 and not source.path.startswith((".", "/", "~"))
    if folder.exists() or not looks_like_id:
        return read_checkpoint(folder)
    if not hub:
        msg = f"{source.path}: there is no such folder ({source.key})"
        raise ModelNotFoundError(
            msg,
            code="weights_missing",
            charged="no",
            remedy=f"set {source.key} to a folder, or allow_download: true for an id on the hub",
        )
    from ttv_diffusers.hub import read_from_hub

    return read_from_hub(source.path)


def describe(recipe: Recipe, checkpoint: Checkpoint, table: Capabilities) -> ModelCapabilities:
    """Return what a checkpoint can do: its kind's data, with what its own JSON says."""
    model = table.find(recipe.model)
    assert model is not None, f"{recipe.model} is not in the table of {table.backend}"
    changes: dict[str, Any] = {}
    temporal = _first(checkpoint, "vae.scale_factor_temporal", "vae.temporal_compression_ratio")
    if temporal and model.frames is not None and model.frames.step is not None:
        frames = model.frames.model_copy(update={"step": temporal, "default": None})
        usual = None if model.frames.default is None else frames.nearest(model.frames.default)
        changes["frames"] = frames.model_copy(update={"default": usual})
    multiple = _multiple(checkpoint)
    if multiple and model.canvas.range is not None:
        bounds = model.canvas.range.model_copy(update={"multiple_of": multiple})
        usual_size = model.canvas.default
        if usual_size is not None and not bounds.allows(usual_size.width, usual_size.height):
            usual_size = bounds.nearest(usual_size.width, usual_size.height)
        changes["canvas"] = model.canvas.model_copy(update={"range": bounds, "default": usual_size})
    return model.model_copy(update=changes)


def _multiple(checkpoint: Checkpoint) -> int | None:
    """Return what width and height must be divisible by, as far as the folder says."""
    spatial = _first(checkpoint, "vae.scale_factor_spatial", "vae.spatial_compression_ratio")
    patch = checkpoint.value("transformer.patch_size")
    if isinstance(patch, list):
        patch = patch[-1]
    return spatial * int(patch or 1) if spatial else None


def _first(checkpoint: Checkpoint, *paths: str) -> int | None:
    found = (checkpoint.value(path) for path in paths)
    return next((value for value in found if isinstance(value, int)), None)
