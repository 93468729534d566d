"""Runway's API through its own SDK, so used that it sends everything once and leaks nothing.

The SDK's retries are off, and so are redirects: either could send a paid request twice. Answers are
taken raw: the SDK hands out a page of HTML as a task, and fails on it later.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ttv_core import BackendUnavailableError, JobNotFoundError, VideoGenerationError, background
from ttv_core.errors import NOT_SENT
from ttv_core.settings import HIDDEN
from ttv_runway.failures import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from runwayml import AsyncRunwayML

    from ttv_runway.forms import Endpoint

__all__ = ["RunwayApi"]

_AT_ONCE = 100
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_CREATE_SECONDS = 150.0  # an early end of the wait makes ambiguity
_POOL_SECONDS = 20.0
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class _Connections:
    """The connections of one event loop, shared by every generator in it.

    Attributes:
        create: Each request gets a connection of its own: on an old one that the vendor has just
            closed, nobody could tell whether the request arrived.
        other: Kept open between polls.
    """

    create: httpx.AsyncClient
    other: httpx.AsyncClient

    async def close(self) -> None:
        await self.create.aclose()
        await self.other.aclose()


_connections: dict[asyncio.AbstractEventLoop, _Connections] = {}


def _client(read: float, kept: int) -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient(
        timeout=httpx.Timeout(read, connect=_CONNECT_SECONDS, pool=_POOL_SECONDS),
        limits=httpx.Limits(
            max_connections=_AT_ONCE,
            max_keepalive_connections=kept,
            keepalive_expiry=30.0 if kept else 0.0,
        ),
        follow_redirects=False,
        # A proxy of the environment is used, but never for this machine.
        mounts={f"all://{host}": None for host in _LOOPBACK},
    )


def _here() -> _Connections:
    loop = asyncio.get_running_loop()
    if loop not in _connections:
        _connections.clear()  # of a loop that is gone, as after a fork
        made = _Connections(_client(_CREATE_SECONDS, kept=0), _client(_READ_SECONDS, kept=20))
        _connections[loop] = made
        background.at_end(made.close)
    return _connections[loop]


class RunwayApi:
    """The vendor's requests that ttv makes.

    Args:
        key: The API secret.
        base_url: Where the API is; a path in it is kept.
    """

    def __init__(self, key: str, base_url: str) -> None:
        self._key = key
        self._base_url = base_url
        self._clients: dict[httpx.AsyncClient, AsyncRunwayML] = {}

    def __repr__(self) -> str:
        """Name the address; the key is not shown."""
        return f"<RunwayApi {self._base_url!r}>"

    async def create(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        """Create a task: the one request that costs money."""
        return await self._json(_here().create, "POST", f"/v1/{endpoint}", body)

    async def task(self, task_id: str) -> Any:
        """Return what the vendor says of a task.

        Raises:
            JobNotFoundError: If it has no such task.
        """
        return await self._json(_here().other, "GET", f"/v1/tasks/{quote(task_id, safe='')}")

    async def delete_task(self, task_id: str) -> None:
        """Cancel a task that is not over; of one that is, its video is deleted.

        Raises:
            JobNotFoundError: If it has no such task, as when it was deleted before.
        """
        await self._json(_here().other, "DELETE", f"/v1/tasks/{quote(task_id, safe='')}")

    async def organization(self) -> Any:
        """Return the account's credits and limits; nothing is generated."""
        return await self._json(_here().other, "GET", "/v1/organization")

    async def upload_slot(self, filename: str) -> Any:
        """Return where one file may be uploaded to, and what it is called then."""
        body = {"filename": filename, "type": "ephemeral"}
        return await self._json(_here().other, "POST", "/v1/uploads", body)

    async def post_file(
        self, url: str, fields: Mapping[str, str], file: tuple[str, bytes, str]
    ) -> None:
        """Send a file to its slot, once, without any credentials: the fields are its ticket.

        Raises:
            BackendUnavailableError: If it was not taken; another slot may be tried.
        """
        import httpx

        try:
            answer = await _here().other.post(url, data=dict(fields), files={"file": file})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _no_answer(error, "the upload") from None
        if not answer.is_success:
            msg = f"the upload was answered with {answer.status_code}"
            raise BackendUnavailableError(
                msg, backend="runway", code="upload", retryable=True, charged="no"
            )

    def _sdk(self, client: httpx.AsyncClient) -> AsyncRunwayML:
        from runwayml import AsyncRunwayML

        if client not in self._clients:
            self._clients = {
                known: sdk for known, sdk in self._clients.items() if not known.is_closed
            }
            self._clients[client] = AsyncRunwayML(
                api_key=self._key, base_url=self._base_url, max_retries=0, http_client=client
            )
        return self._clients[client]

    async def _json(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send one request, once, and return its answer as JSON; None if it is none."""
        import httpx
        import runwayml

        sdk = self._sdk(client)
        try:
            if method == "POST":
                answer = await sdk.post(path, cast_to=httpx.Response, body=body)
            elif method == "DELETE":
                answer = await sdk.delete(path, cast_to=httpx.Response)
            else:
                answer = await sdk.get(path, cast_to=httpx.Response)
            return self._read(answer)
        except runwayml.APIStatusError as error:
            raise self._refused(error, path) from None
        except Exception as error:  # noqa: BLE001 - whatever the SDK and its transport raise
            raise _no_answer(error, path) from None

    def _read(self, answer: httpx.Response) -> Any:
        """Return an answer as JSON, without the key if it should quote that."""
        try:
            return json.loads(answer.text.replace(self._key, HIDDEN))
        except ValueError:
            return None

    def _refused(self, error: Any, path: str) -> VideoGenerationError:
        response = error.response
        found = refusal(response.status_code, response.headers, self._read(response))
        if found.status_code == 404 and path.startswith("/v1/tasks/"):
            return JobNotFoundError(found.message, backend="runway", status_code=404)
        return found


def _no_answer(error: BaseException, what: str) -> BackendUnavailableError:
    """Say what came instead of an answer. The cause is not chained: it may hold a secret."""
    import httpx

    never_connected = (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
    )
    cause: BaseException | None = error
    names = []
    sent = True
    while cause is not None:
        names.append(type(cause).__name__)
        sent = sent and not isinstance(cause, never_connected)
        if isinstance(cause, httpx.HTTPError):
            break
        cause = cause.__cause__
    said = "gave no answer" if sent else "cannot be reached"
    return BackendUnavailableError(
        f"runway {said} ({what}): {names[-1]}",
        backend="runway",
        code="no_answer" if sent else NOT_SENT,
        charged="unknown" if sent else "no",
        retryable=True,
    )
