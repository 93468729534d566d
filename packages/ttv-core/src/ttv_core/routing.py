"""Choose a backend for a request, and go on to the next when that surely cost nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from ttv_core.capabilities import Capabilities
from ttv_core.errors import (
    AllBackendsFailedError,
    BackendUnavailableError,
    ContentRejectedError,
    GenerationCancelledError,
    InvalidInputError,
    OutputError,
    SubmissionUncertainError,
    VideoGenerationError,
)
from ttv_core.interface import VideoGenerator, as_request
from ttv_core.job import Job, JobContext, check_handler, new_job_id
from ttv_core.results import Attempt, Availability, VideoResult

if TYPE_CHECKING:
    from ttv_core.config import Config
    from ttv_core.events import EventHandler, JobEvent
    from ttv_core.planning import Plan
    from ttv_core.request import VideoRequest

__all__ = ["AutoGenerator", "Candidate", "may_fall_back", "survey"]

CONSIDER_SECONDS = 5.0
"""How long loading, planning and availability of all candidates together may take."""

Build = Callable[[str], VideoGenerator]


@dataclass(eq=False)
class Candidate:
    """A backend that is looked at for a request.

    Attributes:
        name: Its name.
        generator: An instance; None when it cannot be made.
        plan: What it would do; None when it cannot even plan.
        availability: Whether it can be used now; None when it was not asked.
        error: What went wrong while looking.
        reason: Why it is not chosen, in words; empty while nothing speaks against it.
    """

    name: str
    generator: VideoGenerator | None = None
    plan: Plan | None = None
    availability: Availability | None = None
    error: VideoGenerationError | None = None
    reason: str = "it took too long to answer"
    kind: str = "local"
    priority: int = field(default=0, repr=False)

    @property
    def usable(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reason

    def attempt(self) -> Attempt:
        """Return it as a line of the report."""
        plan = self.plan
        return Attempt(
            self.name,
            "skipped" if self.reason else "not needed",
            self.reason or "another was chosen",
            error=self.error,
            model=plan.model if plan else None,
            cost=plan.cost if plan else None,
        )


def survey(
    request: VideoRequest,
    names: Iterable[str],
    build: Build,
    *,
    seconds: float = CONSIDER_SECONDS,
    check_availability: bool = True,
) -> list[Candidate]:
    """Look at backends side by side, in bounded time; one that fails or hangs is only its own row.

    Args:
        request: What is asked.
        names: The backends to look at.
        build: Makes a generator from a name.
        seconds: How long all of them together may take.
        check_availability: Whether to ask if they can be used now.

    Returns:
        One candidate per name, in the same order.
    """
    looks = [(Candidate(name), Candidate(name)) for name in dict.fromkeys(names)]
    threads = []
    for _, working in looks:
        work = partial(_consider, working, request, build, check_availability)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        threads.append(thread)
    deadline = time.monotonic() + seconds
    found = []
    for (late, working), thread in zip(looks, threads, strict=True):
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            late.reason = f"it did not answer within {seconds:g} s"
        found.append(late if thread.is_alive() else working)
    return found


def _consider(candidate: Candidate, request: VideoRequest, build: Build, check: bool) -> None:  # noqa: FBT001
    try:
        generator = candidate.generator = build(candidate.name)
        candidate.kind = generator.capabilities.kind
        candidate.plan = plan = generator.plan(request)
        if check:
            candidate.availability = generator.availability()
    except VideoGenerationError as error:
        candidate.error, candidate.reason = error, error.message
    except Exception as error:  # noqa: BLE001 - any backend, any error
        text = f"{type(error).__name__}: {error}"
        candidate.error = BackendUnavailableError(text, backend=candidate.name, code="broken")
        candidate.error.__cause__ = error
        candidate.reason = text
    else:
        candidate.reason = "; ".join(violation.message for violation in plan.violations)
        found = candidate.availability
        if not candidate.reason and found is not None and not found.ok:
            candidate.reason = "; ".join(found.reasons) or "it is not available"
            remedy = " or ".join(found.remedies) or None
            candidate.error = BackendUnavailableError(
                candidate.reason, backend=candidate.name, remedy=remedy
            )


_NEVER = (
    (SubmissionUncertainError, "it may have been accepted, and charged"),
    (GenerationCancelledError, "it was cancelled"),
    (ContentRejectedError, "its content was rejected"),
    (OutputError, "the output cannot be written"),
)


def may_fall_back(error: VideoGenerationError) -> tuple[bool, str]:
    """Tell whether another backend may be tried after an error, and why (not).

    Only after a first attempt that surely cost nothing and surely is over. Moderation is not
    walked around, and a full disk is as full for the next backend.
    """
    for kind, why in _NEVER:
        if isinstance(error, kind):
            return False, why
    if isinstance(error, InvalidInputError) and "reused" in {v.code for v in error.violations}:
        return False, "its idempotency_key is of another job"
    if error.charged != "no":
        return False, f"charged: {error.charged}"
    return True, "it cost nothing"


class AutoGenerator(VideoGenerator):
    """Chooses among backends, falls back along a list, and reports every one it looked at.

    Args:
        build: Makes a generator from a name.
        config: Order, preferences and limits.
        first: Backends to choose from, best by rank; exactly one is used.
        fallbacks: What to try next, in this order, after a failure that surely cost nothing.
        ranked: Whether `first` is to be ordered by preference; if not, its order holds.
        priorities: Priority of a name, as its plugin declares it.
    """

    name = "auto"

    def __init__(
        self,
        build: Build,
        config: Config,
        first: Sequence[str],
        fallbacks: Sequence[str] = (),
        *,
        ranked: bool = True,
        priorities: Callable[[str], int] = lambda _: 0,
    ) -> None:
        """Take the candidates; none is looked at yet."""
        super().__init__()
        self.config = config
        self.first = tuple(dict.fromkeys(first))
        self.fallbacks = tuple(dict.fromkeys(fallbacks))
        self._builder = build
        self._ranked = ranked
        self._priorities = priorities

    def _build(self, name: str) -> VideoGenerator:
        made = self._builder(name)
        made.executor = self.executor
        return made

    def maker_of(self, plan: Plan) -> VideoGenerator:
        """Return the generator whose plan it is."""
        return self._build(plan.backend)

    @property
    def capabilities(self) -> Capabilities:
        """What the candidates can do together: the models of all that can be loaded."""
        models: list[Any] = []
        for name in (*self.first, *self.fallbacks):
            try:
                models += self._build(name).capabilities.models
            except VideoGenerationError:
                continue
        if not models:
            raise self._nothing([])
        return Capabilities(backend=self.name, kind="local", models=tuple(models))

    def consider(self, request: VideoRequest) -> list[Candidate]:
        """Look at every backend and return them, the chosen one first if there is one.

        Order: plugins' `ttv_rank`, else the configured order, else priority with local backends
        first when preferred, then price, then name. Fallbacks keep the user's order behind.
        """
        found = survey(request, (*self.first, *self.fallbacks), self._build)
        if not self._ranked:
            return found
        for candidate in found:
            named = candidate.name in self.fallbacks
            if candidate.usable and candidate.kind == "preview" and not named:
                candidate.reason = "it makes previews, which are used only when named"
        usable = sorted(
            (c for c in found if c.usable and c.name in self.first and c.kind != "preview"),
            key=self._preference,
        )
        plans = [c.plan for c in usable if c.plan is not None]
        wanted = self.plugins.rank(request, plans) if self.plugins and plans else None
        if wanted:
            place = {name: i for i, name in enumerate(wanted)}
            usable.sort(key=lambda c: place.get(c.name, len(place)))
        return [*usable, *(c for c in found if c not in usable)]

    def _preference(self, candidate: Candidate) -> tuple[Any, ...]:
        order = self.config.api_priority_order
        local = candidate.kind == "local" and self.config.prefer_local_when_available
        cost = candidate.plan.cost.amount if candidate.plan else None
        return (
            0 if local else 1,
            order.index(candidate.name) if candidate.name in order else len(order),
            -self._priorities(candidate.name),
            cost is None,
            cost or 0,
            candidate.name,
        )

    def _queue(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return those to try in turn: the chosen one, then the user's fallbacks, if usable."""
        by_name = {c.name: c for c in candidates if c.usable}
        if self._ranked:
            chosen = [c for c in by_name.values() if c.kind != "preview" and c.name in self.first][
                :1
            ]
        else:
            chosen = [by_name[name] for name in self.first if name in by_name]
        rest = [by_name[name] for name in self.fallbacks if name in by_name]
        return [*chosen, *(c for c in rest if c not in chosen)]

    def plan(self, request: VideoRequest | str | None = None, /, **fields: Any) -> Plan:
        """Return the plan of the backend that would be used.

        Whoever the user named and who is passed over is in its warnings, with the reason.

        Raises:
            AllBackendsFailedError: If none can serve the request; `.attempts` says why.
            InvalidInputError: If a field is unknown or of the wrong kind.
        """
        candidates = self.consider(as_request(request, fields))
        queue = self._queue(candidates)
        if not queue or queue[0].plan is None:
            raise self._nothing(candidates)
        plan = queue[0].plan
        named = (*(() if self._ranked else self.first), *self.fallbacks)
        before = named[: named.index(queue[0].name)] if queue[0].name in named else ()
        passed = [
            f"{c.name} is passed over: {c.reason}"
            for c in candidates
            if c.name in before and c.reason
        ]
        return replace(plan, warnings=(*plan.warnings, *passed)) if passed else plan

    def availability(self, *, deep: bool = False) -> Availability:
        """Say whether any candidate can be used now."""
        reasons: list[str] = []
        for name in (*self.first, *self.fallbacks):
            try:
                found = self._build(name).availability(deep=deep)
            except VideoGenerationError as error:
                reasons.append(f"{name}: {error.message}")
                continue
            if found.ok:
                return found
            reasons += [f"{name}: {reason}" for reason in found.reasons]
        return Availability(ok=False, reasons=tuple(reasons) or ("no backend is installed",))

    def start(
        self,
        request: VideoRequest | str | None = None,
        /,
        *,
        on_event: EventHandler | None = None,
        **fields: Any,
    ) -> Job:
        """Choose a backend and start the video; see `VideoGenerator.start`.

        A vendor's job is returned once the vendor has it; backends that do not take it have been
        fallen back from by then.

        Raises:
            AllBackendsFailedError: If no backend can serve the request.
            InvalidInputError: If a field is unknown or of the wrong kind.
        """
        job = self._launch(request, fields, on_event)
        try:
            return job.accepted()
        except KeyboardInterrupt:
            self._interrupted(job)
            raise

    def _launch(
        self,
        request: VideoRequest | str | None,
        fields: Mapping[str, Any],
        on_event: EventHandler | None,
        job_id: str = "",
    ) -> _ChainJob:
        check_handler(on_event)
        asked = as_request(request, fields)
        candidates = self.consider(asked)
        queue = self._queue(candidates)
        if not queue or queue[0].plan is None:
            raise self._nothing(candidates)
        job = _ChainJob(queue[0].plan, JobContext(job_id or new_job_id(), self.name))
        work = partial(self._try_in_turn, asked, candidates, queue, job, on_event)
        job.run(work, daemon=True)
        return job

    def _interrupted(self, job: Job) -> None:
        assert isinstance(job, _ChainJob)
        job.last = True
        if job.generator is not None and job.child is not None:
            job.generator._interrupted(job.child)  # noqa: SLF001 - it knows what is right for it

    def _timed_out(self, job: Job, on_timeout: Literal["keep", "cancel"]) -> None:
        assert isinstance(job, _ChainJob)
        job.last = True
        super()._timed_out(job, on_timeout)

    def _make(self, plan: Plan, on_event: EventHandler | None, job_id: str) -> Job:
        raise NotImplementedError  # start() goes to the chosen backend's own

    def _try_in_turn(
        self,
        request: VideoRequest,
        candidates: Sequence[Candidate],
        queue: Sequence[Candidate],
        job: _ChainJob,
        on_event: Callable[[JobEvent], None] | None,
    ) -> VideoResult:
        attempts = {c.name: c.attempt() for c in candidates}
        known_as = job.id  # whoever has not waited has this: the first that is begun bears it
        for candidate in queue:
            generator, plan = candidate.generator, candidate.plan
            assert generator is not None
            report = partial(
                Attempt,
                candidate.name,
                model=plan.model if plan else None,
                cost=plan.cost if plan else None,
            )
            asked = request
            if candidate is not queue[0] and request.idempotency_key is not None:
                # A key is of one job; under it is the one that failed.
                own = f"{request.idempotency_key}@{candidate.name}"
                asked = request.with_(idempotency_key=own)
            try:
                child = generator._launch(asked, {}, on_event, known_as)  # noqa: SLF001 - one of us
                known_as = ""
                result = job.follow(child, generator).wait()
            except VideoGenerationError as error:
                allowed, why = may_fall_back(error)
                if job.last:
                    allowed, why = False, "the wait for it has ended"
                attempts[candidate.name] = report("failed", error.message, error=error)
                if len(queue) == 1 and len(candidates) == 1:
                    raise
                if not allowed:
                    error.add_note(f"no other backend was tried: {why}")
                    raise
            else:
                attempts[candidate.name] = report("used", self._why(candidate))
                return replace(result, attempts=tuple(attempts.values()))
        raise self._failed(list(attempts.values()))

    def _why(self, candidate: Candidate) -> str:
        if candidate.name in self.fallbacks:
            return "the next in fallback_backends"
        return "best of those that can" if self._ranked else "asked for"

    def _nothing(self, candidates: Sequence[Candidate]) -> VideoGenerationError:
        if not candidates:
            return BackendUnavailableError(
                "no backend is installed",
                code="no_backend",
                remedy="pip install ttv-animatic (a preview, free), or another ttv backend",
            )
        return self._failed([candidate.attempt() for candidate in candidates])

    def _failed(self, attempts: Sequence[Attempt]) -> AllBackendsFailedError:
        spent = {a.error.charged for a in attempts if a.error is not None and a.outcome == "failed"}
        return AllBackendsFailedError(
            "no backend could make this video:",
            attempts=attempts,
            charged="no" if spent <= {"no"} else "unknown",
        )


