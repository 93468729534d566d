"""The one door to HTTP: a client for vendors' APIs that never sends anything twice.

It needs `pip install "ttv-core[remote]"`. There is one pool of connections per process, behind a
gate of its own, so that waiting for a connection is never mistaken for waiting for an answer.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ttv_core import background
from ttv_core.errors import NOT_SENT, BackendUnavailableError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

__all__ = [
    "ApiClient",
    "Reply",
    "as_id",
    "import_aiohttp",
    "mapping",
    "retry_after",
    "without_query",
]

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
CREATE_SECONDS = 150.0
_SLOWEST = 16 * 1024
"""Bytes a second in which a body surely leaves."""
_AT_ONCE = 100
_LONGEST_ANSWER = 5 * 1024 * 1024
_CHUNK = 64 * 1024
_LONGEST_RETRY_AFTER = 60 * 60.0
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


def import_aiohttp() -> Any:
    """Return the HTTP library.

    Raises:
        BackendUnavailableError: If it is not installed.
    """
    try:
        import aiohttp
    except ImportError as error:
        msg = "talking to a vendor needs aiohttp, which is not installed"
        raise BackendUnavailableError(
            msg, code="missing_extra", remedy='pip install "ttv-core[remote]"'
        ) from error
    return aiohttp


def without_query(url: object) -> str:
    """Return a URL fit for messages: what follows the path may hold a key."""
    return str(url).partition("?")[0].partition("#")[0]


def retry_after(text: str | None, *, now: float) -> float | None:
    """Read a Retry-After header (RFC 9110, section 10.2.3).

    Args:
        text: The header: seconds, or an HTTP date.
        now: Seconds since the epoch.

    Returns:
        Seconds from now, 0 to one hour; None when it says nothing that can be read.
    """
    said = (text or "").strip()
    if _SECONDS.fullmatch(said):
        wait = float(said)
    else:
        try:
            date = parsedate_to_datetime(said)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
        if date.tzinfo is None:
            date = date.replace(tzinfo=dt.UTC)
        wait = date.timestamp() - now
    return min(max(wait, 0.0), _LONGEST_RETRY_AFTER)


def mapping(value: Any) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_id(value: Any) -> str:
    """Return an id as text, whether it was sent as a text or as a number; "" if there is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value).strip()


def _encoded(value: Any) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value).encode("utf-8")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status.

    Attributes:
        status: HTTP status.
        headers: By lower-case name.
        body: The whole body; a vendor's answers are small.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status says that it went well."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after(self) -> float | None:
        """Seconds that the vendor asks us to wait; None when it does not say."""
        return retry_after(self.headers.get("retry-after"), now=time.time())


