"""A result's link may lead to the open internet and to the vendor, and nowhere else."""

from __future__ import annotations

import asyncio
import socket

import pytest

from ttv_core import DownloadError, RemoteFile
from ttv_core.addresses import Guard, is_public
from ttv_core.transfer import download

OWN = "http://127.0.0.1:8000"

HOSTILE = [
    # schemes
    "http://example.com/v.mp4",
    "file:///etc/passwd",
    "file://127.0.0.1:8000/etc/passwd",
    "ftp://example.com/v.mp4",
    "ftp://127.0.0.1:8000/v.mp4",
    "gopher://127.0.0.1:8000/_GET",
    "data:video/mp4;base64,AAAA",
    "javascript:alert(1)",
    "ws://127.0.0.1:8000/",
    "//example.com/v.mp4",
    "/etc/passwd",
    "v.mp4",
    "https:",
    "https://",
    "https:///v.mp4",
    "",
    # the vendor's own host, at another door
    "http://127.0.0.1/",
    "http://127.0.0.1:8001/",
    "https://127.0.0.1/",
    "http://localhost:8000/",
    "http://127.0.0.2:8000/",
    "http://[::1]:8000/",
    # literals of IPv4, in every writing
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://192.0.2.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.0.0.1./",
    "https://169.254.43518/",
    "https://1/",
    "https://0/",
    "https://0x/",
    "https://127.0.0.01/",
    # digits and stops of other scripts, which a client may read as ASCII
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://ⓛocalhost/",
    "https://127%2e0%2e0%2e1/",
    "https://%31%32%37.0.0.1/",
    # IPv6, and IPv4 inside it
    "https://[::]/",
    "https://[::1]/",
    "https://[::1%25lo]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:0:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:7f00:1::]/",
    "https://[v1.fe80::a]/",
    "https://[::1/",
    # users, and other ways to hide where it leads
    "https://example.com@127.0.0.1/",
    "https://user:word@example.com/",
    "https://@127.0.0.1/",
    "http://127.0.0.1:8000@169.254.169.254/",
    "https://example.com\\@127.0.0.1/",
    "https://127.0.0.1\\.example.com/",
    "https://127.0.0.1\t/",
    "https://example.com\r\nHost: a/",
    "https://exa mple.com/",
    "https://example..com/",
    "https://.example.com/",
    "https://example.com:99999/",
    "https://example.com:port/",
    # names that the resolver below leads inside
    "https://localhost/",
    "https://inside.example.com/",
    "https://metadata.google.internal/",
    "https://mapped.example.com/",
    "https://six.example.com/",
    "https://nowhere.example.com/",
]

NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "inside.example.com": ["10.1.2.3"],
    "metadata.google.internal": ["169.254.169.254"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "six.example.com": ["fe80::1%eth0", "64:ff9b::7f00:1"],
}


@pytest.fixture
def stub_resolver(monkeypatch):
    """Names lead where `NAMES` says; every name that was asked for is kept."""
    asked = []

    def getaddrinfo(host, port, *rest, **more):
        asked.append(host)
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answer = NAMES[host]
        found = answer.pop(0) if isinstance(answer, tuple) else answer
        return [
            (
                socket.AF_INET6 if ":" in each else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (each, port, 0, 0) if ":" in each else (each, port),
            )
            for each in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "getnameinfo", lambda address, flags: (address[0], str(address[1])))
    return asked


@pytest.fixture
def connections(monkeypatch):
    """Where anything would have connected to; nothing does."""
    tried = []

    async def connect(loop, sock, address):
        tried.append(address[0])
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", connect)
    return tried


def fetched(url, part, own=OWN):
    from ttv_core.background import run

    part.touch()
    with pytest.raises((DownloadError, ValueError)) as caught:
        run(download(RemoteFile(url=url), part, Guard(own)))
    return caught.value


@pytest.mark.parametrize("url", HOSTILE, ids=ascii)
def test_no_connection_is_made_to_where_it_must_not(url, tmp_path, stub_resolver, connections):
    error = fetched(url, tmp_path / "part")
    assert connections == []
    assert (tmp_path / "part").read_bytes() == b""
    if url and "nowhere" not in url:
        assert (error.code, error.retryable, error.charged) == ("unsafe_link", False, "yes")
        assert str(error).isprintable()
        assert len(str(error)) < 160


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        ("https://8.8.8.8/v.mp4", "8.8.8.8"),
        ("https://[2606:4700::1]/v.mp4", "2606:4700::1"),
        ("https://video-1.cdn_2.example.com/v.mp4?sig=a%2Fb", "1.1.1.1"),
        ("http://127.0.0.1:8000/v.mp4", "127.0.0.1"),
        ("HTTP://127.0.0.1:8000/v.mp4", "127.0.0.1"),
        ("https://MIXED.example.com/", "1.1.1.1"),
    ],
)
def test_the_open_internet_and_the_vendor_are_reached(
    url, reached, tmp_path, stub_resolver, connections, monkeypatch
):
    monkeypatch.setitem(NAMES, "video-1.cdn_2.example.com", ["1.1.1.1"])
    monkeypatch.setitem(NAMES, "mixed.example.com", ["10.0.0.1", "1.1.1.1"])
    assert fetched(url, tmp_path / "part").code == "cut_off"
    assert connections == [reached]  # of several addresses, the private ones are left out


def test_a_name_that_changes_its_mind_is_asked_once(
    tmp_path, stub_resolver, connections, monkeypatch
):
    """What was checked is what is connected to: there is no second look that could differ."""
    answers = {"rebind.example.com": [["1.1.1.1"], ["127.0.0.1"]]}
    monkeypatch.setitem(NAMES, "rebind.example.com", ["1.1.1.1"])
    fetched("https://rebind.example.com/", tmp_path / "part")
    assert stub_resolver == ["rebind.example.com"]
    assert connections == ["1.1.1.1"]
    monkeypatch.setitem(NAMES, "rebind2.example.com", answers["rebind.example.com"][1])
    fetched("https://rebind2.example.com/", tmp_path / "part")
    assert connections == ["1.1.1.1"]


def test_the_users_own_name_may_lead_anywhere(tmp_path, stub_resolver, connections):
    own = "https://inside.example.com"
    assert fetched(f"{own}/v.mp4", tmp_path / "part", own).code == "cut_off"
    assert connections == ["10.1.2.3"]
    assert fetched("https://localhost/v.mp4", tmp_path / "part", own).code == "unsafe_link"
    assert fetched(f"{own}:8443/v.mp4", tmp_path / "part", own).code == "unsafe_link"
    assert connections == ["10.1.2.3"]


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1", "2a00:1450::1", "64:ff9b::808:808"]
)
def test_public_addresses(address):
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "example.com", "127.1", "1", "8.8.8.8/32", "::ffff:10.0.0.1"])
def test_what_is_no_public_address(text):
    assert not is_public(text)
