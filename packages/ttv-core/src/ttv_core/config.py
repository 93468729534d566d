"""Find, read and check the configuration, and hand each backend its own part of it.

The new form:

```yaml
default_backend: runway
fallback_backends: [minimax]
max_cost_per_video: 2.50
output_dir: videos
remote_api_settings: {timeout: 600}     # inherited by every remote backend
backends:
  runway: {api_key: "${RUNWAYML_API_SECRET}"}
```

The older form, with a backend's settings in a top-level section or in top-level keys, is read as
it is; each plugin declares its own. `${VAR}` and `${VAR:-default}` are replaced in string values,
after parsing, and only in the part that is used.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ttv_core.errors import ConfigurationError
from ttv_core.plugins import PluginManager, default_manager
from ttv_core.settings import check_settings
from ttv_core.yaml_loader import YamlError, parse_yaml

__all__ = [
    "BackendSection",
    "Config",
    "config_paths",
    "extract_backend_config",
    "load_config",
    "redacted",
]

_VARIABLE = re.compile(r"\$?\$\{([^}]*)\}")
_NAME = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<rest>:-(?P<default>.*))?", re.DOTALL)
_SECRET = re.compile(r"key|token|secret|password|credential", re.IGNORECASE)
_NEAR = 0.8


def _as_decimal(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value


class _General(BaseModel):
    """The keys that belong to the core, and what they mean."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    default_backend: str | None = None
    fallback_backends: tuple[str, ...] = ()
    prefer_local_when_available: bool = True
    api_priority_order: tuple[str, ...] = ()
    max_cost_per_video: Annotated[Decimal | None, BeforeValidator(_as_decimal)] = Field(
        default=None, ge=0, allow_inf_nan=False
    )
    output_dir: Path | None = None
    backends: dict[str, dict[str, Any] | None] = Field(default_factory=dict)
    remote_api_settings: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """A configuration: the core's own settings, and every backend's part as it was written.

    Attributes:
        default_backend: The backend to use; None is `auto`.
        fallback_backends: What to try next, in this order, when that surely cost nothing.
        prefer_local_when_available: Whether `auto` looks at local backends first.
        api_priority_order: The order in which `auto` looks at remote backends.
        max_cost_per_video: US dollars; None for no limit.
        output_dir: Where videos go when the request does not say.
        source: The file it was read from; None when it came from a mapping or nowhere.
        values: Everything, as written, with variables not replaced.
    """

    default_backend: str | None = None
    fallback_backends: tuple[str, ...] = ()
    prefer_local_when_available: bool = True
    api_priority_order: tuple[str, ...] = ()
    max_cost_per_video: Decimal | None = None
    output_dir: Path | None = None
    source: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def unknown_keys(self, manager: PluginManager | None = None) -> dict[str, str]:
        """Return top-level keys and backend sections that nothing installed reads.

        Args:
            manager: The plugins; those installed when left out. Each is imported, to ask which
                sections and keys are its own.

        Returns:
            Key path to a sentence that names the nearest known key.
        """
        plugins = manager or default_manager()
        records = list(plugins.backends().values())
        plugins.load_within(records, seconds=10)
        known, backends = set(_General.model_fields), plugins.names()
        for record in records:
            if record.spec is not None:
                known |= {record.spec.config_section or record.name, *record.spec.legacy_keys}
        known |= backends
        found = {
            key: f"nothing that is installed reads {key!r}{_near(key, known)}"
            for key in self.values
            if key not in known
        }
        for name in self.values.get("backends") or {}:
            if name.partition("@")[0] not in backends:
                key = f"backends.{name}"
                found[key] = f"no backend {name!r} is installed{_near(name, backends)}"
        return found


@dataclass(frozen=True)
class BackendSection:
    """One backend's settings, with variables replaced, and where each was written.

    Attributes:
        values: Setting to value.
        origins: Setting to its full key path.
        path: The section's own key path, for settings that are missing.
    """

    values: dict[str, Any]
    origins: dict[str, str]
    path: str


def config_paths(environ: Mapping[str, str] | None = None) -> list[Path]:
    """Return the places where a configuration is looked for, in order, after `TTV_CONFIG`."""
    variables = os.environ if environ is None else environ
    home = variables.get("XDG_CONFIG_HOME") or variables.get("APPDATA")
    folder = Path(home) if home else Path("~/.config").expanduser()
    return [Path("ttv.yaml"), Path("pipeline_config.yaml"), folder / "ttv" / "ttv.yaml"]


