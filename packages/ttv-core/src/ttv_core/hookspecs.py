"""What a plugin may say to ttv: four hooks, and the description of a backend.

A plugin is a module named in an entry point. It imports nothing heavy; what is heavy is named by
strings and imported when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ttv_core.events import JobEvent
    from ttv_core.planning import Plan
    from ttv_core.request import VideoRequest
    from ttv_core.results import Violation

__all__ = ["API_VERSION", "BackendSpec", "hookimpl", "hookspec", "ttv_backends"]

PROJECT = "ttv"
API_VERSION = 1
"""Version of this module's contract. Plugins of this version and the one before are loaded."""

KINDS = ("local", "remote", "preview")

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSpec:
    """What is known of a backend without importing it.

    Attributes:
        name: The backend's name, which is also the entry point's.
        summary: One line for people.
        generator: "module:Class" of the generator.
        kind: "local", "remote", or "preview" for what is no generated video; `auto` never
            chooses a preview.
        priority: The higher is tried first by `auto`, among those equally wanted.
        api_version: `ttv_core.hookspecs.API_VERSION` that the plugin was written for, as a number:
            it must not grow with the core. 1 when left out, as all could while there was but one.
        config_section: Another top-level section that holds its settings, besides
            `backends.<name>`.
        legacy_keys: Top-level configuration keys that are its settings.
        setup: What makes it ready, in words: {"env": variables, "help": …, "url": …}.
    """

    name: str
    summary: str
    generator: str
    kind: Literal["local", "remote", "preview"]
    priority: int = 0
    api_version: int = 1
    config_section: str | None = None
    legacy_keys: Sequence[str] = ()
    setup: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what would fail later, far from its author.

        Raises:
            ValueError: If the kind is unknown, or `generator` does not name a class.
            TypeError: If `legacy_keys` is one text instead of several.
        """
        if self.kind not in KINDS:
            msg = f"kind is {self.kind!r}; allowed: {', '.join(KINDS)}"
            raise ValueError(msg)
        module, colon, name = str(self.generator).partition(":")
        if not (module and colon and name):
            msg = f"generator is {self.generator!r}; write 'package.module:Class'"
            raise ValueError(msg)
        if isinstance(self.legacy_keys, str):
            msg = f"legacy_keys is {self.legacy_keys!r}; write a list of keys"
            raise TypeError(msg)


@hookspec
def ttv_backends() -> Iterable[BackendSpec]:  # type: ignore[empty-body]
    """Describe the backend that this plugin brings.

    A complete plugin is this module, `ttv_acme/plugin.py`, and the entry point
    `[project.entry-points."ttv.backends"]` with `acme = "ttv_acme.plugin"`:

    ```python
    from ttv_core.hookspecs import BackendSpec, hookimpl

    @hookimpl
    def ttv_backends():
        return [
            BackendSpec(
                name="acme",
                summary="Acme's video API",
                generator="ttv_acme.generator:AcmeGenerator",
                kind="remote",
                api_version=1,
                setup={"env": ["ACME_API_KEY"], "url": "https://acme.example/keys"},
            )
        ]
    ```

    Further entry points with the same value are further names of the same backend; another backend
    has a module of its own. An entry point may also name a class with the five methods directly,
    without a hook.

    Returns:
        The description, in a list.
    """


@hookspec
def ttv_rank(request: VideoRequest, candidates: Sequence[Plan]) -> Sequence[str] | None:
    """Order the candidates for `auto`, best first. The first plugin that answers wins.

    A complete plugin, in the entry-point group `ttv.plugins`:

    ```python
    from ttv_core.hookspecs import hookimpl

    @hookimpl
    def ttv_rank(request, candidates):
        by_cost = sorted(candidates, key=lambda plan: plan.cost.amount or 0)
        return [plan.backend for plan in by_cost]
    ```

    Args:
        request: What is asked.
        candidates: Plans of the backends that can serve it.

    Returns:
        Backend names, best first; names left out keep their order behind. None for no opinion.
    """


@hookspec
def ttv_review(plan: Plan) -> Iterable[Violation] | None:
    """Veto a plan by policy, before anything is sent.

    A complete plugin, in the entry-point group `ttv.plugins`:

    ```python
    from ttv_core import Violation
    from ttv_core.hookspecs import hookimpl

    @hookimpl
    def ttv_review(plan):
        if "logo" in plan.request.prompt.lower():
            return [Violation("prompt", "policy", "no logos, says the house style")]
    ```

    Args:
        plan: What would be sent.

    A policy that raises refuses the plan. One that cannot even be imported is only a warning in the
    plan, for it may be no policy at all; with `TTV_STRICT_PLUGINS=1` that is an error too.

    Returns:
        Violations that refuse the plan; None or nothing lets it pass.
    """


@hookspec
def ttv_job_event(event: JobEvent) -> None:
    """Hear of every change of every job: for metrics, logs, notifications.

    A complete plugin, in the entry-point group `ttv.plugins`:

    ```python
    from ttv_core.hookspecs import hookimpl

    @hookimpl
    def ttv_job_event(event):
        print(event.backend, event.state, event.fraction)
    ```

    Args:
        event: What happened. It is called in the thread that does the work: return quickly.
    """
