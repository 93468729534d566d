"""Hostile answers, hostile neighbours, and a key that must be found nowhere."""

from __future__ import annotations

import gzip
import json
import logging
import os
import pickle
import stat
import traceback
import tracemalloc

import pytest
from acme import KEY, AcmeGenerator
from aiohttp import web

from ttv_core import (
    AuthenticationError,
    ConfigurationError,
    ContentRejectedError,
    DownloadError,
    GenerationFailedError,
    InvalidInputError,
    OutputError,
    Poll,
    RemoteFile,
    VideoGenerationError,
    VideoResult,
    jobs,
)
from ttv_core.addresses import Guard
from ttv_core.background import run
from ttv_core.events import printable
from ttv_core.jobs import watching
from ttv_core.output import PendingFile
from ttv_core.testing import Fault, Simulator
from ttv_core.transfer import download


def made(generator, tmp_path, **more):
    fields = {"duration": 1, "output": tmp_path / "fox.mp4"} | more
    try:
        return generator.generate("a fox", **fields)
    except VideoGenerationError as error:
        return error


# --- links that lead astray -----------------------------------------------------------------------


@pytest.fixture
def stranger(video):
    """Another host, which keeps every header that it is sent."""

    class Stranger(Simulator):
        def __init__(self):
            super().__init__()
            self.seen = []

        def routes(self):
            return [("any", "GET", "/{rest:.*}", self.take)]

        async def take(self, request):
            self.seen.append(dict(request.headers))
            return await self.file(request, video)

    with Stranger() as server:
        yield server


@pytest.fixture
def both_are_public(monkeypatch, acme, stranger):
    """As if both hosts were on the open internet, and spoke TLS."""
    hosts = {int(server.url.rpartition(":")[2]) for server in (acme, stranger)}
    monkeypatch.setattr(Guard, "_is_own", lambda self, host, port: port in hosts)


@pytest.mark.parametrize(
    "link",
    [
        "{stranger}/v.mp4",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://127.1/v.mp4",
        "https://１２７.０.０.１/v.mp4",
        "{acme}/hop?to={stranger}/v.mp4",
        "{acme}/hop?to=file:///etc/passwd",
        "{acme}/hop?to=https://169.254.169.254/",
        "{acme}/hop?to=//127.0.0.1:1/v.mp4",
    ],
)
def test_a_result_leads_nowhere_but_to_the_vendor(link, acme, backend, stranger, tmp_path):
    acme.link = link.format(acme=acme.url, stranger=stranger.url)
    error = made(backend(), tmp_path)
    assert type(error) is DownloadError
    assert (error.code, error.charged, error.retryable) == ("unsafe_link", "yes", False)
    assert stranger.requests == {}
    assert jobs.get(error.job_id).state == "remote_done"
    acme.link = None  # the video is not lost: a sane link brings it home
    assert backend().resume(jobs.get(error.job_id)).wait(timeout=60).charged == "yes"


def test_a_redirect_to_another_host_gets_nothing_of_ours(
    acme, backend, stranger, both_are_public, tmp_path, video
):
    generator = backend()

    async def fetch(ref):
        secrets = {"Authorization": f"Bearer {KEY}", "X-Api-Key": KEY, "Cookie": f"k={KEY}"}
        return [RemoteFile(url=f"{acme.url}/hop?to={stranger.url}/v.mp4", headers=secrets)]

    generator.fetch = fetch
    stranger.fail("file", "cut")
    assert made(generator, tmp_path).path.read_bytes() == video
    (hop, *_) = [each for each in acme.log if each.kind == "hop"]
    assert {"authorization", "x-api-key", "cookie"} <= hop.headers.keys()
    assert len(stranger.seen) == 2
    for headers in stranger.seen:
        assert {name.lower() for name in headers} <= {
            "host",
            "accept",
            "accept-encoding",
            "user-agent",
            "range",
            "if-range",
        }
        assert KEY not in str(headers)
    assert "If-Range" in stranger.seen[1]


def test_a_redirect_at_home_keeps_what_it_needs(acme, backend, tmp_path, video):
    generator = backend()

    async def fetch(ref):
        link = f"{acme.url}/hop?to=/files/1"
        return [RemoteFile(url=link, headers={"X-Own": "yes"})]

    generator.fetch = fetch
    assert made(generator, tmp_path).path.read_bytes() == video
    assert [each.headers["x-own"] for each in acme.log if each.kind == "file"] == ["yes"]


class Hops(Simulator):
    """Leads on as often as its address says; "round" for ever."""

    def routes(self):
        return [("hop", "GET", "/{left}", self.hop)]

    async def hop(self, request):
        left = request.match_info["left"]
        if left == "0":
            return await self.file(request, b"video")
        raise web.HTTPFound("/round" if left == "round" else f"/{int(left) - 1}")


