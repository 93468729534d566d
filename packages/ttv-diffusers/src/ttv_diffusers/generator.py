"""Pipelines of diffusers as a ttv backend: what every family of local models shares."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from ttv_core import (
    Availability,
    LocalVideoGenerator,
    ModelNotFoundError,
    Needs,
    models_from,
)
from ttv_diffusers.desk import desk_of
from ttv_diffusers.orders import native_of
from ttv_diffusers.recipes import Recipe, recipes_from
from ttv_diffusers.settings import EngineOptions, EngineSettings
from ttv_diffusers.sharing import check_shares
from ttv_diffusers.shelf import Entry, Source, fill_shelf, sources_of
from ttv_diffusers.sizes import size_of_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ttv_core import (
        Capabilities,
        Job,
        JobContext,
        ModelCapabilities,
        Plan,
        ResolvedRequest,
        VideoRequest,
    )
    from ttv_core.kept import KeptWorker
    from ttv_core.media import Frame

__all__ = ["DiffusersGenerator", "PipelineGenerator"]

_SEEDS = 2**32


class PipelineGenerator(LocalVideoGenerator):
    """A backend over checkpoints that diffusers runs, in a worker process that stays warm.

    A subclass gives its name, `models` (what each kind of checkpoint can do) and `recipes` (how
    each kind is recognised and run). What is installed decides what can be asked: capabilities are
    read from the JSON of the configured folders, without torch.

    Attributes:
        recipes: The kinds of checkpoints, the most particular first.
    """

    Settings = EngineSettings
    Options = EngineOptions
    recipes: ClassVar[tuple[Recipe, ...]]
    settings: EngineSettings

    def __init__(self, *settings: Any, **values: Any) -> None:
        """Take checked settings, or settings by name.

        Raises:
            ConfigurationError: If a setting is unknown or wrong.
        """
        super().__init__(*settings, **values)
        self.line = desk_of(self.settings.device).line

    # --- what is installed ----------------------------------------------------------------------

    @property
    def section(self) -> str:
        """Where the settings stand, for messages."""
        return f"backends.{self.name}"

    def sources(self) -> Iterable[Source]:
        """Return where checkpoints are to be; a subclass may know further settings."""
        return sources_of(self.settings, self.section)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The checkpoints that are configured, good or bad."""
        hub = self.settings.allow_download
        return fill_shelf(list(self.sources()), self.recipes, self.models, hub=hub)

    @property
    def capabilities(self) -> Capabilities:
        """What can be made with the checkpoints that are there; without any, with their kinds."""
        return self._capabilities

    @cached_property
    def _capabilities(self) -> Capabilities:
        found = tuple(entry.model for entry in self.entries if entry.model is not None)
        if not found:
            return self.models
        return self.models.model_copy(update={"models": found, "default_model": None})

    def entry_of(self, model: str) -> Entry:
        """Return the checkpoint behind a model id.

        Raises:
            ModelNotFoundError: If none is configured, or the one that is cannot be used.
        """
        for entry in self.entries:
            if entry.model is not None and model in {entry.model.id, *entry.model.aliases}:
                return entry
        for entry in self.entries:
            if entry.problem is not None:
                raise entry.problem
        raise ModelNotFoundError(
            f"no weights are configured for {self.name}",
            backend=self.name,
            model=model,
            code="weights_missing",
            charged="no",
            remedy=f"set {self.section}.model_dir to a folder with a model_index.json",
        )

    # --- planning -------------------------------------------------------------------------------

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the call of the pipeline; see `VideoGenerator.native`."""
        try:
            entry = self.entry_of(model.id)
        except ModelNotFoundError as error:
            request.refuse("model", str(error).replace("\n  to mend it:", ";"))
            return request.canonical()

        def sized(picture: tuple[int, int], area: int) -> tuple[int, int]:
            return self.size_from_picture(picture, area, entry)

        native = native_of(request, entry, self.settings.defaults, sized)
        if self.settings.gpus > 1:
            check_shares(request, native, entry, self.settings.gpus)
        return native

    def size_from_picture(
        self, picture: tuple[int, int], area: int, entry: Entry
    ) -> tuple[int, int]:
        """Return the size of a video that starts from a picture; zeros where that is not known.

        Args:
            picture: Width and height of the picture.
            area: Pixels that the video may have.
            entry: The checkpoint.
        """
        if entry.recipe is not None and entry.recipe.sized_by == "picture":
            return 0, 0
        bounds = entry.model.canvas.range if entry.model is not None else None
        return size_of_picture(picture, area, bounds.multiple_of if bounds else 16)

    def plan(self, request: VideoRequest | str | None = None, /, **fields: Any) -> Plan:
        """Say what would be run; see `VideoGenerator.plan`."""
        plan = super().plan(request, **fields)
        if not plan.native:
            return plan
        size = {name: plan.native.get(name) for name in ("width", "height")}
        return replace(plan, expected=replace(plan.expected, **size))

    # --- making ---------------------------------------------------------------------------------

    def _make(self, plan: Plan, on_event: Any, job_id: str) -> Job:
        """Draw the seed that nobody chose, so that the result can tell it."""
        if "seed" not in plan.native:
            plan = replace(plan, native={**plan.native, "seed": secrets.randbelow(_SEEDS)})
        return super()._make(plan, on_event, job_id)

    def render(self, plan: Plan, context: JobContext) -> Iterable[Frame] | Path:
        """Have the worker make the frames; see `LocalVideoGenerator.render`."""
        from ttv_diffusers.engine import render

        return render(self, plan, context)

    def keep(
        self, model: str | None = None, *, idle: float = 1800.0, tied: bool = False
    ) -> KeptWorker:
        """Keep a worker with the weights loaded; see `LocalVideoGenerator.keep`."""
        from ttv_diffusers.kept.starting import keep

        entry = self.entry_of(self.plan("what is loaded", model=model).model)
        return keep(self, entry, idle=idle, tied=tied)

    def needs(self, plan: Plan) -> Needs:
        """Say what a machine must have: GPUs, unless the settings want another device.

        "auto" wants one too: what another machine has is not seen from here, and on the CPU a real
        model takes hours.
        """
        shared: int = plan.native.get("gpus", self.settings.gpus)
        if self.settings.device in {"cpu", "mps"} and "gpus" not in plan.native:
            return Needs(cpus=self.settings.threads or 1)
        return Needs(gpus=shared)

    def unload(self) -> None:
        """End the worker, if nobody else is using it."""
        desk_of(self.settings.device).let_go(self)

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether the packages, the weights, the device and the memory are there.

        Args:
            deep: Whether to start the worker and ask torch.
        """
        from ttv_diffusers.readiness import readiness

        return readiness(self, deep=deep)


class DiffusersGenerator(PipelineGenerator):
    """Runs any text- or image-to-video pipeline folder."""

    name = "diffusers"
    models = models_from(files(__package__) / "models.yaml")
    recipes = recipes_from(files(__package__) / "recipes.toml")
