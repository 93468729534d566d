"""Keys, hosts, regions, the configuration of old and new, and whether it can be used."""

from __future__ import annotations

import pytest
from minimax_vendor import KEY

import ttv_core
from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    ConfigurationError,
    create_video_generator,
)
from ttv_minimax.generator import MinimaxGenerator

GLOBAL, CHINA = "https://api.minimax.io", "https://api.minimaxi.com"


# --- where the key goes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, GLOBAL),
        ({"region": "global"}, GLOBAL),
        ({"region": "china"}, CHINA),
        ({"base_url": "https://api.minimax.cn"}, "https://api.minimax.cn"),
        ({"base_url": "api.minimaxi.com"}, CHINA),
        ({"base_url": "https://api.minimax.io/v1"}, GLOBAL),
        ({"base_url": "https://api.minimax.io/v2/"}, GLOBAL),
        ({"base_url": "https://gate.example/minimax/v1"}, "https://gate.example/minimax"),
        ({"region": "china", "base_url": "https://gate.example"}, "https://gate.example"),
    ],
)
def test_the_address(settings, url):
    assert MinimaxGenerator(**settings).base_url == url
    assert MinimaxGenerator(**settings).api.base_url == url


@pytest.mark.parametrize("url", ["http://api.minimax.io", "ftp://a.example", "https://u@a.example"])
def test_the_key_goes_nowhere_in_the_clear(url):
    with pytest.raises(ConfigurationError, match=r"backends\.minimax\.base_url"):
        MinimaxGenerator(base_url=url)


def test_the_environment_has_key_and_host(monkeypatch):
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    monkeypatch.setenv("MINIMAX_API_HOST", "https://api.minimaxi.com")
    found = MinimaxGenerator()
    assert (found.settings.api_key.get_secret_value(), found.base_url) == (KEY, CHINA)
    assert MinimaxGenerator(base_url=GLOBAL).base_url == GLOBAL


def test_the_older_section_is_taken_as_it_is(monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    section = {
        "api_key": "${SOME_KEY}",
        "model": "MiniMax-Hailuo-02",
        "resolution": "1080P",
        "max_duration": 6,
        "base_url": "https://api.minimaxi.chat/v1",
    }
    found = create_video_generator({"minimax": section}, "minimax", fallback_backends=())
    plan = found.plan("a fox")
    assert plan.native == {
        "model": "MiniMax-Hailuo-02",
        "prompt": "a fox",
        "duration": 6,
        "resolution": "1080P",
    }
    assert plan.warnings == (
        f"https://api.minimaxi.chat is MiniMax's old address; today's is {GLOBAL}",
    )
    assert found.availability().ok


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"resolution": "large"}, "resolution"),
        ({"max_duration": 0}, "max_duration"),
        ({"region": "moon"}, "region"),
        ({"motion": 5}, "motion"),
        ({"models": {"MiniMax-H3": {"durations": []}}}, "models.MiniMax-H3.durations"),
    ],
)
def test_a_wrong_setting_is_told_by_its_path(settings, key):
    with pytest.raises(ConfigurationError) as caught:
        _ = MinimaxGenerator(**settings).capabilities
    assert caught.value.key == f"backends.minimax.{key}"


# --- what it changes in requests ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "fields", "sent", "warned"),
    [
        ({"resolution": "1080p"}, {}, (6, "1080P"), ""),
        ({"resolution": "1080P"}, {"resolution": "768p"}, (6, "768P"), ""),
        ({"resolution": "1080P"}, {"duration": 10}, (10, "768P"), "1080P of the configuration"),
        ({"resolution": "512P"}, {}, (6, "768P"), "512P of the configuration cannot be had"),
        ({"resolution": "2K"}, {"model": "MiniMax-H3"}, (5, "2K"), ""),
        (
            {"resolution": "2k"},
            {"model": "MiniMax-H3", "image": "https://a.b/c.png"},
            (5, "2K"),
            "",
        ),
        ({"resolution": "1080P"}, {"model": "T2V-01"}, (None, None), "; 720P is used"),
        ({"max_duration": 9}, {}, (6, "768P"), ""),
        ({"max_duration": 4.5}, {"model": "MiniMax-H3"}, (4, "768P"), ""),
        ({"max_duration": 99}, {"model": "MiniMax-H3", "duration": 15}, (15, "768P"), ""),
    ],
)
def test_usual_resolution_and_longest_duration(settings, fields, sent, warned):
    plan = MinimaxGenerator(api_key="k", **settings).plan("a fox", **fields)
    assert plan.violations == ()
    assert (plan.native.get("duration"), plan.native.get("resolution")) == sent
    told = [text for text in plan.warnings if "configuration" in text]
    assert len(told) == bool(warned)
    assert warned in "".join(told)


