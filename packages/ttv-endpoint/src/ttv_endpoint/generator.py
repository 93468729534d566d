"""Servers with the OpenAI-style `/v1/videos` as a ttv backend."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from ttv_core import (
    Availability,
    BackendUnavailableError,
    DownloadError,
    GenerationCancelledError,
    GenerationFailedError,
    InvalidInputError,
    JobNotFoundError,
    Poll,
    RemoteFile,
    RemoteRef,
    RemoteVideoGenerator,
    VideoGenerationError,
    models_from,
)
from ttv_core.http import ApiClient, as_id, mapping
from ttv_endpoint.asking import Server, check_model, check_videos, models_at, server_at
from ttv_endpoint.dialects import ANY, DETECT, DIALECTS, Dialect
from ttv_endpoint.listing import find
from ttv_endpoint.replies import as_job, failure, state_of, trouble
from ttv_endpoint.sending import body_of, with_picture
from ttv_endpoint.served import knowing, told_of
from ttv_endpoint.settings import EndpointOptions, EndpointSettings
from ttv_endpoint.shape import fitting
from ttv_endpoint.wire import problems, shaped
from ttv_endpoint.wishes import wishes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import Capabilities, ModelCapabilities, Plan, ResolvedRequest, VideoRequest
    from ttv_core.jobs import JobRecord

__all__ = ["EndpointGenerator"]

_NO_URL: Final = "no server is named"
_NAME_ONE: Final = "export TTV_ENDPOINT_BASE_URL=http://127.0.0.1:8000, or where the server is"


class EndpointGenerator(RemoteVideoGenerator):
    """Makes videos on a server of one's own: vLLM-Omni, SGLang Diffusion or FastVideo.

    Which of them it is, the settings say, or the server is asked before anything is sent. A plan is
    made without asking.
    """

    name = "endpoint"
    Settings = EndpointSettings
    Options = EndpointOptions
    models = models_from(files(__package__) / "models.yaml")
    settings: EndpointSettings
    semantics = ANY
    _dialect: Dialect | None = None

    def __init__(self, settings: EndpointSettings | None = None, /, **values: Any) -> None:
        super().__init__(settings, **values)
        if self.settings.dialect is not None:
            self._speak(DIALECTS[self.settings.dialect])

    def _speak(self, dialect: Dialect) -> Dialect:
        """Go on in a dialect, and by what its servers promise."""
        self._dialect, self.semantics = dialect, dialect.semantics
        return dialect

    # --- planning -------------------------------------------------------------------------------

    @property
    def capabilities(self) -> Capabilities:
        """What it can do: the well-known models, and what the settings say of others."""
        return self._table

    @cached_property
    def _table(self) -> Capabilities:
        dialect = DIALECTS.get(self.settings.dialect or "")
        return told_of(knowing(super().capabilities, self.settings.model), dialect)

    def plan(self, request: VideoRequest | str | None = None, /, **fields: Any) -> Plan:
        """Say what would be sent; see `VideoGenerator.plan`.

        A video from a picture has the picture's shape, as near as can be, unless another is asked.
        """
        asked = fields.get("model", getattr(request, "model", None))
        if isinstance(asked, str) and asked and self.capabilities.find(asked) is None:
            return self._with(knowing(self.capabilities, asked)).plan(request, **fields)
        plan = super().plan(request, **fields)
        model = self.capabilities.find(plan.model)
        if plan.mode != "image_to_video" or model is None or "image_to_video" not in model.modes:
            return plan
        size = fitting(plan, model)
        if size is None or size.edges == (plan.expected.width, plan.expected.height):
            return plan
        return replace(super().plan(plan.request, size=size.edges), request=plan.request)

    def _with(self, table: Capabilities) -> EndpointGenerator:
        """Return a generator that differs in its models alone; it is used to plan."""
        other = type(self)(self.settings)
        other.defaults = self.defaults
        other.__dict__["_table"] = table
        return other

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return what is sent: in the server's names if it is known which they are."""
        native = wishes(request, model, self.settings.model)
        dialect = DIALECTS.get(self.settings.dialect or "")
        if dialect is None:
            return {"dialect": DETECT, **native}
        for problem in problems(dialect, native):
            request.refuse(problem.field, problem.message, allowed=problem.allowed)
        return {"dialect": dialect.name, **shaped(dialect, native)}

    # --- the server -----------------------------------------------------------------------------

    @cached_property
    def api(self) -> ApiClient:
        """The server, with the key if there is one."""
        return ApiClient(self.base_url, headers=self._headers, backend=self.name)

    @property
    def _headers(self) -> dict[str, str]:
        key = self.settings.api_key
        return {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}

    async def _speaking(self) -> Dialect:
        """Return the dialect, which the server is asked for once.

        Raises:
            VideoGenerationError: If it does not say.
        """
        if self._dialect is not None:
            return self._dialect
        server = await server_at(self.api)
        if server.dialect is None:
            kinds = " or ".join(DIALECTS)
            raise BackendUnavailableError(
                f"{self.base_url} does not say which kind of server it is",
                backend=self.name,
                code="unknown_dialect",
                remedy=f"set backends.endpoint.dialect to {kinds}",
            )
        return self._speak(server.dialect)

    def _of(self, ref: RemoteRef) -> Dialect:
        """Return the dialect that a job was made in."""
        known = DIALECTS.get(str(ref.data.get("dialect")))
        return known or self._dialect or next(iter(DIALECTS.values()))

    @cached_property
    def _stopping(self) -> set[str]:
        """Jobs that the server has begun to stop, by its ids."""
        return set()

    @cached_property
    def _is_free(self) -> bool:
        prices = [price for model in self.capabilities.models for price in model.prices]
        return all(price.basis == "free" for price in prices)

    # --- a job ----------------------------------------------------------------------------------

    def resume(self, record: JobRecord, on_event: Any = None, *, check: bool = True) -> Any:
        """Take a job up again; see `RemoteVideoGenerator.resume`."""
        known = DIALECTS.get(str(record.ref.get("dialect")))
        if known is not None and self._dialect is None:
            self._speak(known)
        return super().resume(record, on_event, check=check)

    async def prepare(self, plan: Plan) -> Mapping[str, Any]:
        """See that the server has the model, and read the picture.

        Raises:
            InvalidInputError: If the server turns out to be one that does not take the request.
            ModelNotFoundError: If the server has another model.
        """
        native = dict(plan.native)
        dialect = DIALECTS.get(str(native.pop("dialect", "")))
        if dialect is None:
            dialect = await self._speaking()
            found = tuple(problems(dialect, native))
            if found:
                raise InvalidInputError(violations=found, backend=self.name, model=plan.model)
            native = shaped(dialect, native)
        await self._check_model(native.get("model"), dialect)
        return {"dialect": dialect.name, **await with_picture(dialect, native)}

    async def _check_model(self, name: str | None, dialect: Dialect) -> None:
        if name is None:
            return
        try:
            server = await models_at(self.api)
        except VideoGenerationError:
            return  # it is no hindrance that a server does not say what it serves
        check_model(server, name, dialect, self.base_url)

    async def submit(self, plan: Plan, key: str) -> RemoteRef:
        """Create the job, with one request; servers know no key of ours."""
        del key
        native = dict(plan.native)
        dialect = DIALECTS[native.pop("dialect")]
        reply = await self.api.create("/v1/videos", **body_of(dialect, native))
        job = as_id(mapping(reply.json()).get("id"))
        if not reply.ok or not job:
            raise trouble(reply, self.api)
        return RemoteRef(job, {"dialect": dialect.name})

    def _path(self, ref: RemoteRef) -> str:
        return f"/v1/videos/{quote(ref.id, safe='')}"

    async def _asked(self, ref: RemoteRef) -> dict[str, Any]:
        """Return a job as the server tells it, failed ones too."""
        reply = await self.api.request("GET", self._path(ref))
        body = as_job(reply, ref.id)
        if body is None:
            raise trouble(reply, self.api, job=ref.id)
        return body

    async def poll(self, ref: RemoteRef) -> Poll:
        """Ask how far it is."""
        try:
            body, dialect = await self._asked(ref), self._of(ref)
        except JobNotFoundError:
            if ref.id in self._stopping:
                return self._stopped(ref)
            raise
        poll = state_of(body, dialect)
        if poll.state == "failed":
            return replace(poll, error=failure(body, dialect, free=self._is_free))
        return replace(poll, files=self._files(ref, body)) if poll.state == "done" else poll

    def _files(self, ref: RemoteRef, body: Mapping[str, Any]) -> Sequence[RemoteFile]:
        """Return where the video is: at the server, or where the server has put it."""
        url = body.get("url")
        if isinstance(url, str) and urlsplit(url).scheme == "https":
            return [RemoteFile(url=url)]  # the key is the server's, and stays with it
        return [RemoteFile(url=f"{self.base_url}{self._path(ref)}/content", headers=self._headers)]

    async def fetch(self, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Say where the video is, once more.

        Raises:
            GenerationFailedError: If the server says by now that there is none.
            DownloadError: If it is not done, after all.
        """
        body, dialect = await self._asked(ref), self._of(ref)
        poll = state_of(body, dialect)
        if poll.state == "failed":
            why = failure(body, dialect, free=self._is_free)
            raise GenerationFailedError(why.message, code=why.code, charged=why.charged)
        if poll.state != "done":
            msg = f"{dialect.title} has job {ref.id} as {poll.word}, and no video yet"
            raise DownloadError(msg, code="not_ready", retryable=True)
        return self._files(ref, body)

    async def cancel(self, ref: RemoteRef) -> Poll | None:
        """Stop it, where that can be done. One that is over is only looked at.

        Raises:
            InvalidInputError: If this kind of server cannot stop a job.
        """
        dialect = DIALECTS.get(str(ref.data.get("dialect"))) or await self._speaking()
        if not dialect.semantics.cancel:
            msg = f"{dialect.title} cannot stop a job: it would forget it, and go on working"
            raise InvalidInputError(msg, code="cannot_cancel")
        reply = await self.api.request("GET", self._path(ref))
        body = as_job(reply, ref.id)
        if body is not None and state_of(body, dialect).state in {"done", "failed"}:
            return await self.poll(ref)  # to delete it now would lose the video
        reply = await self.api.request("DELETE", self._path(ref))
        if reply.status == 409:
            self._stopping.add(ref.id)
            return None  # it is gone once what is being worked on is out of the way
        if not reply.ok and reply.status != 404:
            raise trouble(reply, self.api, job=ref.id)
        return self._stopped(ref)

    def _stopped(self, ref: RemoteRef) -> Poll:
        self._stopping.discard(ref.id)
        error = GenerationCancelledError(
            f"job {ref.id} was stopped",
            code="cancelled",
            charged="no" if self._is_free else "unknown",
        )
        return Poll(state="cancelled", word="deleted", error=error)

    async def lookup(self, plan: Plan, key: str, since: float) -> RemoteRef | None:
        """Find a job whose answer was lost, where jobs are listed with their prompts."""
        del key
        dialect = DIALECTS.get(str(plan.native.get("dialect"))) or await self._speaking()
        if not dialect.lists_prompts:
            return None
        found = await find(self.api, plan.native, since)
        return None if found is None else RemoteRef(found, {"dialect": dialect.name})

    # --- being ready ----------------------------------------------------------------------------

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether a server is named and, if `deep`, whether it is up and what it serves."""
        if not self.base_url:
            return Availability(ok=False, reasons=(_NO_URL,), remedies=(_NAME_ONE,))
        if not deep:
            return Availability(ok=True)
        try:
            server = self.ask(self._look())
        except VideoGenerationError as error:
            remedies = (error.remedy,) if error.remedy else ()
            return Availability(ok=False, reasons=(self.scrub(error.message),), remedies=remedies)
        return Availability(ok=True, reasons=(f"{self.base_url}: {server.describe()}",))

    async def _look(self) -> Server:
        """Ask the server what it is, and hold that against the settings. It starts nothing."""
        server = await server_at(self.api)
        await check_videos(self.api)
        wanted = self._dialect
        if wanted is None:
            wanted = await self._speaking()
        elif server.dialect is not None and server.dialect is not wanted:
            raise BackendUnavailableError(
                f"{self.base_url} is {server.dialect.title}, not {wanted.title}",
                code="other_dialect",
                remedy=f"set backends.endpoint.dialect to {server.dialect.name}",
            )
        check_model(server, self.settings.model, wanted, self.base_url)
        return server if server.dialect is not None else replace(server, dialect=wanted)
