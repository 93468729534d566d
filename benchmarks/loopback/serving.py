"""What the vendors' processes share: how they listen, and how they answer."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any, Protocol

from aiohttp import web


class Service(Protocol):
    """A vendor.

    Attributes:
        url: Where it listens, once it does.
    """

    url: str

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""


def as_json(said: Any) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(body=json.dumps(said).encode(), content_type="application/json")


async def serve(service: Service) -> None:
    """Say where it listens, and serve until standard input ends."""
    logging.getLogger("aiohttp.server").disabled = True  # who is cut off leaves requests behind
    runner = web.ServerRunner(web.Server(service.answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    host, port = runner.addresses[0][:2]
    service.url = f"http://{host}:{port}"
    print(service.url, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
