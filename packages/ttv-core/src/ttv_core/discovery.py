"""Read which plugins are installed, from metadata alone: nothing is imported."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ttv_core.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.metadata import Distribution

    import pluggy

    from ttv_core.hookspecs import BackendSpec

__all__ = [
    "BACKENDS",
    "BROKEN",
    "EXECUTORS",
    "PLUGINS",
    "REFERENCE",
    "PluginRecord",
    "canonical",
    "conflict",
    "contested_names",
    "discover",
    "in_words",
    "mark_disabled",
]

BACKENDS = "ttv.backends"
PLUGINS = "ttv.plugins"
EXECUTORS = "ttv.executors"
_KINDS = {BACKENDS: "backend", PLUGINS: "plugin", EXECUTORS: "executor"}
Status = Literal["found", "loaded", "disabled", "incompatible", "failed", "conflict"]
BROKEN = frozenset({"incompatible", "failed", "conflict"})

RESERVED = frozenset({"auto"})
"""Names that mean something else where a backend's name is expected."""

_IDENTIFIERS = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
REFERENCE = re.compile(
    rf"\s*(?P<module>{_IDENTIFIERS})\s*(?::\s*(?P<attribute>{_IDENTIFIERS})\s*)?(?:\[.*\]\s*)?"
)
"""How an entry point names an object: "package.module" or "package.module:attribute"."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LONGEST_REASON = 300


@dataclass(slots=True, eq=False)
class PluginRecord:
    """One entry point, and what became of it.

    Attributes:
        name: Name of the entry point, which for a backend is the backend's name.
        group: "ttv.backends", "ttv.plugins" or "ttv.executors".
        distribution: The distribution that brings it.
        version: That distribution's version.
        value: What the entry point names.
        aliases: Further names of the same backend.
        status: found (not imported yet), loaded, disabled, incompatible, failed (it could not be
            imported, or a hook of it raised) or conflict.
        reason: What is wrong with it; empty when nothing is.
        remedy: What mends it.
        seconds: How long its import took; None before.
        spec: What a backend says of itself; None before it is imported.
        error: The cause of a failure.
        hooks: The hooks that a cross-cutting plugin implements.
        origin: Its metadata.
        lock: Held while it is imported.
    """

    name: str
    group: str
    distribution: str
    version: str
    value: str
    aliases: tuple[str, ...] = ()
    status: Status = "found"
    reason: str = ""
    remedy: str = ""
    seconds: float | None = None
    spec: BackendSpec | None = field(default=None, repr=False)
    error: BaseException | None = field(default=None, repr=False)
    hooks: dict[str, list[pluggy.HookImpl]] = field(default_factory=dict, repr=False)
    origin: Distribution | None = field(default=None, repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _settling: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def qualified(self) -> str:
        """The name that is right even when two distributions claim it."""
        return f"{self.name}@{self.distribution}"

    @property
    def kind(self) -> str:
        """What it is, in a word: "backend", "plugin" or "executor"."""
        return _KINDS[self.group]

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)

    def settle(
        self,
        status: Status,
        reason: str = "",
        remedy: str = "",
        error: BaseException | None = None,
    ) -> None:
        """Write down what became of it."""
        with self._settling:
            self.status, self.reason, self.remedy, self.error = status, reason, remedy, error

    def fail(self, reason: str, error: BaseException | None = None) -> None:
        """Write down that it is broken."""
        leave_out = f"leave it out with TTV_DISABLE_PLUGINS={self.name}"
        reinstall = f"pip install --upgrade --force-reinstall {self.distribution}"
        self.settle("failed", reason, f"{reinstall}, or {leave_out}", error)

    def note_late(self, reason: str) -> None:
        """Write down that its import takes long, unless it has just ended."""
        with self._settling:
            if self.status == "found":
                self.reason = reason

    def problem(self) -> PluginError:
        """Return the error of using it, which names distribution, version, cause and remedy."""
        error = PluginError(
            f"{self.kind} {self.name!r} from {self.distribution} {self.version}: {self.reason}",
            backend=self.name if self.group == BACKENDS else None,
            code=f"plugin_{self.status}",
            remedy=self.remedy or None,
        )
        error.__cause__ = self.error
        return error

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return {
            "name": self.name,
            "group": self.group,
            "distribution": self.distribution,
            "version": self.version,
            "value": self.value,
            "aliases": list(self.aliases),
            "status": self.status,
            "reason": self.reason,
            "remedy": self.remedy,
            "import_seconds": None if self.seconds is None else round(self.seconds, 4),
        }


def canonical(name: str) -> str:
    """Return a distribution's name as all its spellings are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def in_words(error: BaseException) -> str:
    """Return an exception as one bounded line, whatever it is."""
    try:
        text = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    except Exception:  # noqa: BLE001 - its own __str__ may be broken too
        text = ""
    return f"{type(error).__name__}: {_printable(text)[:_LONGEST_REASON] or 'no message'}"


def discover(distributions: Iterable[Distribution]) -> list[PluginRecord]:
    """Return one record per plugin, aliases folded in; broken metadata is a failed record."""
    seen: set[str] = set()
    records: list[PluginRecord] = []
    for distribution in distributions:
        if not _mentions_ttv(distribution):
            continue
        name, version, missing = _identity(distribution)
        if canonical(name) in seen:
            continue  # a copy further down sys.path, which could not be imported either
        seen.add(canonical(name))
        try:
            found = list(_records_of(distribution, name, version))
        except Exception as error:  # noqa: BLE001 - any metadata, any error
            found = [PluginRecord(_own_name(name), BACKENDS, name, version, value="")]
            found[0].fail(f"its entry_points.txt cannot be read: {in_words(error)}", error)
        for record in found:
            if missing:
                record.fail(f"its METADATA has no {missing}")
        records += found
    return sorted(records, key=lambda record: (record.group, record.name, record.distribution))


