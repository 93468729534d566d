"""A backend with two engines: pipelines of diffusers, or the official repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttv_core.errors import BackendUnavailableError
from ttv_diffusers.generator import PipelineGenerator
from ttv_diffusers.official.settings import OfficialSettings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ttv_core import (
        Availability,
        Capabilities,
        JobContext,
        ModelCapabilities,
        Plan,
        ResolvedRequest,
        VideoRequest,
    )
    from ttv_core.kept import KeptWorker
    from ttv_core.media import Frame
    from ttv_diffusers.official.repository import Repository

__all__ = ["TwoEnginesGenerator"]

_OF_PIPELINES = frozenset(
    {
        "allow_download",
        "attention",
        "cache",
        "compile",
        "device",
        "dtype",
        "idle_unload",
        "keep_warm",
        "layerwise_casting",
        "offload",
        "quantization",
        "threads",
        "vae_slicing",
        "vae_tiling",
    }
)
"""Settings that only pipelines of diffusers know."""


class TwoEnginesGenerator(PipelineGenerator):
    """Runs weights in the layout of diffusers, or the official repository of the model.

    A subclass says in `repository` which of the two the settings mean.
    """

    Settings = OfficialSettings
    settings: OfficialSettings

    @property
    def repository(self) -> Repository | None:
        """The official repository, if it is the engine; None for the pipelines of diffusers."""
        raise NotImplementedError

    @property
    def capabilities(self) -> Capabilities:
        """What can be made; see `VideoGenerator.capabilities`."""
        repository = self.repository
        return super().capabilities if repository is None else repository.models

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return what is run; see `VideoGenerator.native`."""
        repository = self.repository
        if repository is None:
            return super().native(request, model)
        for name in sorted(self.settings.model_fields_set & _OF_PIPELINES):
            request.warn(f"{self.section}.{name} is not used: the official scripts know no such")
        return repository.native(request, model)

    def plan(self, request: VideoRequest | str | None = None, /, **fields: Any) -> Plan:
        """Say what would be run; see `VideoGenerator.plan`."""
        plan = super().plan(request, **fields)
        return plan if self.repository is None else self.repository.with_expected(plan)

    def render(self, plan: Plan, context: JobContext) -> Iterable[Frame] | Path:
        """Make the video; see `LocalVideoGenerator.render`."""
        if self.repository is None:
            return super().render(plan, context)
        return self.repository.render(plan, context)

    def keep(
        self, model: str | None = None, *, idle: float = 1800.0, tied: bool = False
    ) -> KeptWorker:
        """Keep a worker; see `LocalVideoGenerator.keep`. The official scripts load every time."""
        if self.repository is None:
            return super().keep(model, idle=idle, tied=tied)
        raise BackendUnavailableError(
            "the official scripts load their weights for every video, so nothing can be kept",
            backend=self.name,
            code="cannot_keep",
            charged="no",
            remedy="engine: diffusers",
        )

    def unload(self) -> None:
        """End the worker, if there is one; a script ends with its job."""
        if self.repository is None:
            super().unload()

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether the engine can run; see `VideoGenerator.availability`."""
        if self.repository is None:
            return super().availability(deep=deep)
        return self.repository.availability()
