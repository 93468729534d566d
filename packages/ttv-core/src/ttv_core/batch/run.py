"""A batch under way: requests come in, and each leaves with what became of it."""

from __future__ import annotations

import asyncio
import os
import queue
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ttv_core.batch.content import content_key, key_of_copy
from ttv_core.batch.gates import Gate
from ttv_core.batch.item import BatchItem
from ttv_core.batch.ledger import Entry, Ledger
from ttv_core.batch.lines import Line, as_line
from ttv_core.errors import (
    AuthenticationError,
    BackendUnavailableError,
    ConfigurationError,
    GenerationCancelledError,
    GenerationTimeoutError,
    InvalidInputError,
    OutputError,
    QuotaExceededError,
    SubmissionUncertainError,
    VideoGenerationError,
)
from ttv_core.factory import check_option_names, generator_for
from ttv_core.five_methods import FiveMethodGenerator
from ttv_core.local import LocalVideoGenerator
from ttv_core.output import remove_parts, slug
from ttv_core.remote import RemoteVideoGenerator
from ttv_core.results import error_of
from ttv_core.routing import AutoGenerator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from decimal import Decimal
    from pathlib import Path

    from ttv_core.batch.budget import Budget
    from ttv_core.batch.item import Outcome
    from ttv_core.events import EventHandler
    from ttv_core.executors import Executor
    from ttv_core.interface import VideoGenerator
    from ttv_core.planning import Plan
    from ttv_core.request import VideoRequest
    from ttv_core.results import Charged, VideoResult

__all__ = ["Batch", "Makers"]

AT_ONCE = 16
"""Videos under way at a vendor that does not say how many it takes."""
_AHEAD = 64
"""Requests that are read and planned while others are made, beyond those under way."""
_TRIES = 5


class Makers:
    """The generators of a batch, each made once."""

    def __init__(
        self,
        backend: str | None,
        config: Any,
        fallbacks: Sequence[str] | None,
        executor: Executor | None = None,
    ) -> None:
        self.executor = executor
        self._backend = backend
        self._config = config
        self._fallbacks = fallbacks
        self._made: dict[str | None, VideoGenerator] = {}

    def of(self, line: Line, request: VideoRequest) -> VideoGenerator:
        """Return who makes a line.

        Raises:
            VideoGenerationError: If it cannot be used; one of its kinds.
        """
        check_option_names(request)
        name = line.backend or self._backend
        if name not in self._made:
            made = generator_for(self._config, name, self._fallbacks)
            made.executor = self.executor
            self._made[name] = made
        return self._made[name]


