"""Settings, and whether a server is ready: what it is, and what it serves."""

from __future__ import annotations

import socket
from importlib.metadata import entry_points

import pytest
from conftest import TINY, settings
from endpoint_servers import KEY, MODEL

import ttv_core
from ttv_core import BackendUnavailableError, ConfigurationError
from ttv_endpoint import plugin
from ttv_endpoint.generator import EndpointGenerator

PRIVATE = "http://10.1.2.3:8000"


def made(**values):
    return EndpointGenerator(**values).settings


def test_it_is_found_through_its_entry_point():
    found = [e for e in entry_points(group="ttv.backends") if e.name == "endpoint"]
    assert [entry.value for entry in found] == ["ttv_endpoint.plugin"]
    (spec,) = plugin.ttv_backends()
    assert (spec.name, spec.kind) == ("endpoint", "remote")
    assert "endpoint" in ttv_core.GENERATOR_REGISTRY


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
        ("https://gpu.example.com/wan/v1/", "https://gpu.example.com/wan"),
        ("https://gpu.example.com/v1/videos", "https://gpu.example.com"),
        (" https://gpu.example.com ", "https://gpu.example.com"),
    ],
)
def test_addresses(given, used):
    assert made(base_url=given).base_url == used
    assert EndpointGenerator(base_url=given).base_url == used


@pytest.mark.parametrize("url", [PRIVATE, "http://wan.gpu.svc:8000", "http://93.184.216.34/v1"])
def test_plain_http_on_another_machine_is_allowed_on_purpose_only(url):
    with pytest.raises(ConfigurationError, match="allow_http: true") as caught:
        made(base_url=url)
    assert caught.value.key.startswith("backends.endpoint")
    with pytest.raises(ConfigurationError, match="allow_http: true") as caught:
        made(base_url=url, allow_http=False)
    assert caught.value.key == "backends.endpoint.allow_http"
    found = EndpointGenerator(base_url=url, allow_http=True)
    assert found.base_url == url.removesuffix("/v1")
    found.guard.check(f"{found.base_url}/v1/videos/1/content")
    with pytest.raises(ttv_core.DownloadError):  # its own address, and no other
        found.guard.check("http://10.1.2.4:8000/v1/videos/1/content")


def test_other_backends_stay_as_strict():
    with pytest.raises(ConfigurationError):
        ttv_core.RemoteSettings.load({"base_url": PRIVATE}, path="backends.other")


@pytest.mark.parametrize(
    "url", ["ftp://a/", "10.1.2.3:8000", "http://", "https://me:secret@a.example", "file:///etc"]
)
def test_what_is_no_address(url):
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        made(base_url=url, allow_http=True)
    assert "secret" not in str(caught.value)


def test_the_environment_has_the_last_word_after_the_settings(monkeypatch):
    monkeypatch.setenv("TTV_ENDPOINT_BASE_URL", PRIVATE)
    monkeypatch.setenv("TTV_ENDPOINT_API_KEY", KEY)
    found = made(allow_http=True)
    assert (found.base_url, found.api_key.get_secret_value()) == (PRIVATE, KEY)
    assert made(base_url="https://a.example").base_url == "https://a.example"
    assert KEY not in repr(found)


def test_settings_that_are_wrong_are_told_with_what_is_allowed():
    with pytest.raises(ConfigurationError, match="vllm-omni, sglang, fastvideo") as caught:
        made(dialect="vllm")
    assert caught.value.key == "backends.endpoint.dialect"
    with pytest.raises(ConfigurationError, match="did you mean 'dialect'"):
        made(dialekt="sglang")
    with pytest.raises(ConfigurationError) as caught:
        _ = EndpointGenerator(models={"tiny": {"frames": {"minimum": 0}}}).capabilities
    assert caught.value.key.startswith("backends.endpoint.models.tiny")


# --- being ready --------------------------------------------------------------------------------


