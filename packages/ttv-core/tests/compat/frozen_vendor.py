"""What the frozen backend speaks to: a vendor that lists its jobs and keeps them."""

from __future__ import annotations

from collections import deque

from aiohttp import web

from ttv_core.testing import Simulator
from ttv_core.testing.simulator import Task

KEY = "frozen-key-0123456789"


class FrozenVendor(Simulator):
    """The vendor."""

    def routes(self):
        return [
            ("create", "POST", "/videos", self.create),
            ("list", "GET", "/videos", self.listing),
            ("poll", "GET", "/videos/{id}", self.one),
            ("cancel", "DELETE", "/videos/{id}", self.stop),
            ("file", "GET", "/files/{id}", self.file),
        ]

    def has(self, job_id, tag, *states):
        """Have a job of an earlier life."""
        self.tasks[job_id] = Task(job_id, {"tag": tag}, deque(states))

    async def create(self, request):
        if request.headers["Authorization"] != f"Bearer {KEY}":
            return web.json_response({}, status=401)
        return web.json_response({"id": self.accept(await request.json()).id})

    async def listing(self, request):
        return web.json_response(
            [{"id": task.id, "tag": task.request["tag"]} for task in self.tasks.values()]
        )

    async def one(self, request):
        state = self.tasks[request.match_info["id"]].next()
        return web.json_response({"state": state, "progress": 0.5})

    async def stop(self, request):
        states = self.tasks[request.match_info["id"]].states
        states.clear()
        states.append("cancelled")
        return web.json_response({})
