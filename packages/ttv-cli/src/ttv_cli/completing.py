"""What a shell completes: backends and models that are installed, jobs and their states."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click
    from click.shell_completion import CompletionItem

__all__ = [
    "complete_backends",
    "complete_doubtful",
    "complete_jobs",
    "complete_models",
    "complete_states",
    "complete_unfinished",
    "complete_workers",
]

_MOST = 50


def complete_backends(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the installed backends; nothing of them is imported."""
    del ctx, param
    from ttv_core.plugins import default_manager

    return sorted(name for name in default_manager().names() if name.startswith(incomplete))


def complete_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the models of the backend that the line names; nothing if there is none."""
    del param
    backend = ctx.params.get("backend")
    if not backend:
        return []
    try:
        from ttv_core.registry import GENERATOR_REGISTRY

        models = GENERATOR_REGISTRY[backend].models.models  # type: ignore[attr-defined]
        return [model.id for model in models if model.id.startswith(incomplete)]
    except Exception:  # noqa: BLE001 - a completion has no place for an error
        return []


def complete_states(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the states a job can be in."""
    del ctx, param
    from ttv_core.jobs import STATES

    return [state for state in STATES if state.startswith(incomplete)]


def complete_jobs(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the ids of the newest jobs, with what they are."""
    del ctx, param
    return _jobs(incomplete, ())


def complete_unfinished(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the ids of the jobs that are not over."""
    del ctx, param
    from ttv_core.jobs import STATES, TERMINAL

    return _jobs(incomplete, [state for state in STATES if state not in TERMINAL])


def complete_doubtful(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the ids of the jobs of which nobody knows whether the vendor has them."""
    del ctx, param
    return _jobs(incomplete, ["submitting", "reconciling", "unknown"])


def complete_workers(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the ids of the engines that are kept loaded, with what they are."""
    del ctx, param
    from click.shell_completion import CompletionItem

    try:
        from ttv_core.kept import kept_workers

        found = [worker for worker in kept_workers() if worker.id.startswith(incomplete)]
    except Exception:  # noqa: BLE001 - a completion has no place for an error
        return []
    return [CompletionItem(worker.id, help=f"{worker.backend} {worker.model}") for worker in found]


def _jobs(incomplete: str, states: Sequence[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    try:
        from ttv_cli.job_words import shortened, shortest, state
        from ttv_core import jobs

        if not (jobs.state_folder() / "jobs.db").exists():
            return []  # a completion writes nothing
        found = jobs.select(states=states, limit=_MOST)
        short = shortest(found)
        typed = incomplete.upper()
        items = []
        for record in found:
            told = f"{state(record)} {record.backend} {shortened(record.prompt, 40)}"
            for job_id in (short[record.id], record.id):
                if job_id.startswith(typed):
                    items.append(CompletionItem(job_id, help=told))
                    break
    except Exception:  # noqa: BLE001 - a completion has no place for an error
        return []
    return items