@pytest.mark.parametrize(("hops", "requests"), [("0", 1), ("5", 6), ("6", 6), ("round", 6)])
def test_redirects_come_to_an_end(hops, requests, tmp_path):
    part = tmp_path / "part"
    part.touch()
    with Hops() as server:
        fetching = download(RemoteFile(url=f"{server.url}/{hops}"), part, Guard(server.url))
        if hops in {"0", "5"}:
            assert run(fetching).total == 5
        else:
            with pytest.raises(DownloadError, match="leads on more than 5 times") as caught:
                run(fetching)
            assert (caught.value.code, caught.value.retryable) == ("unsafe_link", False)
        assert server.requests == {"hop": requests}


# --- answers that are too much --------------------------------------------------------------------

BOMBS = {
    "a long answer": Fault(kind="body", body=b" " * 6_000_000),
    "a packed bomb": Fault(
        kind="body",
        body=gzip.compress(bytes(150_000_000)),
        headers={"Content-Encoding": "gzip"},
    ),
    "a deep one": Fault(kind="body", body=b"[" * 300_000),
    "a long number": Fault(kind="body", body=b'{"state": ' + b"9" * 100_000 + b"}"),
    "a long word": Fault(kind="body", body=b'{"state": "' + b"x" * 1_000_000 + b'"}'),
}


@pytest.mark.parametrize("fault", BOMBS.values(), ids=BOMBS)
def test_an_answer_that_is_too_much_does_no_harm(fault, acme, backend, tmp_path, video):
    acme.fail("poll", fault, times=2)
    heard = []
    tracemalloc.start()
    try:
        result = made(backend(), tmp_path, on_event=heard.append)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.path.read_bytes() == video
    assert peak < 120_000_000
    assert max(len(event.message) for event in heard) <= 600


# --- words that are more than words ---------------------------------------------------------------

NASTY = "no\x1b[2J\x1b]0;owned\x07\r\x00\x9b31m\u202egnp.exe\u2028\ud83d\x7f"


def is_harmless(text):
    return all(c.isprintable() or c in "\n\t" for c in text)


@pytest.mark.parametrize("kind", [GenerationFailedError, ContentRejectedError, InvalidInputError])
def test_a_vendors_words_do_nothing_to_a_terminal(kind, acme, backend, tmp_path, caplog):
    generator = backend()
    reasons = {"reasons": [NASTY]} if kind is ContentRejectedError else {}

    async def poll(ref):
        error = kind(NASTY, code=NASTY, request_id=NASTY, remedy=NASTY, **reasons)
        return Poll(state="failed", error=error, word=NASTY)

    generator.poll = poll
    heard = []
    with caplog.at_level(logging.DEBUG):
        error = made(generator, tmp_path, on_event=heard.append)
    told = [str(error), error.code, error.request_id, *getattr(error, "reasons", ())]
    told += [event.message for event in heard]
    told += [record.getMessage() for record in caplog.records if record.name.startswith("ttv")]
    job = jobs.get(error.job_id)
    told += [job.note, json.dumps(job.to_dict(), ensure_ascii=False)]
    told += [attempt.detail for attempt in jobs.attempts(job.id)]
    assert all(is_harmless(text) for text in told)
    assert "\\x1b[2J" in error.message


def test_an_unknown_word_of_a_vendors_does_nothing_either(acme, backend, tmp_path):
    acme.states = [{"state": NASTY}, "done"]
    generator = backend()
    heard = []
    made(generator, tmp_path, on_event=heard.append)
    assert all(is_harmless(event.message) for event in heard)
    assert any("\\x1b" in event.message for event in heard)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – ünï 🦊\tand\nlines", "plain – ünï 🦊\tand\nlines"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\rb", "a\\x0db"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\x202e"),
        ("\ud83d", "\\xd83d"),
    ],
)
def test_control_characters_are_made_visible(text, shown):
    assert printable(text) == shown


# --- other users of the machine -------------------------------------------------------------------


def test_the_part_is_nobodys_to_plant(tmp_path):
    """The name cannot be guessed, and a link in its place is not followed."""
    names = {PendingFile(tmp_path / "fox.mp4", overwrite=False).path.name for _ in range(100)}
    assert len(names) == 100
    victim = tmp_path / "victim"
    victim.write_text("mine")
    pending = PendingFile(tmp_path / "fox.mp4", overwrite=False)
    pending.path.symlink_to(victim)
    with pytest.raises(OutputError):
        pending.create()
    assert victim.read_text() == "mine"
    with pytest.raises(OutputError):
        run(download(RemoteFile(url="https://a.example/v"), pending.path, Guard()))
    assert victim.read_text() == "mine"


