"""Settings are checked and frozen; what is wrong is said with its full key path, and no secret."""

from __future__ import annotations

import io
import logging
import pickle
import traceback
from typing import ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ttv_core.errors import ConfigurationError
from ttv_core.settings import ApiKey, BackendSettings, SecretStr, check_settings, looks_secret

CANARY = "sk-canary-7Q2x"


class Limits(BaseModel):
    most: int = 3
    token: SecretStr | None = None


class Plain(BaseModel):
    low: int = 0


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Needed(BaseModel):
    low: int


class AcmeSettings(BackendSettings):
    environment: ClassVar = {
        "api_key": ("ACME_API_KEY", "ACME_KEY"),
        "max_duration": ("ACME_MAX_DURATION",),
    }

    api_key: ApiKey | None = None
    max_duration: float = Field(default=10, gt=0)
    resolution: Literal["768P", "1080P"] = "768P"
    tries: tuple[int, ...] = ()
    sizes: dict[str, tuple[int, int]] = Field(default_factory=dict)
    closed: Closed | None = None
    items: tuple[Plain, ...] = ()
    several: list[Limits] | None = None
    either: Needed | int | None = None
    mixed: int | list[int] | None = None
    limits: Limits = Limits()
    plain: Plain = Plain()
    model: str = "acme-1"
    service_token: str | None = None

    @field_validator("model")
    @classmethod
    def _known(cls, value):
        if value.startswith("bad"):
            raise ValueError(f"there is no model {value}")
        assert value != "worse", "not that one"
        return value


def load(values, **more):
    return AcmeSettings.load(values, path="backends.acme", **({"environ": {}} | more))


def complaint(values, **more):
    with pytest.raises(ConfigurationError) as caught:
        load(values, **more)
    return caught.value


# --- what is right --------------------------------------------------------------------------------


def test_settings_are_checked_and_cannot_change():
    made = load({"max_duration": "8", "api_key": CANARY})
    assert made.max_duration == 8.0
    assert made.api_key.get_secret_value() == CANARY
    assert made.model == "acme-1"
    with pytest.raises(ValueError, match="frozen"):
        made.max_duration = 9


def test_what_is_missing_comes_from_the_environment_in_order():
    environ = {"ACME_KEY": "second", "ACME_MAX_DURATION": "7"}
    assert load({}, environ=environ).api_key.get_secret_value() == "second"
    environ["ACME_API_KEY"] = "first"
    assert load({}, environ=environ).api_key.get_secret_value() == "first"
    assert load({"api_key": None}, environ=environ).api_key.get_secret_value() == "first"
    assert load({"api_key": "given"}, environ=environ).api_key.get_secret_value() == "given"
    assert load({}, environ=environ).max_duration == 7
    assert load({"max_duration": 5}, environ=environ).max_duration == 5
    assert load({}, environ={"ACME_API_KEY": ""}).api_key is None


def test_a_class_with_a_name_that_is_not_there_says_which():
    class Unfinished(BackendSettings):
        key: "ApiKeyy | None" = None  # noqa: F821

    with pytest.raises(ConfigurationError, match=r"Unfinished is wrong: .*not fully defined.*Keyy"):
        Unfinished.load({}, path="backends.acme")


def test_a_key_is_taken_without_the_line_break_of_its_file():
    made = load({}, environ={"ACME_API_KEY": " k-123\n"})
    assert made.api_key.get_secret_value() == "k-123"


@pytest.mark.parametrize("key", ["", "  ", "k 1", "k\n1", "k\x001", "ключ"])
def test_what_no_header_could_hold_is_no_key(key):
    with pytest.raises(ConfigurationError, match="without spaces; leave it out") as caught:
        load({"api_key": key})
    assert not key.strip() or key not in str(caught.value)


