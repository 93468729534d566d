"""A vendor on loopback, as strict as the real one, that can be told to fail in every known way.

A backend's tests derive their vendor from `Simulator`: it says which requests there are, and checks
every field as the vendor would. Faults, counters, the log and the files are done here.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import re
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import StreamReader, web

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

__all__ = ["Fault", "Logged", "Simulator", "Task"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "cookie"})
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail.

    Attributes:
        kind: "reset" (RST), "close" (FIN), "silence", "status", "body", "cut" (half an answer),
            and for files "no_range", "new_etag", "wrong_length", "gzip", "drip" (byte by byte).
        after: Whether the request has its effect first: the job is accepted, then the answer fails.
        status: For "status".
        headers: For "status" and "body".
        body: For "status" and "body".
        content_type: Likewise.
        seconds: For "silence"; for "drip" between bytes.
        at: For "cut": after how many bytes; half of them when left out.
    """

    kind: str
    after: bool = False
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/json"
    seconds: float = 3600.0
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """A request that came, with its credentials hidden.

    Attributes:
        kind: What the vendor calls it: "create", "poll", …
        method: HTTP method.
        path: With the query.
        headers: By lower-case name.
        body: As it came.
    """

    kind: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Task:
    """A job of the simulated vendor.

    Attributes:
        id: Its id.
        request: What was asked.
        states: The states that are still to come; each poll takes one, and the last stays.
        facts: Whatever else the vendor keeps.
    """

    id: str
    request: Any
    states: deque[Any]
    facts: dict[str, Any] = field(default_factory=dict)

    def next(self) -> Any:
        """Return the state that a poll sees now."""
        states = self.states  # a test may put others in their place meanwhile
        return states.popleft() if len(states) > 1 else states[0]


class Simulator:
    """A vendor on loopback. Derive from it, and name the requests in `routes`.

    Args:
        states: What polls of a job see, one after the other.
        video: The bytes of every finished video.

    Attributes:
        url: Where it listens, once it runs.
        log: Every request, in order.
        answers: The body of the last answer to each kind of request, as it was before a fault.
        requests: How many requests of each kind came.
        accepted: How many jobs were created; what a user would pay for.
        bytes_served: Bytes of videos that were sent.
        tasks: The jobs, by id.

    Example:
        >>> from aiohttp import web
        >>> from ttv_core.testing import Simulator
        >>> class Acme(Simulator):
        ...     def routes(self):
        ...         return [("create", "POST", "/videos", self.create)]
        ...     async def create(self, request):
        ...         body = await request.json()
        ...         if body.keys() != {"text", "seconds"}:
        ...             return web.json_response({"error": "fields"}, status=422)
        ...         return web.json_response({"id": self.accept(body).id})
        >>> with Acme() as acme:
        ...     acme.url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(self, states: Iterable[Any] = ("running", "done"), video: bytes = b"") -> None:
        self.states = list(states)
        self.video = video
        self.log: list[Logged] = []
        self.answers: dict[str, bytes] = {}
        self.requests: Counter[str] = Counter()
        self.accepted = 0
        self.bytes_served = 0
        self.tasks: dict[str, Task] = {}
        self.url = ""
        self._faults: dict[str, deque[Fault]] = {}
        self._numbers = itertools.count(1)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- what a vendor writes -------------------------------------------------------------------

    def routes(self) -> Sequence[tuple[str, str, str, Handler]]:
        """Return (kind, method, path, handler) of every request that the vendor knows."""
        raise NotImplementedError

    # --- what it has for it ---------------------------------------------------------------------

    def accept(self, request: Any, **facts: Any) -> Task:
        """Create a job: from here on the user pays."""
        self.accepted += 1
        task = Task(f"task-{next(self._numbers):06}", request, deque(self.states), facts)
        self.tasks[task.id] = task
        return task

    def fail(self, kind: str, fault: Fault | str, *, times: int = 1, **facts: Any) -> Self:
        """Let the next requests of a kind fail.

        Args:
            kind: Which requests.
            fault: How; a word is short for `Fault(kind=word, **facts)`.
            times: How many of them.
            **facts: Of the fault.
        """
        made = Fault(kind=fault, **facts) if isinstance(fault, str) else fault
        self._faults.setdefault(kind, deque()).extend([made] * times)
        return self

    def heal(self) -> None:
        """Forget the faults that have not happened yet."""
        self._faults.clear()

    async def file(
        self, request: web.Request, data: bytes | None = None, content_type: str = "video/mp4"
    ) -> web.StreamResponse:
        """Send a video as a good server does: with its length, an ETag and ranges."""
        fault = self._taken("file")
        if fault is not None and fault.kind in {"reset", "close", "silence", "status", "body"}:
            return await _failed(request, fault)
        body = self.video if data is None else data
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        kind = "" if fault is None else fault.kind
        if kind == "new_etag":
            tag = '"another"'
        start = 0 if kind in {"no_range", "gzip"} else _start(request, tag, len(body))
        if start >= len(body) > 0:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
        answer = web.StreamResponse(status=206 if start else 200)
        answer.content_type = content_type
        answer.headers["ETag"] = tag
        answer.headers["Accept-Ranges"] = "bytes"
        if start:
            answer.headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        rest = memoryview(body)[start:]
        if kind == "gzip":
            answer.enable_compression(web.ContentCoding.gzip)
        else:
            answer.content_length = len(rest) + (10 if kind == "wrong_length" else 0)
        await answer.prepare(request)
        end = len(rest)
        if kind == "cut":
            end = len(rest) // 2 if fault is None or fault.at is None else max(fault.at - start, 0)
        size = 1 if kind == "drip" else _CHUNK
        for place in range(0, end, size):
            piece = rest[place : min(place + size, end)]
            self.bytes_served += len(piece)
            await answer.write(bytes(piece))
            if fault is not None and kind == "drip":
                await asyncio.sleep(fault.seconds)
        if kind in {"cut", "wrong_length"}:
            await asyncio.sleep(0.05)  # let what was written arrive first
            _reset(request)
            return answer
        await answer.write_eof()
        return answer

    # --- running --------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Listen on a free port of 127.0.0.1, in a thread of its own."""
        self._thread = threading.Thread(target=self._serve, name="simulator", daemon=True)
        self._thread.start()
        if not self._ready.wait(60):
            msg = "the simulator did not start"
            raise RuntimeError(msg)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    def _serve(self) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._listening())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(_ended(runner))
        self._loop.close()

    async def _listening(self) -> web.AppRunner:
        app = web.Application(client_max_size=512 * 1024 * 1024)
        for kind, method, path, handler in self.routes():
            app.router.add_route(method, path, self._wrapped(kind, handler))
        app.router.add_route("*", "/{rest:.*}", self._wrapped("unknown", self._unknown))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return runner

    async def _unknown(self, request: web.Request) -> web.Response:
        return web.json_response({"error": f"no route {request.method} {request.path}"}, status=404)

    def _wrapped(self, kind: str, handler: Handler) -> Handler:
        async def wrapped(request: web.Request) -> web.StreamResponse:
            self.requests[kind] += 1
            fault = self._taken(kind) if kind != "file" else None
            if fault is not None and not fault.after:
                self.log.append(_logged(kind, request, b""))
                return await _failed(request, fault)
            body = await request.read()
            self.log.append(_logged(kind, request, body))
            _rewind(request, body)
            answer = await handler(request)
            if isinstance(answer, web.Response) and isinstance(answer.body, bytes):
                self.answers[kind] = answer.body
            return answer if fault is None else await _failed(request, fault, answer)

        return wrapped

    def _taken(self, kind: str) -> Fault | None:
        waiting = self._faults.get(kind)
        return waiting.popleft() if waiting else None


