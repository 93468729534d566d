"""Lantern as a ttv backend."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from typing import Any, ClassVar, Final

import ttv_core as ttv
from ttv_core.http import ApiClient, Reply, as_id, mapping
from ttv_core.jobs import IdempotencyKey, Polling
from ttv_core.settings import ApiKey

_STATES: Final[dict[str, Any]] = {
    "waiting": "queued",
    "playing": "running",
    "over": "done",
    "broken": "failed",
    "stopped": "cancelled",
}
_ERRORS: Final[dict[int, type[ttv.VideoGenerationError]]] = {
    401: ttv.AuthenticationError,
    404: ttv.JobNotFoundError,
    429: ttv.QuotaExceededError,
}
_SETUP: Final = "python -m ttv_lantern opens Lantern, and prints what to set"


class LanternSettings(ttv.RemoteSettings):
    """Settings of `backends.lantern`."""

    environment: ClassVar = {"api_key": ["LANTERN_API_KEY"], "base_url": ["LANTERN_BASE_URL"]}
    api_key: ApiKey | None = None


class LanternGenerator(ttv.RemoteVideoGenerator):
    """Has pictures shown at Lantern."""

    name = "lantern"
    Settings = LanternSettings
    models = ttv.models_from(files(__package__) / "models.yaml")
    settings: LanternSettings
    semantics = ttv.SubmitSemantics(
        idempotency=IdempotencyKey(lifetime=24 * 3600),
        definite_reject=frozenset(range(400, 500)),
        cancel=True,
        polling=Polling(floor=0.2, ceiling=2),
        evidence="ttv_lantern/lantern.py",
    )

    @cached_property
    def api(self) -> ApiClient:
        """The vendor, with the key."""
        key = self.settings.api_key.get_secret_value() if self.settings.api_key else ""
        return ApiClient(self.base_url, headers={"X-Api-Key": key}, backend=self.name)

    def native(self, request: ttv.ResolvedRequest, model: ttv.ModelCapabilities) -> dict[str, Any]:
        """Return the body of the create."""
        body = {"slides": model.id, "text": request.prompt, "seconds": request.duration}
        body |= {"width": request.width, "height": request.height}
        return body if request.seed is None else {**body, "seed": request.seed}

    async def submit(self, plan: ttv.Plan, key: str) -> ttv.RemoteRef:
        """Order the show; with the same key, Lantern answers with the same show."""
        body = dict(plan.native)
        said = _good(await self.api.create("/shows", json=body, headers={"Idempotency-Key": key}))
        if not (show := as_id(said.get("id"))):
            raise ttv.SubmissionUncertainError("Lantern named no show", code="no_id")
        return ttv.RemoteRef(show)

    async def poll(self, ref: ttv.RemoteRef) -> ttv.Poll:
        """Ask how far the show is."""
        return _poll(_good(await self.api.request("GET", f"/shows/{ref.id}")))

    async def fetch(self, ref: ttv.RemoteRef) -> list[ttv.RemoteFile]:
        """Say where the film is."""
        film = _good(await self.api.request("GET", f"/shows/{ref.id}")).get("film")
        if not isinstance(film, str) or not film.startswith("/"):
            raise ttv.DownloadError(f"show {ref.id} has no film", code="no_result", retryable=False)
        return [ttv.RemoteFile(url=f"{self.base_url}{film}")]

    async def cancel(self, ref: ttv.RemoteRef) -> ttv.Poll:
        """Stop the show, unless it is over."""
        return _poll(_good(await self.api.request("DELETE", f"/shows/{ref.id}")))

    def availability(self, *, deep: bool = False) -> ttv.Availability:
        """Say whether it is known where Lantern is, with which key and, if `deep`, whether open."""
        if not self.base_url or self.settings.api_key is None:
            return ttv.Availability(ok=False, reasons=("not set up",), remedies=(_SETUP,))
        try:
            _ = deep and _good(self.ask(self.api.request("GET", "/")))
        except ttv.VideoGenerationError as error:
            return ttv.Availability(ok=False, reasons=(error.message,), remedies=(_SETUP,))
        return ttv.Availability(ok=True)


def _good(reply: Reply) -> dict[str, Any]:
    """Return the answer, or raise what it means."""
    body, status = mapping(reply.json()), reply.status
    if reply.ok and body:
        return body
    usual = ttv.InvalidInputError if 400 <= status < 500 else ttv.BackendUnavailableError
    code = str(body.get("error") or f"http_{status}")
    facts: dict[str, Any] = {"code": code, "status_code": status, "retry_after": reply.retry_after}
    facts |= {"retryable": True} if status == 429 or usual is ttv.BackendUnavailableError else {}
    raise _ERRORS.get(status, usual)(f"Lantern says: {code}", **facts)


def _poll(said: dict[str, Any]) -> ttv.Poll:
    word, done = str(said.get("state")), said.get("done")
    state, code = _STATES.get(word, "unknown"), str(said.get("why") or "broken")
    kind = ttv.ContentRejectedError if code == "too_bright" else ttv.GenerationFailedError
    error = kind(f"the show broke: {code}", code=code) if state == "failed" else None
    fraction = float(done) if isinstance(done, int | float) else None
    return ttv.Poll(state=state, word=word, fraction=fraction, error=error)