def test_the_environment_of_the_process_is_the_default(monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", "from-there")
    made = AcmeSettings.load({}, path="backends.acme")
    assert made.api_key.get_secret_value() == "from-there"


def test_what_is_given_is_not_changed():
    given = {"max_duration": 8}
    load(given, environ={"ACME_API_KEY": "k"})
    assert given == {"max_duration": 8}


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "key", "said"),
    [
        (
            {"max_duratoin": 8},
            "backends.acme.max_duratoin",
            "unknown key 'backends.acme.max_duratoin'; did you mean 'max_duration'?",
        ),
        (
            {"colour": "red"},
            "backends.acme.colour",
            "unknown key 'backends.acme.colour'; known keys: api_key, closed, either, items",
        ),
        (
            {"max_duration": "ten"},
            "backends.acme.max_duration",
            "field 'backends.acme.max_duration' is 'ten': Input should be a valid number, unable",
        ),
        (
            {"max_duration": -1},
            "backends.acme.max_duration",
            "field 'backends.acme.max_duration' is -1: Input should be greater than 0",
        ),
        (
            {"resolution": "800P"},
            "backends.acme.resolution",
            "field 'backends.acme.resolution' is '800P': Input should be '768P' or '1080P'",
        ),
        (
            {"tries": [1, "two"]},
            "backends.acme.tries[1]",
            "field 'backends.acme.tries[1]': Input should be a valid integer, unable to parse",
        ),
        (
            {"sizes": {"hd": [1280, "x"]}},
            "backends.acme.sizes.hd[1]",
            "field 'backends.acme.sizes.hd[1]': Input should be a valid integer, unable to parse",
        ),
        (
            {"sizes": {"hd": [1280]}},
            "backends.acme.sizes.hd[1]",
            "field 'backends.acme.sizes.hd[1]': Field required",
        ),
        (
            {"limits": {"most": "x"}},
            "backends.acme.limits.most",
            "field 'backends.acme.limits.most': Input should be a valid integer",
        ),
        (
            {"items": [{"low": 1}, {"low": "x"}]},
            "backends.acme.items[1].low",
            "field 'backends.acme.items[1].low': Input should be a valid integer",
        ),
        (
            {"closed": {"extra": CANARY}},
            "backends.acme.closed.extra",
            "unknown key 'backends.acme.closed.extra'",
        ),
        (
            {"either": {"high": 1}},
            "backends.acme.either.low",
            "field 'backends.acme.either.low': Field required",
        ),
        ({"plain": "x"}, "backends.acme.plain", "field 'backends.acme.plain' is 'x': Input should"),
        (
            {"plain": {"low": [1]}},
            "backends.acme.plain.low",
            "field 'backends.acme.plain.low': Input should be a valid integer",
        ),
        (
            {"model": "bad-1"},
            "backends.acme.model",
            "field 'backends.acme.model' is 'bad-1': there is no model bad-1",
        ),
        (
            {"model": "worse"},
            "backends.acme.model",
            "field 'backends.acme.model' is 'worse': not that one",
        ),
        ({"api_key": 5}, "backends.acme.api_key", "field 'backends.acme.api_key': Input should be"),
    ],
)
def test_a_wrong_setting_is_named_in_full_with_what_is_allowed(values, key, said):
    error = complaint(values)
    assert error.key == key
    assert error.message.startswith(said)
    assert error.charged == "no"


def test_where_a_setting_was_written_is_what_is_named():
    origins = {"max_duration": "runway_ml.max_duration", "tries": "wan_tries", "colour": "colour"}
    assert complaint({"max_duration": -1}, origins=origins).key == "runway_ml.max_duration"
    assert complaint({"tries": ["x"]}, origins=origins).key == "wan_tries[0]"
    assert "unknown key 'colour'" in complaint({"colour": 1}, origins=origins).message
    assert complaint({"model": 1}, origins=origins).key == "backends.acme.model"
    nested = complaint({"plain": {"low": "x"}}, origins={"low": "elsewhere.low"})
    assert nested.key == "backends.acme.plain.low"


def test_everything_that_is_wrong_is_said_at_once_and_each_thing_once():
    error = complaint({"max_duration": "x", "colour": 1, "mixed": ["a", "b"]})
    assert error.key == "backends.acme.max_duration"
    told = error.message.split("; ")
    assert sum("'backends.acme.max_duration'" in part for part in told) == 1
    assert any(part.startswith("field 'backends.acme.mixed[0]'") for part in told)
    assert any(part.startswith("field 'backends.acme.mixed[1]'") for part in told)
    assert any("unknown key 'backends.acme.colour'" in part for part in told)
    assert len(told) == len(set(told))


