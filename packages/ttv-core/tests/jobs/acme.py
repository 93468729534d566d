"""A small vendor and its backend: the core is proven on them, whole, over real sockets.

The vendor comes in three kinds, by what it lets one do about a lost answer: "keyed" knows an
idempotency key, "listed" lists its jobs with our tag, "opaque" has neither, as most have.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import ClassVar

from aiohttp import web

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
    VideoGenerationError,
)
from ttv_core.http import ApiClient
from ttv_core.jobs import IdempotencyKey, Lookup, Polling
from ttv_core.settings import SecretStr
from ttv_core.testing import Simulator

KEY = "acme-canary-0123456789abcdef"


class Acme(Simulator):
    """The vendor."""

    def __init__(self, states=("running", "done"), video=b"", *, lag=0):
        super().__init__(states, video)
        self.by_key = {}
        self.lag = lag  # how many listings a new job is missing from
        self.link = None

    def routes(self):
        return [
            ("create", "POST", "/videos", self.create),
            ("list", "GET", "/videos", self.listing),
            ("poll", "GET", "/videos/{id}", self.one),
            ("cancel", "DELETE", "/videos/{id}", self.delete),
            ("file", "GET", "/files/{id}", self.result),
            ("hop", "GET", "/hop", self.hop),
        ]

    def finish(self, state="done"):
        """Let every job end so: those that it has, and those of creates that still come."""

        async def finished():
            self.states = [state]
            for task in self.tasks.values():
                task.states.append(state)

        asyncio.run_coroutine_threadsafe(finished(), self._loop).result(60)

    def refuse(self, request):
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"code": "auth"}, status=401)
        return None

    async def create(self, request):
        if refused := self.refuse(request):
            return refused
        body = await request.json()
        if not {"text", "seconds", "tag"} <= body.keys() <= {"text", "seconds", "tag", "seed"}:
            return web.json_response({"code": "fields"}, status=422)
        key = request.headers.get("Idempotency-Key")
        if key is not None and key in self.by_key:
            return web.json_response({"id": self.by_key[key]})
        task = self.accept(body, unseen=self.lag)
        if key is not None:
            self.by_key[key] = task.id
        return web.json_response({"id": task.id})

    async def listing(self, request):
        if refused := self.refuse(request):
            return refused
        seen = []
        for task in self.tasks.values():
            if task.facts["unseen"] > 0:
                task.facts["unseen"] -= 1
            else:
                seen.append({"id": task.id, "tag": task.request["tag"]})
        return web.json_response(seen)

    async def one(self, request):
        if refused := self.refuse(request):
            return refused
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return web.json_response({"code": "gone"}, status=404)
        state = task.next()
        said = {"state": state, "progress": 0.5 if state == "running" else None, "cost": "0.20"}
        if state == "done":
            said["url"] = self.link or f"{self.url}/files/{task.id}"
        if isinstance(state, dict):
            said |= state
        return web.json_response(said)

    async def delete(self, request):
        if refused := self.refuse(request):
            return refused
        task = self.tasks[request.match_info["id"]]
        if task.states[0] == "done":
            return web.json_response({"code": "late"}, status=409)
        task.states.clear()
        task.states.append("cancelled")
        return web.Response(status=204)

    async def result(self, request):
        return await self.file(request)

    async def hop(self, request):
        raise web.HTTPFound(request.query["to"])


class AcmeSettings(RemoteSettings):
    environment: ClassVar = {"api_key": ("ACME_API_KEY",)}
    api_key: SecretStr | None = None


EVIDENCE = "the vendor above"
DEFINITE = frozenset({400, 401, 402, 403, 404, 422, 429})
QUICK = Polling(floor=0.01, ceiling=0.05)


class AcmeGenerator(RemoteVideoGenerator):
    """The backend, for an opaque vendor."""

    name = "acme"
    Settings = AcmeSettings
    semantics = SubmitSemantics(
        definite_reject=DEFINITE, evidence=EVIDENCE, polling=QUICK, cancel=True, not_found_grace=0.3
    )
    models = Capabilities.model_validate(
        {
            "backend": "acme",
            "kind": "remote",
            "models": [
                {
                    "id": "acme-1",
                    "durations": [1, 2, 5],
                    "fps": 24,
                    "seed": {"maximum": 99},
                    "inputs": {"first_frame": {}},
                    "modes": ["text_to_video", "image_to_video"],
                    "prices": [{"basis": "second", "amount": "0.10", "source": "acme"}],
                }
            ],
        }
    )

    def native(self, request, model):
        found = {"text": request.prompt, "seconds": request.duration}
        if request.first_frame is not None:
            found["image"] = request.first_frame
        if request.seed is not None:
            found["seed"] = request.seed
        return found

    @property
    def api(self):
        key = self.settings.api_key.get_secret_value() if self.settings.api_key else ""
        return ApiClient(
            self.base_url, headers={"Authorization": f"Bearer {key}"}, backend=self.name
        )

    def said(self, reply):
        """Return the body of a good answer, or raise what the vendor means."""
        if reply.ok:
            body = reply.json()
            if not isinstance(body, dict | list):
                raise VideoGenerationError("acme sent no JSON", code="no_json", retryable=True)
            return body
        code = (reply.json() or {}).get("code") if isinstance(reply.json(), dict) else None
        facts = {"status_code": reply.status, "code": code, "retry_after": reply.retry_after}
        kind = {
            401: AuthenticationError,
            402: QuotaExceededError,
            404: JobNotFoundError,
            409: InvalidInputError,
            422: InvalidInputError,
            429: QuotaExceededError,
        }.get(reply.status, BackendUnavailableError)
        if reply.status == 402:
            facts["kind"] = "credits"
        raise kind(f"acme says {reply.status}", **facts)

    async def prepare(self, plan):
        native = dict(plan.native)
        if image := native.pop("image", None):
            native["text"] += f" from {len(image.read())} bytes"
        return native

    async def submit(self, plan, key):
        said = self.said(await self.api.create("/videos", json={**plan.native, "tag": key}))
        return RemoteRef(said.get("id") or "", {"kept": True})

    async def poll(self, ref):
        said = self.said(await self.api.request("GET", f"/videos/{ref.id}"))
        state = said["state"]
        if state == "failed":
            error = GenerationFailedError("acme could not", charged="no")
            return Poll(state="failed", error=error)
        if state == "filtered":
            error = ContentRejectedError("no foxes", stage="output", charged="yes")
            return Poll(state="failed", error=error)
        known = {"running", "done", "cancelled", "queued"}
        return Poll(
            state=state if state in known else "unknown",
            word=str(state),
            fraction=said.get("progress"),
            cost=Decimal(said["cost"]) if state == "done" else None,
        )

    async def fetch(self, ref):
        said = self.said(await self.api.request("GET", f"/videos/{ref.id}"))
        return [RemoteFile(url=said["url"])] if said.get("url") else []

    async def cancel(self, ref):
        reply = await self.api.request("DELETE", f"/videos/{ref.id}")
        if not reply.ok:
            self.said(reply)


class Keyed(AcmeGenerator):
    """The backend, for a vendor that knows an idempotency key."""

    semantics = SubmitSemantics(
        idempotency=IdempotencyKey(lifetime=3600),
        definite_reject=DEFINITE,
        evidence=EVIDENCE,
        polling=QUICK,
        cancel=True,
    )

    async def submit(self, plan, key):
        said = self.said(
            await self.api.create(
                "/videos", json={**plan.native, "tag": "-"}, headers={"Idempotency-Key": key}
            )
        )
        return RemoteRef(said.get("id") or "")


class Listed(AcmeGenerator):
    """The backend, for a vendor that lists its jobs with our tag."""

    semantics = SubmitSemantics(
        lookup=Lookup(settle=1.0, absence_is_proof=True),
        definite_reject=DEFINITE,
        evidence=EVIDENCE,
        polling=QUICK,
        cancel=True,
    )

    async def lookup(self, plan, key, since):
        said = self.said(await self.api.request("GET", "/videos"))
        found = [item["id"] for item in said if item["tag"] == key]
        return RemoteRef(found[0]) if found else None


KINDS = {"opaque": AcmeGenerator, "keyed": Keyed, "listed": Listed}
