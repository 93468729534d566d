"""The configuration: found in order, read, and checked with full key paths."""

from __future__ import annotations

import json
import os
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttv_core.config import Config, config_paths, extract_backend_config, load_config
from ttv_core.errors import ConfigurationError


def complaint(source, **more):
    with pytest.raises(ConfigurationError) as caught:
        load_config(source, **({"environ": {}} | more))
    return caught.value


# --- the core's own keys --------------------------------------------------------------------------


def test_with_nothing_everything_has_its_default(bare_environment):
    assert load_config() == load_config({}) == Config()
    assert load_config().default_backend is None
    assert load_config().prefer_local_when_available


def test_the_new_form_is_read():
    config = load_config(
        {
            "default_backend": "runway",
            "fallback_backends": ["minimax", "wan"],
            "prefer_local_when_available": False,
            "api_priority_order": ["veo", "runway"],
            "max_cost_per_video": "2.50",
            "output_dir": "videos",
            "remote_api_settings": {"timeout": 600},
            "backends": {"runway": {"api_key": "k"}, "veo": None},
        },
        environ={},
    )
    assert config.default_backend == "runway"
    assert config.fallback_backends == ("minimax", "wan")
    assert not config.prefer_local_when_available
    assert config.api_priority_order == ("veo", "runway")
    assert config.max_cost_per_video == Decimal("2.50")
    assert config.output_dir == Path("videos")
    assert config.source is None
    assert config.values["backends"]["runway"] == {"api_key": "k"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [(0.1, "0.1"), (2.5, "2.5"), (3, "3"), (0, "0"), ("0.30", "0.30"), (1e-3, "0.001")],
)
def test_money_is_what_was_written_and_not_what_binary_makes_of_it(written, meant):
    assert load_config({"max_cost_per_video": written}).max_cost_per_video == Decimal(meant)


@given(st.decimals(min_value=0, max_value=10**6, places=2))
def test_any_price_in_a_file_is_exact(amount):
    written = json.loads(str(amount), parse_float=float)
    assert load_config({"max_cost_per_video": written}).max_cost_per_video == amount


@pytest.mark.parametrize(
    ("values", "key", "said"),
    [
        ({"max_cost_per_video": -1}, "max_cost_per_video", "is -1: Input should be greater"),
        ({"max_cost_per_video": float("nan")}, "max_cost_per_video", "finite number"),
        ({"max_cost_per_video": float("inf")}, "max_cost_per_video", "finite number"),
        ({"max_cost_per_video": "much"}, "max_cost_per_video", "is 'much': Input should be a"),
        ({"max_cost_per_video": True}, "max_cost_per_video", "is True: "),
        ({"max_cost_per_video": [1]}, "max_cost_per_video", "Input should be a number"),
        ({"default_backend": 5}, "default_backend", "is 5: Input should be a valid string"),
        ({"default_backend": ["a"]}, "default_backend", "Input should be a valid string"),
        (
            {"fallback_backends": "minimax"},
            "fallback_backends",
            "is 'minimax': Input should be a list",
        ),
        ({"fallback_backends": ["a", 5]}, "fallback_backends[1]", "valid string"),
        ({"api_priority_order": [["a"]]}, "api_priority_order[0]", "valid string"),
        ({"prefer_local_when_available": "perhaps"}, "prefer_local_when_available", "boolean"),
        ({"output_dir": 5}, "output_dir", "is 5: Input should be a path"),
        ({"backends": ["runway"]}, "backends", "valid dictionary"),
        ({"backends": "runway"}, "backends", "is 'runway': Input should be a valid dictionary"),
        ({"backends": {"runway": "k"}}, "backends.runway", "valid dictionary"),
        ({"backends": {"runway": [1]}}, "backends.runway", "valid dictionary"),
        ({"remote_api_settings": 5}, "remote_api_settings", "valid dictionary"),
        (
            {"remote_api_settings": {"fallback_backend": ["a"]}},
            "remote_api_settings.fallback_backend",
            "is ['a']: it should be the name of one backend",
        ),
    ],
)
def test_a_wrong_value_is_named_in_full(values, key, said):
    error = complaint(values)
    assert error.key == key
    assert error.message.startswith(f"field '{key}'")
    assert said in error.message


