"""Find plugins, load them one by one, and keep each one's trouble to itself.

Listing reads metadata only. A plugin is imported when it is used; whatever goes wrong then is
kept in its record, with the reason, and nothing else is touched.

Environment:
    TTV_DISABLE_PLUGINS: Names or distributions, separated by commas, or `*`; never imported.
    TTV_STRICT_PLUGINS: Set to 1, a broken plugin is an error wherever it is met.
    TTV_TRACE_PLUGINS: Set to 1, discovery and loading are told on stderr.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ttv_core.errors import BackendUnavailableError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.metadata import Distribution, EntryPoint

    import pluggy

    from ttv_core.hookspecs import BackendSpec

__all__ = ["BACKENDS", "PLUGINS", "PluginManager", "PluginRecord", "default_manager"]

BACKENDS = "ttv.backends"
PLUGINS = "ttv.plugins"
Status = Literal["found", "loaded", "disabled", "incompatible", "failed", "conflict"]
_BROKEN = frozenset({"incompatible", "failed", "conflict"})


@dataclass(slots=True)
class PluginRecord:
    """One entry point, and what became of it.

    Attributes:
        name: Name of the entry point, which for a backend is the backend's name.
        group: "ttv.backends" or "ttv.plugins".
        distribution: The distribution that brings it.
        version: That distribution's version.
        value: What the entry point names.
        aliases: Further names of the same backend.
        status: found (not imported yet), loaded, disabled, incompatible, failed or conflict.
        reason: Why it is not usable; empty when it is.
        remedy: What mends it.
        seconds: How long its import took; None before.
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
    _entry_point: EntryPoint | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def qualified(self) -> str:
        """The name that is right even when two distributions claim it."""
        return f"{self.name}@{self.distribution}"

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


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _trace(message: str) -> None:
    if os.environ.get("TTV_TRACE_PLUGINS", "0") not in {"", "0"}:
        print(f"ttv plugins: {message}", file=sys.stderr)  # noqa: T201 - asked for


