"""MiniMax on loopback, as strict as its pages say: written from the facts, not from the backend."""

from __future__ import annotations

import base64
import email
import itertools
import json
import re
import time
from urllib.parse import urlsplit

from aiohttp import web

from ttv_core.testing import Simulator

KEY = "minimax-canary-0123456789abcdef"

_V1_FIELDS = {
    "model": str,
    "prompt": str,
    "first_frame_image": str,
    "last_frame_image": str,
    "subject_reference": list,
    "duration": int,
    "resolution": str,
    "prompt_optimizer": bool,
    "fast_pretreatment": bool,
    "aigc_watermark": bool,
}
_BOTH = {("768P", 6), ("768P", 10), ("1080P", 6)}
# model: what it is made from, and its combinations; None for models that refuse these fields
V1 = {
    "MiniMax-Hailuo-2.3": ({"text", "first"}, _BOTH),
    "MiniMax-Hailuo-2.3-Fast": ({"first"}, _BOTH),
    "MiniMax-Hailuo-02": ({"text", "first", "both"}, {*_BOTH, ("512P", 6), ("512P", 10)}),
    "T2V-01": ({"text"}, None),
    "T2V-01-Director": ({"text"}, None),
    "I2V-01": ({"first"}, None),
    "I2V-01-Director": ({"first"}, None),
    "I2V-01-live": ({"first"}, None),
    "S2V-01": ({"subject"}, None),
}
# model: modes, resolutions, shortest, further fields
V2 = {
    "MiniMax-H3": ({"text", "frames", "references"}, {"768P", "2K"}, 4, set()),
    "MiniMax-H3-Max": ({"text", "frames"}, {"480P", "768P"}, 5, {"prompt_expansion_mode"}),
    "MiniMax-H3-Highspeed": ({"text"}, {"768P"}, 4, set()),
    "MiniMax-H3-Lite": ({"text"}, {"480P", "768P"}, 4, set()),
}
_RATIOS = {"21:9", "16:9", "4:3", "1:1", "3:4", "9:16"}
_ROLES = {
    "image_url": {"first_frame", "last_frame", "reference_image"},
    "video_url": {"reference_video"},
    "audio_url": {"reference_audio"},
}
_DATA = re.compile(r"data:(image|video|audio)/[a-z0-9.+-]+;base64,")


