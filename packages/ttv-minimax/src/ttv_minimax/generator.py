"""MiniMax's video API as a ttv backend."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from ttv_core import (
    Availability,
    BackendUnavailableError,
    JobNotFoundError,
    QuotaExceededError,
    RemoteVideoGenerator,
    VideoGenerationError,
    models_from,
)
from ttv_core.http import ApiClient
from ttv_minimax.configured import configured, tell
from ttv_minimax.h3 import H3
from ttv_minimax.hailuo import Hailuo
from ttv_minimax.media import Outbox
from ttv_minimax.protocol import Desk, Protocol, is_v2
from ttv_minimax.replies import good
from ttv_minimax.settings import CHINA, GLOBAL, MinimaxOptions, MinimaxSettings, is_old

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import (
        Capabilities,
        ModelCapabilities,
        Plan,
        Poll,
        RemoteFile,
        RemoteRef,
        ResolvedRequest,
        VideoRequest,
    )
    from ttv_core.jobs import JobRecord

__all__ = ["MinimaxGenerator"]

V1: Final = Hailuo()
V2: Final = H3()
_NO_KEY = "there is no API key of MiniMax"
_GET_ONE = (
    "export MINIMAX_API_KEY=…, from https://platform.minimax.io (China: platform.minimaxi.com)"
)


class MinimaxGenerator(RemoteVideoGenerator):
    """Makes videos at MiniMax: Hailuo through v1 of its API, H3 through v2.

    The model decides which of the two a request speaks; they differ in nearly everything, also in
    what they promise about creates, so a job is driven by a generator that speaks the one or the
    other only.

    Attributes:
        protocol: The one that jobs of this instance speak.
    """

    name = "minimax"
    Settings = MinimaxSettings
    Options = MinimaxOptions
    models = models_from(files(__package__) / "models.yaml")
    default_base_url = GLOBAL
    settings: MinimaxSettings
    protocol: Protocol = V1
    semantics = V1.semantics

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as the settings want it used."""
        return self._configured

    @cached_property
    def _configured(self) -> Capabilities:
        return configured(super().capabilities, self.settings)

    @property
    def base_url(self) -> str:
        """The address of the API: of the settings, or of the region."""
        here = CHINA if self.settings.region == "china" else GLOBAL
        return self.settings.base_url or here

    @cached_property
    def api(self) -> ApiClient:
        """The vendor, with the key."""
        key = self.settings.api_key
        headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
        return ApiClient(self.base_url, headers=headers, backend=self.name)

    @cached_property
    def _uploaded(self) -> dict[str, tuple[str, float]]:
        return {}

    @property
    def _desk(self) -> Desk:
        return Desk(self.api, self.capabilities, self.settings)

    # --- planning -------------------------------------------------------------------------------

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the body of the create; see `VideoGenerator.native`."""
        body = _protocol(model.id).native(request, model, self.base_url)
        tell(request, body, model, self.settings)
        if is_old(self.base_url):
            request.warn(f"{self.base_url} is MiniMax's old address; today's is {GLOBAL}")
        return body

    def plan(self, request: VideoRequest | str | None = None, /, **fields: Any) -> Plan:
        """Say what would be sent; see `VideoGenerator.plan`."""
        plan = super().plan(request, **fields)
        return replace(plan, expected=_protocol(plan.model).expected(plan.expected))

    # --- a job ----------------------------------------------------------------------------------

    def _speaking(self, model: str) -> MinimaxGenerator:
        """Return this generator, bound to the protocol of a model."""
        self._need_key()
        _ = self.api, self._uploaded, self.capabilities  # made once, and shared
        bound = copy.copy(self)
        bound.protocol = _protocol(model)
        bound.semantics = bound.protocol.semantics
        return bound

    def _make(self, plan: Plan, on_event: Any, job_id: str) -> Any:
        return super(MinimaxGenerator, self._speaking(plan.model))._make(plan, on_event, job_id)

    def resume(self, record: JobRecord, on_event: Any = None, *, check: bool = True) -> Any:
        """Take a job up again; see `RemoteVideoGenerator.resume`."""
        bound = self._speaking(record.model)
        return super(MinimaxGenerator, bound).resume(record, on_event, check=check)

    def _of(self, ref: RemoteRef) -> Protocol:
        return {V1.name: V1, V2.name: V2}.get(str(ref.data.get("api")), self.protocol)

    async def prepare(self, plan: Plan) -> Mapping[str, Any]:
        """Read the pictures, and upload what is large; see `RemoteVideoGenerator.prepare`."""
        uploads = _protocol(plan.model).uploads
        packed: dict[str, Any] = await Outbox(self.api, self._uploaded, uploads=uploads).packed(
            plan.native
        )
        return packed

    async def submit(self, plan: Plan, key: str) -> RemoteRef:
        """Create the job, with one request; MiniMax knows no key of ours."""
        del key
        return await _protocol(plan.model).create(self._desk, plan.native)

    async def poll(self, ref: RemoteRef) -> Poll:
        """Ask how far it is."""
        return await self._of(ref).poll(self._desk, ref)

    async def fetch(self, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Say where the video is now, by a fresh link."""
        return await self._of(ref).fetch(self._desk, ref)

    async def cancel(self, ref: RemoteRef) -> Poll | None:
        """Cancel it, if it waits still; v2 only."""
        return await self._of(ref).cancel(self._desk, ref)

    async def lookup(self, plan: Plan, key: str, since: float) -> RemoteRef | None:
        """Find a job whose answer was lost; v2 only."""
        del key
        return await _protocol(plan.model).lookup(self._desk, plan, since)

    # --- being ready ----------------------------------------------------------------------------

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether there is a key and, if `deep`, whether MiniMax takes it. Starts nothing."""
        if self.settings.api_key is None:
            return Availability(ok=False, reasons=(_NO_KEY,), remedies=(_GET_ONE,))
        if not deep:
            return Availability(ok=True)
        try:
            self.ask(self._knock())
        except QuotaExceededError as error:
            return Availability(ok=error.kind != "credits", reasons=(self.scrub(error.message),))
        except VideoGenerationError as error:
            remedies = (error.remedy,) if error.remedy else ()
            return Availability(ok=False, reasons=(self.scrub(error.message),), remedies=remedies)
        return Availability(ok=True)

    async def _knock(self) -> None:
        """List one job: it starts nothing, and needs the key."""
        params = {"page_num": "1", "page_size": "1"}
        reply = await self.api.request("GET", "/v2/query/video_generation", params=params)
        try:
            good(reply, self.api)
        except JobNotFoundError as error:
            msg = f"{self.base_url} is no address of MiniMax's API: {error.message}"
            raise BackendUnavailableError(msg, remedy=f"set base_url to {GLOBAL}") from None

    def _need_key(self) -> None:
        if self.settings.api_key is None:
            raise BackendUnavailableError(
                _NO_KEY, backend=self.name, code="no_key", remedy=_GET_ONE
            )


def _protocol(model: str) -> Protocol:
    return V2 if is_v2(model) else V1