def test_without_an_address_it_cannot_be_used_and_says_what_to_do():
    generator = EndpointGenerator()
    found = generator.availability()
    assert (found.ok, found.reasons) == (False, ("no server is named",))
    assert "TTV_ENDPOINT_BASE_URL" in found.remedies[0]
    assert generator.availability(deep=True) == found
    with pytest.raises(BackendUnavailableError) as caught:
        generator.generate("a fox")
    assert (caught.value.charged, "TTV_ENDPOINT_BASE_URL" in caught.value.remedy) == ("no", True)
    assert generator.plan("a fox").ok  # that needs no server


TITLES = {"vllm-omni": "vLLM-Omni", "sglang": "SGLang Diffusion", "fastvideo": "FastVideo"}


@pytest.mark.parametrize("told", [True, False], ids=["told", "detected"])
def test_deep_names_the_server_and_its_models_and_starts_nothing(server, told):
    more = {"dialect": server.dialect} if told else {}
    found = EndpointGenerator(**settings(server, **more)).availability(deep=True)
    assert (found.ok, found.remedies) == (True, ())
    assert found.reasons == (f"{server.url}: {TITLES[server.dialect]} serves tiny",)
    assert {logged.method for logged in server.log} == {"GET"}
    assert (server.accepted, server.requests["create"]) == (0, 0)


def test_deep_takes_the_users_word_where_the_server_says_nothing(server):
    server.owner, server.describes = "", False
    found = EndpointGenerator(**settings(server, dialect=server.dialect)).availability(deep=True)
    assert (found.ok, TITLES[server.dialect] in found.reasons[0]) == (True, True)
    found = EndpointGenerator(**settings(server)).availability(deep=True)
    assert (found.ok, "backends.endpoint.dialect" in found.remedies[0]) == (False, True)


def test_deep_says_that_nobody_is_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    found = EndpointGenerator(base_url=url).availability(deep=True)
    assert not found.ok
    assert f"{url}/v1/models cannot be reached" in found.reasons[0]


def test_deep_says_that_the_key_is_wrong_without_saying_it(server):
    server.key = KEY
    wrong = f"{KEY}x"
    given = settings(server, dialect=server.dialect)
    found = EndpointGenerator(**given, api_key=wrong).availability(deep=True)
    assert (found.ok, "refuses the key" in found.reasons[0]) == (False, True)
    assert KEY not in repr(found)
    assert EndpointGenerator(**given, api_key=KEY).availability(deep=True).ok


def test_deep_says_that_it_is_another_server_or_another_model(server):
    other = next(name for name in TITLES if name != server.dialect)
    found = EndpointGenerator(**settings(server, dialect=other)).availability(deep=True)
    assert (found.ok, f"is {TITLES[server.dialect]}, not" in found.reasons[0]) == (False, True)
    assert found.remedies == (f"set backends.endpoint.dialect to {server.dialect}",)
    given = {"base_url": server.url, "model": "Wan-AI/Wan2.1-T2V-14B-Diffusers"}
    found = EndpointGenerator(**given).availability(deep=True)
    assert (found.ok, found.remedies) == (False, ("set backends.endpoint.model to tiny",))


@pytest.mark.parametrize(
    ("status", "body"), [(404, b'{"detail": "Not Found"}'), (200, b"{}"), (200, b"<html>")]
)
def test_deep_says_that_a_server_has_no_videos(vllm, status, body):
    """One for language models has a list of models too."""
    fault = "body" if status == 200 else "status"
    vllm.fail("list", fault, status=status, body=body)
    found = EndpointGenerator(**settings(vllm)).availability(deep=True)
    assert not found.ok
    assert "videos" in found.reasons[0]


def test_a_key_belongs_to_a_job_and_is_not_told(server):
    generator = EndpointGenerator(base_url=server.url, api_key=KEY, models=TINY, model=MODEL)
    identity = generator.identity()
    assert identity["endpoint"] == server.url
    assert KEY not in str(identity)
    assert identity != EndpointGenerator(base_url=server.url).identity()