def parts(request, body):
    """Return the parts of a form by name."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    form = email.message_from_bytes(head + body)
    return {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in form.get_payload()
    }


def wrong_media(url, uploads, largest):
    """Return what is wrong with the address of a picture, video or sound; "" if nothing is."""
    if not isinstance(url, str):
        return "no address"
    if url.startswith("mm_file://"):
        return "" if url.removeprefix("mm_file://") in uploads else "no such file"
    if found := _DATA.match(url):
        size = len(base64.b64decode(url[found.end() :], validate=True))
        return "" if 0 < size <= largest else f"{size} bytes"
    parts = urlsplit(url)
    return "" if parts.scheme == "https" and parts.hostname else "no public address"


def wrong_v1(body):  # noqa: C901, PLR0911 - a line for each rule
    """Return what v1 refuses in a create; "" if nothing."""
    for name, value in body.items():
        kind = _V1_FIELDS.get(name)
        if kind is None or type(value) is not kind:
            return f"{name}: {type(value).__name__}"
    if body.get("model") not in V1:
        return "model"
    modes, combos = V1[body["model"]]
    given = {"first_frame_image", "last_frame_image", "subject_reference"} & body.keys()
    mode = {
        frozenset(): "text",
        frozenset({"first_frame_image"}): "first",
        frozenset({"first_frame_image", "last_frame_image"}): "both",
        frozenset({"subject_reference"}): "subject",
    }.get(frozenset(given))
    if mode not in modes:
        return f"mode {mode}"
    prompt = body.get("prompt", "")
    if len(prompt) > 2000 or (mode in {"text", "subject"} and not prompt):
        return "prompt"
    size = {"duration", "resolution"} & body.keys()
    if combos is None and size:
        return "duration and resolution are fixed"
    if combos is not None and (body.get("resolution"), body.get("duration")) not in combos:
        return "duration and resolution"
    if body.get("resolution") == "512P" and mode != "first":
        return "512P"
    images = [body[name] for name in given if name != "subject_reference"]
    for subject in body.get("subject_reference", []):
        if subject.keys() != {"type", "image"} or subject["type"] != "character":
            return "subject_reference"
        images += subject["image"]
    wrong = (wrong_media(url, (), 19_999_999) for url in images)
    return next(filter(None, wrong), "")


def wrong_v2(body, uploads=()):  # noqa: C901, PLR0911 - likewise
    """Return what v2 refuses in a create; "" if nothing."""
    if body.get("model") not in V2:
        return "model"
    modes, tiers, shortest, further = V2[body["model"]]
    fields = {"model", "content", "resolution", "duration"}
    if not fields <= body.keys() <= fields | {"ratio"} | further:
        return f"fields {sorted(body)}"
    if type(body["duration"]) is not int or not shortest <= body["duration"] <= 15:
        return "duration"
    if body["resolution"] not in tiers:
        return "resolution"
    texts, roles = [], []
    for item in body["content"]:
        if item.get("type") == "text":
            if item.keys() != {"type", "text"}:
                return "text"
            texts.append(item["text"])
            continue
        kind = item.get("type")
        if kind not in _ROLES or item.keys() != {"type", kind, "role"}:
            return f"item {item.keys()}"
        if item["role"] not in _ROLES[kind] or item[kind].keys() != {"url"}:
            return "role"
        largest = {"image_url": 30_000_000, "video_url": 50_000_000, "audio_url": 15_000_000}
        if wrong := wrong_media(item[kind]["url"], uploads, largest[kind]):
            return wrong
        roles.append(item["role"])
    if len(texts) != 1 or not texts[0].strip() or len(texts[0]) > 7000:
        return "text"
    return _wrong_roles(roles, modes, body.get("ratio"))


def _wrong_roles(roles, modes, ratio):  # noqa: PLR0911 - likewise
    frames = [role for role in roles if role.endswith("_frame")]
    references = [role for role in roles if role.startswith("reference_")]
    if frames and references:
        return "frames and references"
    mode = "frames" if frames else "references" if references else "text"
    if mode not in modes:
        return f"mode {mode}"
    if len(set(frames)) != len(frames):
        return "two frames of one role"
    limits = {"reference_image": 9, "reference_video": 3, "reference_audio": 3}
    if len(references) > 12 or any(roles.count(role) > most for role, most in limits.items()):
        return "too many"
    if references and set(references) == {"reference_audio"}:
        return "sound alone"
    if mode == "frames":
        return "" if ratio == "adaptive" else "ratio"
    return (
        ""
        if ratio in _RATIOS or (mode == "references" and ratio in {None, "adaptive"})
        else "ratio"
    )


class MiniMax(Simulator):
    """The vendor. `states` are words, or dictionaries that the answer to a poll is made of.

    Attributes:
        lag: How many listings a new job is missing from.
        dead_links: How many of the next links have expired when they are used.
        uploads: Files that were uploaded, by id.
    """

    def __init__(self, states=None, video=b"", *, lag=0, dead_links=0):
        super().__init__(states or (), video)
        self.lag = lag
        self.dead_links = dead_links
        self.uploads = {}
        self.foreign = []
        self.link = None
        self.usage = None
        self._links = itertools.count(1)

    def routes(self):
        return [
            ("create", "POST", "/v1/video_generation", self.create_v1),
            ("poll", "GET", "/v1/query/video_generation", self.poll_v1),
            ("retrieve", "GET", "/v1/files/retrieve", self.retrieve),
            ("upload", "POST", "/v1/files/upload", self.upload),
            ("create", "POST", "/v2/video_generation", self.create_v2),
            ("list", "GET", "/v2/query/video_generation", self.list),
            ("poll", "GET", "/v2/query/video_generation/{id}", self.poll_v2),
            ("cancel", "DELETE", "/v2/video_generation/{id}", self.delete),
            ("file", "GET", "/files/{name}", self.video_file),
        ]

    def begun(self, body, *usual):
        """Accept a job; where no states were given, it has the usual course."""
        task = self.accept(body)
        task.states.extend(() if task.states else usual)
        return task

    # --- v1 -------------------------------------------------------------------------------------

    def v1(self, code=0, message="success", **fields):
        base = {"status_code": code, "status_msg": message}
        return web.json_response({**fields, "base_resp": base}, headers={"Trace-Id": "trace-1"})

    def denied(self, request):
        return request.headers.get("Authorization") != f"Bearer {KEY}"

    async def create_v1(self, request):
        if self.denied(request):
            return self.v1(1004, "login fail", task_id="")
        body = await request.json()
        if wrong := wrong_v1(body):
            return self.v1(2013, f"invalid params, {wrong}", task_id="")
        return self.v1(task_id=self.begun(body, "Preparing", "Processing", "Success").id)

    async def poll_v1(self, request):
        if self.denied(request):
            return self.v1(1004, "login fail")
        task = self.tasks.get(request.query["task_id"])
        if request.query.keys() != {"task_id"} or task is None:
            return self.v1(2013, "invalid params, task_id")
        state = task.next()
        said = state if isinstance(state, dict) else {"status": state}
        code, message = said.get("base", (0, "success"))
        fields = {name: value for name, value in said.items() if name != "base"}
        if said.get("status") == "Success":
            fields = {"file_id": f"9{task.id[-6:]}", "video_width": 64, "video_height": 48} | fields
        return self.v1(code, message, task_id=task.id, **fields)

    async def retrieve(self, request):
        if self.denied(request):
            return self.v1(1004, "login fail")
        if request.query.keys() != {"file_id"}:
            return self.v1(2013, "invalid params")
        number = int(request.query["file_id"])
        return self.v1(file={"file_id": number, "bytes": 1, "download_url": self.fresh_link()})

    def fresh_link(self):
        if self.link is not None:
            return self.link
        return f"{self.url}/files/video.mp4?sig={next(self._links)}"

    async def video_file(self, request):
        if int(request.query["sig"]) <= self.dead_links:
            return web.Response(status=403)
        return await self.file(request)

    async def upload(self, request):
        if self.denied(request):
            return self.v1(1004, "login fail")
        form = parts(request, await request.read())
        if form.keys() != {"purpose", "file"} or form["purpose"] != b"video_generation_input":
            return self.v1(2013, "invalid params")
        file_id = 700 + len(self.uploads)
        self.uploads[str(file_id)] = form["file"]
        return self.v1(file={"file_id": file_id, "bytes": len(form["file"])})

    # --- v2 -------------------------------------------------------------------------------------

    def v2_error(self, kind, status, code):
        message = f"something is wrong ({code})" if code else "something is wrong"
        error = {"type": kind, "message": message, "http_code": str(status)}
        body = {"type": "error", "error": error, "request_id": "request-1"}
        return web.json_response(body, status=status)

    def refused(self, request):
        return self.v2_error("authorized_error", 401, 1004) if self.denied(request) else None

    async def create_v2(self, request):
        if refused := self.refused(request):
            return refused
        raw = await request.read()
        body = json.loads(raw)
        if len(raw) > 64_000_000 or wrong_v2(body, self.uploads):
            return self.v2_error("bad_request_error", 400, 2013)
        task = self.begun(body, "queued", "running", "succeeded")
        task.facts |= {"unseen": self.lag, "created": int(time.time())}
        return web.json_response({"task_id": task.id})

    def told(self, task, status):
        body = task.request
        return {
            "id": task.id,
            "model": body["model"],
            "status": status,
            "created_at": task.facts["created"],
            "resolution": body["resolution"],
            "duration": body["duration"],
            "ratio": body["ratio"],
        }

    async def list(self, request):
        if refused := self.refused(request):
            return refused
        if request.query.keys() != {"page_num", "page_size"}:
            return self.v2_error("bad_request_error", 400, 2013)
        seen = []
        for task in self.tasks.values():
            if task.facts["unseen"] > 0:
                task.facts["unseen"] -= 1
            else:
                seen.append(self.told(task, "running"))
        seen += self.foreign
        size, page = int(request.query["page_size"]), int(request.query["page_num"])
        items = seen[(page - 1) * size : page * size]
        return web.json_response({"items": items, "total": len(seen)})

    async def poll_v2(self, request):
        if refused := self.refused(request):
            return refused
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return self.v2_error("not_found_error", 404, None)
        state = task.next()
        said = state if isinstance(state, dict) else {"status": state}
        answer = self.told(task, said["status"]) | said
        if said["status"] == "succeeded" and "content" not in said:
            answer["content"] = {"url": self.fresh_link()}
        if self.usage is not None:
            answer["usage"] = self.usage
        return web.json_response({"task": answer})

    async def delete(self, request):
        if refused := self.refused(request):
            return refused
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return self.v2_error("not_found_error", 404, None)
        state = task.states[0]
        if state == "queued":
            task.states.clear()
            task.states.append("cancelled")
        elif state in {"succeeded", "failed"}:
            del self.tasks[task.id]
        else:
            return self.v2_error("bad_request_error", 400, 2013)
        return web.json_response({"task_id": task.id})