def load_config(
    source: Config | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """Read the configuration.

    Args:
        source: A file, a mapping, or a `Config` to hand back. Left out, the file is the first
            found of `TTV_CONFIG`, `./ttv.yaml`, `./pipeline_config.yaml` and the user's
            `ttv/ttv.yaml`; with none of them, everything has its default.
        environ: Environment variables; the process's own when left out.

    Raises:
        ConfigurationError: If the file cannot be read, or a value is wrong.

    Example:
        >>> import ttv_core
        >>> ttv_core.load_config({"default_backend": "acme"}).default_backend
        'acme'
    """
    variables = os.environ if environ is None else environ
    if isinstance(source, Config):
        return source
    if isinstance(source, Mapping):
        return _checked(dict(source), None, variables)
    if source is not None:
        return _read(Path(source).expanduser(), variables)
    if named := variables.get("TTV_CONFIG"):
        return _read(Path(named).expanduser(), variables)
    for path in config_paths(variables):
        if path.is_file():
            return _read(path, variables)
    return Config()


def extract_backend_config(
    config: Config | Mapping[str, Any] | str | os.PathLike[str] | None,
    backend: str,
    *,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return one backend's settings, inherited ones included, with variables replaced.

    Args:
        config: As for `load_config`.
        backend: Name or alias of the backend, installed or not.
        environ: Environment variables; the process's own when left out.

    Raises:
        ConfigurationError: If a variable in this backend's part is not set.
        PluginError: If the backend's plugin is broken.

    Example:
        >>> import ttv_core
        >>> config = {"custom": {"api_key": "${KEY}", "max_duration": 8}}
        >>> ttv_core.extract_backend_config(config, "custom", environ={"KEY": "k"})
        {'api_key': 'k', 'max_duration': 8}
    """
    return backend_section(load_config(config, environ=environ), backend, environ=environ).values


def backend_section(
    config: Config, backend: str, *, environ: Mapping[str, str] | None = None
) -> BackendSection:
    """Return one backend's settings and where each was written; see `extract_backend_config`."""
    manager = default_manager()
    record = manager.find(backend)
    spec = manager.load(record).spec if record is not None and record.status != "disabled" else None
    bare = backend.partition("@")[0]
    names = dict.fromkeys((spec.name, bare, *record.aliases) if spec and record else (bare,))
    top: list[tuple[str, Any]] = []
    if spec is not None:
        if spec.kind == "remote":
            inherited = dict(config.values.get("remote_api_settings") or {})
            inherited.pop("fallback_backend", None)
            top.append(("remote_api_settings", inherited))
        legacy = {key: config.values[key] for key in spec.legacy_keys if key in config.values}
        top.append(("", legacy))
        if spec.config_section:
            names = dict.fromkeys((spec.config_section, *names))
    sections = config.values.get("backends") or {}
    top += [(name, config.values[name]) for name in names if name in config.values]
    top += [(f"backends.{name}", sections[name]) for name in (*names, backend) if name in sections]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for path, section in top:
        if section is None:
            continue
        if not isinstance(section, Mapping):
            msg = f"section {path!r} must hold settings, not {type(section).__name__}"
            raise ConfigurationError(msg, key=path, backend=bare)
        for key, value in section.items():
            values[key] = value
            origins[key] = f"{path}.{key}".strip(".")
    variables = os.environ if environ is None else environ
    resolved = {key: _resolve(value, origins[key], variables) for key, value in values.items()}
    return BackendSection(resolved, origins, f"backends.{bare}")


def redacted(value: Any, key: str = "") -> Any:
    """Return a configuration fit to be shown: what looks like a secret is hidden."""
    if isinstance(value, Mapping):
        return {name: redacted(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, key) for item in value]
    if isinstance(value, str) and _SECRET.search(key) and not _VARIABLE.fullmatch(value):
        return "**********"
    return value


def _read(path: Path, environ: Mapping[str, str]) -> Config:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"the configuration {path} cannot be read: {error.strerror}"
        raise ConfigurationError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"the configuration {path} is not UTF-8 text"
        raise ConfigurationError(msg) from error
    try:
        values = parse_yaml(text)
    except YamlError as error:
        msg = f"{path}: {error}"
        raise ConfigurationError(msg) from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        msg = f"{path}: a configuration is a mapping of keys, not a {type(values).__name__}"
        raise ConfigurationError(msg)
    return _checked(values, path, environ)


def _checked(values: dict[str, Any], source: Path | None, environ: Mapping[str, str]) -> Config:
    known = set(_General.model_fields)
    for key in values:
        if key not in known and difflib.get_close_matches(str(key), known, n=1, cutoff=_NEAR):
            msg = f"unknown key {key!r}{_near(str(key), known)}"
            raise ConfigurationError(msg, key=str(key))
    own = {
        key: value if key in {"backends", "remote_api_settings"} else _resolve(value, key, environ)
        for key, value in values.items()
        if key in known and value is not None
    }
    general = check_settings(_General, own, path="")
    fallbacks = general.fallback_backends
    if not fallbacks and (one := general.remote_api_settings.get("fallback_backend")):
        fallbacks = (str(_resolve(one, "remote_api_settings.fallback_backend", environ)),)
    return Config(
        default_backend=general.default_backend,
        fallback_backends=fallbacks,
        prefer_local_when_available=general.prefer_local_when_available,
        api_priority_order=general.api_priority_order,
        max_cost_per_video=general.max_cost_per_video,
        output_dir=general.output_dir,
        source=source,
        values=values,
    )


def _near(key: str, known: set[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _resolve(value: Any, key: str, environ: Mapping[str, str]) -> Any:
    """Replace variables in every string below a value, once: what they hold is not read again."""
    if isinstance(value, Mapping):
        return {name: _resolve(item, f"{key}.{name}", environ) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_resolve(item, f"{key}[{i}]", environ) for i, item in enumerate(value)]
    if not isinstance(value, str) or "$" not in value:
        return value

    def replaced(found: re.Match[str]) -> str:
        if found[0].startswith("$$"):
            return found[0][1:]  # $${VAR} is how a literal ${VAR} is written
        match = _NAME.fullmatch(found[1])
        if match is None:
            msg = f"{key}: {found[0]!r} is not a variable; write ${{NAME}} or ${{NAME:-default}}"
            raise ConfigurationError(msg, key=key)
        if held := environ.get(match["name"]):
            return held
        if match["rest"] is not None:
            return str(match["default"])
        state = "empty" if match["name"] in environ else "not set"
        raise ConfigurationError(
            f"{key}: the environment variable {match['name']} is {state}",
            key=key,
            remedy=f"export {match['name']}=…, or write ${{{match['name']}:-default}}",
        )

    return _VARIABLE.sub(replaced, value)
