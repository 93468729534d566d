"""The vendor of the zoo: small, strict, and in percent."""

from __future__ import annotations

from aiohttp import web

from ttv_core.testing import Simulator

KEY = "zoo-canary-0123456789abcdef"
NEEDED = {"text", "seconds", "ratio", "tier"}
ALLOWED = NEEDED | {"seed", "sound", "avoid", "picture"}


class ZooVendor(Simulator):
    """States are words, or dictionaries that the answer to a poll is made of."""

    def routes(self):
        return [
            ("create", "POST", "/videos", self.create),
            ("poll", "GET", "/videos/{id}", self.one),
            ("cancel", "DELETE", "/videos/{id}", self.delete),
            ("file", "GET", "/files/{id}", self.result),
        ]

    def __init__(self, states=("words", "of", "another vendor"), video=b""):
        super().__init__(states, video)
        self.by_key = {}

    def refuse(self, request):
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": "no such key"}, status=401)
        return None

    async def create(self, request):
        if refused := self.refuse(request):
            return refused
        body = await request.json()
        if not NEEDED <= body.keys() <= ALLOWED:
            return web.json_response({"error": "fields"}, status=422)
        key = request.headers.get("Idempotency-Key")
        task = self.by_key.get(key) or self.accept(body)
        if key is not None:
            self.by_key[key] = task
        return web.json_response({"id": task.id})

    async def one(self, request):
        if refused := self.refuse(request):
            return refused
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return web.json_response({"error": "no such job"}, status=404)
        return web.json_response(self.told(task, task.next()))

    def told(self, task, state):
        link = f"{self.url}/files/{task.id}"
        said = {"state": state, "percent": {"running": 50, "done": 100}.get(str(state), 0)}
        said |= {"url": link} if state == "done" else {}
        return {"id": task.id, "preview": link} | (state if isinstance(state, dict) else said)

    async def delete(self, request):
        if refused := self.refuse(request):
            return refused
        task = self.tasks[request.match_info["id"]]
        task.states.clear()
        task.states.append("cancelled")
        return web.Response(status=204)

    async def result(self, request):
        return await self.file(request)
