"""Capabilities: tables that make sense are read, the others are refused when they are read."""

from __future__ import annotations

import json
import pickle

import pytest
from pydantic import ValidationError

from ttv_core import Capabilities, Licence, ModelCapabilities, Price, PromptLimit
from ttv_core.rules import Rule, holds


def model(**table):
    return ModelCapabilities.model_validate({"id": "acme-1"} | table)


def backend(*models, **table):
    fields = {"backend": "acme", "kind": "remote", "models": models or ({"id": "acme-1"},)}
    return Capabilities.model_validate(fields | table)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"modes": []}, "at least 1 item"),
        ({"modes": ["text_to_movie"]}, "text_to_video"),
        ({"durations": [5], "frames": [81]}, "acme-1: give durations or frames"),
        ({"frames": [80.5]}, "acme-1: frames must be whole and at least 1: 80.5"),
        ({"frames": {"maximum": 81}}, "frames must be whole and at least 1: 0 to 81"),
        ({"n": {"maximum": 4}}, "n must be whole and at least 1: 0 to 4"),
        ({"n": {"minimum": 1, "step": 0.5}}, "n must be whole"),
        ({"seed": {"minimum": -1}}, "seed must be whole and at least 0: -1 or more"),
        ({"excludes": [["seed", "sede"]]}, "excludes"),
        ({"requires": {"last_frame": ["image"]}}, "requires"),
        ({"color": True}, "Extra inputs"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused_when_it_is_read(table, why):
    with pytest.raises(ValidationError, match=why):
        model(**table)


LABELS = {"aspect_ratios": ["16:9"], "resolutions": ["720p", "1080P"]}


@pytest.mark.parametrize(
    ("then", "table"),
    [
        ({"duration": [12]}, {"durations": [4, 6, 8]}),
        ({"duration": [6, 12]}, {"durations": {"minimum": 2, "maximum": 10}}),
        ({"duration": []}, {"durations": [4]}),
        ({"duration": [5]}, {"frames": [81], "fps": 16}),
        ({"num_frames": [80]}, {"frames": {"minimum": 1, "step": 4}}),
        ({"fps": [30]}, {"fps": 24}),
        ({"n": [2]}, {}),
        ({"resolution": ["480p"]}, {"canvas": LABELS}),
        ({"aspect_ratio": ["4:3"]}, {"canvas": LABELS}),
        ({"size": ["640x360"]}, {"canvas": {"sizes": ["1280x720"]}}),
        ({"size": ["640x361"]}, {"canvas": {"range": {"max_edge": 1280}}}),
    ],
)
def test_a_rule_that_allows_what_is_never_legal_is_refused_when_it_is_read(then, table):
    with pytest.raises(ValidationError, match=r"acme-1: a rule allows \w+ .*never legal"):
        model(rules=[{"when": {"audio": [True]}, "then": then}], **table)


@pytest.mark.parametrize(
    ("then", "table"),
    [
        ({"duration": [8]}, {"durations": [4, 6, 8]}),
        ({"duration": [8.5]}, {"durations": {"minimum": 2, "maximum": 10}}),
        ({"duration": [8]}, {}),
        ({"num_frames": [81]}, {"frames": {"minimum": 1, "step": 4}}),
        ({"resolution": ["1080p"], "aspect_ratio": ["32:18"]}, {"canvas": LABELS}),
        ({"resolution": ["480p"]}, {"canvas": {"sizes": ["1280x720"]}}),
        ({"size": ["1280*720"]}, {"canvas": {"sizes": ["1280x720"]}}),
        ({"size": ["640x360"]}, {"canvas": {"range": {"max_edge": 1280}}}),
        ({"size": ["640x360"]}, {}),
    ],
)
def test_a_rule_may_allow_anything_that_may_be_legal(then, table):
    assert model(rules=[{"when": {"audio": [True]}, "then": then}], **table)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"when": {"lenght": [5]}, "then": {}}, "'lenght' is not one of: mode, audio, aspect"),
        ({"when": {}, "then": {"audio": [True]}}, "'audio' is not one of: aspect_ratio"),
        ({"when": {"duration": ["8"]}, "then": {}}, "'8' is no value of duration"),
        ({"when": {"n": [True]}, "then": {}}, "True is no value of n"),
        ({"when": {"audio": [1]}, "then": {}}, "1 is no value of audio"),
        ({"when": {"resolution": [720]}, "then": {}}, "720 is no value of resolution"),
        ({"when": {"resolution": ["hd"]}, "then": {}}, "'hd' is not a resolution"),
        ({"when": {"size": ["16:9"]}, "then": {}}, "'16:9' is not a size"),
        ({"when": {}, "then": {"aspect_ratio": ["wide"]}}, "'wide' is not an aspect ratio"),
    ],
)
def test_a_rule_that_could_never_match_is_refused_when_it_is_read(table, why):
    with pytest.raises(ValidationError, match=why):
        Rule.model_validate(table)


def test_a_condition_holds_when_every_field_has_one_of_its_values():
    when = {"resolution": ("1080P", "4k"), "audio": (True, None)}
    assert holds(when, {"resolution": "1080p", "audio": True})
    assert holds(when, {"resolution": "2160p", "audio": None})
    assert not holds(when, {"resolution": "1080p", "audio": False})
    assert not holds(when, {"resolution": "720p", "audio": True})
    assert not holds(when, {"resolution": "1080p"})  # audio is not settled yet
    assert not holds(when, {"resolution": None, "audio": True})
    assert holds({}, {})


