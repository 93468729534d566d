"""Find plugins, load them one by one, and keep each one's trouble to itself.

Listing reads metadata only. A plugin is imported when it is used; whatever goes wrong then is
kept in its record, with the reason, and nothing else is touched.

Environment:
    TTV_DISABLE_PLUGINS: Names or distributions, separated by commas, or `*`; never imported.
    TTV_STRICT_PLUGINS: Set to 1, a broken plugin is an error wherever a backend is chosen or a
        plugin is asked, and not only a line in the list.
    TTV_TRACE_PLUGINS: Set to 1, discovery and loading are told on stderr.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from ttv_core.discovery import (
    BACKENDS,
    BROKEN,
    EXECUTORS,
    PLUGINS,
    PluginRecord,
    canonical,
    conflict,
    contested_names,
    discover,
    in_words,
    mark_disabled,
)
from ttv_core.errors import BackendUnavailableError
from ttv_core.loading import (
    IncompatiblePluginError,
    generator_class,
    import_plugin,
    load_object,
    unmet_range,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from importlib.metadata import Distribution

    from ttv_core.events import JobEvent
    from ttv_core.planning import Plan
    from ttv_core.request import VideoRequest
    from ttv_core.results import Violation

__all__ = [
    "BACKENDS",
    "BROKEN",
    "EXECUTORS",
    "PLUGINS",
    "PluginManager",
    "PluginRecord",
    "default_manager",
    "reset",
]

_OFF = frozenset({"", "0", "false", "no", "off"})


class PluginManager:
    """The plugins of this environment.

    Args:
        distributions: The installed distributions; those on `sys.path` when left out.
        environ: Environment variables; the process's own when left out.
    """

    def __init__(
        self,
        distributions: Callable[[], Iterable[Distribution]] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._distributions = distributions
        self._environ = os.environ if environ is None else environ
        self._records: list[PluginRecord] | None = None
        self._contested: dict[str, list[PluginRecord]] = {}
        self._lock = threading.RLock()

    @property
    def strict(self) -> bool:
        """Whether a broken plugin is an error wherever it is met."""
        return self._is_on("TTV_STRICT_PLUGINS")

    @property
    def records(self) -> list[PluginRecord]:
        """One record per plugin, aliases folded in, from metadata alone; broken ones as well."""
        return list(self._known())

    def backends(self) -> dict[str, PluginRecord]:
        """Return the usable backends by name; aliases and names in conflict are left out.

        Raises:
            PluginError: If plugins are strict and one is known to be broken.
        """
        found: dict[str, PluginRecord] = {}
        for record in sorted(self._insisted(), key=_usefulness):
            out = record.status == "disabled" or record.name in self._contested
            if record.group == BACKENDS and not out:
                found.setdefault(record.name, record)
        return dict(sorted(found.items()))

    def names(self) -> set[str]:
        """Return every name that some backend answers to.

        Raises:
            PluginError: If plugins are strict and one is known to be broken.
        """
        backends = [record for record in self._insisted() if record.group == BACKENDS]
        return {name for record in backends for name in record.names}

    def find(self, name: str) -> PluginRecord | None:
        """Return the backend of that name, alias or `name@distribution`, or None.

        Raises:
            PluginError: If several distributions claim the name.
        """
        bare, _, distribution = name.partition("@")
        found = [r for r in self.records if r.group == BACKENDS and bare in r.names]
        if distribution:
            wanted = canonical(distribution)
            found = [record for record in found if canonical(record.distribution) == wanted]
        elif bare in self._contested:
            raise conflict(bare, self._contested[bare])
        return min(found, key=_usefulness, default=None)

    def load(self, record: PluginRecord) -> PluginRecord:
        """Import a plugin, once; only this one.

        Raises:
            PluginError: If it is broken or incompatible; names distribution, version, cause and
                remedy. The cause is chained.
            BackendUnavailableError: If it is disabled.
        """
        with record.lock:
            if record.status == "disabled":
                msg = f"{record.kind} {record.name!r} is disabled: {record.reason}"
                named = record.name if record.group == BACKENDS else None
                raise BackendUnavailableError(
                    msg, backend=named, code="disabled", remedy=record.remedy
                )
            if record.status in {"found", "conflict"} and record.seconds is None:
                self._load(record)
            if record.status in {"failed", "incompatible"}:
                raise record.problem()
            return record

    def generator(self, record: PluginRecord) -> type:
        """Return a backend's generator class, importing it.

        A class that could not be imported is tried again when it is asked for again: what it
        needs may have been installed meanwhile.

        Raises:
            PluginError: If the backend is broken or incompatible; as for `load`.
            BackendUnavailableError: If it is disabled.
        """
        if record.spec is None:
            self.load(record)
        assert record.spec is not None
        try:
            cls = generator_class(record.spec)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._fail(record, f"its generator is not usable: {in_words(error)}", error)
            raise record.problem() from error
        if record.status == "failed":
            record.settle("loaded")
        return cls

    def executors(self) -> list[PluginRecord]:
        """Return the executors that are installed, broken ones as well."""
        return [record for record in self._known() if record.group == EXECUTORS]

    def executor(self, name: str) -> type:
        """Return an executor's class, importing it.

        Args:
            name: Its name, or `name@distribution`.

        Raises:
            BackendUnavailableError: If there is none of that name, or it is disabled.
            PluginError: If it is broken, incompatible, or claimed twice.
        """
        found = [r for r in self.executors() if name in {*r.names, r.qualified}]
        usable = [record for record in found if record.status != "disabled"]
        if len(usable) > 1:
            raise conflict(name, usable)
        if not found:
            raise _unknown_executor(name, self.executors())
        cls: type = load_object(self.load((usable or found)[0]).value)
        return cls

    def load_within(self, records: Iterable[PluginRecord], seconds: float) -> list[PluginRecord]:
        """Import several plugins side by side, waiting a bounded time; return those not done.

        A plugin that is still importing stays "found": it harms nobody, and using it by name
        simply waits. Its reason says that it is late.
        """
        waiting = [record for record in records if record.status == "found"]
        threads = [
            threading.Thread(target=self._try_load, args=(record,), daemon=True)
            for record in waiting
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + seconds
        late = []
        for record, thread in zip(waiting, threads, strict=True):
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                record.note_late(f"not imported after {seconds:g} s; its import is still running")
                late.append(record)
        return late

    def rank(self, request: VideoRequest, candidates: Sequence[Plan]) -> Sequence[str] | None:
        """Ask `ttv_rank` of the plugins, one by one; the first answer wins.

        Raises:
            PluginError: If plugins are strict and one is known to be broken.
        """
        asked = self._ask("ttv_rank", _ranking, request=request, candidates=candidates)
        return next((answer for _, answer in asked if answer is not None), None)

    def review(self, plan: Plan) -> Plan:
        """Return the plan with the violations that `ttv_review` adds.

        A policy that fails refuses the plan: a check that could not run did not pass. A plugin
        that cannot even be imported may be no policy at all, so that is a warning.

        Raises:
            PluginError: If plugins are strict and one is known to be broken.
        """
        from dataclasses import replace

        from ttv_core.results import Violation

        found: list[Violation] = []
        for record, answer in self._ask("ttv_review", _violations, plan=plan):
            if answer is None:
                message = f"the policy plugin {record.qualified} failed: {record.reason}"
                found.append(Violation("plan", "policy_failed", message))
            else:
                found += answer
        silent = [r for r in self._cross_cutting() if r.status in BROKEN and not r.hooks]
        if silent:
            notes = [f"the plugin {r.qualified} was not asked: {r.reason}" for r in silent]
            plan = replace(plan, warnings=(*plan.warnings, *notes))
        return plan.refused(*found) if found else plan

    def tell(self, event: JobEvent) -> None:
        """Tell an event to the plugins that listen; none of them can disturb a job, ever."""
        for _ in self._ask("ttv_job_event", lambda _: None, insist=False, event=event):
            pass

    def _ask(
        self, hook: str, read: Callable[[Any], Any], *, insist: bool = True, **arguments: Any
    ) -> Iterator[tuple[PluginRecord, Any]]:
        """Give each plugin's answer to a hook, None from one that failed, which is reported.

        The order is pluggy's, and by name where that leaves it open.
        """
        records = self._cross_cutting()
        for record in records:
            self._try_load(record)
        if insist:
            self._insisted()
        asked = [(record, impl) for record in records for impl in record.hooks.get(hook, ())]
        for record, impl in sorted(asked, key=lambda pair: (not pair[1].tryfirst, pair[1].trylast)):
            try:
                answer = read(impl.function(*(arguments[name] for name in impl.argnames)))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - any plugin, any error
                self._complain(record, f"{hook} raised {in_words(error)}", error)
                if insist:
                    self._insisted()
                answer = None
            yield record, answer

    def _complain(self, record: PluginRecord, reason: str, error: BaseException) -> None:
        """Report a hook that raised; the same trouble is told once."""
        if record.reason != reason:
            from ttv_core.events import logger

            logger.warning("plugin %s %s: %s", record.qualified, record.version, reason)
        self._fail(record, reason, error)

    def _cross_cutting(self) -> list[PluginRecord]:
        return [record for record in self._known() if record.group == PLUGINS]

    def _known(self) -> list[PluginRecord]:
        with self._lock:
            if self._records is None:
                self._records = self._discover()
            return self._records

    def _insisted(self) -> list[PluginRecord]:
        """Return the records; where plugins are strict, none of them is known to be broken.

        Raises:
            PluginError: If plugins are strict and one is.
        """
        records = self._known()
        if self.strict:
            for record in records:
                if record.status in {"failed", "incompatible"}:
                    raise record.problem()
            for name, claimants in self._contested.items():
                raise conflict(name, claimants)
        return records

    def _try_load(self, record: PluginRecord) -> None:
        with contextlib.suppress(BackendUnavailableError):  # it is kept in the record
            self.load(record)

    def _discover(self) -> list[PluginRecord]:
        from importlib import metadata

        records = discover((self._distributions or metadata.distributions)())
        for item in mark_disabled(records, self._environ.get("TTV_DISABLE_PLUGINS", "")):
            self._trace(f"TTV_DISABLE_PLUGINS names {item!r}, which is not installed")
        self._contested = contested_names(records)
        for record in records:
            what = f"{record.status} {record.qualified} {record.version} in {record.group}"
            self._trace(f"{what}: {record.reason}" if record.reason else what)
        return records

    def _load(self, record: PluginRecord) -> None:
        noted = record.reason, record.remedy
        remedy = f"pip install --upgrade {record.distribution} ttv-core"
        self._trace(f"importing {record.qualified}")
        started = time.perf_counter()
        try:
            if reason := _unmet(record):
                raise IncompatiblePluginError(reason)  # noqa: TRY301 - one place writes it down
            both = self._is_in_both_groups(record)
            record.spec, record.hooks = import_plugin(record, in_both_groups=both)
        except KeyboardInterrupt:
            raise
        except IncompatiblePluginError as error:
            record.settle("incompatible", str(error), remedy)
        except SystemExit as error:
            self._fail(record, f"its import called sys.exit({error.code!r})", error)
        except BaseException as error:  # noqa: BLE001 - any plugin, any error
            self._fail(record, in_words(error), error)
        else:
            record.seconds = time.perf_counter() - started
            record.settle("loaded" if record.status == "found" else record.status, *noted)
            self._trace(f"loaded {record.qualified} in {record.seconds:.3f} s")

    def _is_in_both_groups(self, record: PluginRecord) -> bool:
        return any(
            other.value == record.value and other.group != record.group
            for other in self._known()
            if other.origin is record.origin
        )

    def _fail(self, record: PluginRecord, reason: str, error: BaseException) -> None:
        record.fail(reason, error)
        self._trace(f"failed {record.qualified}: {reason}")

    def _is_on(self, variable: str) -> bool:
        return self._environ.get(variable, "").strip().lower() not in _OFF

    def _trace(self, message: str) -> None:
        if self._is_on("TTV_TRACE_PLUGINS"):
            sys.stderr.write(f"ttv plugins: {message}\n")


EXECUTORS_PUBLISHED = {"ray": "ttv-ray"}
"""Distributions of this project, for the hint what to install. Nothing else depends on it."""


def _unknown_executor(name: str, installed: Iterable[PluginRecord]) -> BackendUnavailableError:
    from ttv_core.known import install_command

    names = sorted({known for record in installed for known in record.names})
    more = [install_command(EXECUTORS_PUBLISHED[n]) for n in EXECUTORS_PUBLISHED if n not in names]
    msg = f"there is no executor {name!r}; installed: {', '.join(names) or 'none'}"
    return BackendUnavailableError(
        msg, code="unknown_executor", remedy=" or ".join(more) or f"say {names[0]!r}"
    )


def _usefulness(record: PluginRecord) -> int:
    """Order those of one name: one that can be used goes before one that is broken or off."""
    return {"disabled": 2, "failed": 1}.get(record.status, 0)


def _unmet(record: PluginRecord) -> str:
    from importlib import metadata

    try:
        installed = metadata.version("ttv-core")
    except metadata.PackageNotFoundError:
        return ""  # the core runs from a folder and was never installed
    return unmet_range((record.origin.requires if record.origin else None) or (), installed)


def _ranking(answer: Any) -> list[str] | None:
    if answer is None:
        return None
    if isinstance(answer, str):
        msg = f"it returned {answer!r}, not a list of names"
        raise TypeError(msg)
    return [str(name) for name in answer]


def _violations(answer: Any) -> list[Violation]:
    from ttv_core.results import Violation

    found = [] if answer is None else list(answer)
    for item in found:
        if not isinstance(item, Violation):
            msg = f"it returned {type(item).__name__}, not Violation"
            raise TypeError(msg)
    return found


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
    global _default  # noqa: PLW0603 - as above
    with _default_lock:
        _default = None
