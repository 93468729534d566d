"""Each backend's own part of the configuration, in both forms, and nothing of it shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttv_core.config import Config, backend_section, extract_backend_config, load_config, redacted
from ttv_core.errors import ConfigurationError, PluginError

CANARY = "sk-canary-7Q2x"

OLDER_FORM = (Path(__file__).parent / "compat/configs/older.yaml").read_text("utf-8")

WAN_KEYS = [
    "wan2_dir",
    "i2v_model_dir",
    "flf2v_model_dir",
    "total_gpus",
    "gpu_count",
    "size",
    "sample_steps",
    "sample_shift",
    "guide_scale",
    "frame_num",
    "chaining_max_retries",
    "chaining_use_fsdp_flags",
]


@pytest.fixture
def backends(installed, bare_environment):
    """Plugins that declare the sections and keys of the older form."""
    wan = dict.fromkeys(("wan", "wan2.1", "also-wan"), "ttv_wan.plugin")
    installed.backend("wan", backends=wan, spec=f"legacy_keys={WAN_KEYS!r}")
    installed.backend("hunyuan", spec="config_section='hunyuan_video'")
    installed.backend("runway", spec="kind='remote', config_section='runway_ml'")
    installed.backend("veo", spec="kind='remote', config_section='google_veo'")
    installed.backend("minimax", spec="kind='remote', config_section='minimax'")
    installed.backend("sketch", spec="kind='preview'")
    installed.use()
    return installed


@pytest.fixture
def older(backends):
    """The older form, in the working folder."""
    path = Path("pipeline_config.yaml")
    path.write_text(OLDER_FORM, encoding="utf-8")
    return path


def test_no_key_of_the_older_form_is_taken_for_a_misspelt_one(older):
    assert load_config(older).values["total_gpus"] == 8


def test_the_older_name_of_a_fallback_is_understood(backends):
    config = load_config(
        {"remote_api_settings": {"fallback_backend": "${F}"}}, environ={"F": "minimax"}
    )
    assert config.fallback_backends == ("minimax",)
    with pytest.raises(ConfigurationError) as caught:
        load_config({"remote_api_settings": {"fallback_backend": "${F}"}}, environ={})
    assert caught.value.key == "remote_api_settings.fallback_backend"
    both = {"remote_api_settings": {"fallback_backend": "a"}, "fallback_backends": ["b", "c"]}
    assert load_config(both).fallback_backends == ("b", "c")
    assert load_config({"remote_api_settings": {"fallback_backend": None}}) == Config(
        values={"remote_api_settings": {"fallback_backend": None}}
    )


# --- one backend's part ---------------------------------------------------------------------------


def test_the_older_form_gives_each_backend_its_own(older):
    environ = {"RUNWAY_KEY": "rw", "GOOGLE_PROJECT": "p"}
    config = load_config(environ=environ)
    assert config.default_backend == "wan"
    assert config.fallback_backends == ("minimax",)

    def part(name):
        return extract_backend_config(config, name, environ=environ)

    inherited = {"max_retries": 3, "polling_interval": 10, "timeout": 600}
    assert list(part("wan")) == WAN_KEYS
    assert part("wan")["size"] == "1280*720"
    assert part("wan2.1") == part("wan")
    assert part("hunyuan")["ckpt_path"] == "./ckpts"
    assert len(part("hunyuan")) == 6
    assert part("runway") == inherited | {
        "api_key": "rw",
        "model_version": "gen4_turbo",
        "max_duration": 10,
        "motion_amount": 5,
        "default_ratio": "1280:720",
        "seed": 0,
    }
    assert part("veo") == inherited | {
        "project_id": "p",
        "credentials_path": "/secrets/veo.json",
        "region": "us-central1",
        "output_bucket": "gs://bucket",
        "veo_model": "veo-3.0",
    }
    assert part("minimax") == inherited | {
        "api_key": "none",
        "model": "I2V-01-Director",
        "resolution": "768P",
        "max_duration": 6,
        "base_url": "https://api.minimax.io/v1",
    }
    assert part("sketch") == {}
    assert config.unknown_keys() == {}


def test_a_missing_key_of_another_backend_harms_nobody(older):
    assert extract_backend_config(older, "minimax", environ={})["api_key"] == "none"
    with pytest.raises(ConfigurationError) as caught:
        extract_backend_config(older, "runway", environ={})
    assert caught.value.key == "runway_ml.api_key"
    assert "RUNWAY_KEY is not set" in caught.value.message


def test_both_forms_together_and_the_new_one_counts(older):
    text = OLDER_FORM + "backends:\n  runway: {seed: 7, timeout: 5}\n  wan: {size: 1x1}\n"
    older.write_text(text, encoding="utf-8")
    config = load_config(older)
    section = backend_section(config, "runway", environ={"RUNWAY_KEY": "k"})
    assert section.values["seed"] == 7
    assert section.values["timeout"] == 5
    assert section.values["motion_amount"] == 5
    assert section.origins["seed"] == "backends.runway.seed"
    assert section.origins["motion_amount"] == "runway_ml.motion_amount"
    assert section.origins["polling_interval"] == "remote_api_settings.polling_interval"
    assert section.path == "backends.runway"
    wan = backend_section(config, "wan")
    assert wan.values["size"] == "1x1"
    assert wan.origins["frame_num"] == "frame_num"


@pytest.mark.parametrize("name", ["wan", "hunyuan", "sketch"])
def test_only_remote_backends_inherit_remote_settings(backends, name):
    config = {"remote_api_settings": {"timeout": 5}, "backends": {name: {"speed": 1}}}
    assert extract_backend_config(config, name) == {"speed": 1}


@pytest.mark.parametrize("name", ["runway", "veo", "minimax"])
def test_a_remote_backend_inherits_and_overrides(backends, name):
    config = {"remote_api_settings": {"timeout": 5, "max_retries": 1, "fallback_backend": "wan"}}
    assert extract_backend_config(config, name) == {"timeout": 5, "max_retries": 1}
    config["backends"] = {name: {"timeout": 9}}
    assert extract_backend_config(config, name) == {"timeout": 9, "max_retries": 1}
    assert config["remote_api_settings"]["fallback_backend"] == "wan"


def test_the_name_that_was_asked_for_counts_most(backends):
    sections = {
        "wan": {"a": 1, "b": 1, "c": 1},
        "wan2.1": {"b": 2, "c": 2},
        "also-wan": {"c": 3},
        "wan@ttv-wan": {"d": 4},
    }
    config = {"backends": sections}
    assert extract_backend_config(config, "wan") == {"a": 1, "b": 1, "c": 1, "d": 4}
    assert extract_backend_config(config, "wan2.1") == {"a": 1, "b": 2, "c": 2, "d": 4}
    assert extract_backend_config(config, "also-wan") == {"a": 1, "b": 1, "c": 3, "d": 4}
    assert backend_section(load_config(config), "wan2.1").path == "backends.wan2.1"


def test_a_section_named_in_full_is_for_that_distribution_alone(installed):
    installed.backend("acme", distribution="ttv-acme")
    installed.backend("acme", distribution="squatter", spec="kind='remote'")
    installed.use()
    config = {
        "remote_api_settings": {"timeout": 5},
        "backends": {
            "acme": {"speed": 1, "api_key": "${A:-a}"},
            "acme@TTV_acme": {"speed": 2},
            "acme@squatter": {"speed": 3, "api_key": "${GONE}"},
        },
    }
    assert extract_backend_config(config, "acme@ttv-acme", environ={}) == {
        "speed": 2,
        "api_key": "a",
    }
    with pytest.raises(ConfigurationError) as caught:
        extract_backend_config(config, "acme@squatter", environ={})
    assert caught.value.key == "backends.acme@squatter.api_key"
    found = extract_backend_config(config, "acme@squatter", environ={"GONE": "g"})
    assert found == {"timeout": 5, "speed": 3, "api_key": "g"}
    assert backend_section(load_config(config), "acme@ttv-acme", environ={}).path == "backends.acme"


def test_a_backend_that_is_not_installed_has_its_own_sections(installed):
    config = {
        "remote_api_settings": {"timeout": 5},
        "custom": {"speed": 1, "top": True},
        "backends": {"custom": {"speed": 2}, "other": {"key": "${GONE}"}},
    }
    section = backend_section(load_config(config), "custom", environ={})
    assert section.values == {"speed": 2, "top": True}
    assert section.origins == {"speed": "backends.custom.speed", "top": "custom.top"}
    assert section.path == "backends.custom"


def test_sections_named_in_full_are_nothing_to_a_backend_that_is_not_installed(installed):
    config = {"backends": {"custom@x": {"speed": 1}, "custom": {"speed": 2}}}
    assert extract_backend_config(config, "custom") == {"speed": 2}
    assert extract_backend_config({"backends": {"custom@x": {"speed": 1}}}, "custom") == {}


def test_the_backends_own_name_goes_before_the_older_name_of_its_section(backends):
    config = {"runway_ml": {"seed": 1, "motion": 1}, "runway": {"seed": 2}}
    assert extract_backend_config(config, "runway") == {"seed": 2, "motion": 1}


def test_what_all_remote_backends_share_is_replaced_only_when_one_is_used(backends):
    config = load_config({"remote_api_settings": {"token": "${GONE}"}}, environ={})
    assert extract_backend_config(config, "wan", environ={}) == {}
    with pytest.raises(ConfigurationError) as caught:
        extract_backend_config(config, "runway", environ={})
    assert caught.value.key == "remote_api_settings.token"


def test_variables_given_by_the_caller_count_for_the_cores_own_keys_too(installed):
    config = {"output_dir": "${D}", "custom": {"speed": "${D}"}}
    assert extract_backend_config(config, "custom", environ={"D": "given"}) == {"speed": "given"}


def test_a_key_of_the_core_is_no_section(installed):
    assert extract_backend_config({"backends": {"a": {"b": 1}}}, "backends") == {}


@pytest.mark.parametrize("section", ["text", 5, ["a"], True])
def test_a_section_that_holds_no_settings_is_an_error(installed, section):
    with pytest.raises(ConfigurationError) as caught:
        extract_backend_config({"custom": section}, "custom")
    assert caught.value.key == "custom"
    assert caught.value.message == (
        f"section 'custom' must hold settings, not {type(section).__name__}"
    )
    assert caught.value.backend == "custom"


def test_an_empty_section_is_no_error(installed):
    assert extract_backend_config({"custom": None, "backends": {"custom": None}}, "custom") == {}
    config = {"custom": None, "backends": {"custom": {"speed": 1}}}
    assert extract_backend_config(config, "custom") == {"speed": 1}


def test_variables_deep_in_a_section_are_replaced_and_missing_ones_named(installed):
    config = {"backends": {"custom": {"a": [{"b": ["x", "${V}"]}], "c": "$${V}", "n": 5}}}
    found = extract_backend_config(config, "custom", environ={"V": "v"})
    assert found == {"a": [{"b": ["x", "v"]}], "c": "${V}", "n": 5}
    with pytest.raises(ConfigurationError) as caught:
        extract_backend_config(config, "custom", environ={})
    assert caught.value.key == "backends.custom.a[0].b[1]"


def test_the_environment_of_the_process_is_the_default(installed, monkeypatch):
    monkeypatch.setenv("CUSTOM_API_KEY", "from-there")
    config = {"default_backend": "custom", "custom": {"api_key": "${CUSTOM_API_KEY}"}}
    assert extract_backend_config(config, "custom") == {"api_key": "from-there"}


def test_a_broken_backend_is_an_error_where_its_part_is_asked_for(installed):
    installed.backend("bad", plugin="1 / 0")
    installed.use()
    config = load_config({"backends": {"bad": {"speed": 1}}})
    with pytest.raises(PluginError, match="ttv-bad"):
        extract_backend_config(config, "bad")
    # What was put in by hand under that name is not hurt by it.
    assert backend_section(config, "bad").values == {"speed": 1}


def test_a_disabled_backend_is_not_imported_to_read_its_part(installed):
    installed.backend("off", plugin="1 / 0")
    installed.use(TTV_DISABLE_PLUGINS="off")
    assert extract_backend_config({"backends": {"off": {"speed": 1}}}, "off") == {"speed": 1}
    assert installed.imported() == []


def test_only_the_backend_in_use_is_imported(backends, older):
    extract_backend_config(older, "wan")
    assert backends.imported() == ["ttv_wan", "ttv_wan.plugin"]


def test_the_plugins_may_be_given(backends, site):
    config = load_config({"remote_api_settings": {"timeout": 5}})
    none = site.manager(TTV_DISABLE_PLUGINS="*")
    assert backend_section(config, "runway").values == {"timeout": 5}
    assert backend_section(config, "runway", plugins=none).values == {}


# --- keys that nobody reads -----------------------------------------------------------------------


def test_keys_that_nothing_reads_are_told_and_are_no_error(backends):
    config = load_config(
        {
            "runway_m": {"api_key": "x"},
            "wan_dir": "x",
            "total_gpu": 8,
            "quite_other": 1,
            "wan": {"a": 1},
            "runway_ml": {},
            "backends": {"runwya": {}, "acme": {}, "wan2.1": {}, "wan@ttv-wan": {}, "nobody@x": {}},
        }
    )
    assert config.unknown_keys() == {
        "runway_m": "nothing that is installed reads 'runway_m'; did you mean 'runway_ml'?",
        "wan_dir": "nothing that is installed reads 'wan_dir'; did you mean 'wan2_dir'?",
        "total_gpu": "nothing that is installed reads 'total_gpu'; did you mean 'total_gpus'?",
        "quite_other": "nothing that is installed reads 'quite_other'",
        "backends.runwya": "no backend 'runwya' is installed; did you mean 'runway'?",
        "backends.acme": "no backend 'acme' is installed",
        "backends.nobody@x": "no backend 'nobody@x' is installed",
    }


def test_a_backend_that_cannot_be_asked_is_named_beside_the_keys(installed):
    installed.backend("bad", plugin="1 / 0")
    installed.backend("worse", plugin="1 / 0")
    installed.use()
    config = load_config({"other_key": 1, "backends": {"bad": {}}})
    assert config.unknown_keys() == {
        "other_key": "nothing that is installed reads 'other_key' (bad, worse could not be asked)"
    }


def test_the_plugins_to_ask_may_be_given(backends, site):
    config = load_config({"wan2_dir": "x", "backends": {"wan": {}}})
    assert config.unknown_keys() == {}
    assert list(config.unknown_keys(site.manager(TTV_DISABLE_PLUGINS="*"))) == ["wan2_dir"]


# --- secrets --------------------------------------------------------------------------------------


def test_a_configuration_does_not_show_its_secrets(installed):
    config = load_config({"default_backend": "acme", "backends": {"acme": {"api_key": CANARY}}})
    section = backend_section(config, "acme")
    assert section.values["api_key"] == CANARY
    assert CANARY not in f"{config!r} {config} {section!r} {section}"
    assert "acme" in repr(config)


def test_what_is_shown_has_no_secrets():
    values = {
        "api_key": CANARY,
        "api_key_from": "${RUNWAY_KEY}",
        "token": "${TOKEN:-}",
        "password": f"${{PASSWORD:-{CANARY}}}",
        "secret": f"{CANARY}${{X}}",
        "pin_secret": 1234,
        "no_secret": None,
        "use_secret": True,
        "credentials": {"user": CANARY, "more": [CANARY, {"x": CANARY}]},
        "credentials_path": "/secrets/veo.json",
        "keys": [CANARY, "${OK}"],
        "headers": {"Authorization": f"Bearer {CANARY}", "Accept": "json"},
        "base_url": f"https://user:{CANARY}@api.example/v1?x=a@b",
        "plain_url": "https://api.example/v1@2",
        "max_duration": 8,
        "names": ["a", 2.5],
    }
    shown = redacted(values)
    hidden = "**********"
    assert shown == {
        "api_key": hidden,
        "api_key_from": "${RUNWAY_KEY}",
        "token": "${TOKEN:-}",
        "password": hidden,
        "secret": hidden,
        "pin_secret": hidden,
        "no_secret": None,
        "use_secret": True,
        "credentials": {"user": hidden, "more": [hidden, {"x": hidden}]},
        "credentials_path": "/secrets/veo.json",
        "keys": [hidden, "${OK}"],
        "headers": {"Authorization": hidden, "Accept": "json"},
        "base_url": f"https://{hidden}@api.example/v1?x=a@b",
        "plain_url": "https://api.example/v1@2",
        "max_duration": 8,
        "names": ["a", 2.5],
    }
    assert CANARY in values["credentials"]["more"]
    assert redacted(CANARY) == CANARY
    assert redacted(CANARY, "api_key") == hidden


SECRETIVE = st.recursive(
    st.just(CANARY) | st.integers(0, 9) | st.none() | st.just(f"${{X:-{CANARY}}}"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "token"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(SECRETIVE)
def test_whatever_stands_below_a_secret_key_is_hidden(value):
    shown = redacted({"x": {"api_key": value}})
    assert CANARY not in repr(shown)
    assert list(shown["x"]) == ["api_key"]


@pytest.mark.parametrize(
    "text",
    [
        f"backends: {{acme: {{api_key: {CANARY}}}}}\nfallback_backends: 5",
        f"backends: {{acme: {{api_key: '${{{CANARY}}}'}}}}",
        f"backends: {{acme: [{CANARY}]}}",
        f"backends: {{acme: {CANARY}x: y}}",
        f"backends:\n  acme:\n    api_key: !{CANARY}",
        f"backends:\n  acme:\n    api_key: *{CANARY}",
        f"acme: {CANARY}",
        f"remote_api_settings: [{CANARY}]",
        f"- {CANARY}",
        CANARY,
    ],
)
def test_no_error_about_a_file_repeats_a_secret(installed, bare_environment, text):
    Path("x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        extract_backend_config("x.yaml", "acme", environ={})
    error = caught.value
    while error is not None:
        assert CANARY not in f"{error} {error!r} {getattr(error, 'errors', str)()}"
        error = error.__cause__ or error.__context__
