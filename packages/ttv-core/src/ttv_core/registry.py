"""The backends by name: those found through entry points, and those put in by hand."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from ttv_core.contract import missing_methods
from ttv_core.errors import BackendUnavailableError
from ttv_core.plugins import PluginManager, default_manager

__all__ = ["GENERATOR_REGISTRY", "GeneratorRegistry"]

_LONGEST = 100


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
        if name in self._hidden or not _is_text(name):
            raise self._unknown(name)
        record = self.plugins.find(name)
        if record is None:
            raise self._unknown(name)
        return self.plugins.generator(record)

    def __setitem__(self, name: str, cls: type) -> None:
        """Put a class in under a name.

        Raises:
            TypeError: If the name is no text, or it is no class with the five methods.
        """
        if not _is_text(name):
            msg = f"the name of a backend is text, not {name!r}"
            raise TypeError(msg)
        if missing := missing_methods(cls):
            msg = f"{cls!r} is no backend: it lacks {', '.join(missing)}"
            raise TypeError(msg)
        self._own[name] = cls

    def __delitem__(self, name: str) -> None:
        """Take a name out; what is installed under it is hidden.

        Raises:
            BackendUnavailableError: If there is no such backend (also a KeyError).
        """
        if name not in self:
            raise self._unknown(name)
        self._own.pop(name, None)
        self._hidden.add(name)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a backend, without importing it."""
        if name in self._own:
            return True
        if not isinstance(name, str) or name in self._hidden:
            return False
        if "@" in name:
            return self.plugins.find(name) is not None
        return name in self.plugins.names()

    def __iter__(self) -> Iterator[str]:
        """Give the names, sorted; aliases and names in conflict are left out."""
        names = {*self._own, *(self.plugins.backends().keys() - self._hidden)}
        return iter(sorted(names))

    def __len__(self) -> int:
        """Count the names."""
        return len(list(iter(self)))

    def __repr__(self) -> str:
        """List the names."""
        return f"<GeneratorRegistry of {', '.join(self) or 'nothing'}>"

    def _unknown(self, name: object) -> _UnknownBackendError:
        asked, listed = str(name), list(self)
        near = _nearest(asked, {*listed, *(self.plugins.names() - self._hidden)}, self._hidden)
        msg = f"there is no backend {name!r}; installed: {', '.join(listed) or 'none'}"
        return _UnknownBackendError(msg, backend=asked, code="unknown_backend", remedy=near)


def _nearest(asked: str, here: set[str], hidden: set[str]) -> str:
    """Return what mends a name that is not there: another name, or the command that installs it."""
    from ttv_core.known import install_command, known_backends

    names = {name: f"say {name!r}" for name in sorted(here)}
    words: dict[str, str] = {}
    for backend in known_backends():
        if not hidden.isdisjoint(backend.names):
            continue
        own = next((name for name in backend.names if name in here), None)
        mend = f"say {own!r}" if own else install_command(backend.distribution)
        for name in (*backend.names, backend.distribution):
            names.setdefault(name, mend)
        words |= dict.fromkeys(backend.keywords, mend)
    # What a vendor or model is called may look like the name of another backend.
    for known, alike in ((words, 1.0), (names, 0.6), (words, 0.8)):
        if mend := _close(asked, known, alike):
            return mend
    return "ttv backends --known lists what can be installed"


def _close(asked: str, known: dict[str, str], alike: float) -> str:
    """Return what belongs to the most similar name, whatever its case; "" if none is so alike."""
    import difflib

    by_case = {name.casefold(): mend for name, mend in known.items()}
    found = difflib.get_close_matches(asked[:_LONGEST].casefold(), by_case, n=1, cutoff=alike)
    return by_case[found[0]] if found else ""


def _is_text(name: object) -> bool:
    return isinstance(name, str)


GENERATOR_REGISTRY = GeneratorRegistry()
"""The backends of this process, by name."""