def test_a_video_has_the_users_own_mode(acme, backend, tmp_path):
    before = os.umask(0o027)
    try:
        result = made(backend(), tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(result.path.stat().st_mode) == 0o640


# --- the key --------------------------------------------------------------------------------------


class Leaky(AcmeGenerator):
    """A backend whose author put the key into everything that can be raised and returned."""

    place = ""

    def _leak(self, place):
        if self.place != place:
            return
        cause = ValueError(f"Bearer {KEY} was refused")
        if self.kind == "own":
            raise RuntimeError(f"it was {KEY}") from cause
        facts = {"code": f"code-{KEY}", "request_id": f"id-{KEY}", "remedy": f"use {KEY}"}
        raise AuthenticationError(f"it was {KEY}", **facts) from cause

    async def prepare(self, plan):
        self._leak("prepare")
        return await super().prepare(plan)

    async def submit(self, plan, key):
        self._leak("submit")
        return await super().submit(plan, key)

    async def poll(self, ref):
        self._leak("poll")
        if self.place == "failed":
            reasons = [f"because of {KEY}"]
            error = ContentRejectedError(f"no {KEY}", reasons=reasons, stage="output")
            error.__cause__ = ValueError(KEY)
            return Poll(state="failed", error=error, word=KEY)
        if self.place == "word":
            return Poll(state="failed", word=KEY)
        return await super().poll(ref)

    async def fetch(self, ref):
        self._leak("fetch")
        return await super().fetch(ref)


@pytest.fixture
def no_patience(monkeypatch):
    """A key that is refused five times is refused."""
    monkeypatch.setattr(watching, "_DENIED_SECONDS", 0.0)


def everything(folder):
    """Return all bytes of all files below a folder."""
    return b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("own", ["ours", "own"])
@pytest.mark.parametrize(
    "place", ["", "prepare", "submit", "poll", "fetch", "failed", "word", "answers", "links"]
)
@pytest.mark.usefixtures("no_patience")
def test_the_key_is_found_nowhere(place, own, acme, backend, tmp_path, state_dir, caplog, capfd):
    generator = Leaky(backend().settings)
    generator.semantics = backend().semantics
    generator.place, generator.kind = place, own
    echo = Fault(
        kind="status",
        status=503,
        headers={"Retry-After": KEY, "X-Request-Id": KEY},
        body=json.dumps({"code": KEY, "message": f"Bearer {KEY}"}).encode(),
    )
    if place == "answers":
        acme.fail("poll", echo, times=3).fail("file", echo, times=3)
    if place == "links":
        acme.link = f"{acme.url}/files/1?key={KEY}"
        acme.fail("file", "reset", times=99)
    if place == "poll" and own == "own":
        acme.fail("create", "status", status=422, body=echo.body)  # it would be asked for ever
    heard = []
    with caplog.at_level(logging.DEBUG):
        found = made(generator, tmp_path, on_event=heard.append)
    told = [repr(generator), repr(generator.settings), str(generator.api), caplog.text]
    told += [repr(record.__dict__) for record in caplog.records]
    told += [repr(event) for event in heard]
    if isinstance(found, VideoResult):
        told += [repr(found), json.dumps(found.to_dict()), found._repr_html_()]
        job = jobs.get(found.job_id)
    else:
        told += [str(found), repr(found), json.dumps(found.to_dict()), repr(found.__dict__)]
        told += traceback.format_exception(found)
        told += [repr(pickle.loads(pickle.dumps(found)).__dict__)]
        job = jobs.get(found.job_id)
    told += [repr(job), json.dumps(job.to_dict()), json.dumps(job.plan)]
    told += [repr(attempt) for attempt in jobs.attempts(job.id)]
    told += list(capfd.readouterr())
    assert [text for text in told if KEY in text] == []
    for folder in (state_dir, tmp_path):
        assert KEY.encode() not in everything(folder)
    assert (state_dir / "jobs.db-wal").stat().st_size > 0
    assert all(KEY not in str(each.headers) for each in acme.log)


def test_the_key_goes_to_the_vendor_alone(acme, backend, stranger, both_are_public, tmp_path):
    """It is on every question to the API, and on no download, not even the vendor's own."""
    sent = []
    real = acme.refuse

    def refuse(request):
        sent.append(request.headers.get("Authorization"))
        return real(request)

    acme.refuse = refuse
    acme.link = f"{stranger.url}/v.mp4"
    made(backend(), tmp_path)
    assert set(sent) == {f"Bearer {KEY}"}
    assert len(sent) >= 3
    assert all("Authorization" not in headers for headers in stranger.seen)


def test_two_keys_are_two_accounts_and_neither_is_told(backend):
    one, two = backend().identity(), backend(api_key="another-key-of-somebody").identity()
    assert one["account"] != two["account"]
    assert len(one["account"]) == 12
    assert KEY not in str(one)
    assert "account" not in backend(api_key=None).identity()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.acme.example",
        "http://127.0.0.1.example.com",
        "https://user:word@api.acme.example",
        "https://user@api.acme.example",
        "http://user:word@127.0.0.1",
        "ftp://api.acme.example",
        "//api.acme.example",
        "api.acme.example",
        "https://",
        "",
    ],
)
def test_the_key_goes_to_no_address_that_could_give_it_away(url, backend):
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        backend(base_url=url)
    assert KEY not in str(caught.value)
    assert "word" not in str(caught.value)
