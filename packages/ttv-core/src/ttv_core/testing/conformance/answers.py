"""Answers in which a field is missing: an error of ours, or a word that is unknown."""

from __future__ import annotations

import copy
import json
import time
from typing import TYPE_CHECKING, Any, get_args

from ttv_core.errors import VideoGenerationError
from ttv_core.jobs.vendor import Poll, PollState
from ttv_core.testing.conformance.vendor import AtAVendor, fresh_key
from ttv_core.testing.conformance.verdict import all_hold
from ttv_core.testing.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Answers", "without_lists"]

Change = tuple[str, bytes]


class Answers(AtAVendor):
    """A test of what is read out of answers."""

    def test_a_field_that_is_missing_is_no_accident(self) -> None:
        """Take each field out of each answer, or make it null: what is raised is ours."""
        problems: list[str] = []
        for what, call in self._calls():
            self.vendor.answers.clear()
            _try(call)
            for kind, body in list(self.vendor.answers.items()):
                if kind != self.files:
                    problems += self._problems(what, call, kind, body)
        all_hold(
            problems,
            mend="read answers with `get`, and raise one of ttv_core.errors where what is needed "
            "is not there",
            see="ttv_core.http.mapping",
        )

    def _problems(
        self, what: str, call: Callable[[], Any], kind: str, body: bytes
    ) -> Iterator[str]:
        for change, changed in _changed(body):
            self.vendor.fail(kind, Fault(kind="body", body=changed))
            said, error = _try(call)
            self.vendor.heal()
            if error is not None and not isinstance(error, VideoGenerationError):
                yield f"{what} raises {error!r} for an answer to {kind!r} {change}"
            if isinstance(said, Poll) and said.state not in get_args(PollState):
                yield f"{what} tells the state {said.state!r} for an answer to {kind!r} {change}"

    def _calls(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Return what asks the vendor, with its jobs in the state for it."""
        backend = self._one
        key, since = fresh_key(), time.time()
        ref = self.created(key)
        plan = backend.plan(**self.asks)
        for state in (self.waiting, self.running, self.failed, self.filtered, self.done):
            if state is not None:
                self.put(state)
                yield f"`poll` ({state!r})", lambda: backend.ask(backend.poll(ref))
        yield "`fetch`", lambda: backend.ask(backend.fetch(ref))
        if backend.semantics.lookup is not None:
            yield "`lookup`", lambda: backend.ask(backend.lookup(plan, key, since))
        yield "`submit`", self.submitted


def _try(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return None, error


def without_lists(body: bytes) -> Iterator[Change]:
    """Return an answer with each of its lists left out, and null: how it is changed, and to what.

    Args:
        body: The answer; what is no JSON has no lists.
    """
    return _changed(body, list)


def _changed(body: bytes, kind: type[Any] = object) -> Iterator[Change]:
    """Return an answer with each of its fields of a kind left out, and null."""
    try:
        answer = json.loads(body)
    except ValueError:
        return
    for place in _places(answer):
        if not isinstance(_holder(answer, place)[place[-1]], kind):
            continue
        name = ".".join(map(str, place))
        without, empty = copy.deepcopy(answer), copy.deepcopy(answer)
        del _holder(without, place)[place[-1]]
        _holder(empty, place)[place[-1]] = None
        yield f"without {name}", json.dumps(without).encode()
        yield f"in which {name} is null", json.dumps(empty).encode()


def _places(answer: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return where the fields of an answer are; of a list only the first entry is looked at."""
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(answer, dict):
        entries = answer.items()
    elif isinstance(answer, list):
        entries = enumerate(answer[:1])
    for name, value in entries:
        yield (*above, name)
        yield from _places(value, (*above, name))


def _holder(answer: Any, place: tuple[Any, ...]) -> Any:
    for name in place[:-1]:
        answer = answer[name]
    return answer
