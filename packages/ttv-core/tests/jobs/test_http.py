"""The one door to HTTP: one request, one answer, no secret in what goes wrong."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import socket
import time
import traceback
import zlib

import pytest
from aiohttp import FormData, web

from ttv_core.background import run
from ttv_core.errors import NOT_SENT, BackendUnavailableError, ConfigurationError
from ttv_core.http import ApiClient, Reply, as_id, mapping, without_query
from ttv_core.testing import Simulator

SECRET = "canary-0123456789"


@pytest.fixture
def serve():
    """A server with one handler for everything; it is told how often it was asked."""
    running = []

    def made(handler):
        class Server(Simulator):
            def routes(self):
                return [("any", "*", "/v1/{rest:.*}", handler)]

        running.append(Server())
        return running[-1].__enter__()

    yield made
    for server in running:
        server.__exit__(None, None, None)


def client(server, **headers):
    return ApiClient(f"{server.url}/v1/", headers=headers, backend="acme")


def test_a_request_says_what_it_was_told_to(serve):
    async def echo(request):
        return web.json_response(
            {
                "method": request.method,
                "path": request.path_qs,
                "body": (await request.read()).decode(),
                "key": request.headers.get("Authorization"),
                "more": request.headers.get("X-More"),
                "kind": request.headers.get("Content-Type"),
            },
            headers={"X-Answer": "yes"},
        )

    api = client(serve(echo), Authorization="Bearer k")
    reply = run(api.create("/videos", json={"a": 1}, params={"q": "x y"}, headers={"X-More": "m"}))
    assert (reply.ok, reply.status, reply.headers["x-answer"]) == (True, 200, "yes")
    assert reply.json() == {
        "method": "POST",
        "path": "/v1/videos?q=x+y",
        "body": '{"a": 1}',
        "key": "Bearer k",
        "more": "m",
        "kind": "application/json",
    }
    reply = run(api.request("PUT", "/raw", data=b"abc"))
    assert (reply.json()["method"], reply.json()["body"]) == ("PUT", "abc")


@pytest.mark.parametrize("status", [200, 201, 204, 301, 307, 400, 404, 429, 500])
def test_every_status_is_an_answer_and_none_leads_on(status, serve):
    async def answer(request):
        return web.Response(status=status, headers={"Location": "/v1/further"})

    server = serve(answer)
    reply = run(client(server).create("/videos", json={}))
    assert (reply.status, reply.ok) == (status, 200 <= status < 300)
    assert server.requests == {"any": 1}


def test_no_credentials_go_to_another_host(serve):
    """A redirect is an answer; nobody follows it, with or without a key."""

    async def nothing(request):
        raise AssertionError

    stranger = serve(nothing)

    async def away(request):
        raise web.HTTPTemporaryRedirect(f"{stranger.url}/v1/steal")

    api = client(serve(away), Authorization=SECRET)
    assert run(api.request("GET", "/videos")).status == 307
    assert run(api.create("/videos", json={})).status == 307
    assert stranger.requests == {}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "GET"])
def test_what_may_cost_money_is_sent_once_whatever_its_method(method, serve):
    async def never(request):
        raise AssertionError

    server = serve(never)
    server.fail("any", "reset", after=False, times=9)
    with pytest.raises(BackendUnavailableError) as caught:
        run(client(server).request(method, "/videos", json={}, fresh=True))
    assert server.requests == {"any": 1}
    assert (caught.value.code, caught.value.charged) == ("no_answer", "unknown")
    assert caught.value.retryable


def test_each_create_has_a_connection_of_its_own(serve):
    ports = []

    async def answer(request):
        ports.append(request.transport.get_extra_info("peername")[1])
        return web.json_response({})

    api = client(serve(answer))

    async def several():
        for _ in range(3):
            await api.create("/videos", json={})
        for _ in range(3):
            await api.request("GET", "/videos")

    run(several())
    assert len(set(ports[:3])) == 3
    assert len(set(ports[3:])) == 1


def unheard():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


@pytest.mark.parametrize(
    "url", ["unheard", "https://acme.invalid", "http://", "nonsense", "ftp://127.0.0.1/x"]
)
def test_only_where_no_connection_was_made_it_was_surely_not_sent(url):
    url = unheard() if url == "unheard" else url
    with pytest.raises(BackendUnavailableError, match="cannot be reached") as caught:
        run(ApiClient(url, backend="acme").create("/videos", json={}))
    assert (caught.value.code, caught.value.charged) == (NOT_SENT, "no")


def test_a_key_with_a_line_break_is_told_and_surely_not_sent():
    api = ApiClient(unheard(), headers={"Authorization": "Bearer k-123\n"}, backend="acme")
    with pytest.raises(ConfigurationError, match="the header Authorization holds") as caught:
        run(api.create("/videos", json={}))
    assert (caught.value.code, caught.value.charged) == (NOT_SENT, "no")
    assert "k-123" not in str(caught.value)


def test_silence_ends(serve):
    async def silent(request):
        await asyncio.sleep(3600)

    with pytest.raises(BackendUnavailableError, match="gave no answer") as caught:
        run(client(serve(silent)).create("/videos", json={}, timeout=0.05))
    assert caught.value.code == "no_answer"


@pytest.mark.parametrize("drips", ["headers", "body"])
def test_an_answer_that_drips_in_has_an_end(serve, drips):
    """Each byte comes in time, so silence alone never ends it."""

    async def dripping(request):
        if drips == "body":
            answer = web.StreamResponse()
            await answer.prepare(request)
            send = answer.write
        else:
            request.transport.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            send = _asyncly(request.transport.write)
        for _ in range(6000):
            await send(b"1")
            await asyncio.sleep(0.01)
        request.transport.abort()

    began = time.monotonic()
    with pytest.raises(BackendUnavailableError, match="gave no answer: TimeoutError") as caught:
        run(client(serve(dripping)).create("/videos", json={}, timeout=1.0))
    assert (caught.value.code, caught.value.charged) == ("no_answer", "unknown")
    assert time.monotonic() - began < 30  # of the 60 that all of it takes


@pytest.mark.parametrize("form", [False, True])
def test_a_large_body_has_the_time_it_takes(serve, form):
    async def slow_reader(request):
        await asyncio.sleep(0.5)  # the rest waits in the sender, for it does not fit in between
        return web.json_response({"bytes": len(await request.read())})

    size = 32 * 2**20
    data = b"x" * size
    if form:
        data = FormData()
        data.add_field("file", io.BytesIO(b"x" * size), filename="a.png")
    reply = run(client(serve(slow_reader)).create("/videos", data=data, timeout=0.2))
    assert reply.json()["bytes"] >= size


def _asyncly(write):
    async def written(data):
        write(data)

    return written


def test_what_goes_wrong_holds_no_key(serve):
    server = serve(None)
    server.fail("any", "reset", times=9)
    api = ApiClient(f"{server.url}/v1", headers={"Authorization": SECRET}, backend="acme")
    with pytest.raises(BackendUnavailableError) as caught:
        run(api.create(f"/videos?key={SECRET}#{SECRET}", json={"s": SECRET}))
    error = caught.value
    told = [str(error), repr(error), repr(api), json.dumps(error.to_dict())]
    told.append("".join(traceback.format_exception(error)))
    assert all(SECRET not in text for text in told)
    assert f"{server.url}/v1/videos gave no answer" in error.message
    assert error.__cause__ is None


# --- answers of any size and shape ----------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_has_a_limit(packed, serve):
    async def endless(request):
        response = web.StreamResponse(headers={"Content-Encoding": "deflate"} if packed else {})
        await response.prepare(request)
        pack = zlib.compressobj()
        for _ in range(40):
            piece = bytes(1_000_000)
            await response.write(pack.compress(piece) if packed else piece)
        return response

    with pytest.raises(BackendUnavailableError, match="gave no answer"):
        run(client(serve(endless)).request("GET", "/videos"))


def test_a_packed_answer_is_read(serve):
    async def packed(request):
        body = gzip.compress(b'{"id": 1}')
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    assert run(client(serve(packed)).request("GET", "/videos")).json() == {"id": 1}


def test_the_largest_answer_is_read(serve):
    async def large(request):
        return web.Response(body=b" " * (5 * 1024 * 1024))

    assert len(run(client(serve(large)).request("GET", "/videos")).body) == 5 * 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 100_000, b"9" * 10_000, b"\x00"],
    ids=lambda body: repr(body[:10]),
)
def test_what_is_no_json_is_none(body):
    assert Reply(200, {}, body).json() is None


def test_the_body_is_not_shown():
    reply = Reply(200, {"retry-after": "12"}, SECRET.encode())
    assert SECRET not in repr(reply)
    assert reply.retry_after == 12
    assert Reply(200, {}, b"").retry_after is None


def test_a_url_is_shown_without_what_may_be_secret():
    assert without_query("https://a.example/v?key=k#frag") == "https://a.example/v"
    assert without_query("https://a.example/v#frag?x") == "https://a.example/v"


def test_many_wait_at_the_gate_and_not_for_their_answer(serve):
    """Two hundred at once, each with a deadline shorter than all of them together take."""
    at_once, most = 0, 0

    async def slow(request):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        return web.json_response({})

    api = client(serve(slow))

    async def all_of_them():
        asked = (api.create("/videos", json={}, timeout=20) for _ in range(200))
        return await asyncio.gather(*asked)

    assert all(reply.ok for reply in run(all_of_them()))
    assert most <= 100


@pytest.mark.parametrize("value", [None, [], ["a"], "a", 5, True])
def test_what_is_no_object_is_read_as_an_empty_one(value):
    assert mapping(value) == {}
    assert mapping({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("t-1", "t-1"),
        (" 7 ", "7"),
        (7, "7"),
        ("", ""),
        (True, ""),
        (None, ""),
        ([1], ""),
        (1.5, ""),
    ],
)
def test_an_id_is_a_text_or_a_number(value, said):
    assert as_id(value) == said
