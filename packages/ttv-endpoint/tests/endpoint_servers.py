"""The three servers on loopback, as strict as their code and stricter.

Written from what the servers do, not from the backend: a field that a server would drop unseen is
refused here. Each makes its videos with a small pipeline that heeds frames, size, rate and seed.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from pathlib import Path

import numpy as np
from aiohttp import web
from endpoint_fields import FASTVIDEO_JSON, OMNI_FORM, SGLANG_FORM, SGLANG_JSON, form_of

from ttv_core.media import VideoWriter
from ttv_core.testing import Simulator

KEY = "endpoint-canary-0123456789abcdef"
MODEL = "tiny"


def pipeline(*, num_frames, width, height, fps, seed, prompt, image=b""):
    """Return an MP4: noise of the seed, tinted by prompt and picture, wandering frame by frame."""
    random = np.random.default_rng(seed)
    tint = sum(prompt.encode()) % 97 + sum(image) % 61
    noise = random.integers(0, 96, (height // 8, width // 8, 3), np.uint8) + np.uint8(tint)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "video.mp4")
        with VideoWriter(path, width=width, height=height, fps=fps) as video:
            for i in range(num_frames):
                video.write(np.roll(picture, 4 * i, axis=1))
        return path.read_bytes()


class Server(Simulator):
    """What the three have in common.

    Attributes:
        key: The key that is asked for; "" for none.
        models: What it serves.
        owner: What it says of whose they are.
        words: The states of a job, one after the other; a dictionary is merged into the answer.
        lag: How many listings a new job is missing from.
        foreign: Further jobs of the list.
        describes: Whether it describes its API.
    """

    owner = ""
    mark = ""
    words = ("queued", "in_progress", "completed")

    def __init__(self, words=None, *, key=""):
        super().__init__(words or self.words)
        self.key = key
        self.models = [MODEL]
        self.lag = 0
        self.foreign = []
        self.describes = True

    def routes(self):
        return [
            ("create", "POST", "/v1/videos", self.create),
            ("list", "GET", "/v1/videos", self.list),
            ("poll", "GET", "/v1/videos/{id}", self.poll),
            ("delete", "DELETE", "/v1/videos/{id}", self.delete),
            ("file", "GET", "/v1/videos/{id}/content", self.content),
            ("models", "GET", "/v1/models", self.list_models),
            ("openapi", "GET", "/openapi.json", self.openapi),
        ]

    def error(self, status, detail):
        return web.json_response({"detail": detail}, status=status)

    def denied(self, request):
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": "Unauthorized"}}, status=401)
        return None

    async def list_models(self, request):
        if denied := self.denied(request):
            return denied
        cards = [{"id": name, "object": "model", "owned_by": self.owner} for name in self.models]
        return web.json_response({"object": "list", "data": cards})

    async def openapi(self, request):
        form = {"properties": {"prompt": {}, self.mark: {}}}
        schemas = {"Body_create_video_v1_videos_post": form, "Other": {"properties": {"x": {}}}}
        return web.json_response({"components": {"schemas": schemas if self.describes else {}}})

    def begun(self, asked):
        """Accept a job that is asked for in order, and answer with it."""
        task = self.accept(asked, created=int(time.time()), unseen=self.lag)
        return web.json_response(self.told(task, self.states[0]))

    def told(self, task, state):
        """Return a job as it is told."""
        more = state if isinstance(state, dict) else {"status": state}
        progress = 100 if more["status"] == "completed" else 0
        told = {
            "id": task.id,
            "object": "video",
            "model": task.request.get("model") or self.models[0],
            "progress": progress,
            "created_at": task.facts["created"],
            "error": None,
        }
        return told | self.extra(task) | more

    def extra(self, task):
        return {}

    def missing(self):
        return self.error(404, "Video not found")

    async def poll(self, request):
        if denied := self.denied(request):
            return denied
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return self.missing()
        return self.answered(self.told(task, task.next()))

    def answered(self, told):
        return web.json_response(told)

    async def list(self, request):
        if denied := self.denied(request):
            return denied
        if not request.query.keys() <= {"after", "limit", "order"}:
            return self.error(422, "query")
        limit, order = int(request.query.get("limit", "20")), request.query.get("order", "desc")
        if not 1 <= limit <= 100 or order not in {"asc", "desc"}:
            return self.error(422, "query")
        seen = []
        for task in self.tasks.values():
            if task.facts["unseen"] > 0:
                task.facts["unseen"] -= 1
            else:
                seen.append(self.told(task, task.states[0]))
        seen = sorted(
            seen + self.foreign, key=lambda told: told["created_at"], reverse=order == "desc"
        )
        if after := request.query.get("after"):
            place = [told["id"] for told in seen].index(after)
            seen = seen[place + 1 :]
        more = len(seen) > limit
        return web.json_response({"object": "list", "data": seen[:limit], "has_more": more})

    def state(self, task):
        state = task.states[0]
        return state["status"] if isinstance(state, dict) else state

    async def content(self, request):
        if denied := self.denied(request):
            return denied
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return self.missing()
        state = self.state(task)
        if state == "failed":
            return self.error(self.failed_content, "Video generation failed")
        if state != "completed":
            return self.error(404, "Generation is still in-progress")
        return await self.file(request, self.video or self.made(task))

    def made(self, task):
        """Return the video of a job, made once."""
        if "made" not in task.facts:
            asked = task.request
            task.facts["made"] = pipeline(
                num_frames=asked.get("num_frames") or self.frames_of(asked),
                width=asked.get("width", 64),
                height=asked.get("height", 48),
                fps=asked.get("fps", 24),
                seed=asked.get("seed", 1024),
                prompt=asked["prompt"],
                image=asked.get("image", b""),
            )
        return task.facts["made"]

    def frames_of(self, asked):
        return int(asked.get("seconds", 1)) * int(asked.get("fps", 24))

    def typed(self, given, kinds):
        """Return the fields in their kinds, or what is wrong."""
        asked = {}
        for name, value in given.items():
            if name not in kinds:
                return f"{name} is no field"
            try:
                asked[name] = kinds[name](value)
            except (ValueError, TypeError):
                return f"{name} is {value!r}"
        return asked if asked.get("prompt") else "prompt is required"


class VllmOmni(Server):
    """vLLM-Omni: a form and nothing else; a failed job comes with an HTTP error; DELETE aborts.

    Attributes:
        draining: How many deletes answer that the job is still being stopped.
        aborted: The jobs that were stopped.
    """

    owner = "vllm"
    mark = "boundary_ratio"
    failed_content = 422

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.draining = 0
        self.aborted = []

    async def create(self, request):
        if denied := self.denied(request):
            return denied
        form = form_of(request.headers.get("Content-Type", ""), await request.read())
        if form is None:
            detail = [{"type": "missing", "loc": ["body", "prompt"], "msg": "Field required"}]
            return self.error(422, detail)
        asked = self.typed(form, OMNI_FORM)
        if wrong := asked if isinstance(asked, str) else self.wrong(asked):
            return self.error(400, wrong)
        asked["image"] = asked.pop("input_reference", b"")
        # What its pipelines round unseen.
        for edge in asked.keys() & {"width", "height"}:
            asked[edge] = asked[edge] // 16 * 16
        if "num_frames" in asked:
            asked["num_frames"] = (asked["num_frames"] - 1) // 4 * 4 + 1
        return self.begun(asked)

    def wrong(self, asked):
        """Return what is wrong with fields that are of the right kinds; "" if nothing is."""
        if "seconds" in asked and not re.fullmatch(r"[1-9]\d*", asked["seconds"]):
            return "seconds"
        if asked.get("model", self.models[0]) != self.models[0]:
            return f"Model mismatch: the server is running '{self.models[0]}'"
        named = asked.get("image_reference")
        return "image_reference" if named and named.keys() != {"image_url"} else ""

    def extra(self, task):
        asked = task.request
        return {
            "prompt": asked["prompt"],
            "size": None,
            "seconds": asked.get("seconds", "4"),
            "fps": asked.get("fps", 24),
            "num_frames": asked.get("num_frames"),
        }

    def answered(self, told):
        if told["status"] != "failed":
            return web.json_response(told)
        error = told["error"] if isinstance(told["error"], dict) else {}
        code = error.get("code", 500)
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        return web.json_response(told, status=status)

    async def delete(self, request):
        if denied := self.denied(request):
            return denied
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return self.missing()
        self.aborted.append(task.id)
        if self.draining:
            self.draining -= 1
            del self.tasks[task.id]
            return self.error(409, "Cancellation in progress. Please try again later.")
        del self.tasks[task.id]
        return web.json_response({"id": task.id, "deleted": True, "object": "video.deleted"})


class Forgetful(Server):
    """A server that forgets a job on DELETE, and goes on working at it.

    Attributes:
        forgotten: The jobs that go on with nobody to fetch them.
    """

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.forgotten = []

    async def delete(self, request):
        task = self.tasks.pop(request.match_info["id"], None)
        if task is None:
            return self.missing()
        self.forgotten.append(task.id)
        return web.json_response(self.told(task, "deleted"))

    async def body(self, request):
        """Return the fields of JSON in their kinds, or what is wrong."""
        try:
            return self.typed(json.loads(await request.read()), self.json_kinds)
        except ValueError as error:
            return f"Invalid request body: {error}"


class SGLang(Forgetful):
    """SGLang Diffusion: JSON or a form, progress step by step, no prompts in its list."""

    owner = "sglang"
    mark = "generator_device"
    failed_content = 404
    words = (
        "queued",
        {"status": "in_progress", "progress": 40},
        {"status": "in_progress", "progress": 99},
        "completed",
    )
    json_kinds = SGLANG_JSON

    async def create(self, request):
        if denied := self.denied(request):
            return denied
        form = form_of(request.headers.get("Content-Type", ""), await request.read())
        asked = await self.body(request) if form is None else self.typed(form, SGLANG_FORM)
        if isinstance(asked, str):
            return self.error(400, asked)
        asked["image"] = asked.pop("input_reference", b"") or asked.pop("reference_url", b"")
        return self.begun(asked)

    def extra(self, task):
        asked = task.request
        return {"size": f"{asked.get('width')}x{asked.get('height')}", "seconds": "4", "url": None}


class FastVideo(Forgetful):
    """FastVideo: size as a text, whole seconds, one word until it is done."""

    owner = "fastvideo"
    mark = "extra_body"
    failed_content = 500
    words = ("queued", "queued", "completed")
    json_kinds = FASTVIDEO_JSON

    async def create(self, request):
        if denied := self.denied(request):
            return denied
        if not request.headers.get("Content-Type", "").startswith("application/json"):
            return self.error(400, "this stand-in has JSON only, for the form drops fields")
        asked = await self.body(request)
        if isinstance(asked, str):
            return self.error(400, asked)
        if size := asked.pop("size", None):
            found = re.fullmatch(r"(\d+)x(\d+)", size)
            if found is None:
                return self.error(400, "size")
            asked["width"], asked["height"] = int(found[1]), int(found[2])
        asked["image"] = asked.pop("reference_url", b"")
        return self.begun(asked)

    def extra(self, task):
        return {"size": "", "seconds": "1", "file_path": "/outputs/videos/x.mp4"}


SERVERS = {"vllm-omni": VllmOmni, "sglang": SGLang, "fastvideo": FastVideo}
