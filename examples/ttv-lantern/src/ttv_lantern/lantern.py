"""Lantern itself: a vendor over HTTP, so small that it fits here. Real ones are not so kind."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web
from ttv_core.testing import Simulator, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["KEY", "Lantern"]

KEY = "a-key-for-everybody"
FPS = 12
_ORDER = {"slides": str, "text": str, "seconds": int | float, "width": int, "height": int}


class Lantern(Simulator):
    """Takes orders for shows, plays them in steps, one a question, and keeps the films."""

    def __init__(self, states: Iterable[Any] = ("waiting", "playing", "playing", "over")) -> None:
        """Open with no orders."""
        super().__init__(states)
        self.ordered: dict[str, Task] = {}

    def routes(self) -> Sequence[tuple[str, str, str, Any]]:
        """Return (kind, method, path, handler) of every request."""
        return [
            ("door", "GET", "/", self.door),
            ("create", "POST", "/shows", self.order),
            ("poll", "GET", "/shows/{id}", self.look),
            ("cancel", "DELETE", "/shows/{id}", self.stop),
            ("file", "GET", "/films/{id}.mp4", self.film),
        ]

    async def door(self, request: web.Request) -> web.Response:
        """Say that it is open."""
        return _locked(request) or web.json_response({"open": True})

    async def order(self, request: web.Request) -> web.Response:
        """Take an order; the same key is the same order."""
        if locked := _locked(request):
            return locked
        order = await request.json()
        key = request.headers.get("Idempotency-Key", "")
        if wrong := _wrong(order):
            return _error(400, wrong)
        if key not in self.ordered:
            self.ordered[key] = self.accept(order)
        return web.json_response({"id": self.ordered[key].id}, status=201)

    async def look(self, request: web.Request) -> web.Response:
        """Say how far a show is."""
        task = self.tasks.get(request.match_info["id"])
        return _locked(request) or (_error(404, "no_show") if task is None else self._told(task))

    async def stop(self, request: web.Request) -> web.Response:
        """Stop a show; one that is over stays as it is."""
        task = self.tasks.get(request.match_info["id"])
        if locked := _locked(request):
            return locked
        if task is None:
            return _error(404, "no_show")
        if task.states[0] == "over":
            return _error(409, "over_already")
        task.states.clear()
        task.states.append("stopped")
        return self._told(task)

    def _told(self, task: Task) -> web.Response:
        state = task.next()
        said = dict(state) if isinstance(state, dict) else {"state": state}
        if said["state"] == "playing":
            said |= {"done": round(1 / len(task.states), 2)}
        if said["state"] == "over":
            said = {"film": f"/films/{task.id}.mp4", **said}
        return web.json_response({"id": task.id, **said})

    async def film(self, request: web.Request) -> web.StreamResponse:
        """Send the film of a show."""
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return _error(404, "no_show")
        self.video = self.video or shown(task.request)
        return await self.file(request)


def _locked(request: web.Request) -> web.Response | None:
    return None if request.headers.get("X-Api-Key") == KEY else _error(401, "wrong_key")


def _wrong(order: Any) -> str:
    """Return the first thing that is wrong with an order, or ""."""
    if not isinstance(order, dict) or not order.keys() <= _ORDER.keys() | {"seed"}:
        return "unknown_field"
    for name, kind in _ORDER.items():
        if not isinstance(order.get(name), kind):
            return f"wrong_{name}"
    even = all(64 <= order[edge] <= 640 and order[edge] % 2 == 0 for edge in ("width", "height"))
    fits = {
        "slides": order["slides"] == "slides",
        "text": 0 < len(order["text"]) <= 500,
        "seconds": 0.5 <= order["seconds"] <= 10,
        "width": even,
        "seed": order.get("seed", 0) in range(1000),
    }
    return next((f"wrong_{name}" for name, fine in fits.items() if not fine), "")


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": code}, status=status)


def shown(order: dict[str, Any]) -> bytes:
    """Return the film of an order: bars of light that pass, in colours that the text decides."""
    import numpy as np
    from ttv_core.media import VideoWriter

    dice = np.random.default_rng([order.get("seed", 0), *order["text"].encode()])
    colour, bars = dice.uniform(80, 255, 3), dice.integers(2, 7)
    across = np.linspace(0, 1, order["width"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        with VideoWriter(path, width=order["width"], height=order["height"], fps=FPS) as film:
            for number in range(round(order["seconds"] * FPS)):
                light = 0.5 + 0.5 * np.sin(2 * np.pi * (across * bars - number / FPS))
                row = (light[:, None] * colour).astype(np.uint8)
                film.write(np.broadcast_to(row, (order["height"], *row.shape)).copy())
        return path.read_bytes()
