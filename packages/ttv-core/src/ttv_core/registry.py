"""The backends by name: those found through entry points, and those put in by hand."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, MutableMapping
from typing import Any

from ttv_core.errors import BackendUnavailableError, PluginError
from ttv_core.interface import has_five_methods
from ttv_core.plugins import PluginManager, PluginRecord, default_manager, load_object

__all__ = ["GENERATOR_REGISTRY", "GeneratorRegistry"]

PUBLISHED = {
    "animatic": "ttv-animatic",
    "diffusers": "ttv-diffusers",
    "endpoint": "ttv-endpoint",
    "hunyuan": "ttv-hunyuan",
    "minimax": "ttv-minimax",
    "runway": "ttv-runway",
    "veo": "ttv-veo",
    "veo3": "ttv-veo",
    "wan": "ttv-wan",
    "wan2.1": "ttv-wan",
}
"""Distributions of this project, for the hint what to install. Nothing else depends on it."""


class _UnknownBackendError(BackendUnavailableError, KeyError):
    """No such backend; a KeyError too, as a mapping's callers expect."""


class GeneratorRegistry(MutableMapping[str, type]):
    """A live mapping of backend names to generator classes.

    Looking a name up imports that backend and no other. What is put in by hand goes before what
    is installed. Any class with the five methods will do.

    Args:
        plugins: Where installed backends come from; this process's own when left out.
    """

    def __init__(self, plugins: PluginManager | None = None) -> None:
        """Start with what is installed."""
        self._plugins = plugins
        self._own: dict[str, type] = {}
        self._hidden: set[str] = set()

    @property
    def plugins(self) -> PluginManager:
        """Where installed backends come from."""
        return self._plugins or default_manager()

    def __getitem__(self, name: str) -> type:
        """Return the class of a backend, importing it.

        Raises:
            BackendUnavailableError: If there is no such backend (also a KeyError), or it is
                disabled.
            PluginError: If it is installed but broken, incompatible, or claimed twice.
        """
        if name in self._own:
            return self._own[name]
        record = None if name in self._hidden else self.plugins.find(name)
        if record is None:
            raise self._unknown(name)
        return _class_of(self.plugins.load(record))

    def __setitem__(self, name: str, cls: type) -> None:
        """Put a class in under a name.

        Raises:
            TypeError: If it is no class with the five methods.
        """
        if not has_five_methods(cls):
            msg = (
                f"{cls!r} is no backend: it must be a class with generate_video, "
                "get_capabilities, estimate_cost, validate_inputs and is_available"
            )
            raise TypeError(msg)
        self._own[name] = cls
        self._hidden.discard(name)

    def __delitem__(self, name: str) -> None:
        """Take a name out; what is installed under it is hidden."""
        if name not in self:
            raise self._unknown(name)
        self._own.pop(name, None)
        if self.plugins.find(name) is not None:
            self._hidden.add(name)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a backend, without importing it."""
        return name in self._own or (name in self.plugins.names() and name not in self._hidden)

    def __iter__(self) -> Iterator[str]:
        """Give the names, sorted; aliases and names in conflict are left out."""
        names = {*self._own, *self.plugins.backends()} - self._hidden
        return iter(sorted(names))

    def __len__(self) -> int:
        """Count the names."""
        return len(list(iter(self)))

    def __repr__(self) -> str:
        """List the names."""
        return f"<GeneratorRegistry of {', '.join(self) or 'nothing'}>"

    def _unknown(self, name: str) -> _UnknownBackendError:
        installed = list(self)
        near = difflib.get_close_matches(name, {*installed, *PUBLISHED}, n=1)
        distribution = PUBLISHED.get(name) or (PUBLISHED.get(near[0]) if near else None)
        remedy = None
        if near and near[0] in installed:
            remedy = f"say {near[0]!r}"
        elif distribution is not None:
            remedy = f"pip install {distribution}"
        there = ", ".join(installed) or "none"
        msg = f"there is no backend {name!r}; installed: {there}"
        return _UnknownBackendError(msg, backend=name, code="unknown_backend", remedy=remedy)


def _class_of(record: PluginRecord) -> type:
    """Import a backend's generator class.

    Raises:
        PluginError: If that fails, or it is no backend.
    """
    assert record.spec is not None
    facts: dict[str, Any] = {"backend": record.name, "code": "plugin_failed"}
    whose = f"backend {record.name!r} from {record.distribution} {record.version}"
    remedy = f"pip install --upgrade --force-reinstall {record.distribution}"
    try:
        cls = load_object(record.spec.generator)
    except Exception as error:
        msg = f"{whose}: {record.spec.generator} cannot be imported: {error}"
        raise PluginError(msg, remedy=remedy, **facts) from error
    if not has_five_methods(cls):
        msg = f"{whose}: {record.spec.generator} lacks the five methods of a backend"
        raise PluginError(msg, remedy=remedy, **facts)
    return cls  # type: ignore[no-any-return]


GENERATOR_REGISTRY = GeneratorRegistry()
"""The backends of this process, by name."""
