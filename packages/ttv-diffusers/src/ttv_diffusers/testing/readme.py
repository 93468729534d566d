"""The table of what each model needs, for a backend's README, written from the recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttv_core.testing import check_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ttv_diffusers.recipes import Need, Recipe

__all__ = ["check_needs", "needs_table"]

_HEAD = ("model", "steps", "guidance", "shift", "published need", "written at")


def needs_table(recipes: Sequence[Recipe]) -> str:
    """Return how each model is denoised and what it was published to need, as Markdown."""
    rows: list[tuple[str, ...]] = [_HEAD, ("---",) * len(_HEAD)]
    rows += [_row(recipe) for recipe in sorted(recipes, key=lambda recipe: recipe.model)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(recipe: Recipe) -> tuple[str, ...]:
    how, small = recipe.defaults, recipe.small
    guidance = " and ".join(
        f"{scale:g}" for scale in (how.guidance_scale, how.guidance_scale_2) if scale is not None
    )
    shift = "as in the folder" if how.shift is None else f"{how.shift:g}"
    if small.shift is not None:
        shift += f", {small.shift:g} at 480p"
    needs = (f"{_need(need)}: {need.run}" for need in recipe.needs)
    sources = dict.fromkeys((recipe.source, *(need.source for need in recipe.needs)))
    return (
        f"`{recipe.model}`",
        "as the pipeline" if how.steps is None else str(how.steps),
        guidance or "as the pipeline",
        shift,
        "; ".join(needs) or "not published",
        "; ".join(sources),
    )


def _need(need: Need) -> str:
    """Return memory and time as far as they were published."""
    seconds = "" if need.seconds is None else f", {need.seconds:g} s"
    return f"{need.memory:g} GB{seconds}{f' on one {need.device}' if need.device else ''}"


def check_needs(path: Path, recipes: Sequence[Recipe]) -> None:
    """Check that a README has the table between `<!-- needs -->` and `<!-- /needs -->`.

    With `TTV_WRITE_README=1` it is written there instead.

    Raises:
        AssertionError: If it has another one, or no place for it.
    """
    check_table(path, "needs", needs_table(recipes))
