"""What is wrong with a configuration, beyond what cannot even be read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ttv_cli.side_by_side import side_by_side

if TYPE_CHECKING:
    from ttv_core import Config

__all__ = ["Finding", "findings"]

_SECONDS = 15.0


class Finding(NamedTuple):
    """One thing that is wrong, or worth knowing.

    Attributes:
        level: "error" or "note".
        key: The full key path.
        message: What is wrong, and what is allowed.
        remedy: What mends it.
    """

    level: str
    key: str
    message: str
    remedy: str = ""


def findings(config: Config) -> list[Finding]:
    """Hold a configuration against everything that is installed.

    Args:
        config: A configuration that can be read.
    """
    from ttv_core.plugins import default_manager

    found = [*_unknown(config), *_named(config), *_of_executors(config)]
    backends = default_manager().backends()
    questions = {name: partial(_of_backend, config, name) for name in backends}
    for name, answer in side_by_side(questions, _SECONDS).items():
        if answer is None:
            message = f"{name} did not answer within {_SECONDS:g} s; its settings are not checked"
            found.append(Finding("note", f"backends.{name}", message))
        else:
            found += answer
    return found


def _unknown(config: Config) -> list[Finding]:
    from ttv_core.known import install_command, known_backends
    from ttv_core.plugins import EXECUTORS_PUBLISHED

    brought = {name: each.distribution for each in known_backends() for name in each.names}
    brought |= {f"executors.{name}": each for name, each in EXECUTORS_PUBLISHED.items()}
    found = []
    for key, message in config.unknown_keys().items():
        backend = key.removeprefix("backends.").partition("@")[0]
        if backend in brought:
            # One file may serve several machines: what is not installed here is no mistake.
            found.append(Finding("note", key, message, install_command(brought[backend])))
        else:
            found.append(Finding("error", key, f"{key}: {message}"))
    return found


def _named(config: Config) -> list[Finding]:
    """Check the backends that are to be used."""
    from ttv_core import BackendUnavailableError
    from ttv_core.registry import GENERATOR_REGISTRY

    named = {"default_backend": config.default_backend}
    named |= {f"fallback_backends[{i}]": name for i, name in enumerate(config.fallback_backends)}
    found = []
    for key, name in named.items():
        if name in {None, "auto"}:
            continue
        try:
            GENERATOR_REGISTRY[str(name)]
        except BackendUnavailableError as error:
            found.append(Finding("error", key, f"{key}: {error.message}", error.remedy or ""))
    return found


def _of_executors(config: Config) -> list[Finding]:
    """Check the settings of the executors that are installed."""
    from ttv_core import BackendUnavailableError, ConfigurationError
    from ttv_core.factory import create_executor
    from ttv_core.plugins import default_manager

    installed = {name for record in default_manager().executors() for name in record.names}
    found = []
    for name in installed & (config.values.get("executors") or {}).keys():
        try:
            create_executor(config, name)
        except ConfigurationError as error:
            found.append(
                Finding("error", error.key or "executors", error.message, error.remedy or "")
            )
        except BackendUnavailableError as error:
            found.append(Finding("note", f"executors.{name}", error.message, error.remedy or ""))
    return found


def _of_backend(config: Config, name: str) -> list[Finding]:
    """Resolve one backend's section and check its settings."""
    from ttv_core import BackendUnavailableError, ConfigurationError, create_video_generator

    try:
        create_video_generator(config, name, fallback_backends=())
    except ConfigurationError as error:
        message = error.message if name in error.message else f"{name}: {error.message}"
        level = "error" if _has_part(config, name) else "note"
        return [Finding(level, error.key or f"backends.{name}", message, error.remedy or "")]
    except BackendUnavailableError as error:
        return [Finding("note", f"backends.{name}", error.message, error.remedy or "")]
    except Exception as error:  # noqa: BLE001 - any backend, any error
        message = f"{name}: {type(error).__name__}: {error}"
        return [Finding("error", f"backends.{name}", message)]
    return []


def _has_part(config: Config, name: str) -> bool:
    """Tell whether the configuration says anything about a backend.

    Settings that are missing altogether are the doctor's business, not a mistake in the file.
    """
    from ttv_core.plugins import default_manager

    record = default_manager().find(name)
    names = {name}
    if record is not None:
        names |= {record.name, *record.aliases, record.qualified}
        if record.spec is not None:
            names |= {record.spec.config_section or name, *record.spec.legacy_keys}
    return bool(names & {*config.values, *(config.values.get("backends") or {})})
