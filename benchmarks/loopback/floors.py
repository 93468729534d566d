"""The least that a job costs with a bare HTTP client: create, poll, stream to a file, no checks.

Every client has the same loop and the same gate, so what differs is the client.
"""

from __future__ import annotations

import asyncio
import importlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

INTERVAL = 0.5
ASKED = {"model": "sora-2", "prompt": "a red fox", "seconds": "4"}
CONNECTIONS = 200


@asynccontextmanager
async def with_aiohttp(url: str, gate: int = CONNECTIONS) -> AsyncIterator[Callable[[Path], Any]]:
    """Give a coroutine that does one job with aiohttp."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=gate)
    async with aiohttp.ClientSession(url, connector=connector) as session:

        async def job(target: Path) -> None:
            async with session.post("/v1/videos", json=ASKED) as answer:
                said = await answer.json()
            place = f"/v1/videos/{said['id']}"
            while said["status"] != "completed":
                await asyncio.sleep(INTERVAL)
                async with session.get(place) as answer:
                    said = await answer.json()
            async with session.get(f"{place}/content") as answer:
                with target.open("wb") as file:
                    async for chunk in answer.content.iter_chunked(65536):
                        file.write(chunk)

        yield job


@asynccontextmanager
async def with_httpx(
    url: str, gate: int = CONNECTIONS, *, name: str = "httpx"
) -> AsyncIterator[Callable[[Path], Any]]:
    """Give a coroutine that does one job with httpx, or with httpx2, which is its successor."""
    httpx: Any = importlib.import_module(name)
    open_gate = asyncio.Semaphore(gate)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=gate)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:

        async def job(target: Path) -> None:
            async with open_gate:
                said = (await client.post("/v1/videos", json=ASKED)).json()
            place = f"/v1/videos/{said['id']}"
            while said["status"] != "completed":
                await asyncio.sleep(INTERVAL)
                async with open_gate:
                    said = (await client.get(place)).json()
            async with open_gate, client.stream("GET", f"{place}/content") as answer:
                with target.open("wb") as file:
                    async for chunk in answer.aiter_bytes():
                        file.write(chunk)

        yield job
