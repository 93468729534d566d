"""The settings of a backend: checked, frozen, with secrets that stay secret."""

from __future__ import annotations

import difflib
import os
import re
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    PydanticUserError,
    SecretStr,
    ValidationError,
)

from ttv_core.errors import ConfigurationError
from ttv_core.labels import reason_of

__all__ = ["HIDDEN", "ApiKey", "BackendSettings", "SecretStr", "check_settings", "looks_secret"]

HIDDEN = "**********"
_SECRET = re.compile(
    r"(?:^|[^a-z]|api|access|private|secret)keys?(?![a-z])|(?<!max_)tokens?(?![a-z])"
    r"|secret|passw|passphrase|credential|authorization|bearer",
    re.IGNORECASE,
)
_PLACE = re.compile(r"(?:path|file|dir|folder|url|uri)$", re.IGNORECASE)
_SHORTEST_SECRET = 4
_LONGEST = 80
_VISIBLE = re.compile(r"[!-~]+")

Model = TypeVar("Model", bound=BaseModel)


def _fits_a_header(value: SecretStr) -> SecretStr:
    key = value.get_secret_value().strip()  # files and shells leave a line break behind
    if not _VISIBLE.fullmatch(key):
        msg = "a key is letters, digits and signs without spaces; leave it out if there is none"
        raise ValueError(msg)
    return SecretStr(key)


ApiKey = Annotated[SecretStr, AfterValidator(_fits_a_header)]
"""A key or token that goes into a header of HTTP: without the line break that a file may have left,
and refused where no header could hold it."""


class BackendSettings(BaseModel):
    """Base of every backend's settings; subclass it with one typed field per setting.

    Keys and tokens are `ApiKey`, and other secrets `SecretStr`, so that they never show in a log, a
    repr or an error.

    Attributes:
        environment: Setting to the environment variables that may hold it, in order. They are
            read when neither the call nor the configuration gives the setting.

    Example:
        >>> from typing import ClassVar
        >>> from ttv_core.settings import ApiKey, BackendSettings
        >>> class AcmeSettings(BackendSettings):
        ...     environment: ClassVar = {"api_key": ("ACME_API_KEY",)}
        ...     api_key: ApiKey | None = None
        ...     max_duration: float = 10
        >>> AcmeSettings.load({"api_key": "k-123"}, path="backends.acme").api_key
        SecretStr('**********')
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, protected_namespaces=()
    )

    environment: ClassVar[Mapping[str, Sequence[str]]] = {}

    @classmethod
    def load(
        cls,
        values: Mapping[str, Any],
        *,
        path: str,
        origins: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Check settings, taking what is missing from the environment.

        Args:
            values: Settings as given by call or configuration.
            path: Where they stand, for messages: "backends.acme".
            origins: Setting to its own full key path, where that is another one.
            environ: Environment variables; the process's own when left out.

        Raises:
            ConfigurationError: If a setting is unknown or wrong; quotes its full key path.
        """
        given = dict(values)
        drawn: dict[str, str] = {}
        variables = os.environ if environ is None else environ
        for name, candidates in cls.environment.items():
            variable = next((item for item in candidates if variables.get(item)), None)
            if variable is not None and given.get(name) is None:
                given[name] = variables[variable]
                drawn[name] = variable
        return check_settings(cls, given, path=path, origins=origins, drawn=drawn)


def looks_secret(name: str) -> bool:
    """Tell by its name whether a setting or variable holds a secret rather than where one is."""
    return bool(_SECRET.search(name)) and not _PLACE.search(name)


