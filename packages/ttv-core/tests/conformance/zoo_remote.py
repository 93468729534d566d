"""A backend at the vendor of the zoo, as it should be."""

from __future__ import annotations

from typing import ClassVar

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    Capabilities,
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    JobNotFoundError,
    Poll,
    QuotaExceededError,
    RemoteFile,
    RemoteRef,
    RemoteSettings,
    RemoteVideoGenerator,
    SubmitSemantics,
)
from ttv_core.http import ApiClient
from ttv_core.jobs import IdempotencyKey
from ttv_core.settings import SecretStr

KINDS = {
    400: InvalidInputError,
    401: AuthenticationError,
    403: AuthenticationError,
    404: JobNotFoundError,
    413: InvalidInputError,
    422: InvalidInputError,
    429: QuotaExceededError,
}
PRICE = {"basis": "second", "amount": "0.10", "source": "zoo.example", "as_of": "2026-11-20"}
TABLE = {
    "backend": "zoo",
    "kind": "remote",
    "models": [
        {
            "id": "zoo-1",
            "modes": ["text_to_video", "image_to_video"],
            "inputs": {"first_frame": {}},
            "durations": [1, 2, 5],
            "canvas": {"aspect_ratios": ["16:9", "9:16"], "resolutions": ["480p", "720p"]},
            "negative_prompt": True,
            "seed": {"maximum": 99},
            "audio": "optional",
            "prices": [PRICE],
        },
        {"id": "zoo-0", "status": "retired", "successor": "zoo-1"},
    ],
}


class ZooSettings(RemoteSettings):
    environment: ClassVar = {"api_key": ("ZOO_API_KEY",)}
    api_key: SecretStr | None = None


class ZooGenerator(RemoteVideoGenerator):
    """Right in all that the kit looks at."""

    name = "zoo"
    Settings = ZooSettings
    models = Capabilities.model_validate(TABLE)
    semantics = SubmitSemantics(
        definite_reject=frozenset(KINDS), cancel=True, evidence="https://zoo.example/errors"
    )

    def native(self, request, model):
        found = {
            "text": request.prompt,
            "seconds": request.duration or 1,
            "ratio": request.aspect_ratio or "16:9",
            "tier": request.resolution or "480p",
            "seed": request.seed,
            "sound": request.audio,
            "avoid": request.negative_prompt,
            "picture": request.first_frame,
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def key(self):
        return self.settings.api_key.get_secret_value() if self.settings.api_key else ""

    @property
    def api(self):
        headers = {"Authorization": f"Bearer {self.key}"}
        return ApiClient(self.base_url, headers=headers, backend=self.name)

    def said(self, reply):
        """Return the answer, or raise what it means."""
        said = reply.json() if reply.ok else None
        if isinstance(said, dict) and "id" in said:
            return said
        if reply.ok:
            raise BackendUnavailableError("zoo said something else", retryable=True)
        kind = KINDS.get(reply.status, BackendUnavailableError)
        facts = {"status_code": reply.status, "retry_after": reply.retry_after}
        facts |= {} if kind is QuotaExceededError else {"retryable": reply.status >= 500}
        facts |= {} if reply.status in KINDS else {"charged": "unknown"}
        raise kind(f"zoo says {reply.status}", **facts)

    async def prepare(self, plan):
        picture = plan.native.get("picture")
        return {**plan.native, **({} if picture is None else {"picture": picture.read().hex()})}

    async def create(self, native):
        return self.said(await self.api.create("/videos", json=native))

    async def submit(self, plan, key):
        return RemoteRef((await self.create(plan.native))["id"])

    async def ask_for(self, ref):
        return self.said(await self.api.request("GET", f"/videos/{ref.id}"))

    def read(self, said):
        """Return what an answer says of a job."""
        word = said.get("state")
        known = {"queued", "running", "done", "cancelled", "failed"}
        return Poll(
            state=word if word in known else "unknown",
            word=str(word),
            fraction=(said.get("percent") or 0) / 100,
            error=self.failure(said) if word == "failed" else None,
        )

    def failure(self, said):
        if said.get("code") == "moderation":
            return ContentRejectedError("zoo took it away", stage="output", charged="yes")
        return GenerationFailedError("zoo could not", charged="no")

    async def poll(self, ref):
        return self.read(await self.ask_for(ref))

    async def fetch(self, ref):
        said = await self.ask_for(ref)
        return [RemoteFile(url=said["url"])] if said.get("url") else []

    async def cancel(self, ref):
        await self.api.request("DELETE", f"/videos/{ref.id}")


class KeyedGenerator(ZooGenerator):
    """The vendor knows a repeated create by its key, and cancels nothing."""

    semantics = SubmitSemantics(
        definite_reject=frozenset(KINDS),
        idempotency=IdempotencyKey(lifetime=3600),
        evidence="https://zoo.example/keys",
    )

    async def submit(self, plan, key):
        headers = {"Idempotency-Key": key}
        reply = await self.api.create("/videos", json=plan.native, headers=headers)
        return RemoteRef(self.said(reply)["id"])
