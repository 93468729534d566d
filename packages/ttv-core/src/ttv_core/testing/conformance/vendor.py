"""What the author of a remote backend sets: the vendor on loopback, and the vendor's own words."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from ttv_core import jobs
from ttv_core.errors import VideoGenerationError
from ttv_core.job import new_job_id
from ttv_core.jobs.vendor import RemoteRef
from ttv_core.testing.conformance.asking import Asking
from ttv_core.testing.conformance.base import PATIENCE
from ttv_core.testing.conformance.calls import Calls
from ttv_core.testing.conformance.hastened import hasten
from ttv_core.testing.conformance.material import film
from ttv_core.testing.conformance.verdict import all_hold, broken, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core.job import Job
    from ttv_core.jobs.handle import RemoteJob
    from ttv_core.jobs.record import JobRecord
    from ttv_core.jobs.vendor import Poll
    from ttv_core.remote import RemoteVideoGenerator
    from ttv_core.results import VideoResult
    from ttv_core.testing.simulator import Fault, Simulator, Task

__all__ = ["AtAVendor", "fresh_key"]

_ONE_QUESTION = 5.0
_MAKE_ONE = (
    "see what the backend sends in `prepare` and `submit`, and whether the simulator takes it as "
    "the vendor would"
)


def fresh_key() -> str:
    """Return a key for a create that no other has, as ttv_core makes them."""
    return f"{new_job_id()}-1"


class AtAVendor(Asking):
    """What the author of a remote backend sets besides; see `Conformance`.

    A state is what a poll of the simulator sees: whatever its `states` hold, a word or an answer.

    Attributes:
        simulator: The vendor; its class, derived from `ttv_core.testing.Simulator`.
        running: The state of a job that is under way.
        done: The state of a job whose video is there.
        failed: The state of a job that the vendor could not make.
        filtered: The state of a job whose video moderation took away; None if the vendor never
            says so.
        refused: The answer to a create whose prompt moderation refuses, as a
            `ttv_core.testing.Fault`; None if it is not known, or the vendor never refuses one.
        empty: The state of a job that is done and names no video; None if there is no such answer.
        undocumented: A state with a word that the vendor's pages do not have; None if the vendor's
            answers have no words for states.
        waiting: The state of a job that waits for its turn and can be cancelled; `running`
            when left out.
        served: Ids of the models that the simulator takes, where a server has only some; None for
            all that are in use.
        creates: What the simulator calls the request that creates a job.
        polls: Likewise the question how far it is.
        cancels: Likewise the request that cancels it.
        files: Likewise the download; None if the video comes in an answer.
        vendor: The simulator, which runs in each test.
    """

    simulator: ClassVar[type[Simulator]]
    running: ClassVar[Any]
    done: ClassVar[Any]
    failed: ClassVar[Any]
    filtered: ClassVar[Any]
    refused: ClassVar[Fault | None] = None
    empty: ClassVar[Any]
    undocumented: ClassVar[Any] = "polishing"
    waiting: ClassVar[Any] = None
    served: ClassVar[tuple[str, ...] | None] = None
    creates: ClassVar[str] = "create"
    polls: ClassVar[str] = "poll"
    cancels: ClassVar[str] = "cancel"
    files: ClassVar[str | None] = "file"
    vendor: Any
    calls: Calls

    @pytest.fixture(autouse=True, name="vendor")
    def _vendor(self, alone: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        """Run the vendor on loopback, and the jobs without pauses."""
        del alone  # it goes first
        hasten(self.generator, monkeypatch)
        self.vendor = self.started_vendor()
        # A simulator's own states may be words of another vendor: such a job would never end.
        self.vendor.states = [self.running, self.done]
        self.calls = Calls(lambda: self.vendor.requests[self.creates])
        self.calls.watch(self.generator, monkeypatch)
        with self.vendor:
            yield self.vendor

    def started_vendor(self) -> Simulator:
        """Return a simulator that is not running yet; override it if yours takes arguments."""
        made = self.simulator()
        made.video = made.video or film()
        return made

    def remote_id(self, task: Task) -> str:
        """Return the id that a job has for people at the vendor; override it if it is another."""
        return task.id

    def ready_settings(self) -> dict[str, Any]:
        """Return what the generator is made with: at the simulator's address, if it takes one."""
        given = super().ready_settings()
        if "base_url" in self.generator.Settings.model_fields:
            given.setdefault("base_url", self.vendor.url)
        return given

    def remote(self, **changes: Any) -> RemoteVideoGenerator:
        """Return a generator; see `made`."""
        return cast("RemoteVideoGenerator", self.made(**changes))

    # It stands here so that it runs before the tests that go by these words.
    def test_each_state_is_read_as_what_it_is(self) -> None:
        """Ask for a job in each state of this class: `poll` tells it as such."""
        ref = self.created()
        meant = {
            "waiting": (self.waiting, {"queued", "running"}),
            "running": (self.running, {"queued", "running"}),
            "done": (self.done, {"done"}),
            "failed": (self.failed, {"failed"}),
        }
        problems = []
        for name, (state, right) in meant.items():
            if name == "waiting" and state is None:
                continue
            self.put(state)
            read = self.read(ref).state
            if read not in right:
                problems.append(f"`{name}` of this test class is {state!r}; poll reads {read!r}")
        all_hold(
            problems,
            mend="give `waiting`, `running`, `done` and `failed` of the test class in the vendor's "
            "own words, and map these in `poll`",
            see="ttv_core.Poll",
        )

    # --- what is said of jobs -------------------------------------------------------------------

    def begun(self, *states: Any, **fields: Any) -> RemoteJob:
        """Start a job of which polls see these states, one after the other; the last one stays."""
        self.vendor.states = list(states)
        job = self.made().start(**{**self.asks, "output": self.output, **fields})
        return cast("RemoteJob", job)

    def finish(self) -> None:
        """Let every job at the vendor be done."""
        self.put(self.done)

    def resumed(self, job_id: str, backend: RemoteVideoGenerator | None = None) -> Job:
        """Take a job up again with a generator of its own."""
        return (backend or self.remote()).resume(jobs.get(job_id))

    def brought_home(self, job: Job, what: str) -> VideoResult:
        """Return the video of a job; without one the test fails."""
        __tracebackhide__ = True
        try:
            return job.wait(PATIENCE)
        except VideoGenerationError as error:
            return self.without_video(what, error)

    def the_job(self) -> JobRecord:
        """Return the one job of the journal."""
        (record,) = jobs.select()
        return record

    def ref(self, job: RemoteJob) -> RemoteRef:
        """Return what `submit` returned for a job."""
        record = jobs.get(job.id)
        return RemoteRef(record.remote_id or "", record.ref)

    @property
    def _no_retries(self) -> dict[str, int]:
        """The setting with which no create is sent again, if there is one."""
        return {"max_retries": 0} if "max_retries" in self.generator.Settings.model_fields else {}

    @cached_property
    def _one(self) -> RemoteVideoGenerator:
        """A generator for what calls its coroutines alone."""
        return self.remote(**self._no_retries)

    def submitted(self, key: str | None = None, **fields: Any) -> RemoteRef:
        """Create a job without the journal: `prepare` and `submit`, as they are called for it.

        Args:
            key: Of that create; a fresh one when left out.
            **fields: What is asked besides the smallest request, or instead.
        """
        backend = self._one
        plan = backend.plan(**{**self.asks, **fields})
        key = fresh_key() if key is None else key

        async def create() -> RemoteRef:
            native = dict(await backend.prepare(plan))
            return await backend.submit(replace(plan, native=native), key)

        return backend.ask(create(), seconds=PATIENCE)

    def created(self, key: str | None = None) -> RemoteRef:
        """Return a job of the smallest request, as `submitted` does; without one the test fails."""
        __tracebackhide__ = True
        try:
            return self.submitted(key)
        except Exception as error:  # noqa: BLE001 - any backend, any error
            return broken(
                f"the smallest request comes to no job: {told(error)}",
                mend=_MAKE_ONE,
                see="ttv_core.RemoteVideoGenerator.submit",
            )

    def read(self, ref: RemoteRef, backend: RemoteVideoGenerator | None = None) -> Poll:
        """Return what `poll` says of a job; if it says nothing, the test fails."""
        __tracebackhide__ = True
        backend = backend or self._one
        try:
            return backend.ask(backend.poll(ref), seconds=_ONE_QUESTION)
        except Exception as error:  # noqa: BLE001 - likewise
            return broken(
                f"`poll` says nothing of a job: {told(error)}",
                mend="ask once in `poll`, without a loop or a pause, and say what the answer says; "
                "ttv_core asks again",
                see="ttv_core.RemoteVideoGenerator.poll",
            )

    def put(self, state: Any) -> None:
        """Let every job at the vendor be in a state."""
        for task in list(self.vendor.tasks.values()):
            task.states = deque([state])  # in one step: a poll may be looking at it
