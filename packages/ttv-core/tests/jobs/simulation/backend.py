"""The backend of the simulated vendor, as an author would write it."""

from __future__ import annotations

import asyncio

from ttv_core.capabilities import Capabilities
from ttv_core.errors import (
    NOT_SENT,
    AuthenticationError,
    BackendUnavailableError,
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    JobNotFoundError,
    QuotaExceededError,
    VideoGenerationError,
)
from ttv_core.jobs.semantics import IdempotencyKey, Lookup, Polling, SubmitSemantics
from ttv_core.jobs.vendor import Poll, RemoteRef
from ttv_core.remote import RemoteVideoGenerator
from ttv_core.transfer import RemoteFile

from .line import Line
from .vendor import KEY_LIFETIME, PRICE, SETTLE

DEFINITE = frozenset({401, 402, 422, 429})
_FACTS = {
    "definite_reject": DEFINITE,
    "evidence": "vendor.py",
    "polling": Polling(floor=5.0, ceiling=1_800.0),
    "cancel": True,
}
SEMANTICS = {
    "keyed": SubmitSemantics(idempotency=IdempotencyKey(lifetime=KEY_LIFETIME), **_FACTS),
    "listed": SubmitSemantics(lookup=Lookup(settle=SETTLE, absence_is_proof=True), **_FACTS),
    "opaque": SubmitSemantics(**_FACTS),
}
KINDS = tuple(SEMANTICS)


class SimulatedGenerator(RemoteVideoGenerator):
    """The backend. Each process has its own."""

    models = Capabilities.model_validate(
        {
            "backend": "simulated",
            "kind": "remote",
            "models": [{"id": "s-1", "prices": [{"basis": "video", "amount": str(PRICE)}]}],
        }
    )

    def __init__(self, vendor, faults, watched):
        self.name = vendor.kind
        self.semantics = SEMANTICS[vendor.kind]
        super().__init__()
        self.vendor = vendor
        self.line = Line(vendor, faults)
        self.watched = watched

    def native(self, request, model):
        return {"text": request.prompt}

    async def prepare(self, plan):
        fault = self.line.faults.next("prepare")
        await asyncio.sleep(0.01)
        if fault is not None:
            raise VideoGenerationError("no upload", retryable=fault.how != "refused")
        return plan.native

    async def submit(self, plan, key):
        sent = self.watched.sending(self.vendor, key)
        try:
            body = await self._ask("create", lambda: self.vendor.create(key), key=key)
            return RemoteRef(body.get("id", ""))
        except VideoGenerationError as error:
            sent.definite = error.code == NOT_SENT or error.status_code in DEFINITE
            sent.not_before = self.vendor.now + (error.retry_after or 0.0)
            raise

    async def poll(self, ref):
        self.watched.polling(self.vendor, ref)
        said = await self._ask("poll", lambda: self.vendor.poll(ref.id))
        state = said["state"]
        if state == "failed":
            error = GenerationFailedError("could not", charged="no")
            return Poll(state="failed", word=state, error=error)
        if state == "filtered":
            error = ContentRejectedError("will not", stage="output", charged="yes")
            return Poll(state="failed", word=state, error=error)
        known = state in {"queued", "running", "done", "cancelled"}
        return Poll(state=state if known else "unknown", word=state)

    async def fetch(self, ref):
        said = await self._ask("fetch", lambda: self.vendor.links(ref.id))
        return [RemoteFile(url=url) for url in said.get("urls", ())]

    async def cancel(self, ref):
        await self._ask("cancel", lambda: self.vendor.cancel(ref.id))

    async def lookup(self, plan, key, since):
        said = await self._ask("lookup", self.vendor.listing)
        found = [item["id"] for item in said if item["tag"] == key]
        return RemoteRef(found[0]) if found else None

    async def _ask(self, what, serve, key=None):
        status, body, wait = await self.line.ask(what, serve, key)
        if 200 <= status < 300:
            return body
        kind = {
            401: AuthenticationError,
            402: QuotaExceededError,
            404: JobNotFoundError,
            409: InvalidInputError,
            422: InvalidInputError,
            429: QuotaExceededError,
        }.get(status, BackendUnavailableError)
        raise kind(f"the vendor says {status}", status_code=status, retry_after=wait)