class PluginManager:
    """The plugins of this environment.

    Args:
        distributions: The installed distributions; those on `sys.path` when left out.
        environ: Environment variables; the process's own when left out.
    """

    def __init__(
        self,
        distributions: Callable[[], Iterator[Distribution]] | None = None,
        environ: dict[str, str] | None = None,
    ) -> None:
        self._distributions = distributions
        self._environ = os.environ if environ is None else environ
        self._records: list[PluginRecord] | None = None
        self._contested: dict[str, list[PluginRecord]] = {}
        self._pluggy: pluggy.PluginManager | None = None
        self._lock = threading.RLock()

    @property
    def strict(self) -> bool:
        """Whether a broken plugin is an error wherever it is met."""
        return self._environ.get("TTV_STRICT_PLUGINS", "0") not in {"", "0"}

    @property
    def records(self) -> list[PluginRecord]:
        """One record per plugin, aliases folded in, from metadata alone.

        Raises:
            PluginError: If two distributions claim one name, and plugins are strict.
        """
        with self._lock:
            if self._records is None:
                self._records = self._discover()
            return self._records

    def backends(self) -> dict[str, PluginRecord]:
        """Return the usable backends by name; aliases and names in conflict are left out."""
        return {
            record.name: record
            for record in self.records
            if record.group == BACKENDS and record.status not in {"disabled", "conflict"}
        }

    def names(self) -> set[str]:
        """Return every name that some backend answers to."""
        found = set()
        for record in self.records:
            if record.group == BACKENDS:
                found |= {record.name, *record.aliases}
        return found

    def find(self, name: str) -> PluginRecord | None:
        """Return the backend of that name, alias or `name@distribution`, or None.

        Raises:
            PluginError: If several distributions claim the name.
        """
        bare, _, distribution = name.partition("@")
        found = [
            record
            for record in self.records
            if record.group == BACKENDS and bare in {record.name, *record.aliases}
        ]
        if distribution:
            wanted = _canonical(distribution)
            found = [r for r in found if _canonical(r.distribution) == wanted]
        elif bare in self._contested:
            raise self._conflict(bare)
        return next((r for r in found if r.status != "disabled"), found[0] if found else None)

    def load(self, record: PluginRecord) -> PluginRecord:
        """Import a plugin, once; only this one.

        Raises:
            PluginError: If it is broken or incompatible; names distribution, version, cause and
                remedy. The cause is chained.
            BackendUnavailableError: If it is disabled.
        """
        with record._lock:  # noqa: SLF001 - the record is this module's own
            if record.status == "disabled":
                msg = f"backend {record.name!r} is disabled"
                raise BackendUnavailableError(
                    msg, backend=record.name, code="disabled", remedy=record.remedy
                )
            if record.status in {"found", "conflict"} and record.spec is None:
                self._load(record)
            if record.status in {"failed", "incompatible"}:
                raise _problem(record, record.reason, record.remedy) from record.error
            return record

    def load_within(self, records: Sequence[PluginRecord], seconds: float) -> list[PluginRecord]:
        """Import several plugins side by side, waiting a bounded time; return those not done.

        A plugin that is still importing stays "found": it harms nobody, and using it by name
        simply waits. Its reason says how long it has been waited for.
        """
        waiting = [r for r in records if r.status == "found" and r.spec is None]
        threads = {
            id(record): threading.Thread(target=self._try_load, args=(record,), daemon=True)
            for record in waiting
        }
        for thread in threads.values():
            thread.start()
        deadline = time.monotonic() + seconds
        late = []
        for record in waiting:
            threads[id(record)].join(max(0.0, deadline - time.monotonic()))
            if threads[id(record)].is_alive():
                record.reason = f"not imported after {seconds:g} s; its import is still running"
                late.append(record)
        return late

    def _try_load(self, record: PluginRecord) -> None:
        try:
            self.load(record)
        except BackendUnavailableError:
            pass  # kept in the record

    def rank(self, request: Any, candidates: Sequence[Any]) -> Sequence[str] | None:
        """Ask `ttv_rank` of the plugins, one by one; the first answer wins."""
        for _, answer in self._ask("ttv_rank", request=request, candidates=candidates):
            if answer is not None:
                return [str(name) for name in answer]
        return None

    def review(self, plan: Any) -> Any:
        """Return the plan with the violations that `ttv_review` adds.

        A policy that fails refuses the plan: a check that could not run did not pass.
        """
        from ttv_core.results import Violation

        before = {id(r) for r in self.records if r.status == "failed"}
        found: list[Violation] = []
        for _, answer in self._ask("ttv_review", plan=plan):
            found += answer or ()
        for record in self.records:
            if record.status == "failed" and id(record) not in before and record.group == PLUGINS:
                message = f"the policy plugin {record.qualified} failed: {record.reason}"
                found.append(Violation("plan", "policy_failed", message))
        return plan.refused(*found) if found else plan

    def tell(self, event: Any) -> None:
        """Tell an event to the plugins that listen."""
        for _ in self._ask("ttv_job_event", event=event):
            pass

    def _ask(self, hook: str, **arguments: Any) -> Iterator[tuple[PluginRecord, Any]]:
        """Call one hook of each plugin in pluggy's order, so that one failure stays its own."""
        for record in self.records:
            if record.group == PLUGINS and record.status == "found":
                self._try_load(record)
                if record.status in _BROKEN and self.strict:
                    raise _problem(record, record.reason, record.remedy) from record.error
        if self._pluggy is None:
            return
        owners = {record.qualified + record.group: record for record in self.records}
        for impl in reversed(getattr(self._pluggy.hook, hook).get_hookimpls()):
            record = owners[impl.plugin_name]
            if record.status != "loaded":
                continue
            try:
                answer = impl.function(*(arguments[name] for name in impl.argnames))
            except Exception as error:  # noqa: BLE001 - any plugin, any error
                self._fail(record, f"{hook} raised {_said(error)}", error)
                continue
            yield record, answer

    def _discover(self) -> list[PluginRecord]:
        from importlib import metadata

        source = self._distributions or metadata.distributions
        seen: set[str] = set()
        records: list[PluginRecord] = []
        for distribution in source():
            text = distribution.read_text("entry_points.txt") or ""
            if "ttv." not in text:
                continue
            key = _canonical(distribution.metadata["Name"] or "")
            if key in seen:
                continue  # a copy further down sys.path, which could not be imported either
            seen.add(key)
            records += self._records_of(distribution)
        for record in records:
            _trace(f"found {record.qualified} {record.version} in {record.group}")
        self._mark_disabled(records)
        self._mark_conflicts(records)
        return sorted(records, key=lambda record: (record.group, record.name, record.distribution))

    def _records_of(self, distribution: Distribution) -> Iterator[PluginRecord]:
        name = distribution.metadata["Name"]
        own = _canonical(name).removeprefix("ttv-")
        for group in (BACKENDS, PLUGINS):
            by_value: dict[str, list[EntryPoint]] = {}
            for entry_point in distribution.entry_points.select(group=group):
                by_value.setdefault(entry_point.value, []).append(entry_point)
            for value, entry_points in by_value.items():
                names = sorted(
                    (item.name for item in entry_points), key=lambda n: (_canonical(n) != own, n)
                )
                yield PluginRecord(
                    name=names[0],
                    group=group,
                    distribution=name,
                    version=distribution.version,
                    value=value,
                    aliases=tuple(names[1:]),
                    _entry_point=next(e for e in entry_points if e.name == names[0]),
                )

    def _mark_disabled(self, records: list[PluginRecord]) -> None:
        listed = self._environ.get("TTV_DISABLE_PLUGINS", "")
        disabled = {_canonical(item.strip()) for item in listed.split(",") if item.strip()}
        for record in records:
            names = {record.name, *record.aliases, record.distribution}
            if "*" in listed or disabled & {_canonical(name) for name in names}:
                record.status = "disabled"
                record.reason = f"TTV_DISABLE_PLUGINS={listed}"
                record.remedy = f"take {record.name} out of TTV_DISABLE_PLUGINS"
                _trace(f"disabled {record.qualified}")

    def _mark_conflicts(self, records: list[PluginRecord]) -> None:
        """Note the names that two distributions claim; only those names are out of use."""
        claims: dict[str, list[PluginRecord]] = {}
        for record in records:
            if record.group == BACKENDS and record.status != "disabled":
                for name in (record.name, *record.aliases):
                    claims.setdefault(name, []).append(record)
        self._contested = {name: who for name, who in claims.items() if len(who) > 1}
        for name, claimants in self._contested.items():
            error = self._conflict(name)
            _trace(f"conflict: {error.message}")
            if self.strict:
                raise error
            for record in claimants:
                record.reason, record.remedy = error.message, error.remedy or ""
                if record.name == name:
                    record.status = "conflict"

    def _conflict(self, name: str) -> PluginError:
        claimants = self._contested[name]
        who = " and ".join(f"{record.distribution} {record.version}" for record in claimants)
        qualified = " or ".join(f"{name}@{record.distribution}" for record in claimants)
        removed = " or ".join(f"pip uninstall {record.distribution}" for record in claimants)
        return PluginError(
            f"{who} both bring a backend called {name!r}; neither is used",
            backend=name,
            code="plugin_conflict",
            remedy=f"say {qualified}, or {removed}",
        )

    def _load(self, record: PluginRecord) -> None:
        record.reason = ""
        if reason := self._unmet_range(record):
            record.status, record.reason = "incompatible", reason
            record.remedy = f"pip install --upgrade {record.distribution} ttv-core"
            return
        started = time.perf_counter()
        try:
            module = record._entry_point.load()  # type: ignore[union-attr]  # noqa: SLF001
            record.seconds = time.perf_counter() - started
            if record.group == BACKENDS and inspect.isclass(module):
                record.spec = _spec_of_class(record, module)
            else:
                self._register(record, module)
        except _Incompatible as error:
            record.status, record.reason = "incompatible", str(error)
            record.remedy = f"pip install --upgrade {record.distribution} ttv-core"
        except Exception as error:  # noqa: BLE001 - any plugin, any error
            self._fail(record, _said(error), error)
        except SystemExit as error:
            self._fail(record, f"its import called sys.exit({error.code!r})", error)
        else:
            record.status = "loaded"
            _trace(f"loaded {record.qualified} in {record.seconds:.3f} s")

    def _fail(self, record: PluginRecord, reason: str, error: BaseException) -> None:
        record.status, record.reason, record.error = "failed", reason, error
        if not record.remedy:
            record.remedy = (
                f"pip install --upgrade --force-reinstall {record.distribution}, "
                f"or leave it out with TTV_DISABLE_PLUGINS={record.name}"
            )
        _trace(f"failed {record.qualified}: {reason}")
        if self.strict and record.seconds is not None:
            raise _problem(record, reason, record.remedy) from error

    def _unmet_range(self, record: PluginRecord) -> str:
        """Return why the range on ttv-core that the plugin declares is not met, or ""."""
        from importlib import metadata

        from packaging.requirements import InvalidRequirement, Requirement

        distribution = record._entry_point.dist if record._entry_point else None  # noqa: SLF001
        if distribution is None:
            return ""
        installed = metadata.version("ttv-core")
        for line in distribution.requires or ():
            try:
                requirement = Requirement(line)
            except InvalidRequirement:
                continue
            if _canonical(requirement.name) != "ttv-core":
                continue
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            if not requirement.specifier.contains(installed, prereleases=True):
                return f"it needs ttv-core{requirement.specifier}; ttv-core {installed} is here"
        return ""

    def _register(self, record: PluginRecord, module: Any) -> None:
        manager = self._pluggy_manager()
        name = record.qualified + record.group
        with self._lock:
            manager.register(module, name=name)
            try:
                _check_hooks(manager, module, name)
                if record.group == BACKENDS:
                    record.spec = self._backend_spec(record, module)
            except BaseException:
                manager.unregister(name=name)
                raise

    def _pluggy_manager(self) -> pluggy.PluginManager:
        with self._lock:
            if self._pluggy is None:
                import pluggy

                from ttv_core import hookspecs

                self._pluggy = pluggy.PluginManager(hookspecs.PROJECT)
                self._pluggy.add_hookspecs(hookspecs)
            return self._pluggy

    def _backend_spec(self, record: PluginRecord, module: Any) -> BackendSpec:
        from ttv_core.hookspecs import API_VERSION, BackendSpec

        answer = getattr(module, "ttv_backends", None)
        if answer is None or not hasattr(answer, "ttv_impl"):
            msg = "it has no function ttv_backends marked @hookimpl"
            raise TypeError(msg)
        specs = list(answer())
        if wrong := [spec for spec in specs if not isinstance(spec, BackendSpec)]:
            msg = f"ttv_backends returned {type(wrong[0]).__name__}, not BackendSpec"
            raise TypeError(msg)
        names = {record.name, *record.aliases}
        spec = next((spec for spec in specs if spec.name in names), None)
        if spec is None:
            brought = ", ".join(repr(spec.name) for spec in specs) or "nothing"
            msg = f"its entry point is called {record.name!r} but ttv_backends describes {brought}"
            raise LookupError(msg)
        if spec.api_version not in {API_VERSION, API_VERSION - 1}:
            legal = f"{API_VERSION - 1} or {API_VERSION}" if API_VERSION > 1 else str(API_VERSION)
            msg = f"it was written for plugin API {spec.api_version}; this core has {legal}"
            raise _Incompatible(msg)
        return spec


