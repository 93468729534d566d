"""Vertex AI's Veo, Google's token service and Cloud Storage on loopback, as strict as they are."""

from __future__ import annotations

import base64
import functools
import json
import uuid

import google_crc32c
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ttv_core.testing import Simulator

PROJECT = "my-project"
TOKEN = "ya29.canary-token-0123456789"
PARAMETERS = {
    "sampleCount": int,
    "storageUri": str,
    "durationSeconds": int,
    "seed": int,
    "aspectRatio": str,
    "resolution": str,
    "personGeneration": str,
    "negativePrompt": str,
    "generateAudio": bool,
    "compressionQuality": str,
    "resizeMode": str,
}
INSTANCE = {"prompt", "image", "lastFrame", "referenceImages", "video"}
LITE = "veo-3.1-lite-generate-001"
MODELS = {"veo-3.1-generate-001", "veo-3.1-fast-generate-001", LITE}
BASE = "/v1/projects/{project}/locations/{location}/publishers/google/models/{model}"


def problem(status, message, name="INVALID_ARGUMENT"):
    body = {"error": {"code": status, "message": message, "status": name}}
    return web.json_response(body, status=status)


@functools.cache
def private_key():
    """Return a key in PEM; one serves all tests, for it takes long to make."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


class Vertex(Simulator):
    """The vendor. States: "running", "done", "empty", "filtered", or an error as a dict."""

    def __init__(self, states=("running", "done"), video=b""):
        super().__init__(states, video)
        self.objects = {}

    def routes(self):
        return [
            ("token", "POST", "/token", self.token),
            ("create", "POST", f"{BASE}:predictLongRunning", self.create),
            ("poll", "POST", f"{BASE}:fetchPredictOperation", self.poll),
            ("upload", "POST", "/upload/storage/v1/b/{bucket}/o", self.upload),
            ("upload", "PUT", "/upload/storage/v1/b/{bucket}/o", self.rest),
            ("object", "GET", "/storage/v1/b/{bucket}/o/{name:.*}", self.stat),
            ("object", "DELETE", "/storage/v1/b/{bucket}/o/{name:.*}", self.remove),
            ("objects", "GET", "/storage/v1/b/{bucket}/o", self.listing),
            ("file", "GET", "/download/storage/v1/b/{bucket}/o/{name:.*}", self.media),
        ]

    def key_file(self, folder):
        """Write a service account's key whose tokens come from here."""
        path = folder / "key.json"
        facts = {
            "type": "service_account",
            "client_email": "ttv@my-project.iam.gserviceaccount.com",
            "private_key": private_key(),
            "private_key_id": "1",
            "token_uri": f"{self.url}/token",
            "project_id": PROJECT,
        }
        path.write_text(json.dumps(facts))
        return path

    async def token(self, request):
        form = await request.post()
        if "assertion" not in form:
            return web.json_response({"error": "invalid_request"}, status=400)
        return web.json_response({"access_token": TOKEN, "expires_in": 3600})

    def refuse(self, request):
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return problem(401, "no valid token", "UNAUTHENTICATED")
        return None

    # --- Veo ------------------------------------------------------------------------------------

    def denied(self, request):
        if refused := self.refuse(request):
            return refused
        if request.match_info["project"] != PROJECT:
            return problem(403, "no such project", "PERMISSION_DENIED")
        return None

    async def create(self, request):
        if denied := self.denied(request):
            return denied
        model, location = request.match_info["model"], request.match_info["location"]
        if model not in MODELS:
            return problem(404, f"no model {model}", "NOT_FOUND")
        body = await request.json()
        if wrong := wrong_in(model, body):
            return problem(400, wrong)
        task = self.accept(body)
        task.facts["name"] = (
            f"projects/{PROJECT}/locations/{location}/publishers/google/models/{model}"
            f"/operations/{uuid.uuid4()}"
        )
        return web.json_response({"name": task.facts["name"]})

    async def poll(self, request):
        return await self.operation(request)

    async def operation(self, request):
        if denied := self.denied(request):
            return denied
        name = (await request.json()).get("operationName", "")
        task = next((t for t in self.tasks.values() if t.facts["name"] == name), None)
        if task is None or f"/models/{request.match_info['model']}/" not in name:
            return problem(404, "no such operation", "NOT_FOUND")
        state = task.next()
        if state == "running":
            return web.json_response({"name": name})
        if isinstance(state, dict):
            return web.json_response({"name": name, "done": True, "error": state})
        response = {
            "@type": "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
        }
        if state == "filtered":
            response |= {
                "raiMediaFilteredCount": 1,
                "raiMediaFilteredReasons": ["Blocked. Support codes: 61493863, 99"],
            }
        elif state == "done":
            count = task.request["parameters"].get("sampleCount", 1)
            response["videos"] = [self.made(task, i) for i in range(count)]
        return web.json_response({"name": name, "done": True, "response": response})

    def made(self, task, number):
        folder = task.request["parameters"].get("storageUri")
        if folder is None:
            data = base64.b64encode(self.video).decode()
            return {"bytesBase64Encoded": data, "mimeType": "video/mp4"}
        bucket, _, prefix = folder.removeprefix("gs://").partition("/")
        name = f"{prefix}sample_{number}.mp4"
        self.objects[bucket, name] = self.video
        return {"gcsUri": f"gs://{bucket}/{name}", "mimeType": "video/mp4"}

    # --- Cloud Storage --------------------------------------------------------------------------

    async def upload(self, request):
        if refused := self.refuse(request):
            return refused
        bucket = request.match_info["bucket"]
        if request.query["uploadType"] == "resumable":
            name = (await request.json())["name"]
            where = f"{self.url}/upload/storage/v1/b/{bucket}/o?upload_id={name}"
            return web.Response(headers={"Location": where})
        raw = await request.read()
        rest = raw.partition(b"\r\n\r\n")[2]
        meta, _, rest = rest.partition(b"\r\n--")
        _, _, data = rest.partition(b"\r\n\r\n")
        data = data.rpartition(b"\r\n--")[0]
        name = json.loads(meta)["name"]
        self.objects[bucket, name] = data
        return web.json_response(self.described(bucket, name))

    async def rest(self, request):
        place = request.match_info["bucket"], request.query["upload_id"]
        self.objects[place] = await request.read()
        return web.json_response(self.described(*place))

    def described(self, bucket, name):
        data = self.objects[bucket, name]
        checksum = base64.b64encode(google_crc32c.Checksum(data).digest()).decode()
        facts = {"name": name, "bucket": bucket, "generation": "1"}
        return facts | {"size": str(len(data)), "crc32c": checksum}

    async def stat(self, request):
        place = request.match_info["bucket"], request.match_info["name"]
        if place not in self.objects:
            return problem(404, "no such object", "NOT_FOUND")
        if request.query.get("alt") == "media":
            return await self.media(request)
        return web.json_response(self.described(*place))

    async def remove(self, request):
        self.objects.pop((request.match_info["bucket"], request.match_info["name"]), None)
        return web.Response(status=204)

    async def listing(self, request):
        bucket, prefix = request.match_info["bucket"], request.query.get("prefix", "")
        found = [
            self.described(*place)
            for place in self.objects
            if place[0] == bucket and place[1].startswith(prefix)
        ]
        return web.json_response({"items": found})

    async def media(self, request):
        place = request.match_info["bucket"], request.match_info["name"]
        data = self.objects[place]
        start, _, end = request.headers.get("Range", "bytes=0-").partition("=")[2].partition("-")
        first, last = int(start), min(int(end or len(data)), len(data) - 1)
        self.bytes_served += last + 1 - first
        headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return web.Response(
            status=206, body=data[first : last + 1], content_type="video/mp4", headers=headers
        )