@pytest.mark.parametrize(
    "key",
    [
        "default_backend",
        "fallback_backends",
        "prefer_local_when_available",
        "api_priority_order",
        "max_cost_per_video",
        "output_dir",
        "backends",
        "remote_api_settings",
    ],
)
def test_a_key_without_a_value_has_its_default(key):
    assert getattr(load_config({key: None}), key, None) == getattr(Config(), key, None)
    assert extract_backend_config({key: None}, "custom") == {}


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("defualt_backend", "default_backend"),
        ("default_backends", "default_backend"),
        ("fallback_backend", "fallback_backends"),
        ("max_cost", None),
        ("max_cost_per_vidoe", "max_cost_per_video"),
        ("ouput_dir", "output_dir"),
        ("Backends", "backends"),
        ("remote_api_setting", "remote_api_settings"),
    ],
)
def test_a_misspelt_key_is_an_error_that_names_the_right_one(installed, key, near):
    if near is None:
        assert load_config({key: "x"}) == Config(values={key: "x"})
        return
    error = complaint({key: "x"})
    assert error.key == key
    assert error.message == f"unknown key {key!r}; did you mean {near!r}?"


def test_the_section_of_an_installed_backend_is_no_misspelt_key(installed):
    installed.backend("output-dir2")
    installed.backend("backend")
    installed.use()
    config = load_config({"backend": {"speed": 1}})
    assert extract_backend_config(config, "backend") == {"speed": 1}
    complaint({"backends2": {}})


def test_variables_of_the_cores_own_keys_are_replaced():
    values = {
        "default_backend": "${B:-auto}",
        "fallback_backends": ["x", "${B}"],
        "max_cost_per_video": "${MOST}",
    }
    config = load_config(values, environ={"B": "acme", "MOST": "0.75"})
    assert config.default_backend == "acme"
    assert config.fallback_backends == ("x", "acme")
    assert config.max_cost_per_video == Decimal("0.75")
    error = complaint(values | {"default_backend": None, "fallback_backends": ["x", "${GONE}"]})
    assert error.key == "fallback_backends[1]"
    assert "GONE is not set" in error.message


# --- where it is found ----------------------------------------------------------------------------


def write(path, backend):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"default_backend: {backend}\n", encoding="utf-8")
    return path


def test_the_configuration_is_found_in_order(bare_environment, monkeypatch):
    home = Path(os.environ["XDG_CONFIG_HOME"], "ttv", "ttv.yaml")
    expected = []
    places = (home, Path("pipeline_config.yaml"), Path("ttv.yaml"), Path("named.yaml"))
    for place in places:
        write(place, place.parent.name + place.name)
        if place.name == "named.yaml":
            monkeypatch.setenv("TTV_CONFIG", "named.yaml")
        config = load_config()
        expected.append(config.default_backend)
        assert config.source == place
    assert expected == ["ttvttv.yaml", "pipeline_config.yaml", "ttv.yaml", "named.yaml"]
    given = write(bare_environment / "given.yaml", "given")
    for source in (given, str(given)):
        assert load_config(source).default_backend == "given"


def test_variables_given_by_the_caller_count_in_every_place(bare_environment, monkeypatch):
    monkeypatch.setenv("B", "of the process")
    write(Path("ttv.yaml"), "${B}")
    assert load_config(environ={"B": "given"}).default_backend == "given"
    assert load_config("ttv.yaml", environ={"B": "given"}).default_backend == "given"
    named = {"B": "given", "TTV_CONFIG": "ttv.yaml"}
    assert load_config(environ=named).default_backend == "given"
    Path("ttv.yaml").unlink()
    home = write(bare_environment / "elsewhere" / "ttv" / "ttv.yaml", "home")
    assert load_config(environ={"XDG_CONFIG_HOME": str(home.parents[1])}).source == home


def test_a_configuration_that_was_read_is_handed_back():
    config = load_config({"default_backend": "acme"})
    assert load_config(config) is config
    assert pickle.loads(pickle.dumps(config)) == config