def test_a_member_of_a_union_is_no_part_of_the_key():
    error = complaint({"mixed": "x"})
    assert error.key == "backends.acme.mixed"
    assert "mixed.int" not in error.message
    assert "mixed.list" not in error.message


def test_a_wrong_value_of_the_environment_names_the_variable():
    error = complaint({}, environ={"ACME_MAX_DURATION": "long"})
    assert error.key == "backends.acme.max_duration"
    assert error.message == (
        "field 'backends.acme.max_duration' is 'long': Input should be a valid number, unable to "
        "parse string as a number (from the environment variable ACME_MAX_DURATION)"
    )
    assert "environment" not in complaint({"max_duration": "long"}).message


def test_a_long_value_is_cut():
    assert f"is '{'x' * 79}…: Input" in complaint({"max_duration": "x" * 1000}).message


def test_a_missing_setting_is_named():
    class Needs(BackendSettings):
        region: str

    with pytest.raises(ConfigurationError) as caught:
        Needs.load({}, path="backends.needs", environ={})
    assert caught.value.key == "backends.needs.region"
    assert caught.value.message == "field 'backends.needs.region': Field required"


def test_a_check_of_the_whole_names_the_section():
    class Whole(BackendSettings):
        low: int = 0

        @model_validator(mode="after")
        def _check(self):
            raise ValueError("low and high do not go together")

    with pytest.raises(ConfigurationError) as caught:
        Whole.load({"low": 1}, path="backends.whole")
    assert caught.value.key == "backends.whole"
    assert caught.value.message == "field 'backends.whole': low and high do not go together"
    with pytest.raises(ConfigurationError) as caught:
        check_settings(Whole, {}, path="")
    assert caught.value.message == "low and high do not go together"


def test_settings_that_fail_to_check_are_an_error_of_ours():
    class Broken(BackendSettings):
        api_key: str = ""

        @field_validator("api_key")
        @classmethod
        def _check(cls, value):
            return {}[value]

    with pytest.raises(ConfigurationError) as caught:
        Broken.load({"api_key": CANARY}, path="backends.broken", environ={})
    assert caught.value.key == "backends.broken"
    assert caught.value.message.startswith(
        "field 'backends.broken': Broken failed to check them: KeyError in test_settings.py, line "
    )
    assert CANARY not in everything(caught.value)


def test_an_unknown_key_further_down_is_named_alone():
    assert complaint({"closed": {"extra": 1}}).message == (
        "unknown key 'backends.acme.closed.extra'"
    )


def test_the_error_survives_pickling():
    error = complaint({"max_duration": -1})
    assert pickle.loads(pickle.dumps(error)).key == error.key


# --- secrets --------------------------------------------------------------------------------------


class Chatty(BackendSettings):
    """Settings whose author repeats what was given."""

    api_key: ApiKey | None = None
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _repeat(cls, values):
        if "note" in values:
            raise ValueError(f"cannot use {values!r}")
        return values

    @field_validator("api_key", mode="before")
    @classmethod
    def _repeat_key(cls, value):
        raise ValueError(f"{value} is no key")


LEAKS = [
    (AcmeSettings, {"api_key": [CANARY]}),
    (AcmeSettings, {"api_key": {"value": CANARY}}),
    (AcmeSettings, {"api_kye": CANARY}),
    (AcmeSettings, {"nonsense": {"deep": [CANARY]}}),
    (AcmeSettings, {"service_token": [CANARY]}),
    (AcmeSettings, {"limits": CANARY}),
    (AcmeSettings, {"limits": {"token": [CANARY]}}),
    (AcmeSettings, {"several": CANARY}),
    (Chatty, {"unknown": {"deep": [CANARY]}, "note": "x"}),
    (AcmeSettings, {"limits": {"most": CANARY}}),
    (AcmeSettings, {"tries": [CANARY]}),
    (AcmeSettings, {"sizes": {"hd": CANARY}}),
    (Chatty, {"api_key": CANARY}),
    (Chatty, {"api_key": CANARY, "note": "x"}),
    (Chatty, {"unknown": [CANARY], "note": "x"}),
]


