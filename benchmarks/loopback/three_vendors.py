"""Runway, Veo on Vertex AI and MiniMax in one process on loopback, for clients that wait for jobs.

A prompt says what job it is and how long that takes: "job ttv-3 takes 41.5 s". `/counts` tells for
each job when it was done, by the clock that all processes of a machine share, and how many requests
it took; those that only get a token are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web
from loopback.serving import as_json, serve

if TYPE_CHECKING:
    from collections.abc import Callable

_JOB = re.compile(r"job (?P<name>\S+) takes (?P<seconds>[\d.]+) s")


class Service:
    """Answers as the three vendors do."""

    def __init__(self, video: Path) -> None:
        self.body = video.read_bytes()
        self.inline = base64.b64encode(self.body).decode()
        self.url = ""
        self.jobs: dict[str, dict[str, float]] = {}
        self._names: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._routes: dict[str, Callable[[web.BaseRequest, Any], web.StreamResponse]] = {
            "/v1/text_to_video": self._runway_create,
            "/v1/tasks/": self._runway_task,
            "/v2/video_generation": self._minimax_create,
            "/v2/query/video_generation/": self._minimax_task,
            "/files/": self._file,
        }

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.path
        body = await request.read()
        if path == "/counts":
            return as_json(self.jobs)
        if path == "/token":
            return as_json({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})
        asked = json.loads(body) if body else {}
        if path.endswith(":predictLongRunning"):
            return self._veo_create(request, asked)
        if path.endswith(":fetchPredictOperation"):
            return self._veo_operation(asked)
        for start, handler in self._routes.items():
            if path == start or (start.endswith("/") and path.startswith(start)):
                return handler(request, asked)
        return web.json_response({"error": f"no route {path}"}, status=404)

    def _begin(self, prompt: str) -> str:
        """Create the job that a prompt names, and return its id."""
        found = _JOB.search(prompt)
        assert found is not None, prompt
        task = f"{next(self._numbers):012}"
        self._names[task] = found["name"]
        done_at = time.monotonic() + float(found["seconds"])
        self.jobs[found["name"]] = {"done_at": done_at, "requests": 1}
        return task

    def _asked(self, task: str) -> bool:
        """Count a request about a job; tell whether it is done."""
        job = self.jobs[self._names[task]]
        job["requests"] += 1
        return time.monotonic() >= job["done_at"]

    def _runway_create(self, _: web.BaseRequest, asked: Any) -> web.Response:
        return as_json({"id": self._begin(asked["promptText"]), "estimatedCost": {"credits": 60}})

    def _runway_task(self, request: web.BaseRequest, _: Any) -> web.Response:
        task = _last(request)
        said: dict[str, Any] = {"id": task, "createdAt": "2026-01-01T00:00:00Z"}
        if not self._asked(task):
            more = {"status": "RUNNING", "progress": 0.5, "estimatedCost": {"credits": 60}}
            return as_json(said | more)
        files = [f"{self.url}/files/{task}"]
        return as_json(said | {"status": "SUCCEEDED", "output": files, "cost": {"credits": 60}})

    def _veo_create(self, request: web.BaseRequest, asked: Any) -> web.Response:
        task = self._begin(asked["instances"][0]["prompt"])
        place = request.path.partition("/projects/")[2].removesuffix(":predictLongRunning")
        return as_json({"name": f"projects/{place}/operations/{task}"})

    def _veo_operation(self, asked: Any) -> web.Response:
        name = asked["operationName"]
        if not self._asked(name.rpartition("/")[2]):
            return as_json({"name": name})
        videos = [{"bytesBase64Encoded": self.inline, "mimeType": "video/mp4"}]
        return as_json({"name": name, "done": True, "response": {"videos": videos}})

    def _minimax_create(self, _: web.BaseRequest, asked: Any) -> web.Response:
        return as_json({"task_id": self._begin(asked["content"][0]["text"])})

    def _minimax_task(self, request: web.BaseRequest, _: Any) -> web.Response:
        task = _last(request)
        done = self._asked(task)
        said: dict[str, Any] = {"id": task, "status": "succeeded" if done else "running"}
        if done:
            said["content"] = {"url": f"{self.url}/files/{task}"}
        return as_json({"task": said})

    def _file(self, request: web.BaseRequest, _: Any) -> web.Response:
        self._asked(_last(request))
        return web.Response(body=self.body, content_type="video/mp4", headers={"ETag": '"video"'})


def _last(request: web.BaseRequest) -> str:
    return request.path.rpartition("/")[2]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--video", type=Path, required=True)
    asyncio.run(serve(Service(parser.parse_args().video)))
