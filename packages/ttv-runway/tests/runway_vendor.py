"""Runway on loopback, as strict as it is, and the backend that talks to it quickly."""

from __future__ import annotations

import dataclasses
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from runway_sdk_types import problems

from ttv_core.jobs import Polling
from ttv_core.testing import Simulator
from ttv_runway.generator import RunwayGenerator

KEY = "key_canary0123456789abcdef"
PROMPTS = {"gen4.5": 1000, "gen4_turbo": 1000, "veo3.1": 1000, "veo3.1_fast": 1000}
PROMPTS |= {"happyhorse_1_0": 2500}
SECONDS = {"gen4.5": range(2, 11), "gen4_turbo": range(2, 11)}
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}


class Runway(Simulator):
    """The vendor: states are its own words, or whole answers about a task."""

    def __init__(self, states=("PENDING", "RUNNING", "SUCCEEDED"), video=b""):
        super().__init__(states, video)
        self.credits = 60
        self.balance = 1234
        self.links = 0
        self.expired: set[str] = set()
        self.slots: dict[str, bytes | None] = {}
        self.bucket: str | None = None

    def routes(self):
        creates = [
            ("create", "POST", f"/v1/{endpoint}", self.create)
            for endpoint in ("text_to_video", "image_to_video", "video_to_video")
        ]
        return [
            *creates,
            ("poll", "GET", "/v1/tasks/{id}", self.task),
            ("cancel", "DELETE", "/v1/tasks/{id}", self.delete),
            ("slot", "POST", "/v1/uploads", self.slot),
            ("bucket", "POST", "/bucket/{id}", self.fill),
            ("organization", "GET", "/v1/organization", self.organization),
            ("file", "GET", "/files/{id}", self.result),
        ]

    def refuse(self, request):
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        if request.headers.get("X-Runway-Version") != "2024-11-06":
            return web.json_response({"error": "X-Runway-Version is missing"}, status=400)
        return None

    async def create(self, request):
        if refused := self.refuse(request):
            return refused
        body = await request.json()
        endpoint = request.path.rpartition("/")[2]
        if wrong := [*problems(endpoint, body), *self.values(body)]:
            issues = [
                {"path": text.partition(":")[0].split("."), "message": text} for text in wrong
            ]
            said = {"error": "Validation of body failed", "issues": issues}
            page = "https://docs.dev.runwayml.com/errors/errors"
            return web.json_response(said | {"docUrl": page}, status=400)
        task = self.accept(body)
        return web.json_response({"id": task.id, "estimatedCost": {"credits": self.credits}})

    def values(self, body):
        """Find what types cannot say."""
        model, seconds = body.get("model"), body.get("duration")
        text = body.get("promptText", "")
        if "promptText" in body and not text:
            yield "promptText: empty"
        if len(text.encode("utf-16-le")) // 2 > PROMPTS.get(model, 15_000):
            yield "promptText: too long"
        if seconds is not None and seconds not in SECONDS.get(model, {seconds}):
            yield f"duration: {seconds}"
        for link in links(body):
            if link.startswith("data:"):
                if len(link) > 5_000_000:
                    yield "uri: data URI too long"
            elif link.startswith("runway://"):
                if self.slots.get(link.removeprefix("runway://")) is None:
                    yield "uri: no such upload"
            elif reason := bad_link(link):
                yield f"uri: {reason}"

    def said(self, task, state):
        """Return what the vendor says of a task."""
        if isinstance(state, dict):
            return {"id": task.id, "createdAt": "2026-11-23T12:00:00Z"} | state
        said = {"id": task.id, "status": state, "createdAt": "2026-11-23T12:00:00Z"}
        if state in FINAL:
            said["cost"] = {"credits": self.credits if state == "SUCCEEDED" else 0}
        else:
            said["estimatedCost"] = {"credits": self.credits}
        if state == "RUNNING":
            said["progress"] = 0.5
        if state == "SUCCEEDED":
            self.links += 1
            said["output"] = [f"{self.url}/files/{task.id}?sig={self.links}"]
        return said

    async def task(self, request):
        if refused := self.refuse(request):
            return refused
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return web.json_response({"error": "Task not found"}, status=404)
        return web.json_response(self.said(task, task.next()))

    async def delete(self, request):
        if refused := self.refuse(request):
            return refused
        if self.tasks.pop(request.match_info["id"], None) is None:
            return web.json_response({"error": "Task not found"}, status=404)
        return web.Response(status=204)

    async def slot(self, request):
        if refused := self.refuse(request):
            return refused
        body = await request.json()
        if body.keys() != {"filename", "type"} or body["type"] != "ephemeral":
            return web.json_response({"error": "fields"}, status=400)
        name = f"slot-{len(self.slots) + 1}"
        self.slots[name] = None
        return web.json_response(
            {
                "uploadUrl": self.bucket or f"{self.url}/bucket/{name}",
                "fields": {"policy": "p", "signature": f"s-{name}"},
                "runwayUri": f"runway://{name}",
            }
        )

    async def fill(self, request):
        name = request.match_info["id"]
        if "Authorization" in request.headers or self.slots.get(name, b"") is not None:
            return web.Response(status=403)
        parts = form(request.headers["Content-Type"], await request.read())
        data = parts.get("file", b"")
        if list(parts)[-1] != "file" or parts["signature"] != f"s-{name}".encode():
            return web.Response(status=403)
        if not 512 <= len(data) <= 200_000_000:
            return web.Response(status=400)
        self.slots[name] = data
        return web.Response(status=204)

    async def organization(self, request):
        if refused := self.refuse(request):
            return refused
        said = {"creditBalance": self.balance, "tier": {"models": {}}, "usage": {"models": {}}}
        return web.json_response(said)

    async def result(self, request):
        if request.query.get("sig") in self.expired:
            return web.Response(status=403)
        return await self.file(request)


def form(content_type, body):
    """Return the parts of a multipart form, in order."""
    boundary = b"--" + content_type.partition("boundary=")[2].encode()
    found = {}
    for part in body.split(boundary)[1:-1]:
        head, _, data = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        found[name] = data[:-2]
    return found


def links(body):
    """Return every link in a body."""
    if isinstance(body, dict):
        for name, value in body.items():
            if name in {"uri", "promptVideo", "videoUri"} and isinstance(value, str):
                yield value
            else:
                yield from links(value)
    elif isinstance(body, list):
        for value in body:
            yield from links(value)


def bad_link(link):
    parts = urlsplit(link)
    if parts.scheme != "https" or len(link) > 2048 or "." not in (parts.hostname or ""):
        return "not a link of a domain over https"
    try:
        ipaddress.ip_address(parts.hostname)
    except ValueError:
        return None
    return "an address"


class Quick(RunwayGenerator):
    """The backend, asking more often than a real vendor wants."""

    semantics = dataclasses.replace(
        RunwayGenerator.semantics, polling=Polling(floor=0.01, ceiling=0.05), not_found_grace=0.3
    )