@pytest.mark.parametrize(("model", "values"), LEAKS)
def test_no_secret_is_in_any_error(model, values):
    with pytest.raises(ConfigurationError) as caught:
        model.load(values, path="backends.acme", environ={})
    assert CANARY not in everything(caught.value)


def everything(error):
    """Return all that a log, a traceback or a report of an error could show."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.handle(
        logging.LogRecord(
            "x", logging.ERROR, "x", 1, "%r %s", (error, error), (type(error), error, None)
        )
    )
    seen, shown = error, [stream.getvalue(), repr(pickle.dumps(error)), str(error.to_dict())]
    while seen is not None:
        shown += [str(seen), repr(seen), repr(getattr(seen, "errors", str)())]
        shown += traceback.format_exception(seen)
        seen = seen.__cause__ or seen.__context__
    return "\n".join(shown)


def test_a_value_that_stands_in_the_environment_is_not_quoted(monkeypatch):
    monkeypatch.setenv("SOMETHING", CANARY)
    error = complaint({"max_duration": CANARY})
    assert error.message == (
        "field 'backends.acme.max_duration': Input should be a valid number, unable to parse "
        "string as a number"
    )
    assert error.key == "backends.acme.max_duration"


def test_a_secret_of_the_environment_is_hidden_inside_other_text(monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", CANARY)
    error = complaint({"model": f"bad-{CANARY}"})
    assert error.message == (
        "field 'backends.acme.model' is 'bad-**********': there is no model bad-**********"
    )


def test_a_secret_that_needs_quoting_is_hidden_too():
    secret = "it's\n\\a\"secret"
    with pytest.raises(ConfigurationError) as caught:
        Chatty.load({"api_key": secret, "note": "x"}, path="x", environ={})
    assert "secret" not in caught.value.message


def test_very_short_values_do_not_blot_out_the_message():
    with pytest.raises(ConfigurationError) as caught:
        Chatty.load({"api_key": "a"}, path="backends.acme", environ={})
    assert caught.value.message == "field 'backends.acme.api_key': a is no key"


@pytest.mark.parametrize("secret", ["abcd", "it's", "tab\tbed", "a-long-one-with-é"])
def test_a_secret_is_hidden_whole(secret):
    with pytest.raises(ConfigurationError) as caught:
        Chatty.load({"api_key": secret, "note": "x"}, path="x", environ={})
    assert "'api_key': '**********'" in caught.value.message.replace('"', "'")


def test_a_secret_inside_another_does_not_uncover_the_rest():
    with pytest.raises(ConfigurationError) as caught:
        Chatty.load({"api_key": "abcd-efgh", "other": "abcd", "note": "x"}, path="x", environ={})
    assert "efgh" not in caught.value.message


def test_a_secret_given_as_one_is_hidden():
    with pytest.raises(ConfigurationError) as caught:
        Chatty.load({"api_key": SecretStr(CANARY), "note": "x"}, path="x", environ={})
    assert CANARY not in everything(caught.value)


def test_settings_do_not_show_their_secrets():
    made = load({"api_key": CANARY})
    assert CANARY not in f"{made!r} {made} {made.model_dump()} {made.model_dump_json()}"


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apikey",
        "API-KEY",
        "key",
        "keys",
        "RUNWAYML_API_SECRET",
        "aws_secret_access_key",
        "token",
        "hf_token",
        "password",
        "passwd",
        "passphrase",
        "credentials",
        "Authorization",
        "bearer",
        "client_secret",
        "key_id",
    ],
)
def test_names_of_secrets_are_known(name):
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "keyframes",
        "monkey",
        "max_tokens",
        "credentials_path",
        "key_file",
        "token_url",
        "secrets_dir",
        "model",
        "seed",
        "keyword",
        "tokenizer",
        "",
    ],
)
def test_names_of_other_things_are_not_taken_for_secrets(name):
    assert not looks_secret(name)
