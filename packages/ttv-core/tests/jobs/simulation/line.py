"""The bad line between a backend and its vendor: what can go wrong with a question."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ttv_core.errors import NOT_SENT, BackendUnavailableError, VideoGenerationError

from .vendor import LATEST

_THERE = _BACK = 0.05
_SILENCE = 150.0


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one question to the vendor.

    Attributes:
        how: "refused": no connection. "lost": it never arrives. "late": it arrives, long after.
            "unanswered": it arrives, and the answer does not. "status": it is answered so, and was
            heard only if `heard`. "garbage", "no_id", "bug": it was heard, and the answer is that.
            What else there is belongs to one kind of question.
        after: Seconds: until the line breaks, or until it arrives.
        status: The status.
        heard: Whether the vendor did as it was told.
        wait: Seconds in Retry-After.
    """

    how: str
    after: float = 0.0
    status: int = 0
    heard: bool = False
    wait: float | None = None


class Line:
    """How questions get from one process to the vendor, and answers back."""

    def __init__(self, vendor, faults):
        self.vendor = vendor
        self.faults = faults

    async def ask(self, what, serve, key=None):
        """Send a question; return status, body and Retry-After."""
        fault = self.faults.next(what) or Fault("")
        if fault.how == "refused":
            await asyncio.sleep(_THERE)
            raise BackendUnavailableError("refused", code=NOT_SENT, retryable=True)
        if fault.how == "bug":
            raise KeyError(what)
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        if fault.how != "lost":
            self._send(serve, key, fault, answered, loop)
        if fault.how in {"lost", "unanswered", "late"}:
            await asyncio.sleep(min(fault.after, _SILENCE) if fault.how != "late" else _THERE)
            raise BackendUnavailableError("no answer", code="no_answer", retryable=True)
        status, body = await answered
        if fault.how == "garbage":
            raise VideoGenerationError("no JSON", code="no_json", retryable=True)
        if fault.how == "no_id":
            body = {}
        if fault.how == "strange":
            body = {"state": "throttled?"}
        return status, body, fault.wait

    def _send(self, serve, key, fault, answered, loop):
        """Let it go: it arrives whether or not its process lives to see it."""
        if key is not None:
            self.vendor.on_its_way.append(key)

        def arrive():
            if key is not None:
                self.vendor.on_its_way.remove(key)
            answer = (fault.status, {})
            if fault.how != "status" or fault.heard:
                done = serve()
                answer = answer if fault.how == "status" else done
            self.vendor.timeline.later(_BACK, asyncio.Handle(hear, (answer,), loop), loop)

        def hear(answer):
            if not answered.done():
                answered.set_result(answer)

        delay = min(fault.after, LATEST) if fault.how == "late" else _THERE
        self.vendor.timeline.call(delay, arrive)