@dataclass(eq=False)
class Batch:
    """A batch under way, in the background's loop."""

    ledger: Ledger
    folder: Path
    name: str
    makers: Makers
    budget: Budget
    concurrency: int | None
    retry_failed: bool
    on_event: EventHandler | None
    done: queue.SimpleQueue[BatchItem | None] = field(default_factory=queue.SimpleQueue)
    gates: dict[str, Gate] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)
    paths: dict[str, str] = field(default_factory=dict)
    _gating: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _stopped: bool = False

    async def run(self, requests: Iterator[Any]) -> None:
        """Read requests as places become free, until there are no more and all have ended."""
        self._loop = asyncio.get_running_loop()
        self.paths |= {e.path: key for key, e in self.ledger.entries.items() if e.path}
        places = asyncio.Semaphore(_AHEAD + (self.concurrency or AT_ONCE))
        number = 0
        try:
            while True:
                await places.acquire()
                asked = None if self._stopped else await asyncio.to_thread(next, requests, None)
                if asked is None:
                    break
                number += 1
                line = as_line(asked, number)
                # One after the other: which of two equal requests is which must not be chance.
                key = await self._key(line)
                if self._stopped:  # nothing is waited for between this and the task
                    break
                task = asyncio.create_task(self._one(line, key))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                task.add_done_callback(lambda _: places.release())
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.done.put(None)

    def stop(self) -> None:
        """Begin no more; what runs on this machine is stopped, what a vendor has goes on.

        Called from another thread.
        """
        self._stopped = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel_all)

    def _cancel_all(self) -> None:
        """Cancel all at once: the place of one that ends would go to one that waits for it."""
        for task in self._tasks:
            task.cancel()

    async def _one(self, line: Line, key: str) -> None:
        try:
            request = line.wanted()
            item = self._earlier(line, key) or await self._make(line, request, key)
        except VideoGenerationError as error:
            item = self._failed(line, key, error)
        except Exception as error:  # noqa: BLE001 - any backend, any error; the others go on
            text = f"it failed: {type(error).__name__}: {error}"
            item = self._failed(line, key, VideoGenerationError(text, code="internal"))
        self.done.put(item)

    async def _key(self, line: Line) -> str:
        if line.request is None:
            return ""
        # In a thread: it may read pictures.
        key = await asyncio.to_thread(content_key, line.request, line.backend, line.name)
        self.copies[key] += 1
        return key_of_copy(key, self.copies[key] - 1)

    def _earlier(self, line: Line, key: str) -> BatchItem | None:
        """Return what an earlier run has made of it, if there is nothing left to do."""
        entry = self.ledger.entries.get(key)
        if entry is None or entry.state == "begun":
            return None
        item = _item(
            line, key, "skipped", backend=entry.backend, cost=entry.cost, charged=entry.charged
        )
        if entry.state == "completed":
            path = self.folder / entry.path
            if path.is_file():
                return replace(item, path=path)
            if entry.charged == "no":
                return None
            msg = f"its video {path} is gone, and another would be paid for"
            gone = OutputError(msg, code="video_gone", remedy="another folder makes all anew")
            return replace(item, state="failed", error=gone)
        if self.retry_failed:
            self.ledger.entries[key] = replace(entry, state="begun")
            return None
        error = error_of(entry.error or {})
        return replace(item, state="failed", error=error, again=True)

    def _target(self, request: VideoRequest, line: Line, key: str) -> Path:
        seed = "random" if request.seed is None else request.seed
        return self.folder / self.name.format(
            slug=slug(request.prompt),
            seed=seed,
            name=slug(line.name or request.prompt),
            key=key[:8],
        )

    async def _make(self, line: Line, request: VideoRequest, key: str) -> BatchItem:
        maker = await asyncio.to_thread(self.makers.of, line, request)
        plan = await asyncio.to_thread(maker.plan, request)
        plan.check()
        target = self._target(request, line, key)
        begun = self.ledger.entries.get(key)
        self._claim(target, key, request, new=begun is None)
        if begun is not None and isinstance(maker, LocalVideoGenerator | FiveMethodGenerator):
            remove_parts(target)  # of a run that was killed; nobody else has the batch now
        kept = begun is not None and target.is_file() and not request.overwrite
        if kept and not isinstance(maker, RemoteVideoGenerator):
            assert begun is not None
            # Made by an earlier run that ended before it could note this: it was not there before
            # that run began it, and a video gets its name only when it is whole.
            return self._completed(line, key, begun, target, plan.backend, None)
        async with await self._gate(plan, maker) as gate:
            expected = plan.cost.amount
            await self.budget.hold(key, expected, unknown=request.allow_unknown_cost)
            spent = expected
            try:
                item = await self._tried(line, request, key, target, gate, maker, expected)
                spent = item.cost if item.charged != "no" else None
            except VideoGenerationError as error:
                spent = None if error.charged == "no" else expected
                raise
            finally:
                self.budget.settle(key, spent)
        return item

    def _claim(self, target: Path, key: str, request: VideoRequest, *, new: bool) -> None:
        """See that a file is of this request only.

        Raises:
            OutputError: If it is there already, or is another's.
        """
        if self.paths.setdefault(target.name, key) != key:
            msg = f"{target} is the video of another request of the batch"
            raise OutputError(msg, code="exists", remedy="a name with {key}")
        if new and not request.overwrite and os.path.lexists(target):
            msg = f"{target} exists and is not of this batch"
            raise OutputError(msg, code="exists", remedy="another folder, or overwrite")

    async def _tried(
        self,
        line: Line,
        request: VideoRequest,
        key: str,
        target: Path,
        gate: Gate,
        maker: VideoGenerator,
        expected: Decimal | None,
    ) -> BatchItem:
        """Have one video made, and try again where the backend only could not just then."""
        entry = self.ledger.entries.get(key) or Entry(state="begun")
        for tries in range(1, _TRIES + 1):
            # If this run ends now, the next one knows what it may have spent.
            charged: Charged = "unknown" if expected else "no"
            entry = replace(entry, state="begun", path=target.name, cost=expected, charged=charged)
            await _to_its_end(self.ledger.note, key, entry)
            # A vendor's job is found again by this, in this run or the next.
            own = f"{self.ledger.id}-{key}-{entry.attempt}"
            asked = request.with_(output=target, idempotency_key=own)
            try:
                result = await maker.agenerate(asked, on_event=self.on_event)
            except VideoGenerationError as error:
                later = gate.failed(error)
                if _is_over(error):
                    entry = replace(entry, attempt=entry.attempt + 1)
                    self.ledger.note(key, replace(entry, **_of(error)))
                if not later or tries == _TRIES:
                    raise
                await gate.wanted()
            else:
                gate.went_well()
                return self._completed(line, key, entry, target, result.backend, result)
        raise AssertionError  # the last try returns or raises

    def _completed(
        self,
        line: Line,
        key: str,
        entry: Entry,
        target: Path,
        backend: str,
        result: VideoResult | None,
    ) -> BatchItem:
        cost, charged = entry.cost, entry.charged
        if result is not None:
            target, charged = result.path, result.charged
            cost = result.cost.actual if result.cost.actual is not None else result.cost.amount
        done = replace(
            entry,
            state="completed",
            path=target.name,
            cost=cost,
            charged=charged,
            backend=backend,
        )
        self.ledger.note(key, done)
        facts = {"path": target, "backend": backend, "cost": cost, "charged": charged}
        return _item(line, key, "completed", result=result, **facts)

    def _failed(self, line: Line, key: str, error: VideoGenerationError) -> BatchItem:
        state: Outcome = "failed"
        if isinstance(error, InvalidInputError) and error.status_code is None:
            state = "refused"
        elif isinstance(error, GenerationTimeoutError):
            state = "detached"
        again = state == "failed" and _is_over(error)
        facts = {"backend": error.backend, "charged": error.charged, "again": again}
        return _item(line, key, state, error=error, **facts)

    async def _gate(self, plan: Plan, maker: VideoGenerator) -> Gate:
        async with self._gating[plan.backend]:
            if plan.backend not in self.gates:
                # In a thread: an executor may have to ask its machines.
                at_once, per_minute = await asyncio.to_thread(_pace, plan, maker)
                self.gates[plan.backend] = Gate(self.concurrency or at_once, per_minute)
        return self.gates[plan.backend]


