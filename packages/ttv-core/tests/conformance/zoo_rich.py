"""A backend at a vendor with all that vendors have, as it should be; and that vendor."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict
from zoo_remote import KINDS, TABLE, ZooGenerator
from zoo_vendor import KEY, ZooVendor

from ttv_core import (
    BackendUnavailableError,
    Capabilities,
    ContentRejectedError,
    InvalidInputError,
    Poll,
    RemoteRef,
    SubmitSemantics,
)
from ttv_core.http import mapping
from ttv_core.jobs import IdempotencyKey, Lookup
from ttv_core.testing import Fault

BIG = TABLE["models"][0] | {"durations": {"choices": [1, 2, 5], "default": 1}}
SMALL = BIG | {"id": "zoo-2", "modes": ["text_to_video"], "inputs": {}, "durations": [1]}
EVIDENCE = "https://zoo.example/jobs"


class RichVendor(ZooVendor):
    """Knows models, uploads, keys and a loop; takes three jobs at once; stops what waits only."""

    MOST = 3

    def __init__(self, states=("queued", "running", "done"), video=b""):
        super().__init__(states, video)
        self.uploads = {}

    def routes(self):
        return [
            ("upload", "POST", "/pictures", self.keep),
            ("lookup", "GET", "/videos", self.look_up),
            *super().routes(),
        ]

    async def keep(self, request):
        if refused := self.refuse(request):
            return refused
        data = await request.read()
        if not data.startswith((b"\x89PNG", b"\xff\xd8")):
            return web.json_response({"error": "no picture"}, status=400)
        name = f"picture-{len(self.uploads) + 1}"
        self.uploads[name] = hashlib.sha256(data).hexdigest()
        return web.json_response({"id": name})

    async def create(self, request):
        if refused := self.refuse(request):
            return refused
        body = await request.json()
        key = request.headers.get("Idempotency-Key")
        if key in self.by_key:
            return web.json_response({"id": self.by_key[key].id})
        status, wrong = self.objection(body)
        if wrong:
            return web.json_response({"error": wrong}, status=status)
        task = self.accept(body)
        if key is not None:
            self.by_key[key] = task
        return web.json_response({"id": task.id})

    def objection(self, body):
        known = {"model", "text", "seconds", "ratio", "tier", "seed", "sound", "avoid", "picture"}
        if not {"model", "text"} <= body.keys() <= known | {"loop"}:
            return 422, "fields"
        if body["model"] not in {"zoo-1", "zoo-2"}:
            return 422, "model"
        if body.get("picture", "picture-1") not in {"picture-1", *self.uploads}:
            return 422, "picture"
        states = [task.states[0] for task in self.tasks.values()]
        if sum(state in {"queued", "running"} for state in states) >= self.MOST:
            return 429, "too many at once"
        return 200, ""

    async def look_up(self, request):
        if refused := self.refuse(request):
            return refused
        task = self.by_key.get(request.query["key"])
        return web.json_response({"videos": [] if task is None else [task.id]})

    def told(self, task, state):
        said = super().told(task, state)
        if said["state"] == "done":
            said["cents"] = 10 * task.request["seconds"]
        return said

    async def delete(self, request):
        if refused := self.refuse(request):
            return refused
        task = self.tasks[request.match_info["id"]]
        if task.states[0] not in {"queued", "cancelled"}:
            return web.json_response({"error": "it runs"}, status=409)
        task.states.clear()
        task.states.append("cancelled")
        return web.json_response({"id": task.id})


class RichOptions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    loop: Literal["never", "always"] | None = None


class RichGenerator(ZooGenerator):
    """Right in all that the kit looks at; a lost job is found by its key."""

    Options = RichOptions
    models = Capabilities.model_validate({**TABLE, "models": [BIG, SMALL]})
    semantics = SubmitSemantics(
        definite_reject=frozenset({400, 401, 402, 422, 429}),
        lookup=Lookup(settle=1, absence_is_proof=True),
        cancel=True,
        evidence=EVIDENCE,
    )

    def native(self, request, model):
        loop = request.options.loop
        more = {} if loop is None else {"loop": loop}
        return {**super().native(request, model), "model": model.id, **more}

    def said(self, reply):
        if reply.status == 422 and b"moderation" in reply.body:
            raise ContentRejectedError(
                "zoo does not like the prompt", stage="input", status_code=422
            )
        if reply.status == 409:
            raise InvalidInputError("it is too late", status_code=409)
        return super().said(reply)

    async def prepare(self, plan):
        picture = plan.native.get("picture")
        if picture is None:
            return plan.native
        return {**plan.native, "picture": await self.uploaded(picture.read())}

    async def uploaded(self, data):
        return self.said(await self.api.request("POST", "/pictures", data=data))["id"]

    async def submit(self, plan, key):
        headers = {"Idempotency-Key": key}
        reply = await self.api.create("/videos", json=plan.native, headers=headers)
        return RemoteRef(self.said(reply)["id"])

    async def lookup(self, plan, key, since):
        reply = await self.api.request("GET", "/videos", params={"key": key})
        found = mapping(reply.json()).get("videos") if reply.ok else None
        if not isinstance(found, list):
            raise BackendUnavailableError("zoo said something else", retryable=True)
        return RemoteRef(found[0]) if found else None

    def read(self, said):
        found = super().read(said)
        cents = said.get("cents")
        cost = None if cents is None else Decimal(cents) / 100
        return Poll(
            state=found.state,
            word=found.word,
            fraction=found.fraction,
            error=found.error,
            cost=cost,
        )

    async def cancel(self, ref):
        self.said(await self.api.request("DELETE", f"/videos/{ref.id}"))


class RichKeyedGenerator(RichGenerator):
    """A create may be repeated under its key, too."""

    semantics = SubmitSemantics(
        definite_reject=frozenset(KINDS),
        idempotency=IdempotencyKey(lifetime=3600),
        lookup=Lookup(settle=1),
        cancel=True,
        evidence=EVIDENCE,
    )


class RichWords:
    generator = RichGenerator
    settings = {"api_key": KEY}
    plugin = "zoo_plugin"
    simulator = RichVendor
    waiting, running, done, failed = "queued", "running", "done", "failed"
    filtered = {"id": "-", "state": "failed", "code": "moderation"}
    refused = Fault(kind="status", status=422, body=b'{"error": "moderation"}')
    empty = {"id": "-", "state": "done", "url": None}
