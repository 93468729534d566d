"""Submit, poll, fetch, cancel and lookup, as version 1 has them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from ttv_core import (
    AuthenticationError,
    Availability,
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
from ttv_core.jobs import Lookup, Polling
from ttv_core.settings import SecretStr

ERRORS = {
    401: AuthenticationError,
    402: QuotaExceededError,
    404: JobNotFoundError,
    409: InvalidInputError,
    422: InvalidInputError,
}


class FrozenSettings(RemoteSettings):
    environment: ClassVar = {"api_key": ("FROZEN_API_KEY",)}
    api_key: SecretStr | None = None
    region: str | None = None
    frozen_dir: str | None = None
    frozen_steps: int | None = None


class FrozenOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    strength: float | None = None


class FrozenGenerator(RemoteVideoGenerator):
    """The vendor's backend."""

    name = "frozen"
    Settings = FrozenSettings
    Options = FrozenOptions
    default_base_url = "https://frozen.example"
    semantics = SubmitSemantics(
        lookup=Lookup(settle=0.05, absence_is_proof=False),
        definite_reject=frozenset({400, 401, 402, 422}),
        evidence="https://frozen.example/errors",
        polling=Polling(floor=0.01, ceiling=0.05),
        cancel=True,
    )
    models = Capabilities.model_validate(
        {
            "backend": "frozen",
            "kind": "remote",
            "models": [
                {
                    "id": "frozen-1",
                    "modes": ["text_to_video", "image_to_video"],
                    "durations": [1, 2, 5],
                    "fps": 24,
                    "seed": {"maximum": 99},
                    "inputs": {"first_frame": {}},
                    "prices": [
                        {
                            "basis": "second",
                            "amount": "0.10",
                            "source": "https://frozen.example/prices",
                            "as_of": "2026-11-20",
                        }
                    ],
                }
            ],
        }
    )

    def availability(self, *, deep: bool = False) -> Availability:
        if self.settings.api_key is None:
            return Availability(False, ("no key",), ("export FROZEN_API_KEY=…",))
        return Availability(True)

    def native(self, request, model):
        found = {"text": request.prompt, "seconds": request.duration}
        if request.first_frame is not None:
            found["image"] = request.first_frame
        if request.seed is not None:
            found["seed"] = request.seed
        if request.options.strength is not None:
            found["strength"] = request.options.strength
        return found

    async def prepare(self, plan):
        native = dict(plan.native)
        if image := native.pop("image", None):
            native["image_bytes"] = len(image.read())
        return native

    async def submit(self, plan, key):
        said = await self._asked("POST", "/videos", json={**plan.native, "tag": key})
        return RemoteRef(said["id"], {"kept": True})

    async def lookup(self, plan, key, since):
        for item in await self._asked("GET", "/videos"):
            if item["tag"] == key:
                return RemoteRef(item["id"])
        return None

    async def poll(self, ref):
        said = await self._asked("GET", f"/videos/{ref.id}")
        errors = {
            "failed": GenerationFailedError("the vendor could not", charged="no"),
            "filtered": ContentRejectedError("no foxes", stage="output", charged="yes"),
        }
        word = said["state"]
        state = "failed" if word in errors else word
        return Poll(
            state=state if state in {"queued", "running", "done", "failed", "cancelled"} else "unknown",
            word=word,
            fraction=said.get("progress"),
            error=errors.get(word),
            cost=Decimal("0.20") if word == "done" else None,
        )

    async def fetch(self, ref):
        return [RemoteFile(url=f"{self.base_url}/files/{ref.id}")]

    async def cancel(self, ref):
        await self._asked("DELETE", f"/videos/{ref.id}")

    async def _asked(self, method, path, **how):
        key = self.settings.api_key.get_secret_value() if self.settings.api_key else ""
        api = ApiClient(self.base_url, headers={"Authorization": f"Bearer {key}"}, backend=self.name)
        reply = await (api.create(path, **how) if how else api.request(method, path))
        if not reply.ok:
            kind = ERRORS.get(reply.status, GenerationFailedError)
            raise kind(f"the vendor says {reply.status}", status_code=reply.status)
        return reply.json()
