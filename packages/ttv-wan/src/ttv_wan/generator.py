"""Wan as a ttv backend."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from ttv_core import Size, models_from
from ttv_diffusers import Recipe, recipes_from
from ttv_diffusers.official.generator import TwoEnginesGenerator
from ttv_diffusers.shelf import Source, sources_of
from ttv_wan.official import WanRepository
from ttv_wan.settings import WanSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core import Capabilities, ModelCapabilities, ResolvedRequest
    from ttv_diffusers.official import Repository

__all__ = ["WanGenerator"]

_OFFICIAL = (
    "wan2_dir",
    "total_gpus",
    "gpu_count",
    "chaining_max_retries",
    "chaining_use_fsdp_flags",
)


class WanGenerator(TwoEnginesGenerator):
    """Wan 2.1 and 2.2, from text and from pictures."""

    name = "wan"
    Settings = WanSettings
    models = models_from(files(__package__) / "models.yaml")
    recipes: ClassVar[tuple[Recipe, ...]] = recipes_from(files(__package__) / "recipes.toml")
    settings: WanSettings

    def sources(self) -> Iterator[Source]:
        """Yield where checkpoints are to be: those of older configurations too."""
        yield from sources_of(self.settings, self.section)
        for key in ("i2v_model_dir", "flf2v_model_dir"):
            if folder := getattr(self.settings, key):
                yield Source(folder, f"{self.section}.{key}")

    @cached_property
    def repository(self) -> Repository | None:
        """The official repository, if it is the engine: if it is set, and nothing for the other."""
        engine, checkout = self.settings.engine, self.settings.wan2_dir
        if engine == "auto" and checkout is not None:
            usable = any(entry.problem is None for entry in self.entries)
            engine = "diffusers" if usable else "official"
        return WanRepository(self.settings) if engine == "official" else None

    @property
    def capabilities(self) -> Capabilities:
        """What can be made, with the usual size and length of the settings."""
        return self._configured

    @cached_property
    def _configured(self) -> Capabilities:
        table = super().capabilities
        models = tuple(_with_usual(model, self.settings) for model in table.models)
        return table.model_copy(update={"models": models})

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the call of the pipeline, and say which settings play no part in it."""
        official = () if self.repository is not None else _OFFICIAL
        idle = [name for name in official if getattr(self.settings, name) is not None]
        if idle:
            request.warn(f"{', '.join(idle)}: only the official repository has a use for this")
        native = super().native(request, model)
        self._tell_usual(request, model)
        return native

    def _tell_usual(self, request: ResolvedRequest, model: ModelCapabilities) -> None:
        """Say where the settings' size and length cannot be had from a model."""
        size, frames = self.settings.size, self.settings.frame_num
        used = model.canvas.default
        if size is not None and request.asked.size is None and str(used) != size:
            request.warn(f"size {size} of the configuration cannot be had here; {used} is used")
        usual = model.frames.default if model.frames is not None else None
        if frames is not None and request.asked.num_frames is None and usual != frames:
            said = f"frame_num {frames} of the configuration is no number of frames for {model.id}"
            request.warn(f"{said}; {usual} are used")


def _with_usual(model: ModelCapabilities, settings: WanSettings) -> ModelCapabilities:
    """Return a model with the settings' size and length as its default, where they are legal."""
    changes: dict[str, Any] = {}
    bounds = model.canvas.range
    if settings.size is not None and (bounds is not None or model.canvas.sizes):
        width, height = map(int, settings.size.split("x"))
        usual: Size | None = Size(width=width, height=height)
        if bounds is None:
            listed = (size for size in model.canvas.sizes if str(size) == settings.size)
            usual = next(listed, model.canvas.default)
        elif not bounds.allows(width, height):
            usual = bounds.nearest(width, height)
        changes["canvas"] = model.canvas.model_copy(update={"default": usual})
    if settings.frame_num is not None and model.frames is not None:
        usual_frames = int(model.frames.nearest(settings.frame_num))
        changes["frames"] = model.frames.model_copy(update={"default": usual_frames})
    return model.model_copy(update=changes)