def _rewind(request: web.Request, body: bytes) -> None:
    """Let a handler read a body that the log has read: forms are parsed from the stream alone."""
    if not request.body_exists:
        return
    # A stream that holds more than its limit would stop the connection.
    again = StreamReader(request.protocol, limit=len(body) + 1, loop=asyncio.get_running_loop())
    again.feed_data(body)
    again.feed_eof()
    request._payload = again  # noqa: SLF001 - there is no other way to say it


async def _ended(runner: web.AppRunner) -> None:
    """Stop listening, and every request that is not answered: some never would be."""
    await runner.cleanup()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _failed(
    request: web.Request, fault: Fault, answer: web.StreamResponse | None = None
) -> web.StreamResponse:
    """Fail a request as the fault says."""
    if fault.kind == "silence":
        await asyncio.sleep(fault.seconds)
    if fault.kind in {"status", "body"}:
        status = fault.status if fault.kind == "status" else 200
        return web.Response(
            status=status,
            body=fault.body,
            headers=fault.headers,
            content_type=fault.content_type,
        )
    if fault.kind == "cut" and isinstance(answer, web.Response):
        whole = bytes(answer.body or b"")  # type: ignore[arg-type]
        part = web.StreamResponse(status=answer.status)
        part.content_type = answer.content_type
        part.content_length = len(whole)
        await part.prepare(request)
        await part.write(whole[: len(whole) // 2])
        await asyncio.sleep(0.05)
    _reset(request, hard=fault.kind != "close")
    await asyncio.sleep(0)
    return web.Response()


def _reset(request: web.Request, *, hard: bool = True) -> None:
    transport = request.transport
    if transport is None:
        return
    if hard:
        found = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()


def _start(request: web.Request, tag: str, size: int) -> int:
    """Return where the asked range begins; 0 if the whole file is to be sent."""
    found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    condition = request.headers.get("If-Range", tag)
    if found is None or condition != tag:
        return 0
    return min(int(found[1]), size)


def _logged(kind: str, request: web.Request, body: bytes) -> Logged:
    headers = {
        name.lower(): "…" if name.lower() in _SECRET_HEADERS else value
        for name, value in request.headers.items()
    }
    return Logged(kind, request.method, str(request.rel_url), headers, body)