def test_the_users_folder_follows_the_environment(monkeypatch):
    local = [Path("ttv.yaml"), Path("pipeline_config.yaml")]
    assert config_paths({"XDG_CONFIG_HOME": "/x"}) == [*local, Path("/x/ttv/ttv.yaml")]
    assert config_paths({"APPDATA": "/a"}) == [*local, Path("/a/ttv/ttv.yaml")]
    monkeypatch.setenv("HOME", "/home/fox")
    assert config_paths({}) == [*local, Path("/home/fox/.config/ttv/ttv.yaml")]
    monkeypatch.setenv("XDG_CONFIG_HOME", "/y")
    assert config_paths()[2] == Path("/y/ttv/ttv.yaml")


def test_a_user_without_a_home_has_no_folder(monkeypatch, bare_environment):
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    assert config_paths() == [Path("ttv.yaml"), Path("pipeline_config.yaml")]
    assert load_config() == Config()
    assert "cannot be read" in complaint("~/ttv.yaml").message


def test_a_home_in_the_name_of_a_file_is_understood(bare_environment, monkeypatch):
    monkeypatch.setenv("HOME", str(bare_environment))
    write(bare_environment / "mine.yaml", "mine")
    assert load_config("~/mine.yaml").default_backend == "mine"
    assert load_config(environ={"TTV_CONFIG": "~/mine.yaml"}).default_backend == "mine"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing.yaml", "read: No such file or directory"),
        (".", "read: Is a directory"),
        ("a\0b", "null byte"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_who_named_it(bare_environment, name, why):
    error = complaint(name)
    assert error.message.startswith(f"the configuration {name} cannot be read: ")
    assert error.message.endswith(why)
    assert error.__cause__ is not None
    error = complaint(None, environ={"TTV_CONFIG": name})
    assert error.message.startswith(f"the configuration {name} named by TTV_CONFIG cannot be read")


def test_what_is_no_file_and_no_mapping_is_no_configuration(bare_environment):
    assert complaint(5).message.endswith("a mapping or a Config, and not of type int")


def test_a_folder_of_that_name_is_no_configuration(bare_environment):
    Path("ttv.yaml").mkdir()
    assert load_config() == Config()


def test_a_file_without_end_is_refused(bare_environment):
    error = complaint("/dev/zero")
    assert error.message == "/dev/zero: it is larger than 256 KB"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"- a\n- b\n", "a configuration is a mapping of keys, not a list"),
        (b"just text", "a configuration is a mapping of keys, not a str"),
        (b"5", "a configuration is a mapping of keys, not a int"),
        (b"a: 1\na: 2", "line 2: the key 'a' stands here twice"),
        (b"a: !!python/object:os x", "line 1: a tag"),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"a: 1\n---\nb: 2", "line 2: expected a single document"),
        (b"default_backend: [1]", "field 'default_backend': Input should be a valid string"),
        (b"defaultbackend: x", "unknown key 'defaultbackend'; did you mean 'default_backend'?"),
        (b"output_dir: ${GONE}", "output_dir: the environment variable GONE is not set"),
    ],
)
def test_what_is_wrong_in_a_file_names_the_file(bare_environment, content, said):
    Path("x.yaml").write_bytes(content)
    error = complaint("x.yaml")
    assert error.message.startswith(f"x.yaml: {said}")


def test_the_key_and_the_remedy_are_kept_when_the_file_is_named(bare_environment):
    Path("x.yaml").write_text("output_dir: ${GONE}", encoding="utf-8")
    error = complaint("x.yaml")
    assert (error.key, error.remedy) == ("output_dir", "export GONE=…, or write ${GONE:-default}")


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"---\n", b"{}"])
def test_an_empty_file_says_nothing(bare_environment, content):
    Path("x.yaml").write_bytes(content)
    config = load_config("x.yaml")
    assert (config.default_backend, config.values) == (None, {})
    assert config.source == Path("x.yaml")


def test_a_file_is_read_as_yaml_1_2(bare_environment):
    Path("x.yaml").write_text(
        "backends: {acme: {ratio: 16:9, audio: on, mode: 0o17, day: 2026-11-20, cost: 1e3}}",
        encoding="utf-8",
    )
    assert extract_backend_config("x.yaml", "acme") == {
        "ratio": "16:9",
        "audio": "on",
        "mode": 15,
        "day": "2026-11-20",
        "cost": 1000.0,
    }