def test_what_is_longer_than_the_longest_is_refused_or_adjusted():
    short = MinimaxGenerator(api_key="k", max_duration=6)
    assert [v.field for v in short.plan("a fox", duration=10).violations] == ["duration"]
    plan = short.plan("a fox", duration=10, on_unsupported="adjust")
    assert (plan.native["duration"], plan.adjustments[0].used) == (6, 6)
    assert short.capabilities.find("MiniMax-H3").max_duration == 6
    for model in ("MiniMax-Hailuo-2.3", "T2V-01"):
        none = MinimaxGenerator(api_key="k", max_duration=3).plan("a fox", model=model)
        assert [v.field for v in none.violations] == ["duration"]
        assert "max_duration in the configuration is 3 s" in none.violations[0].message


# --- whether it can be used ---------------------------------------------------------------------


def test_without_a_key_it_says_how_to_get_one_and_sends_nothing(vendor):
    keyless = MinimaxGenerator(base_url=vendor.url)
    found = keyless.availability()
    assert not found.ok
    assert "MINIMAX_API_KEY" in found.remedies[0]
    assert keyless.plan("a fox").ok
    for call in (keyless.generate, keyless.start):
        with pytest.raises(BackendUnavailableError) as caught:
            call("a fox")
        assert (caught.value.code, caught.value.charged) == ("no_key", "no")
    assert vendor.log == []


def test_availability_is_offline_unless_it_is_to_be_deep(vendor, minimax):
    assert minimax.availability().ok
    assert vendor.log == []
    assert minimax.availability(deep=True).ok
    assert [logged.kind for logged in vendor.log] == ["list"]
    assert vendor.accepted == 0


@pytest.mark.parametrize(
    ("fault", "ok", "reason"),
    [
        ({"status": 401}, False, "the key is refused"),
        ({"status": 404}, False, "no address of MiniMax's API"),
        ({"status": 429}, True, "the rate limit is reached"),
        ({"status": 402}, False, "the balance is too low"),
        ({"status": 500}, False, "HTTP 500"),
    ],
)
def test_a_deep_look_says_what_is_wrong(vendor, minimax, fault, ok, reason):
    vendor.fail("list", "status", **fault)
    found = minimax.availability(deep=True)
    assert (found.ok, reason in found.reasons[0]) == (ok, True)


def test_a_deep_look_at_nobody():
    found = MinimaxGenerator(api_key=KEY, base_url="http://127.0.0.1:9").availability(deep=True)
    assert "cannot be reached" in found.reasons[0]


@pytest.mark.parametrize("model", ["MiniMax-Hailuo-2.3", "MiniMax-H3"])
def test_a_wrong_key_may_be_one_of_the_other_region(vendor, model):
    stranger = MinimaxGenerator(base_url=vendor.url, api_key="another-key", model=model)
    with pytest.raises(AuthenticationError) as caught:
        stranger.generate("a fox")
    assert f"set base_url (or MINIMAX_API_HOST) to {CHINA}" in caught.value.remedy
    assert (caught.value.charged, vendor.accepted) == ("no", 0)
    remedy = stranger.availability(deep=True).remedies[0]
    assert "a key is good in its own region only" in remedy
    assert "another-key" not in str(caught.value) + remedy


def test_on_the_chinese_platform_the_other_region_is_the_global_one():
    from ttv_core.http import ApiClient, Reply
    from ttv_minimax.replies import good

    reply = Reply(200, {}, b'{"base_resp": {"status_code": 2049, "status_msg": "invalid key"}}')
    with pytest.raises(AuthenticationError) as caught:
        good(reply, ApiClient(CHINA, backend="minimax"))
    assert caught.value.remedy.endswith(f"to {GLOBAL}")


def test_a_job_is_not_taken_up_again_in_another_region(vendor, minimax):
    job = minimax.start("a fox")
    job.wait(60)
    settings = {"base_url": "https://api.minimaxi.com", "api_key": KEY}
    vendor.states = ["Processing"]
    other = minimax.start("a fox")
    with pytest.raises(ConfigurationError, match="endpoint was"):
        ttv_core.resume(other.id, config={"backends": {"minimax": settings}})
