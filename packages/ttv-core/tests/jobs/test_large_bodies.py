"""A body may hold pictures: megabytes of it arrive whole, and hold up nothing."""

from __future__ import annotations

import pytest
from aiohttp import web

from ttv_core.background import run
from ttv_core.http import ApiClient
from ttv_core.testing import Simulator

LARGE = "ä" * 3_000_000


class Echo(Simulator):
    def routes(self):
        return [("create", "POST", "/videos", self.create)]

    async def create(self, request):
        body = await request.read()
        said = {"type": request.content_type, "size": len(body), "length": request.content_length}
        return web.json_response(said)


@pytest.mark.parametrize("way", ["create", "request"])
def test_a_large_body_arrives_whole(way):
    with Echo() as vendor:
        api = ApiClient(vendor.url)
        method = () if way == "create" else ("POST",)
        said = run(getattr(api, way)(*method, "/videos", json={"image": LARGE})).json()
        assert said["type"] == "application/json"
        assert said["size"] == said["length"] > len(LARGE)
        assert vendor.log[0].json() == {"image": LARGE}
        said = run(getattr(api, way)(*method, "/videos", data=LARGE.encode())).json()
        assert (said["type"], said["size"]) == ("application/octet-stream", 6_000_000)


def test_headers_of_a_call_win_over_the_kind_of_its_body():
    with Echo() as vendor:
        api = ApiClient(vendor.url, headers={"Content-Type": "application/acme+json"})
        assert run(api.create("/videos", json={})).json()["type"] == "application/acme+json"