def test_a_rule_names_the_fields_that_break_it():
    rule = Rule(
        when={"resolution": ("1080p",)}, then={"duration": (8,), "fps": (24, 30)}, why="so it is"
    )
    assert rule.broken({"resolution": "1080p", "duration": 6.0, "fps": 60}) == ("duration", "fps")
    assert rule.broken({"resolution": "1080p", "duration": 8.0, "fps": None}) == ()
    assert rule.broken({"resolution": "720p", "duration": 6}) == ()


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"basis": "second"}, "a price per second needs an amount"),
        ({"basis": "free", "amount": 1}, "'free' and 'unknown' take none"),
        ({"basis": "video", "amount": -1}, "greater than or equal to 0"),
        ({"basis": "video", "amount": 1, "when": {"tier": ["x"]}}, "'tier' is not one of"),
        ({"basis": "video", "amount": 1, "when": {"resolution": ["hd"]}}, "is not a resolution"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused_when_it_is_read(table, why):
    with pytest.raises(ValidationError, match=why):
        Price.model_validate(table)


@pytest.mark.parametrize(
    ("unit", "count"),
    [("characters", 7), ("utf16", 8), ("bytes", 11), ("words", 3), ("tokens", 3)],
)
def test_a_prompt_is_counted_in_the_vendors_unit(unit, count):
    assert PromptLimit(unit=unit).count("fox é 🦊") == count


def test_tokens_are_guessed_low_where_words_say_nothing():
    assert PromptLimit(unit="tokens").count("狐" * 100) == 20
    assert PromptLimit(unit="bytes").count("\ud800") == 3


@pytest.mark.parametrize(
    ("table", "longest"),
    [
        ({"durations": [4, 8, 6]}, 8),
        ({"durations": {"minimum": 2, "maximum": 10.5, "step": 1}}, 10),
        ({"durations": {"minimum": 2}}, None),
        ({"frames": {"minimum": 1, "maximum": 121, "step": 4}, "fps": 16}, 121 / 16),
        ({"frames": [49, 81], "fps": [8, 16]}, 81 / 8),
        ({"frames": [81]}, None),
        ({"frames": [81], "fps": {"maximum": 30}}, None),
        ({"frames": {"minimum": 1}, "fps": 16}, None),
        ({}, None),
    ],
)
def test_the_longest_video_is_known_where_the_table_says_it(table, longest):
    assert model(**table).max_duration == longest


def test_models_are_found_by_id_and_alias():
    table = backend({"id": "a"}, {"id": "b", "aliases": ["bee"]}, default_model="bee")
    assert table.find("bee") is table.find("b") is table.models[1]
    assert table.find("c") is None
    assert table.default.id == "b"
    assert backend({"id": "a"}, {"id": "b"}).default.id == "a"


def test_a_retired_model_is_no_default_unless_nothing_else_is_left():
    assert backend({"id": "a", "status": "retired"}, {"id": "b"}).default.id == "b"
    assert backend({"id": "a", "status": "retired"}).default.id == "a"


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"models": []}, "at least 1 item"),
        ({"default_model": "b"}, "default_model 'b' is not one of: acme-1"),
        ({"kind": "cloud"}, "'local', 'remote' or 'preview'"),
    ],
)
def test_a_backend_that_makes_no_sense_is_refused_when_it_is_read(table, why):
    with pytest.raises(ValidationError, match=why):
        backend(**table)


def test_a_backend_prints_as_json_with_the_keys_of_the_five_methods():
    table = backend(
        {
            "id": "a",
            "modes": ["image_to_video"],
            "durations": [4, 6.5],
            "canvas": {"resolutions": ["720p", "1080p"]},
            "prices": [{"basis": "second", "amount": "0.10", "as_of": "2026-11-20"}],
        },
        {"id": "b", "durations": [10], "canvas": {"sizes": ["1280x720"]}},
        {"id": "c", "canvas": {"resolutions": ["720p"]}},
        default_model="b",
        requires_gpu=True,
    )
    said = json.loads(json.dumps(table.to_dict()))
    models = said.pop("models")
    assert said == {
        "backend": "acme",
        "kind": "remote",
        "default_model": "b",
        "max_duration": 10,
        "supported_resolutions": ["720p", "1080p", "1280x720"],
        "supported_formats": ["mp4"],
        "supports_text_to_video": True,
        "supports_image_to_video": True,
        "requires_gpu": True,
        "api_based": True,
        "notes": [],
    }
    assert models[0]["modes"] == ["image_to_video"]
    assert models[0]["durations"]["choices"] == [4, 6.5]
    assert models[0]["prices"][0]["amount"] == "0.10"
    assert models[1]["modes"] == ["text_to_video"]  # what is usual is said too
    assert models[1]["audio"] == "never"
    assert [ModelCapabilities.model_validate(item) for item in models] == list(table.models)
    assert pickle.loads(pickle.dumps(table)) == table


def test_where_nothing_is_known_the_summary_says_so():
    said = backend({"id": "a", "modes": ["image_to_video"]}, kind="local").to_dict()
    assert said["max_duration"] is None
    assert said["supported_resolutions"] == []
    assert said["supports_text_to_video"] is False
    assert said["api_based"] is False


def test_a_licence_says_where_it_does_not_apply():
    licence = Licence(
        name="Acme License", excluded=("Atlantis",), terms=("no foxes",), url="https://a.example"
    )
    said = "Acme License; does not apply in Atlantis; no foxes; https://a.example"
    assert licence.describe() == said
    assert Licence(name="MIT").describe() == "MIT"
    model = ModelCapabilities(id="acme-1", licence=licence)
    assert model.model_dump(mode="json")["licence"]["excluded"] == ["Atlantis"]
