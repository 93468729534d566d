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
executors:
  ray: {address: "10.0.0.7:6379"}       # for batches; the package ttv-ray
```

The older form, with a backend's settings in a top-level section or in top-level keys, is read as
it is; each plugin declares its own. `${VAR}` and `${VAR:-default}` are replaced in string values,
after parsing, and only in the part that is used.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ttv_core.discovery import PluginRecord, canonical
from ttv_core.errors import BackendUnavailableError, ConfigurationError
from ttv_core.plugins import PluginManager, default_manager
from ttv_core.settings import HIDDEN, check_settings, looks_secret
from ttv_core.variables import is_variable, resolve
from ttv_core.yaml_loader import MAX_BYTES, YamlError, parse_yaml

__all__ = [
    "BackendSection",
    "Config",
    "backend_section",
    "config_paths",
    "executor_section",
    "extract_backend_config",
    "load_config",
    "redacted",
]

_NEAR = 0.8
_USER_INFO = re.compile(r"//[^/@\s]+@")


class _General(BaseModel):
    """The keys that belong to the core, and what they mean."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    default_backend: str | None = None
    fallback_backends: tuple[str, ...] = ()
    prefer_local_when_available: bool = True
    api_priority_order: tuple[str, ...] = ()
    # Pydantic reads a float by its shortest text, so 0.1 is a tenth.
    max_cost_per_video: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    output_dir: Path | None = None
    backends: dict[str, dict[str, Any] | None] = Field(default_factory=dict)
    remote_api_settings: dict[str, Any] = Field(default_factory=dict)
    executors: dict[str, dict[str, Any] | None] = Field(default_factory=dict)


_LATER = frozenset({"backends", "executors", "remote_api_settings"})
"""Keys whose values are resolved when they are used: only the part in use has to be right."""


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
        silent = sorted(record.name for record in records if record.spec is None)
        note = f" ({', '.join(silent)} could not be asked)" if silent else ""
        found = {
            str(key): f"nothing that is installed reads {key!r}{_near(str(key), known)}{note}"
            for key in self.values
            if key not in known
        }
        for name in self.values.get("backends") or {}:
            if str(name).partition("@")[0] not in backends:
                near = _near(str(name), backends)
                found[f"backends.{name}"] = f"no backend {name!r} is installed{near}"
        executors = {name for record in plugins.executors() for name in record.names}
        for name in self.values.get("executors") or {}:
            if str(name) not in executors:
                near = _near(str(name), executors)
                found[f"executors.{name}"] = f"no executor {name!r} is installed{near}"
        return found


@dataclass(frozen=True)
class BackendSection:
    """One backend's settings, with variables replaced, and where each was written.

    Attributes:
        values: Setting to value.
        origins: Setting to its full key path.
        path: The section's own key path, for settings that are missing.
    """

    values: dict[str, Any] = field(repr=False)
    origins: dict[str, str]
    path: str


def config_paths(environ: Mapping[str, str] | None = None) -> list[Path]:
    """Return the places where a configuration is looked for, in order, after `TTV_CONFIG`."""
    variables = os.environ if environ is None else environ
    paths = [Path("ttv.yaml"), Path("pipeline_config.yaml")]
    home = variables.get("XDG_CONFIG_HOME") or variables.get("APPDATA")
    with contextlib.suppress(RuntimeError):  # a container's user may have no home
        folder = Path(home) if home else Path("~/.config").expanduser()
        paths.append(folder / "ttv" / "ttv.yaml")
    return paths


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
        return _read(source, variables)
    if named := variables.get("TTV_CONFIG"):
        return _read(named, variables, " named by TTV_CONFIG")
    for path in config_paths(variables):
        if os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where it may not look
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
    manager = default_manager()
    record = manager.find(backend)
    if record is not None and record.status != "disabled":
        manager.load(record)
    read = load_config(config, environ=environ)
    return backend_section(read, backend, environ=environ, plugins=manager).values


def backend_section(
    config: Config,
    backend: str,
    *,
    environ: Mapping[str, str] | None = None,
    plugins: PluginManager | None = None,
) -> BackendSection:
    """Return one backend's settings and where each was written.

    From the least to the most: `remote_api_settings` for remote backends, older top-level keys,
    top-level sections, sections below `backends`; in each, the name that was asked for goes last.

    Args:
        config: The configuration.
        backend: Name, alias or `name@distribution` of the backend. One that is not installed,
            or is broken, has only the sections of its own name.
        environ: Environment variables; the process's own when left out.
        plugins: The plugins; those installed when left out.

    Raises:
        ConfigurationError: If a section holds no settings, or a variable in it is missing.
    """
    bare = backend.partition("@")[0]
    record = _loaded(plugins or default_manager(), backend)
    top: list[tuple[str, Any]] = []
    names = [bare]
    sections = config.values.get("backends") or {}
    if record is not None and record.spec is not None:
        spec = record.spec
        names = [name for name in (*record.aliases, record.name) if name != bare] + names
        if spec.kind == "remote":
            inherited = dict(config.values.get("remote_api_settings") or {})
            inherited.pop("fallback_backend", None)
            top.append(("remote_api_settings", inherited))
        legacy = {key: config.values[key] for key in spec.legacy_keys if key in config.values}
        top.append(("", legacy))
        if spec.config_section:
            names.insert(0, spec.config_section)
    qualified = [name for name in sections if _is_qualified(name, record)]
    core = _General.model_fields
    top += [(name, config.values[name]) for name in names if name in config.values.keys() - core]
    top += [(f"backends.{name}", sections[name]) for name in names if name in sections]
    top += [(f"backends.{name}", sections[name]) for name in qualified]
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
    resolved = {key: resolve(value, origins[key], variables) for key, value in values.items()}
    return BackendSection(resolved, origins, f"backends.{bare}")


def executor_section(
    config: Config, executor: str, *, environ: Mapping[str, str] | None = None
) -> BackendSection:
    """Return one executor's settings, which stand below `executors`.

    Args:
        config: The configuration.
        executor: Its name.
        environ: Environment variables; the process's own when left out.

    Raises:
        ConfigurationError: If a variable in it is missing.
    """
    bare = executor.partition("@")[0]
    path = f"executors.{bare}"
    values = (config.values.get("executors") or {}).get(bare) or {}
    variables = os.environ if environ is None else environ
    origins = {str(key): f"{path}.{key}" for key in values}
    resolved = {str(key): resolve(v, f"{path}.{key}", variables) for key, v in values.items()}
    return BackendSection(resolved, origins, path)


def _loaded(plugins: PluginManager, backend: str) -> PluginRecord | None:
    """Return a backend's record, imported, or None when nothing can be learnt of it."""
    try:
        record = plugins.find(backend)
        return None if record is None else plugins.load(record)
    except BackendUnavailableError:
        return None


def _is_qualified(section: Any, record: PluginRecord | None) -> bool:
    """Tell whether a section is called `name@distribution`, for this very backend."""
    name, _, distribution = str(section).partition("@")
    if record is None or name not in record.names:
        return False
    return canonical(distribution) == canonical(record.distribution)


def redacted(value: Any, key: str = "") -> Any:
    """Return a configuration fit to be shown: what looks like a secret is hidden.

    Args:
        value: The configuration, or a part of it.
        key: The key under which it stands.
    """
    if isinstance(value, Mapping):
        return {
            name: redacted(item, str(name) if looks_secret(str(name)) else key)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(item, key) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if looks_secret(key):
        return value if isinstance(value, str) and is_variable(value) else HIDDEN
    return _USER_INFO.sub(f"//{HIDDEN}@", value) if isinstance(value, str) else value


def _read(source: str | os.PathLike[str], environ: Mapping[str, str], why: str = "") -> Config:
    try:
        path = Path(source)
    except TypeError:
        kind = type(source).__name__
        msg = f"a configuration is a file, a mapping or a Config, and not of type {kind}"
        raise ConfigurationError(msg) from None
    try:
        path = path.expanduser()
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # parse_yaml refuses more; /dev/zero has no end
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        msg = f"the configuration {path}{why} cannot be read: {reason}"
        raise ConfigurationError(msg) from error
    try:
        values = parse_yaml(content)
        if values is None:
            values = {}
        if not isinstance(values, dict):
            msg = f"a configuration is a mapping of keys, not a {type(values).__name__}"
            raise ConfigurationError(msg)  # noqa: TRY301 - the file's name is added below
        return _checked(values, path, environ)
    except YamlError as error:
        msg = f"{path}: {error}"
        raise ConfigurationError(msg) from None
    except ConfigurationError as error:
        msg = f"{path}: {error.message}"
        raise ConfigurationError(msg, key=error.key, remedy=error.remedy) from None


def _checked(values: dict[str, Any], source: Path | None, environ: Mapping[str, str]) -> Config:
    known = set(_General.model_fields)
    for key in values.keys() - known:
        if difflib.get_close_matches(str(key), known, n=1, cutoff=_NEAR) and not _is_backend(key):
            msg = f"unknown key {key!r}{_near(str(key), known)}"
            raise ConfigurationError(msg, key=str(key))
    own = {
        key: value if key in _LATER else resolve(value, key, environ)
        for key, value in values.items()
        if key in known and value is not None
    }
    general = check_settings(_General, own, path="")
    fallbacks = general.fallback_backends
    if not fallbacks and (one := general.remote_api_settings.get("fallback_backend")):
        key = "remote_api_settings.fallback_backend"
        if not isinstance(one, str):
            msg = f"field {key!r} is {one!r}: it should be the name of one backend"
            raise ConfigurationError(msg, key=key)
        fallbacks = (resolve(one, key, environ),)
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


def _is_backend(key: object) -> bool:
    """Tell whether an installed backend has this name: its section is no misspelt key."""
    return key in default_manager().names()


def _near(key: str, known: set[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
