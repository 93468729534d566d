"""The vendor's process: two vendors' wire shapes, and large files. `Vendor` starts it.

It does as little as it can for each request, for the machine is shared with what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from pathlib import Path
from typing import Any

from aiohttp import web
from loopback.serving import as_json, serve

CHUNK = 1024 * 1024


class Service:
    """Answers requests: `/v1/videos` as OpenAI does, `/v1/text_to_video` as Runway does."""

    def __init__(self, video: Path, seconds: float) -> None:
        self.path = video
        self.body = video.read_bytes() if seconds else b""
        self.seconds = seconds
        self.url = ""
        self.counts = {"creates": 0, "polls": 0, "files": 0}
        self.sent = 0
        self.cut = True
        self._done_at: dict[str, float] = {}
        self._numbers = itertools.count(1)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.path
        if path == "/counts":
            return web.json_response(self.counts | {"sent": self.sent})
        if path == "/large":
            return web.FileResponse(self.path, chunk_size=CHUNK)
        if path == "/cut":
            return await self._cut(request)
        if request.method == "POST":
            return await self._create(request)
        if path.endswith("/content"):
            self.counts["files"] += 1
            return web.Response(
                body=self.body, content_type="video/mp4", headers={"ETag": '"the-video"'}
            )
        self.counts["polls"] += 1
        job = path.rpartition("/")[2]
        done = time.monotonic() >= self._done_at[job]
        shape = self._as_runway if path.startswith("/v1/tasks/") else self._as_openai
        return as_json(shape(job, done=done))

    async def _create(self, request: web.BaseRequest) -> web.Response:
        await request.read()
        self.counts["creates"] += 1
        job = f"job_{next(self._numbers):07}"
        self._done_at[job] = time.monotonic() + self.seconds
        if request.path == "/v1/text_to_video":
            return as_json({"id": job})
        return as_json(self._as_openai(job, done=False))

    def _as_openai(self, job: str, *, done: bool) -> dict[str, Any]:
        return {
            "id": job,
            "object": "video",
            "created_at": 0,
            "model": "sora-2",
            "seconds": "4",
            "size": "1280x720",
            "progress": 100 if done else 50,
            "status": "completed" if done else "in_progress",
        }

    def _as_runway(self, job: str, *, done: bool) -> dict[str, Any]:
        said: dict[str, Any] = {"id": job, "createdAt": "2026-01-01T00:00:00Z"}
        if not done:
            return said | {"status": "RUNNING", "progress": 0.5, "estimatedCost": {"credits": 1}}
        files = [f"{self.url}/v1/videos/{job}/content"]
        return said | {"status": "SUCCEEDED", "output": files, "cost": {"credits": 1}}

    async def _cut(self, request: web.BaseRequest) -> web.StreamResponse:
        """Break off the first answer in the middle; count what is sent."""
        size = self.path.stat().st_size
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        answer = web.StreamResponse(status=206 if asked else 200)
        answer.headers["ETag"] = '"the-video"'
        answer.content_type, answer.content_length = "video/mp4", size - start
        if asked:
            answer.headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        await answer.prepare(request)
        end = size // 2 if self.cut else size
        self.cut = False
        with self.path.open("rb") as file:
            file.seek(start)
            while start < end:
                piece = file.read(min(CHUNK, end - start))
                await answer.write(piece)
                start += len(piece)
                self.sent += len(piece)
        if end < size and request.transport is not None:
            request.transport.close()
        return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    asyncio.run(serve(Service(given.video, given.seconds)))
