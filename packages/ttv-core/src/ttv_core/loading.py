"""Import one plugin and see whether it keeps the contract; what is wrong is raised, in words."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING, Any

from ttv_core.contract import missing_methods
from ttv_core.discovery import BACKENDS, EXECUTORS, PLUGINS, REFERENCE, PluginRecord, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pluggy

    from ttv_core.hookspecs import BackendSpec

    Hooks = dict[str, list[pluggy.HookImpl]]

__all__ = [
    "IncompatiblePluginError",
    "generator_class",
    "import_plugin",
    "load_object",
    "unmet_range",
]


class IncompatiblePluginError(Exception):
    """A plugin was made for another version of the contract."""


def unmet_range(requirements: Iterable[str], installed: str) -> str:
    """Return why the range on ttv-core that a plugin declares is not met, or "".

    Args:
        requirements: Its `Requires-Dist` lines.
        installed: The version of ttv-core that is here.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    for line in requirements:
        named = re.match(r"\s*([A-Za-z0-9._-]+)", line)
        if named is None or canonical(named[1]) != "ttv-core":
            continue
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            return f"its requirement {line!r} cannot be read"
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            return f"it needs ttv-core{requirement.specifier}; ttv-core {installed} is here"
    return ""


def import_plugin(
    record: PluginRecord, *, in_both_groups: bool
) -> tuple[BackendSpec | None, Hooks]:
    """Import what an entry point names, and check it.

    Args:
        record: The plugin.
        in_both_groups: Whether its distribution names the same object in both groups.

    Returns:
        What a backend says of itself, and the hooks that a cross-cutting plugin implements.

    Raises:
        IncompatiblePluginError: If it was written for another version of the contract.
        Exception: Whatever else is wrong with it.
    """
    plugin = load_object(record.value)
    if record.group == EXECUTORS:
        check_executor(record, plugin)
        return None, {}
    if isinstance(plugin, type):
        return _spec_of_class(record, plugin), {}
    hooks = _hooks(record, plugin)
    own = {"ttv_backends"} if record.group == BACKENDS else set(_hook_names()) - {"ttv_backends"}
    if record.group == BACKENDS and not hooks.keys() & own:
        msg = "it has no function ttv_backends marked @hookimpl"
        raise TypeError(msg)
    if record.group == PLUGINS and not hooks.keys() & own:
        msg = f"it implements no hook marked @hookimpl; known: {', '.join(sorted(own))}"
        raise TypeError(msg)
    if (other := sorted(hooks.keys() - own)) and not in_both_groups:
        group = PLUGINS if record.group == BACKENDS else BACKENDS
        msg = f"it implements {other[0]}, which is asked only in the entry-point group {group}"
        raise TypeError(msg)
    if record.group == BACKENDS:
        return _spec(record, hooks["ttv_backends"]), {}
    return None, {name: hooks[name] for name in own & hooks.keys()}


def check_executor(record: PluginRecord, cls: Any) -> None:
    """Refuse what is no class of executors.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(cls, type):
        msg = f"{record.value} is no class"
        raise TypeError(msg)
    wanted = ("Settings", "availability", "open", "places", "make", "close")
    if missing := [name for name in wanted if not hasattr(cls, name)]:
        msg = f"{record.value} is no executor: it lacks {', '.join(missing)}"
        raise TypeError(msg)


def generator_class(spec: BackendSpec) -> type:
    """Import a backend's generator class.

    Raises:
        TypeError: If it lacks methods of a backend.
        Exception: Whatever its import raises.
    """
    cls = load_object(spec.generator)
    if not isinstance(cls, type):
        msg = f"{spec.generator} is no class"
        raise TypeError(msg)
    if missing := missing_methods(cls):
        msg = f"{spec.generator} is no backend: it lacks {', '.join(missing)}"
        raise TypeError(msg)
    return cls


def load_object(reference: str) -> Any:
    """Import "module" or "module:attribute".

    Raises:
        ImportError: If the module cannot be imported.
        AttributeError: If it has no such attribute.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None:
        msg = f"{reference!r} names nothing that can be imported"
        raise ImportError(msg)
    found = importlib.import_module(match["module"])
    for part in (match["attribute"] or "").split("."):
        found = getattr(found, part) if part else found
    return found