class _ChainJob(Job):
    """The job of a chain of backends; for whoever holds it, it is the job of the one at work.

    Attributes:
        child: The job of the backend that is tried now.
        generator: That backend.
        last: Whether no other backend is to be tried: nobody waits for it any more.
    """

    changes_hands = True

    def __init__(self, plan: Plan, context: JobContext) -> None:
        super().__init__(plan, context)
        self.child: Job | None = None
        self.generator: VideoGenerator | None = None
        self.last = False
        self._taken: Future[None] = Future()
        self._future.add_done_callback(self._ended)

    def follow(self, child: Job, generator: VideoGenerator) -> Job:
        """Take the job of the backend that is tried now, and wait until it has been taken on."""
        self.child, self.generator, self.plan = child, generator, child.plan
        # From here on: whoever ends the wait before it is accepted must be told the right id.
        self.id, self.backend, self.patience = child.id, child.backend, child.patience
        if self._context.cancelled:
            child.cancel()
        child.accepted()
        self.id = child.id  # that of an earlier job, if the request bears a key used before
        if not self._taken.done():
            self._taken.set_result(None)
        return child

    def _ended(self, future: Future[VideoResult]) -> None:
        if self._taken.done():
            return
        if error := future.exception():
            self._taken.set_exception(error)
        else:
            self._taken.set_result(None)

    def accepted(self) -> Job:
        """Wait until a backend has taken it on, and return it."""
        self._wait_for(self._taken)
        self._taken.result()
        return self

    @property
    def state(self) -> str:
        """The state of the job at work."""
        return super().state if self.child is None or self.done else self.child.state

    def to_dict(self) -> dict[str, Any]:
        """Return what is needed to find the job at work again."""
        return super().to_dict() if self.child is None else self.child.to_dict()

    def await_stop(self) -> None:
        """Wait until the backend at work has stopped, or goes on all the same."""
        if self.child is not None:
            self.child.await_stop()
            if not self.child.done:
                return
        super().await_stop()

    def cancel(self) -> None:
        """Ask the backend at work to stop at its next step."""
        self.last = True
        super().cancel()
        if self.child is not None:
            self.child.cancel()
