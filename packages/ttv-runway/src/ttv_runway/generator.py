"""Runway's API as a backend: a mapping, and one request for each step of a job."""

from __future__ import annotations

import contextlib
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ttv_core import (
    Availability,
    BackendUnavailableError,
    DownloadError,
    GenerationCancelledError,
    JobNotFoundError,
    Poll,
    RemoteVideoGenerator,
    SubmitSemantics,
    VideoGenerationError,
    models_from,
)
from ttv_core.jobs import Polling
from ttv_runway.api import RunwayApi
from ttv_runway.bodies import body_of
from ttv_runway.defaults import with_default_ratio
from ttv_runway.failures import DEFINITE
from ttv_runway.forms import endpoint_of_body
from ttv_runway.options import RunwayOptions
from ttv_runway.settings import RunwaySettings
from ttv_runway.tasks import created, credits_left, files_of, poll_of
from ttv_runway.uploads import with_links

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import (
        Capabilities,
        ModelCapabilities,
        Plan,
        RemoteFile,
        RemoteRef,
        ResolvedRequest,
    )

__all__ = ["RunwayGenerator"]

_NO_KEY = "no key: RUNWAYML_API_SECRET is not set, and backends.runway has no api_key"
_SET_KEY = "export RUNWAYML_API_SECRET=key_…  (from dev.runwayml.com)"


class RunwayGenerator(RemoteVideoGenerator):
    """Every video model behind Runway's API (docs.dev.runwayml.com, SDK runwayml 5.24.0)."""

    name = "runway"
    Settings = RunwaySettings
    Options = RunwayOptions
    models = models_from(files(__package__) / "models.yaml")
    default_base_url = "https://api.dev.runwayml.com"
    settings: RunwaySettings
    # No idempotency key, no list of tasks and no tag are documented: a lost answer stays lost.
    semantics = SubmitSemantics(
        definite_reject=DEFINITE,
        cancel=True,
        result_lifetime=24 * 60 * 60.0,
        polling=Polling(floor=5.0, ceiling=15.0),
        evidence="https://docs.dev.runwayml.com/errors/errors (refusals; 429: not taken on, "
        "try again later), https://docs.dev.runwayml.com/assets/outputs (links live "
        "24 to 48 hours), https://docs.dev.runwayml.com/api (polls, DELETE)",
    )

    @cached_property
    def _table(self) -> Capabilities:
        ratio, table = self.settings.default_ratio, super().capabilities
        return table if ratio is None else with_default_ratio(table, ratio)

    @property
    def capabilities(self) -> Capabilities:
        """What it can do: its table, with what the settings change in it."""
        return self._table

    @property
    def default_model(self) -> str | None:
        """The model the settings ask for, under its new or its older name."""
        return self.settings.model or self.settings.model_version

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> Mapping[str, Any]:
        """Map a request to the body that the model's own endpoint takes."""
        return body_of(request, model, self.settings)

    @cached_property
    def api(self) -> RunwayApi:
        """The vendor's API.

        Raises:
            BackendUnavailableError: If there is no key.
        """
        if self.settings.api_key is None:
            raise BackendUnavailableError(
                _NO_KEY, backend=self.name, code="no_key", remedy=_SET_KEY
            )
        return RunwayApi(self.settings.api_key.get_secret_value(), self.base_url)

    async def prepare(self, plan: Plan) -> Mapping[str, Any]:
        """Turn the inputs into links: data URIs when they are small, uploads otherwise."""
        body: dict[str, Any] = await with_links(plan.native, self.api, self.guard.check)
        return body

    async def submit(self, plan: Plan, key: str) -> RemoteRef:
        """Create the task, with one request that is sent once."""
        del key  # the vendor knows no such thing
        return created(await self.api.create(endpoint_of_body(plan.native), plan.native))

    async def poll(self, ref: RemoteRef) -> Poll:
        """Ask how far the task is."""
        return poll_of(await self.api.task(ref.id))

    async def fetch(self, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Return fresh links to the video; the vendor makes new ones for each question."""
        said = await self.api.task(ref.id)
        found = files_of(said)
        if not found and poll_of(said).state == "done":
            msg = f"runway says that task {ref.id} succeeded, and names no video"
            raise DownloadError(msg, code="no_result", retryable=False)
        return found

    async def cancel(self, ref: RemoteRef) -> Poll | None:
        """Cancel the task, unless it is over: then its video would be deleted instead.

        What runs is not refunded (docs.dev.runwayml.com/api, read in 2026).
        """
        try:
            last = poll_of(await self.api.task(ref.id))
        except JobNotFoundError:  # cancelled before, by somebody who did not hear the answer
            last = Poll(state="unknown")
        if last.state in {"done", "failed", "cancelled"}:
            return last
        with contextlib.suppress(JobNotFoundError):
            await self.api.delete_task(ref.id)
        error = GenerationCancelledError(
            f"runway task {ref.id} was cancelled as was asked",
            charged="yes" if last.state == "running" else "unknown",
        )
        return Poll(state="cancelled", word="deleted", error=error)

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether there is a key; with `deep`, whether it is good and what credits are left."""
        if self.settings.api_key is None:
            return Availability(ok=False, reasons=(_NO_KEY,), remedies=(_SET_KEY,))
        if not deep:
            return Availability(ok=True)
        try:
            said = self.ask(self.api.organization())
        except VideoGenerationError as error:
            remedies = (error.remedy,) if error.remedy else ()
            return Availability(ok=False, reasons=(self.scrub(error.message),), remedies=remedies)
        return credits_left(said)
