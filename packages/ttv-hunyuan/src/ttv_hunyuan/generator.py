"""HunyuanVideo as a ttv backend."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from ttv_core import models_from
from ttv_diffusers import Recipe, recipes_from
from ttv_diffusers.official.generator import TwoEnginesGenerator
from ttv_hunyuan.guidance import true_cfg_scale
from ttv_hunyuan.official import HunyuanRepository
from ttv_hunyuan.settings import HunyuanOptions, HunyuanSettings
from ttv_hunyuan.sizes import bucket

if TYPE_CHECKING:
    from ttv_core import ModelCapabilities, ResolvedRequest
    from ttv_diffusers.official import Repository
    from ttv_diffusers.shelf import Entry

__all__ = ["HunyuanGenerator"]

_USUAL_EDGE = 640


class HunyuanGenerator(TwoEnginesGenerator):
    """HunyuanVideo and HunyuanVideo 1.5, from text and from pictures."""

    name = "hunyuan"
    Settings = HunyuanSettings
    Options = HunyuanOptions
    models = models_from(files(__package__) / "models.yaml")
    recipes: ClassVar[tuple[Recipe, ...]] = recipes_from(files(__package__) / "recipes.toml")
    settings: HunyuanSettings

    @cached_property
    def repository(self) -> Repository | None:
        """The official repository, if it is the engine."""
        return HunyuanRepository.of(self.settings) if self.settings.official else None

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return what is run; see `VideoGenerator.native`."""
        settings = self.settings
        if settings.config_file is not None:
            request.warn(
                f"config_file {settings.config_file} is not used: nothing of HunyuanVideo reads one"
            )
        most, seconds = settings.max_duration, request.duration
        if most is not None and seconds is not None and seconds > most:
            said = f"{seconds:g} s is over max_duration of the configuration, {most:g} s"
            request.refuse("duration", said, allowed=f"at most {most:g} s")
        native = super().native(request, model)
        if settings.seed is not None:
            native.setdefault("seed", settings.seed)
        if self.repository is None and self._guided_by_two(model.id):
            scale = true_cfg_scale(request)
            native |= {} if scale is None else {"true_cfg_scale": scale}
        return native

    def _guided_by_two(self, model: str) -> bool:
        """Tell whether a model heeds a negative prompt only where each step is run twice."""
        known = [entry for entry in self.entries if entry.model and entry.model.id == model]
        recipe = known[0].recipe if known else None
        return recipe is not None and not recipe.pipeline.startswith("HunyuanVideo15")

    def size_from_picture(
        self, picture: tuple[int, int], area: int, entry: Entry
    ) -> tuple[int, int]:
        """Return the size of a video that starts from a picture; 1.5 chooses it by itself."""
        if entry.recipe is None or entry.recipe.sized_by != "picture":
            return super().size_from_picture(picture, area, entry)
        edge = entry.checkpoint.value("transformer.target_size") if entry.checkpoint else None
        return bucket(picture, int(edge or _USUAL_EDGE))
