"""Backends at a vendor: they submit, poll and fetch; what must not go wrong is done here."""

from __future__ import annotations

import asyncio
import hashlib
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ttv_core.addresses import Guard
from ttv_core.background import run
from ttv_core.errors import (
    BackendUnavailableError,
    ConfigurationError,
    GenerationCancelledError,
    VideoGenerationError,
)
from ttv_core.interface import VideoGenerator
from ttv_core.job import JobContext
from ttv_core.jobs.desk import desk
from ttv_core.jobs.handle import RemoteJob
from ttv_core.jobs.semantics import SubmitSemantics
from ttv_core.jobs.states import TERMINAL
from ttv_core.jobs.vendor import Poll, RemoteRef
from ttv_core.output import check_writable, choose_target
from ttv_core.settings import HIDDEN, BackendSettings
from ttv_core.tables import with_changes
from ttv_core.transfer import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from pathlib import Path

    from ttv_core.capabilities import Capabilities
    from ttv_core.events import EventHandler
    from ttv_core.job import Job
    from ttv_core.jobs.desk import Desk
    from ttv_core.jobs.record import JobRecord
    from ttv_core.planning import Plan
    from ttv_core.request import VideoRequest
    from ttv_core.results import VideoResult

__all__ = [
    "Poll",
    "RemoteFile",
    "RemoteRef",
    "RemoteSettings",
    "RemoteVideoGenerator",
    "SubmitSemantics",
]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SHORTEST_SECRET = 4
_LONGEST_ASK = 20.0

Value = TypeVar("Value")


class RemoteSettings(BackendSettings):
    """The settings that every remote backend has; `remote_api_settings` gives them to all at once.

    Attributes:
        base_url: Another address of the API: https, or http on this machine. It never comes from a
            request, for the key goes there.
        timeout: Seconds to wait for a video; the job goes on after that.
        polling_interval: Seconds between two questions; the vendor's own minimum still holds.
        max_retries: How often a create that surely was not accepted is sent again.
        models: Model id to fields of `ModelCapabilities` that are to be other than the backend's
            table has them, such as a price; an id that is not in the table adds a model.
    """

    base_url: str | None = None
    timeout: float | None = Field(default=None, gt=0)
    polling_interval: float | None = Field(default=None, gt=0)
    max_retries: int = Field(default=2, ge=0, le=10)
    models: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        safe = parts.scheme == "https" and parts.hostname
        here = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if (safe or here) and parts.username is None:
            return value.rstrip("/")
        msg = "base_url must be https, or http on this machine (127.0.0.1), with no user in it"
        raise ValueError(msg)


