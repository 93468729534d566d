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
        api_version: `ttv_core.hookspecs.API_VERSION` the plugin was written for.
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
    api_version: int = API_VERSION
    config_section: str | None = None
    legacy_keys: Sequence[str] = ()
    setup: Mapping[str, Any] = field(default_factory=dict)


@hookspec
def ttv_backends() -> Iterable[BackendSpec]:  # type: ignore[empty-body]
    """Describe the backends that this plugin brings.

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
                setup={"env": ["ACME_API_KEY"], "url": "https://acme.example/keys"},
            )
        ]
    ```

    An entry point may also name a class with the five methods directly, without a hook.

    Returns:
        One description per backend.
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
def ttv_review(plan: Plan) -> Iterable[Violation] | None:  # type: ignore[empty-body]
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