def _mentions_ttv(distribution: Distribution) -> bool:
    """Tell whether a distribution may bring plugins; hundreds of others are passed over fast."""
    try:
        return "ttv." in (distribution.read_text("entry_points.txt") or "")
    except UnicodeDecodeError as error:
        return b"ttv." in error.object
    except Exception:  # noqa: BLE001 - another distribution's broken file is not our matter
        return False


def _identity(distribution: Distribution) -> tuple[str, str, str]:
    """Return name, version, and which of them the metadata lacks; the folder's name stands in."""
    folder = Path(str(getattr(distribution, "_path", ""))).name
    fallback = canonical(folder.partition("-")[0]) or "unnamed"
    try:
        metadata = distribution.metadata
        name, version = ((metadata.get_all(key) or [""])[0] for key in ("Name", "Version"))
    except Exception:  # noqa: BLE001 - any metadata, any error
        name = version = ""
    missing = "Name" if not name else "Version" if not version else ""
    return _printable(name or fallback), _printable(version or "(unknown version)"), missing


def _records_of(distribution: Distribution, owner: str, version: str) -> Iterator[PluginRecord]:
    own = _own_name(owner)
    for group in _KINDS:
        by_value: dict[str, list[str]] = {}
        values: dict[str, set[str]] = {}
        for entry_point in distribution.entry_points.select(group=group):
            by_value.setdefault(entry_point.value, []).append(entry_point.name)
            values.setdefault(entry_point.name, set()).add(entry_point.value)
        for value, given in by_value.items():
            names = sorted(set(given), key=lambda name: (canonical(name) != own, name))
            name, *aliases = (_printable(name) for name in names)
            record = PluginRecord(
                name, group, owner, version, _printable(value), tuple(aliases), origin=distribution
            )
            if twice := next((name for name in names if len(values[name]) > 1), None):
                record.fail(f"its entry points name {twice!r} more than once, for different things")
            elif wrong := _objection(names, value):
                record.fail(wrong)
            yield record


def _objection(names: list[str], value: str) -> str:
    """Return why an entry point cannot be used, as far as its text tells, or ""."""
    for name in names:
        if not _NAME.fullmatch(name):
            return f"its entry point is called {name!r}; a name is letters, digits, '.', '_', '-'"
        if name in RESERVED:
            return f"its entry point is called {name!r}, which ttv itself uses"
    if not REFERENCE.fullmatch(value):
        return f"its entry point names {value!r}, which is no module"
    return ""


def _own_name(distribution: str) -> str:
    """Return the backend's name that a distribution's name suggests."""
    return canonical(distribution).removeprefix("ttv-")


def _printable(text: str) -> str:
    """Return text fit for a terminal: metadata is written by strangers."""
    return text if text.isprintable() else ascii(text)[1:-1]


def mark_disabled(records: Iterable[PluginRecord], listed: str) -> list[str]:
    """Mark the plugins that `TTV_DISABLE_PLUGINS` lists.

    Args:
        records: All plugins.
        listed: Names or distributions separated by commas, or "*".

    Returns:
        The items that match nothing.
    """
    items = {canonical(item.strip()): item.strip() for item in listed.split(",") if item.strip()}
    unused = dict(items)
    for record in records:
        names = {*record.names, record.distribution, record.qualified, "*"}
        hits = [key for key in map(canonical, names) if key in items]
        for key in hits:
            unused.pop(key, None)
        if hits:
            what = " and ".join(sorted(items[key] for key in hits))
            reason = f"TTV_DISABLE_PLUGINS={listed}"
            record.settle("disabled", reason, f"take {what} out of TTV_DISABLE_PLUGINS")
    return sorted(unused.values())


def contested_names(records: Iterable[PluginRecord]) -> dict[str, list[PluginRecord]]:
    """Return the names that several distributions claim, and note it in their records.

    Only these names are out of use: a backend whose alias alone is contested keeps its own name.
    """
    claims: dict[str, list[PluginRecord]] = {}
    for record in records:
        if record.group == BACKENDS and record.status == "found":
            for name in record.names:
                claims.setdefault(name, []).append(record)
    contested = {name: who for name, who in claims.items() if len(who) > 1}
    for name, claimants in contested.items():
        error = conflict(name, claimants)
        for record in claimants:
            status: Status = "conflict" if name == record.name else record.status
            if record.status != "conflict":
                record.settle(status, error.message, error.remedy or "")
    return contested


def conflict(name: str, claimants: Sequence[PluginRecord]) -> PluginError:
    """Return the error of using a name that several distributions claim."""
    kind = claimants[0].kind
    article = "an" if kind == "executor" else "a"
    named = [(f"{r.distribution} {r.version}", f"{name}@{r.distribution}") for r in claimants]
    who, qualified = zip(*named, strict=True)
    both, neither = ("both", "neither") if len(who) == 2 else ("all", "none")
    return PluginError(
        f"{' and '.join(who)} {both} bring {article} {kind} called {name!r}; {neither} is used",
        backend=name if kind == "backend" else None,
        code="plugin_conflict",
        remedy=f"say {' or '.join(qualified)}, or uninstall one of them",
    )
