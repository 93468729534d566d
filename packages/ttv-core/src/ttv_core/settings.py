"""The settings of a backend: checked, frozen, with secrets that stay secret."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from ttv_core.errors import ConfigurationError

__all__ = ["BackendSettings", "SecretStr", "check_settings"]

Model = TypeVar("Model", bound=BaseModel)


class BackendSettings(BaseModel):
    """Base of every backend's settings; subclass it with one typed field per setting.

    Keys and tokens are `SecretStr`, so that they never show in a log, a repr or an error.

    Attributes:
        environment: Setting to the environment variables that may hold it, in order. They are
            read when neither the call nor the configuration gives the setting.

    Example:
        >>> from typing import ClassVar
        >>> from ttv_core.settings import BackendSettings, SecretStr
        >>> class AcmeSettings(BackendSettings):
        ...     environment: ClassVar = {"api_key": ("ACME_API_KEY",)}
        ...     api_key: SecretStr | None = None
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
        variables = os.environ if environ is None else environ
        for name, candidates in cls.environment.items():
            found = next((variables[v] for v in candidates if variables.get(v)), None)
            if found is not None and given.get(name) is None:
                given[name] = found
        return check_settings(cls, given, path=path, origins=origins)


def check_settings(
    model: type[Model],
    values: Mapping[str, Any],
    *,
    path: str,
    origins: Mapping[str, str] | None = None,
) -> Model:
    """Build a settings model, telling what is wrong in our words and without secrets.

    Raises:
        ConfigurationError: If a setting is unknown or wrong; quotes its full key path.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        keys = [_key(path, origins or {}, item["loc"]) for item in problems]
        told = [_told(model, values, *pair) for pair in zip(keys, problems, strict=True)]
        raise ConfigurationError("; ".join(told), key=keys[0]) from None


def _key(path: str, origins: Mapping[str, str], location: Sequence[int | str]) -> str:
    parts = [str(part) for part in location]
    if parts and parts[0] in origins:
        return ".".join([origins[parts[0]], *parts[1:]])
    return ".".join([path, *parts]).strip(".")


def _told(
    model: type[BaseModel], values: Mapping[str, Any], key: str, item: Mapping[str, Any]
) -> str:
    location = [str(part) for part in item["loc"]]
    reason = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(location[-1], list(model.model_fields), n=1)
        known = ", ".join(sorted(model.model_fields))
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {known}"
        return f"unknown key {key!r}; {hint}"
    field = model.model_fields.get(location[0]) if location else None
    value = values.get(location[0]) if len(location) == 1 else None
    # Never quote a secret, nor what was put where a secret belongs.
    secret = field is None or "Secret" in str(field.annotation)
    shown = "" if secret or value is None else f" is {value!r}"
    return f"field {key!r}{shown}: {reason}"
