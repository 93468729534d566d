"""Veo as a generator: one create, polls by the operation's name, files from answer or bucket."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from ttv_core import (
    Availability,
    GenerationFailedError,
    OutputError,
    Poll,
    RemoteFile,
    RemoteRef,
    RemoteVideoGenerator,
    SubmitSemantics,
    VideoGenerationError,
    models_from,
)
from ttv_core.jobs import Lookup, Polling
from ttv_core.settings import HIDDEN
from ttv_veo.client import Google, place_of
from ttv_veo.failures import filtered, of_operation, told
from ttv_veo.settings import VeoOptions, VeoSettings
from ttv_veo.storage import Bucket
from ttv_veo.wire import native_request, with_media

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import ModelCapabilities, Plan, ResolvedRequest, VideoRequest
    from ttv_veo.inline import Kept

__all__ = ["VeoGenerator"]

_EVIDENCE = "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors"
_UNAUTHENTICATED = 401
_REJECTED = frozenset({400, _UNAUTHENTICATED, 403, 404, 429})
_LARGE = 7 * 1024 * 1024
_IN_BUCKET = "gs://"
_NOT_SENT = "not_sent"

_SEMANTICS = SubmitSemantics(
    definite_reject=_REJECTED,
    polling=Polling(floor=10.0, ceiling=15.0),
    evidence=_EVIDENCE,
)


class VeoGenerator(RemoteVideoGenerator):
    """Google Veo on Vertex AI, through Google's own client.

    Sources: cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation and
    google-genai 2.34, read 2026-11-23.
    """

    name = "veo"
    Settings = VeoSettings
    Options = VeoOptions
    settings: VeoSettings
    models = models_from(files(__package__) / "models.yaml")
    default_base_url: ClassVar[str] = "https://aiplatform.googleapis.com"

    def __init__(self, *settings: Any, **values: Any) -> None:
        """Take checked settings, or settings by name; nothing is looked up yet."""
        super().__init__(*settings, **values)
        self.google = Google(self.settings)
        self.bucket = Bucket(self.google)
        self._asking: dict[str, asyncio.Task[tuple[Any, list[Kept]]]] = {}
        self._lost: dict[str, list[str]] = {}

    @property
    def semantics(self) -> SubmitSemantics:  # type: ignore[override]
        """No key and no list; in a bucket of our own, the video itself can be looked for."""
        if self.settings.output_bucket is None:
            return _SEMANTICS
        return replace(_SEMANTICS, lookup=Lookup(settle=420.0))

    @property
    def default_model(self) -> str | None:
        """The model the settings ask for."""
        return self.settings.model or self.settings.veo_model

    def identity(self) -> dict[str, str]:
        """Return what a job belongs to: endpoint, project and location."""
        place = place_of(self.settings)
        return super().identity() | {"project_id": place.project or "", "region": place.region}

    def scrub(self, text: str) -> str:
        """Hide the token of the moment: no other secret leaves this process."""
        token = self.google.token
        return super().scrub(text.replace(token, HIDDEN) if token else text)

    # --- planning -------------------------------------------------------------------------------

    def plan(self, request: VideoRequest | str | None = None, /, **fields: Any) -> Plan:
        """Plan; an extension's file is longer than what is asked for, by what it extends."""
        plan = super().plan(request, **fields)
        if plan.mode == "video_to_video":
            plan = replace(plan, expected=replace(plan.expected, duration=None, num_frames=None))
        return plan

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the arguments of Google's `generate_videos`."""
        del model
        longest = self.settings.max_duration
        if longest is not None and (request.duration or 0.0) > longest:
            said = f"duration {request.duration:g} is over max_duration of the configuration"
            request.refuse("duration", said, allowed=f"at most {longest:g} s")
        return native_request(request, self.settings.output_bucket)

    # --- the job --------------------------------------------------------------------------------

    async def prepare(self, plan: Plan) -> Mapping[str, Any]:
        """Have a token ready, read the inputs, and put large ones into the bucket."""
        await self._client(creating=True)
        with told():
            return await with_media(plan.native, self._placed)

    async def _client(self, *, creating: bool = False) -> Any:
        with told(signing_in=True):
            return await self.google.client(creating=creating)

    async def _placed(self, data: bytes, mime_type: str) -> str | None:
        """Put a large input into the bucket; a small one goes along in the request."""
        if self.settings.output_bucket is None or len(data) < _LARGE:
            return None
        uri = f"{self.settings.output_bucket}/inputs/{secrets.token_hex(8)}"
        await self.bucket.put(uri, data, mime_type)
        return uri

    async def submit(self, plan: Plan, key: str) -> RemoteRef:
        """Create the job; its videos go to a folder of the bucket that only it has."""
        native = plan.native
        config = dict(native["config"])
        if output := config.get("output_gcs_uri"):
            config["output_gcs_uri"] = f"{output}/{key}/"
        try:
            client = await self._client(creating=True)
        except VideoGenerationError as error:
            error.code = _NOT_SENT  # `prepare` had a token; it has gone stale since
            raise
        try:
            with told():
                operation = await client.aio.models.generate_videos(
                    model=native["model"], source=native["source"], config=config
                )
        except VideoGenerationError as error:
            self._mind_refused(error)
            if error.code == _NOT_SENT or error.status_code in _REJECTED:
                await self.bucket.remove(_uploaded(native))
            else:
                self._lost[key] = _uploaded(native)
            raise
        return RemoteRef(operation.name or "", {"inputs": _uploaded(native)})

    async def poll(self, ref: RemoteRef) -> Poll:
        """Ask for the operation; a finished one holds the videos, or says where they are."""
        if ref.id.startswith(_IN_BUCKET):
            found = await self._in_bucket(ref.id)
            if found:
                await self.bucket.remove(ref.data.get("inputs", ()))
            return Poll(state="done" if found else "running", files=found)
        try:
            operation, kept = await self._operation(ref)
        except OutputError:  # only a finished one has anything to write; `fetch` tells of it
            return Poll(state="done", word="done")
        if not operation.done:
            return Poll(state="running", word="running")
        await self.bucket.remove(ref.data.get("inputs", ()))
        if operation.error:
            return Poll(state="failed", error=of_operation(operation.error))
        made = await self._made(operation, kept)
        if isinstance(made, VideoGenerationError):
            return Poll(state="failed", error=made)
        return Poll(state="done", word="done", files=made)

    async def fetch(self, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Ask for the operation again: its answer is the place where the videos are."""
        if ref.id.startswith(_IN_BUCKET):
            return await self._in_bucket(ref.id)
        made = await self._made(*await self._operation(ref))
        if isinstance(made, VideoGenerationError):
            raise made
        return made

    async def lookup(self, plan: Plan, key: str, since: float) -> RemoteRef | None:
        """Look for the video in the job's own folder; it is there only once it is finished."""
        del plan, since
        prefix = f"{self.settings.output_bucket}/{key}/"
        if not await self._in_bucket(prefix):
            return None
        return RemoteRef(prefix, {"inputs": self._lost.pop(key, [])})

    def _mind_refused(self, error: VideoGenerationError) -> None:
        if error.status_code == _UNAUTHENTICATED:
            self.google.refused()

    async def _operation(self, ref: RemoteRef) -> tuple[Any, list[Kept]]:
        """Ask for the operation; the videos that are in the answer are in files by then.

        An answer that takes longer to arrive than whoever asks will wait goes on arriving, and the
        next question is answered with it: asked anew, a large one would never come.
        """
        asking = self._asking.get(ref.id)
        if asking is None:
            asking = self._asking[ref.id] = asyncio.ensure_future(self._asked(ref.id))
            asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(asking)
        finally:
            if asking.done():
                self._asking.pop(ref.id, None)

    async def _asked(self, name: str) -> tuple[Any, list[Kept]]:
        from google.genai import types

        from ttv_veo.inline import KEPT

        client = await self._client()
        asked = types.GenerateVideosOperation.model_validate({"name": name})
        kept: list[Kept] = []
        KEPT.set(kept)  # in this task alone
        try:
            with told(polling=True):
                return await client.aio.operations.get(asked), kept
        except VideoGenerationError as error:
            self._mind_refused(error)
            raise

    async def _in_bucket(self, prefix: str) -> list[RemoteFile]:
        with told(polling=True):
            return [await self.bucket.file(uri) for uri in await self.bucket.videos(prefix)]

    async def _made(
        self, operation: Any, kept: list[Kept]
    ) -> list[RemoteFile] | VideoGenerationError:
        """Return the videos of a finished operation, or why there is none."""
        response = operation.response or operation.result
        videos = [item.video for item in getattr(response, "generated_videos", None) or ()]
        videos = [video for video in videos if video and (video.uri or video.video_bytes)]
        if videos:
            return [await self._file(video, kept) for video in videos]
        reasons = getattr(response, "rai_media_filtered_reasons", None) or ()
        if reasons or getattr(response, "rai_media_filtered_count", None):
            return filtered(list(reasons), "output")
        message = "Veo finished without a video and gives no reason"
        return GenerationFailedError(message, code="no_video")

    async def _file(self, video: Any, kept: list[Kept]) -> RemoteFile:
        from ttv_veo.inline import named

        if video.video_bytes:
            file = named(video.video_bytes, kept)
            return RemoteFile(read=file.read, size=file.size)
        with told(polling=True):
            return await self.bucket.file(video.uri)

    # --- whether it can be used -----------------------------------------------------------------

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether project and credentials are there; deep, whether Google accepts them."""
        reasons, remedies = [], []
        path = self.settings.credentials_path
        if place_of(self.settings).project is None:
            reasons.append("no Google Cloud project is set")
            remedies.append("export GOOGLE_CLOUD_PROJECT=…")
        if path is not None and not path.expanduser().is_file():
            reasons.append(f"there is no key file {path}")
            remedies.append("set backends.veo.credentials_path")
        if deep and not reasons:
            try:
                with told(signing_in=True):
                    self.google.credentials()
            except VideoGenerationError as error:
                reasons.append(error.message)
                remedies += [error.remedy] if error.remedy else []
        return Availability(not reasons, tuple(reasons), tuple(remedies))


def _uploaded(native: Mapping[str, Any]) -> list[str]:
    """Return the inputs that were put into the bucket for this job."""
    config, source = native["config"], native["source"]
    media = [source.get("image"), source.get("video"), config.get("last_frame")]
    media += [item["image"] for item in config.get("reference_images", ())]
    return [item[name] for item in media if item for name in ("gcs_uri", "uri") if name in item]