class RemoteVideoGenerator(VideoGenerator):
    """A backend at a vendor. A subclass has no loop, no retry and no file.

    It maps a request in `native`, creates a job in `submit`, asks for it in `poll` and says where
    the video is in `fetch`. What it raises is one of `ttv_core.errors`; `semantics` says which of
    those surely mean that nothing was accepted.

    Example:
        >>> from ttv_core import Capabilities, Poll, RemoteFile, RemoteRef, RemoteVideoGenerator
        >>> from ttv_core.http import ApiClient
        >>> class AcmeGenerator(RemoteVideoGenerator):
        ...     name = "acme"
        ...     models = Capabilities.model_validate({
        ...         "backend": "acme", "kind": "remote", "models": [{
        ...             "id": "acme-1", "durations": [5, 10],
        ...             "prices": [{"basis": "second", "amount": "0.05"}],
        ...         }],
        ...     })
        ...     def native(self, request, model):
        ...         return {"text": request.prompt, "seconds": request.duration}
        ...     @property
        ...     def api(self):
        ...         return ApiClient(self.settings.base_url or "https://api.acme.example")
        ...     async def submit(self, plan, key):
        ...         reply = await self.api.create("/videos", json=plan.native)
        ...         return RemoteRef(reply.json()["id"])
        ...     async def poll(self, ref):
        ...         said = (await self.api.request("GET", f"/videos/{ref.id}")).json()
        ...         return Poll(state=said["state"], fraction=said.get("progress"))
        ...     async def fetch(self, ref):
        ...         said = (await self.api.request("GET", f"/videos/{ref.id}")).json()
        ...         return [RemoteFile(url=said["url"])]
        >>> str(AcmeGenerator().plan("a red fox", duration=5).cost)
        '$0.25'

    Attributes:
        semantics: What the vendor promises about creates; the most careful kind when left out.
    """

    Settings: ClassVar[type[BackendSettings]] = RemoteSettings
    semantics: SubmitSemantics = SubmitSemantics()
    default_base_url: ClassVar[str] = ""
    _usable = False

    # --- what a backend writes ------------------------------------------------------------------

    async def prepare(self, plan: Plan) -> Mapping[str, Any]:
        """Return what goes on the wire: read files, upload what the vendor wants uploaded.

        It costs nothing and may be repeated. What fails here was surely not submitted.

        Args:
            plan: `plan.native` is what `native` returned.
        """
        return plan.native

    @abstractmethod
    async def submit(self, plan: Plan, key: str) -> RemoteRef:
        """Create the job, with one request that is sent once. An SDK's own retries are off.

        Args:
            plan: `plan.native` is what `prepare` returned.
            key: A key of our own for this create: the vendor's idempotency key, or its tag, where
                it has one. 26 digits and capital letters, a hyphen and the number of the create:
                28 characters, from the tenth create of a job on 29. No other create has it; one
                that is repeated because its answer was lost has the same. It is repeated only
                if `semantics` declares `idempotency`, and before `lookup` is asked.

        Returns:
            The job at the vendor.
        """

    @abstractmethod
    async def poll(self, ref: RemoteRef) -> Poll:
        """Ask how far the job is.

        Args:
            ref: What `submit` returned.
        """

    @abstractmethod
    async def fetch(self, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Say where the videos of a job that is done are now; fresh links each time.

        Args:
            ref: What `submit` returned.
        """

    async def cancel(self, ref: RemoteRef) -> Poll | None:
        """Ask the vendor to stop a job. Called only if `semantics.cancel` says that it can.

        Args:
            ref: What `submit` returned.

        Returns:
            How it ended, if the vendor says so at once; None if it is to be polled.

        Raises:
            InvalidInputError: If it is too late, or refused.
        """
        raise NotImplementedError

    async def lookup(self, plan: Plan, key: str, since: float) -> RemoteRef | None:
        """Find a job whose answer was lost. Called only if `semantics.lookup` says that it can.

        Args:
            plan: What was sent.
            key: The key of that create.
            since: When it was sent, in seconds since the epoch.

        Returns:
            The job, if it is surely that one; None if it is not there.
        """
        raise NotImplementedError

    # --- what is done for it --------------------------------------------------------------------

    @property
    def capabilities(self) -> Capabilities:
        """What it can do: its table, with what the settings change in it."""
        return self._capabilities

    @cached_property
    def _capabilities(self) -> Capabilities:
        changes = getattr(self.settings, "models", {})
        return with_changes(self.models, changes, path=f"backends.{self.name}.models")

    @property
    def base_url(self) -> str:
        """The address of the API."""
        return getattr(self.settings, "base_url", None) or self.default_base_url

    @property
    def guard(self) -> Guard:
        """Which addresses a result may come from."""
        return Guard(getattr(self.settings, "base_url", None) or "")

    def identity(self) -> dict[str, str]:
        """Return what a job belongs to: endpoint, region, and a hint of the account.

        A job is only taken up again with the same. A backend adds what else its jobs hang on.
        """
        found = {"endpoint": self.base_url}
        for name in ("region", "project_id"):
            if value := getattr(self.settings, name, None):
                found[name] = str(value)
        if secrets := sorted(self._secrets):
            found["account"] = hashlib.sha256("\0".join(secrets).encode()).hexdigest()[:12]
        return {name: value for name, value in found.items() if value}

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        values = (getattr(self.settings, name) for name in type(self.settings).model_fields)
        held = (item.get_secret_value() for item in values if isinstance(item, SecretStr))
        return tuple(secret for secret in held if len(secret) >= _SHORTEST_SECRET)

    def scrub(self, text: str) -> str:
        """Hide this backend's keys in a text."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def ask(self, question: Coroutine[Any, Any, Value], *, seconds: float = _LONGEST_ASK) -> Value:
        """Put a question to the vendor from plain code, as `availability(deep=True)` does.

        Args:
            question: What asks, with requests that start nothing.
            seconds: How long the vendor may take.

        Raises:
            BackendUnavailableError: If no answer came in that time.
            VideoGenerationError: As the question raises.
        """
        try:
            return run(asyncio.wait_for(question, seconds))
        except TimeoutError:
            msg = f"{self.base_url} gave no answer in {seconds:g} s"
            raise BackendUnavailableError(
                msg, backend=self.name, code="no_answer", retryable=True
            ) from None

    def start(
        self,
        request: VideoRequest | str | None = None,
        /,
        *,
        on_event: EventHandler | None = None,
        **fields: Any,
    ) -> Job:
        """Start making a video and return its job once the vendor has it.

        Args:
            request: A request, or a prompt.
            on_event: Hears every `JobEvent`, in the thread that does the work.
            **fields: Fields of `VideoRequest`.

        Raises:
            InvalidInputError: If the request cannot be served.
            SubmissionUncertainError: If it may have been accepted, and nobody can tell.
            VideoGenerationError: If the vendor does not take it; one of its kinds.
        """
        job = self._launch(request, fields, on_event)
        try:
            return job.accepted()
        except KeyboardInterrupt:
            self._interrupted(job)
            raise

    def _make(self, plan: Plan, on_event: EventHandler | None, job_id: str) -> RemoteJob:
        context = JobContext(job_id, self.name, on_event, self.plugins)
        here = desk()
        job = RemoteJob(plan, context, here, self)
        job.patience = getattr(self.settings, "timeout", None)
        if (before := here.known(plan)) is not None:
            job.changed(before)
            return job.drive(self._see_again(job, before, here))
        self._check_usable()
        identity = self.identity()
        here.check_up(self.name, identity)
        target = choose_target(plan, context.job_id, self.defaults.output_dir)
        check_writable(target)
        return job.drive(self._begin(job, here, plan, target, identity))

    def _check_usable(self) -> None:
        """Refuse what lacks a key or the like before there is a job; asked once, for it is so long.

        Raises:
            BackendUnavailableError: If it cannot be used.
        """
        if not self._usable:
            self.availability().check(self.name)
            self._usable = True

    async def _begin(
        self, job: RemoteJob, here: Desk, plan: Plan, target: Path, identity: Mapping[str, str]
    ) -> VideoResult:
        facts = {"identity": identity, "plugin": self._plugin()}
        own = job.id
        record = await here.begin(own, plan, target, facts)
        job.changed(record)
        if job.cancel_wanted:
            await here.ask_to_cancel(record.id)
            record = here.get(record.id)
        # Read back only where it is another: with thousands of jobs a second copy counts.
        kept = plan if record.id == own else None
        return await self.see_through(job, record, here, kept)

    async def _see_again(self, job: RemoteJob, record: JobRecord, here: Desk) -> VideoResult:
        """Bring the job to its end that has the same idempotency key, or tell how it ended."""
        try:
            return await self.see_through(job, record, here)
        except VideoGenerationError as error:
            if record.state in TERMINAL:
                error.retryable = False
                error.remedy = (
                    f"so ended job {record.id}, which has this idempotency_key; another key makes "
                    "another job"
                )
            raise

    async def see_through(
        self, job: RemoteJob, record: JobRecord, here: Desk, plan: Plan | None = None
    ) -> VideoResult:
        """Bring a job to its end; see `Desk.see_through`."""
        settings = self.settings
        return await here.see_through(
            record,
            self,
            job.tell,
            job.changed,
            plan=plan,
            interval=getattr(settings, "polling_interval", None),
            tries=getattr(settings, "max_retries", 2) + 1,
        )

    def resume(
        self, record: JobRecord, on_event: EventHandler | None = None, *, check: bool = True
    ) -> RemoteJob:
        """Take a job up again, from wherever it stands.

        Args:
            record: The job, from the journal.
            on_event: Hears every `JobEvent`.
            check: Whether endpoint, region and account must be those it was submitted with.

        Raises:
            ConfigurationError: If they are others.
        """
        from ttv_core.jobs.codec import decode_plan

        if check:
            self._check_identity(record)
        context = JobContext(record.id, self.name, on_event, self.plugins)
        here = desk()
        job = RemoteJob(decode_plan(record.plan), context, here, self)
        job.changed(record)
        return job.drive(self.see_through(job, record, here))

    def _check_identity(self, record: JobRecord) -> None:
        now = self.identity()
        names = sorted(record.identity.keys() | now.keys())
        other = [name for name in names if record.identity.get(name) != now.get(name)]
        if not other:
            return
        told = [
            f"{name} was {record.identity.get(name)!r} and is {now.get(name)!r}" for name in other
        ]
        msg = f"job {record.id} was submitted with other settings of {self.name}: {'; '.join(told)}"
        remedy = "resume it with those settings, or with --new-key if only the key was renewed"
        raise ConfigurationError(msg, backend=self.name, job_id=record.id, remedy=remedy)

    def _plugin(self) -> str:
        record = self.plugins.find(self.name) if self.plugins is not None else None
        return f"{record.distribution} {record.version}" if record is not None else ""

    async def _begun(
        self,
        request: VideoRequest | str | None,
        fields: Mapping[str, Any],
        on_event: EventHandler | None,
    ) -> Job:
        # Planning is quick and nothing else blocks: no thread for each of a thousand jobs.
        await asyncio.sleep(0)
        return self._launch(request, fields, on_event)

    def _interrupted(self, job: Job) -> None:
        """Leave a job that the vendor may have; cancel one that surely was not sent."""
        if job.state == "prepared":
            try:
                self._stop(job)
            except GenerationCancelledError:
                return