def _item(line: Line, key: str, state: Outcome, **facts: Any) -> BatchItem:
    return BatchItem(number=line.number, key=key, state=state, prompt=line.prompt, **facts)


async def _to_its_end(write: Callable[..., None], *what: Any) -> None:
    """Call in a thread what must not be left half done, even if this is cancelled meanwhile."""
    writing = asyncio.ensure_future(asyncio.to_thread(write, *what))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


def _pace(plan: Plan, maker: VideoGenerator) -> tuple[int, int | None]:
    """Return how many a backend takes at once, and in a minute.

    Raises:
        BackendUnavailableError: If an executor has no machine for it.
    """
    local = maker.maker_of(plan) if isinstance(maker, AutoGenerator) else maker
    if isinstance(local, LocalVideoGenerator) and local.executor is not None:
        return local.executor.places(local, plan), None
    model = next((m for m in maker.capabilities.models if m.id == plan.model), None)
    facts = model.remote if model is not None else None
    if facts is None and not isinstance(maker, RemoteVideoGenerator):
        return 1, None  # a machine has one engine
    if facts is None:
        return AT_ONCE, None
    return facts.concurrency or AT_ONCE, facts.per_minute


def _is_over(error: VideoGenerationError) -> bool:
    """Tell whether a job surely ended, and cost nothing."""
    goes_on = isinstance(
        error, SubmissionUncertainError | GenerationTimeoutError | GenerationCancelledError
    )
    return error.charged == "no" and not goes_on


_PASSING = (
    AuthenticationError,
    BackendUnavailableError,
    ConfigurationError,
    InvalidInputError,
    OutputError,
    QuotaExceededError,
)
"""What a user mends outside of the request: the next run of the batch tries again by itself."""


def _of(error: VideoGenerationError) -> dict[str, Any]:
    """Return what the ledger keeps of an error that cost nothing."""
    facts = {"error": error.to_dict(), "charged": "no", "cost": None}
    passing = isinstance(error, _PASSING)
    return {"state": "begun" if passing else "failed", "backend": error.backend, **facts}