class _Incompatible(Exception):
    """A plugin of another version of the contract."""


def _check_hooks(manager: pluggy.PluginManager, module: Any, name: str) -> None:
    """Refuse hooks that would never be called: misspelt ones, and wrappers."""
    import difflib

    for caller in manager.get_hookcallers(module) or ():
        if not caller.has_spec():
            near = difflib.get_close_matches(caller.name, _hook_names(), n=1, cutoff=0.5)
            hint = (
                f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(_hook_names())}"
            )
            msg = f"it implements an unknown hook {caller.name!r}{hint}"
            raise AttributeError(msg)
        for impl in caller.get_hookimpls():
            if impl.plugin_name == name and (impl.wrapper or impl.hookwrapper):
                msg = f"its {caller.name} is a hook wrapper, which ttv does not call"
                raise TypeError(msg)


def _hook_names() -> list[str]:
    return ["ttv_backends", "ttv_job_event", "ttv_rank", "ttv_review"]


def _spec_of_class(record: PluginRecord, cls: type) -> BackendSpec:
    """Describe a five-method class that an entry point names directly."""
    from ttv_core.hookspecs import BackendSpec

    summary = (inspect.getdoc(cls) or cls.__name__).splitlines()[0]
    return BackendSpec(
        name=record.name,
        summary=summary,
        generator=record.value,
        kind=getattr(cls, "kind", "local"),
    )


def load_object(reference: str) -> Any:
    """Import "module:attribute".

    Raises:
        ImportError: If the module cannot be imported.
        AttributeError: If it has no such attribute.
    """
    module, _, attribute = reference.partition(":")
    found = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def _said(error: BaseException) -> str:
    from ttv_core.events import printable

    text = printable(str(error)).strip() or "no message"
    return f"{type(error).__name__}: {text.splitlines()[0][:300]}"


def _problem(record: PluginRecord, reason: str, remedy: str) -> PluginError:
    msg = f"backend {record.name!r} from {record.distribution} {record.version}: {reason}"
    return PluginError(msg, backend=record.name, code=f"plugin_{record.status}", remedy=remedy)


_default: PluginManager | None = None
_default_lock = threading.Lock()


def default_manager() -> PluginManager:
    """Return this process's plugins, discovered once."""
    global _default  # noqa: PLW0603 - one per process, made when first needed
    with _default_lock:
        if _default is None:
            _default = PluginManager()
        return _default


def reset() -> None:
    """Forget what was discovered: after installing something, and between tests."""
    global _default  # noqa: PLW0603
    with _default_lock:
        _default = None