def _hook_names() -> tuple[str, ...]:
    return ("ttv_backends", "ttv_job_event", "ttv_rank", "ttv_review")


def _hooks(record: PluginRecord, plugin: Any) -> Hooks:
    """Return the hooks that a plugin implements; refuse those that would never be called."""
    import pluggy

    from ttv_core import hookspecs

    # A manager of its own: what one plugin does wrong is not seen by the others.
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=record.qualified)
    found: Hooks = {}
    for caller in manager.get_hookcallers(plugin) or ():
        for impl in caller.get_hookimpls():
            if caller.has_spec():
                found.setdefault(caller.name, []).append(impl)
            elif not impl.optionalhook:
                raise AttributeError(_unknown_hook(caller.name))
            if impl.wrapper or impl.hookwrapper:
                msg = f"its {caller.name} is a hook wrapper, which ttv does not call"
                raise TypeError(msg)
            if inspect.iscoroutinefunction(impl.function):
                msg = f"its {caller.name} is asynchronous; hooks are plain functions"
                raise TypeError(msg)
    for name in _hook_names():
        if name not in found and callable(getattr(plugin, name, None)):
            msg = f"its {name} is not marked @hookimpl"
            raise TypeError(msg)
    return found


def _unknown_hook(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, _hook_names(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_hook_names())}"
    return f"it implements an unknown hook {name!r}; {hint}"


def _spec(record: PluginRecord, impls: list[pluggy.HookImpl]) -> BackendSpec:
    """Ask a plugin for its backend."""
    from ttv_core.hookspecs import API_VERSION, BackendSpec

    specs: list[Any] = []
    for impl in impls:
        answer: Any = impl.function()
        if answer is None or isinstance(answer, BackendSpec):
            msg = f"ttv_backends returned {type(answer).__name__}, not a list of BackendSpec"
            raise TypeError(msg)
        specs += answer
    if wrong := [spec for spec in specs if not isinstance(spec, BackendSpec)]:
        msg = f"ttv_backends returned {type(wrong[0]).__name__}, not BackendSpec"
        raise TypeError(msg)
    own = [spec for spec in specs if spec.name in record.names]
    brought = ", ".join(repr(spec.name) for spec in specs) or "nothing"
    if not own:
        msg = f"its entry point is called {record.name!r} but ttv_backends describes {brought}"
        raise LookupError(msg)
    if len(specs) > 1:
        # Further names of one entry point value are aliases, so a second backend is out of reach.
        msg = f"ttv_backends describes {brought}; give each backend an entry point of its own value"
        raise LookupError(msg)
    spec: BackendSpec = own[0]
    legal = [version for version in (API_VERSION - 1, API_VERSION) if version > 0]
    if spec.api_version not in legal:
        here = " or ".join(str(version) for version in legal)
        msg = f"it was written for plugin API {spec.api_version}; this core has {here}"
        raise IncompatiblePluginError(msg)
    return spec


def _spec_of_class(record: PluginRecord, cls: type) -> BackendSpec:
    """Describe a five-method class that an entry point names directly."""
    from ttv_core.hookspecs import KINDS, BackendSpec

    if record.group == PLUGINS:
        msg = f"{record.value} is a class; name a module or an instance"
        raise TypeError(msg)
    if missing := missing_methods(cls):
        msg = f"{record.value} is no backend: it lacks {', '.join(missing)}"
        raise TypeError(msg)
    kind: Any = getattr(cls, "kind", None)
    return BackendSpec(
        name=record.name,
        summary=(inspect.getdoc(cls) or cls.__name__).splitlines()[0],
        generator=record.value,
        kind=kind if kind in KINDS else "local",
    )