def check_settings(
    model: type[Model],
    values: Mapping[str, Any],
    *,
    path: str,
    origins: Mapping[str, str] | None = None,
    drawn: Mapping[str, str] | None = None,
) -> Model:
    """Build a settings model, telling what is wrong in our words and without secrets.

    Args:
        model: The settings' class.
        values: The settings as given.
        path: Where they stand, for messages.
        origins: Setting to its own full key path, where that is another one.
        drawn: Setting to the environment variable that it was taken from.

    Raises:
        ConfigurationError: If a setting is unknown or wrong; quotes its full key path.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    except PydanticUserError as error:  # it is about the class alone, such as a name not imported
        reason = f"{model.__name__} is wrong: {error.message.partition(chr(10))[0]}"
        problems = [{"type": "value_error", "loc": (), "msg": reason, "input": None}]
    except Exception as error:  # noqa: BLE001 - its author's validators may raise anything
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(at.filename).name}, line {at.lineno}"
        reason = f"{model.__name__} failed to check them: {type(error).__name__} in {where}"
        problems = [{"type": "value_error", "loc": (), "msg": reason, "input": None}]
    # Raised out here, for what was raised above holds the values, and would be this one's context.
    told: dict[str, str] = {}
    for item in problems:
        key = _key(path, origins or {}, values, item)
        reason = _told(model, values, key, item)
        if variable := (drawn or {}).get(str(next(iter(item["loc"]), ""))):
            reason += f" (from the environment variable {variable})"
        told.setdefault(reason, key)
    message = _without_secrets("; ".join(told), model, values)
    raise ConfigurationError(message, key=next(iter(told.values())))


def _key(
    path: str, origins: Mapping[str, str], values: Mapping[str, Any], item: Mapping[str, Any]
) -> str:
    """Return the full key path of a problem, with indices of lists in brackets."""
    location = list(item["loc"])
    key = path
    here: Any = values
    for depth, part in enumerate(location):
        if isinstance(here, list | tuple) and isinstance(part, int):
            key += f"[{part}]"
            here = here[part] if part < len(here) else None
            continue
        within = isinstance(here, Mapping) and part in here
        if not within and not (item["type"] == "missing" and depth == len(location) - 1):
            continue  # it is pydantic's name for a member of a union
        key = origins.get(str(part), f"{key}.{part}") if depth == 0 else f"{key}.{part}"
        here = here[part] if within else None
    return key.strip(".")


def _told(
    model: type[BaseModel], values: Mapping[str, Any], key: str, item: Mapping[str, Any]
) -> str:
    """Say in one sentence what is wrong with one setting."""
    location = [str(part) for part in item["loc"]]
    if item["type"] == "extra_forbidden":
        if len(location) > 1:
            return f"unknown key {key!r}"
        near = difflib.get_close_matches(location[0], list(model.model_fields), n=1)
        known = ", ".join(sorted(model.model_fields))
        return f"unknown key {key!r}; " + (
            f"did you mean {near[0]!r}?" if near else f"known keys: {known}"
        )
    reason = reason_of(item)
    shown = _quoted(model, values, location[0]) if len(location) == 1 else ""
    return f"field {key!r}{shown}: {reason}" if key else reason


def _quoted(model: type[BaseModel], values: Mapping[str, Any], name: str) -> str:
    """Quote a value, unless it may be a secret or was put where one belongs."""
    value = values.get(name)
    if not isinstance(value, bool | int | float | str) or _is_secret(model, name):
        return ""
    if isinstance(value, str) and value in os.environ.values():
        return ""  # most likely it is from there, and nobody knows what it is
    if isinstance(value, str) and "@" in value.partition("://")[2]:
        return ""  # an address with a password in it
    text = repr(value)
    return f" is {text if len(text) <= _LONGEST else f'{text[:_LONGEST]}…'}"


def _is_secret(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is None or looks_secret(name) or _holds_secret(field.annotation)


def _holds_secret(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(_holds_secret(field.annotation) for field in annotation.model_fields.values())
    if arguments := get_args(annotation):
        return any(_holds_secret(argument) for argument in arguments)
    return "Secret" in str(annotation)


def _without_secrets(text: str, model: type[BaseModel], values: Mapping[str, Any]) -> str:
    """Hide secrets in a text that the author of a validator may have put them in."""
    secrets = {
        leaf
        for name, item in values.items()
        if _is_secret(model, str(name))
        for leaf in _texts(item)
    }
    secrets |= {value for name, value in os.environ.items() if looks_secret(name)}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN).replace(repr(secret)[1:-1], HIDDEN)
    return text


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    return [str(value)] if isinstance(value, str | int) else []
