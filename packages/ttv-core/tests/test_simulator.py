"""A vendor on loopback reads what it is sent in whichever way its author likes."""

import pytest
from aiohttp import FormData, web

from ttv_core.background import run
from ttv_core.http import ApiClient
from ttv_core.testing import Simulator

PICTURE = bytes(range(256)) * 2000


class Acme(Simulator):
    """Tells what it was sent, read in each of aiohttp's ways."""

    def routes(self):
        return [
            ("form", "POST", "/form", self.form),
            ("parts", "POST", "/parts", self.parts),
            ("json", "POST", "/json", self.json),
            ("bytes", "POST", "/bytes", self.bytes),
            ("look", "GET", "/", self.look),
        ]

    async def form(self, request):
        fields = await request.post()
        return self.told(fields["purpose"], fields["file"].filename, fields["file"].file.read())

    async def parts(self, request):
        reader = await request.multipart()
        purpose = await (await reader.next()).text()
        part = await reader.next()
        return self.told(purpose, part.filename, bytes(await part.read()))

    async def json(self, request):
        return web.json_response([await request.json(), await request.json()])

    async def bytes(self, request):
        await request.read()
        return self.told("", "", await request.content.read())

    async def look(self, request):
        return self.told("", "", await request.content.read())

    def told(self, purpose, name, data):
        return web.json_response([purpose, name, len(data), data == PICTURE])


@pytest.fixture
def vendor():
    with Acme() as vendor:
        yield vendor


def asked(vendor, method, path, **what):
    return run(ApiClient(vendor.url).request(method, path, **what)).json()


def form():
    made = FormData({"purpose": "first frame"})
    made.add_field("file", PICTURE, filename="fox.png", content_type="image/png")
    return made


@pytest.mark.parametrize("way", ["form", "parts"])
def test_a_form_can_be_read_although_the_log_has_it(vendor, way):
    for _ in range(2):  # on one connection: it is not held up by what was read again
        said = asked(vendor, "POST", f"/{way}", data=form())
        assert said == ["first frame", "fox.png", len(PICTURE), True]
    assert all(PICTURE in logged.body for logged in vendor.log)


def test_json_bytes_and_nothing_at_all_can_be_read(vendor):
    assert asked(vendor, "POST", "/json", json={"text": "a fox"}) == [{"text": "a fox"}] * 2
    assert asked(vendor, "POST", "/bytes", data=PICTURE) == ["", "", len(PICTURE), True]
    assert asked(vendor, "GET", "/") == ["", "", 0, False]
