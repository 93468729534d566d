"""The state of each plugin: does it load, can it be used, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ttv_cli.mending import commands
from ttv_cli.side_by_side import side_by_side

if TYPE_CHECKING:
    from ttv_core import Config
    from ttv_core.plugins import PluginRecord

__all__ = ["Health", "examine", "examine_executors", "examine_plugins"]


@dataclass(frozen=True)
class Health:
    """The state of a backend, an executor or another plugin.

    Each answer is None where an earlier one made it pointless to ask.

    Attributes:
        name: Its name.
        distribution: What brings it, with its version.
        kind: "local", "remote", "preview", "executor", "plugin", or "" when it does not load.
        broken: Whether it is installed, but such that nobody can use it.
        loads: Whether its code can be imported.
        configured: Whether its settings are complete and right.
        available: Whether it can be used now.
        reasons: What is in the way.
        remedies: What mends it: a command or variable each.
        variables: The environment variables it reads.
        terms: Licences that keep people of some places from using its models.
    """

    name: str
    distribution: str
    kind: str = ""
    broken: bool = False
    loads: bool | None = None
    configured: bool | None = None
    available: bool | None = None
    reasons: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()


def examine(config: Config, *, deep: bool) -> list[Health]:
    """Look at every installed backend, side by side and in bounded time.

    Args:
        config: The configuration in use.
        deep: Whether vendors and engines are asked too.
    """
    from ttv_core.plugins import BACKENDS, default_manager

    records = [record for record in default_manager().records if record.group == BACKENDS]
    return _examined_all(records, config, deep=deep)


def examine_executors(config: Config, *, deep: bool) -> list[Health]:
    """Look at every installed executor, as at the backends.

    Args:
        config: The configuration in use.
        deep: Whether the machines are asked too.
    """
    from ttv_core.plugins import default_manager

    return _examined_all(default_manager().executors(), config, deep=deep)


def examine_plugins() -> list[Health]:
    """Load every other plugin, side by side, and say how that went."""
    from ttv_core.plugins import PLUGINS, default_manager

    manager = default_manager()
    records = [record for record in manager.records if record.group == PLUGINS]
    manager.load_within(records, 5.0)
    loads = {"loaded": True, "disabled": None, "found": None}
    return [
        Health(
            **_known(record),
            loads=loads.get(record.status, False),
            reasons=(record.reason,) if record.reason else (),
            remedies=commands(record),
        )
        for record in records
    ]


def _examined_all(records: list[PluginRecord], config: Config, *, deep: bool) -> list[Health]:
    seconds = 30.0 if deep else 5.0
    questions = {
        record.qualified: partial(_examined, record, config, deep=deep) for record in records
    }
    answers = side_by_side(questions, seconds)
    late = (f"it did not answer within {seconds:g} s",)
    return [
        answers[record.qualified] or Health(**_known(record), reasons=late) for record in records
    ]


def _known(record: PluginRecord) -> dict[str, Any]:
    from ttv_core.plugins import BROKEN

    spec = record.spec
    variables = spec.setup.get("env", ()) if spec is not None else ()
    return {
        "name": record.name,
        "broken": record.status in BROKEN,
        "distribution": f"{record.distribution} {record.version}",
        "kind": spec.kind if spec is not None else "" if record.kind == "backend" else record.kind,
        "variables": tuple(str(name) for name in variables),
    }


def _examined(record: PluginRecord, config: Config, *, deep: bool) -> Health:
    import ttv_core

    try:
        if record.status in {"disabled", "conflict"}:
            return Health(
                **_known(record), loads=None, reasons=(record.reason,), remedies=commands(record)
            )
        made = _made(record, config)
    except ttv_core.ConfigurationError as error:
        return _ill(record, error, loads=True, configured=False)
    except ttv_core.BackendUnavailableError as error:
        broken = isinstance(error, ttv_core.PluginError)
        return _ill(record, error, loads=not broken, configured=None if broken else False)
    except Exception as error:  # noqa: BLE001 - any backend, any error
        return _ill(record, error, loads=True, configured=False)
    try:
        found = _availability(record, made, deep=deep)
    except Exception as error:  # noqa: BLE001 - any backend, any error
        return _ill(record, error, loads=True, configured=True)
    known = _known(record)
    remedies = found.remedies
    if not found.ok and not remedies and not (deep and _is_set_up(record, made)):
        remedies = tuple(f"export {name}=…" for name in known["variables"])
    return Health(
        **known,
        loads=True,
        configured=True,
        available=found.ok,
        reasons=found.reasons,
        remedies=remedies,
        terms=_terms(made),
    )


def _made(record: PluginRecord, config: Config) -> Any:
    import ttv_core
    from ttv_core.factory import create_executor
    from ttv_core.plugins import EXECUTORS

    if record.group == EXECUTORS:
        return create_executor(config, record.qualified)
    return ttv_core.create_video_generator(config, record.qualified, fallback_backends=())


def _terms(made: Any) -> tuple[str, ...]:
    """Return the licences that exclude somebody, each once."""
    models = getattr(getattr(made, "capabilities", None), "models", ())
    licences = (getattr(model, "licence", None) for model in models)
    told = (found.describe() for found in licences if found is not None and found.excluded)
    return tuple(dict.fromkeys(told))


def _availability(record: PluginRecord, made: Any, *, deep: bool) -> Any:
    import ttv_core

    if isinstance(made, ttv_core.VideoGenerator) or record.kind == "executor":
        return made.availability(deep=deep)
    ok = bool(made.is_available())
    return ttv_core.Availability(ok, () if ok else ("is_available() says no",))


def _is_set_up(record: PluginRecord, made: Any) -> bool:
    """Tell whether all is there that can be seen without asking anybody."""
    return bool(_availability(record, made, deep=False).ok)


def _ill(
    record: PluginRecord, error: Exception, *, loads: bool | None, configured: bool | None
) -> Health:
    known = _known(record)
    message = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
    remedy = getattr(error, "remedy", None)
    remedies = commands(record) if known["broken"] else (remedy,) if remedy else ()
    return Health(
        **known,
        loads=loads,
        configured=configured,
        available=False if configured else None,
        reasons=(message,),
        remedies=remedies,
    )