class ApiClient:
    """A vendor's API: its address, its credentials, and one request at a time.

    Redirects are answers like any other: following one could send a paid request twice, or a key
    to a stranger. Nothing is tried again here, for the core decides that; but a GET, PUT or DELETE
    on a kept connection that the vendor has just closed is.

    Args:
        base_url: What paths are relative to: https, or http on loopback.
        headers: Sent with every request; credentials go here.
        backend: Who asks, for errors.

    Example:
        >>> from ttv_core.http import ApiClient
        >>> ApiClient("https://api.acme.example/v1", headers={"Authorization": "Bearer k"})
        <ApiClient 'https://api.acme.example/v1'>
    """

    def __init__(
        self, base_url: str, *, headers: Mapping[str, str] | None = None, backend: str = ""
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.backend = backend
        self._headers = dict(headers or {})

    async def create(self, path: str, **what: Any) -> Reply:
        """Send the one request that may cost money; as `request`.

        It has a connection of its own, for on an old one that the vendor has just closed nobody
        could tell whether it arrived, and waits long, for an early end makes ambiguity.
        """
        return await self.request("POST", path, **({"timeout": CREATE_SECONDS} | what), fresh=True)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = READ_SECONDS,  # noqa: ASYNC109 - of the connection's silence
        fresh: bool = False,
    ) -> Reply:
        """Send one request, once, and return the answer, whatever its status.

        Args:
            method: Such as "GET".
            path: Below the base URL.
            json: Sent as the JSON body.
            data: Sent as it is: bytes, or a form of aiohttp's.
            params: The query.
            headers: Besides those of the client.
            timeout: Seconds without a byte until it is given up, beyond the time that a body takes
                to leave. An answer that has begun has as long to be whole, and all of it twice
                that: bytes that drip in keep nobody for ever.
            fresh: Whether it gets a connection of its own.

        Raises:
            BackendUnavailableError: If no answer came. Its code is "not_sent" if no connection was
                made, which is the only case where surely nothing was accepted.
            ConfigurationError: If a header cannot be sent, as of a key with a line break.
        """
        pool = await _pool()
        aiohttp = import_aiohttp()
        session = pool.fresh if fresh else pool.kept
        sent = {**self._headers, **(headers or {})}
        self._check(sent)
        if json is not None:
            data = _encoded(json)
            sent = {"Content-Type": "application/json"} | sent
        if isinstance(data, aiohttp.FormData):
            data = data()
        size = len(data) if isinstance(data, bytes) else getattr(data, "size", None) or 0
        if isinstance(data, bytes) and size > _CHUNK:
            data = io.BytesIO(data)  # sent in pieces: pictures in a body would hold up the loop
        leaving = size / _SLOWEST
        limits = aiohttp.ClientTimeout(
            total=2 * timeout + leaving, connect=CONNECT_SECONDS, sock_read=timeout + leaving
        )
        async with pool.gates[self.base_url, fresh]:
            try:
                async with session.request(
                    method,
                    f"{self.base_url}{path}",
                    data=data,
                    params=params,
                    headers=sent,
                    timeout=limits,
                    allow_redirects=False,
                ) as answer:
                    async with asyncio.timeout(timeout):
                        body = await _limited(answer)
                    names = {name.lower(): value for name, value in answer.headers.items()}
                    return Reply(answer.status, names, body)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                raise self._problem(error, path) from None

    def _check(self, headers: Mapping[str, str]) -> None:
        for name, value in headers.items():
            if _UNSENDABLE.search(value):
                raise ConfigurationError(
                    f"the header {name} holds a line break, or a sign that no header can hold",
                    backend=self.backend or None,
                    code=NOT_SENT,
                    remedy="if it holds a key, look at where that was copied from",
                )

    def _problem(self, error: Exception, path: str) -> BackendUnavailableError:
        """Say what came instead of an answer. The cause is not chained: it holds the whole URL."""
        aiohttp = import_aiohttp()
        sent = not isinstance(
            error,
            aiohttp.ClientConnectorError
            | aiohttp.ConnectionTimeoutError
            | aiohttp.InvalidURL
            | aiohttp.NonHttpUrlClientError,
        )
        where = without_query(f"{self.base_url}{path}")
        reason = _reason(error)
        what = "gave no answer" if sent else "cannot be reached"
        return BackendUnavailableError(
            f"{where} {what}: {reason}",
            backend=self.backend or None,
            code="no_answer" if sent else NOT_SENT,
            charged="unknown" if sent else "no",
            retryable=True,
        )

    def __repr__(self) -> str:
        """Name the address; the headers hold secrets and are not shown."""
        return f"<ApiClient {self.base_url!r}>"


def _reason(error: Exception) -> str:
    cause = getattr(error, "os_error", None) or error
    text = getattr(cause, "strerror", None)
    return f"{type(error).__name__}{f': {text}' if text else ''}"


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    """Read a body, which may be compressed to nothing or have no end."""
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            msg = f"the answer is longer than {_LONGEST_ANSWER:,} bytes"
            raise ValueError(msg)
    return bytes(body)


class _Pool:
    """The connections of this process; they belong to the background loop."""

    def __init__(self) -> None:
        aiohttp = import_aiohttp()
        # For each vendor, and apart for creates: one that is slow holds up no other.
        self.gates: dict[tuple[str, bool], asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_AT_ONCE)
        )
        self.kept = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self.fresh = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for session in (self.kept, self.fresh):
            # By itself, aiohttp sends a GET, PUT or DELETE that was cut off a second time.
            session._retry_connection = False  # noqa: SLF001 - there is no other way to say it

    async def close(self) -> None:
        await self.kept.close()
        await self.fresh.close()


_pools: dict[asyncio.AbstractEventLoop, _Pool] = {}


async def _pool() -> _Pool:
    loop = asyncio.get_running_loop()
    if loop not in _pools:
        _pools.clear()  # of a loop that is gone, as after a fork
        _pools[loop] = _Pool()
        background.at_end(_pools[loop].close)
    return _pools[loop]