def wrong_in(model, body):
    """Return what Vertex AI would refuse in a create, or None."""
    return next(objections(model, body), None)


def objections(model, body):
    if body.keys() - {"instances", "parameters", "labels"} or len(body["instances"]) != 1:
        yield "unknown top-level field"
    instance, parameters = body["instances"][0], body.get("parameters", {})
    if extra := instance.keys() - INSTANCE:
        yield f"unknown instance field {extra}"
    for name, value in parameters.items():
        if type(value) is not PARAMETERS.get(name):
            yield f"parameter {name} is unknown or of another kind"
    yield from combinations(model, instance)
    legal = {
        "aspectRatio": {"16:9", "9:16"},
        "resolution": {"720p", "1080p"} if model == LITE else {"720p", "1080p", "4k"},
        "durationSeconds": {8} if "referenceImages" in instance else {4, 6, 8},
        "sampleCount": {1, 2, 3, 4},
    }
    for name, values in legal.items():
        if parameters.get(name, next(iter(values))) not in values:
            yield f"{name} {parameters[name]} is not one of {values}"
    if not 0 <= parameters.get("seed", 0) <= 4294967295:
        yield "seed is out of range"
    yield from pictures(instance)


def combinations(model, instance):
    if len(instance.keys() & {"image", "video", "referenceImages"}) > 1:
        yield "image, video and referenceImages exclude each other"
    if "lastFrame" in instance and "image" not in instance:
        yield "lastFrame needs image"
    if not instance.get("prompt") and not instance.keys() & {"image", "video"}:
        yield "prompt is missing"
    if model == LITE and instance.keys() & {"referenceImages", "lastFrame"}:
        yield "not with this model"


def pictures(instance):
    media = [instance.get("image"), instance.get("lastFrame")]
    media += [item["image"] for item in instance.get("referenceImages", ())]
    for item in filter(None, media):
        if item.get("mimeType") not in {"image/jpeg", "image/png"}:
            yield "an image is neither JPEG nor PNG"
        if ("bytesBase64Encoded" in item) == ("gcsUri" in item):
            yield "an image has bytes or an address"
