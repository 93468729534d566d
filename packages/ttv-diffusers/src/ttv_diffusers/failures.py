"""Errors on their way between processes: told at one end, raised at the other."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import ttv_core.errors
from ttv_core.errors import GenerationFailedError, VideoGenerationError
from ttv_diffusers.protocol import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["failure_of", "raise_failure"]

_TOLD = ("code", "remedy", "retryable")


def failure_of(error: Exception) -> Failed:
    """Tell an error in the words of ttv's own."""
    if isinstance(error, VideoGenerationError):
        facts = {name: getattr(error, name) for name in _TOLD}
        return Failed(type(error).__name__, error.message, _without_nothing(facts))
    if _is_out_of_memory(error):
        ours = GenerationFailedError(
            f"memory ran out: {error}",
            code="out_of_memory",
            remedy="memory: balanced or low, a smaller size, or fewer frames",
        )
        return failure_of(ours)
    traceback.print_exception(error, file=sys.stderr)
    message = f"{type(error).__name__}: {error}"
    return Failed("GenerationFailedError", message, {"code": "engine_error"})


def raise_failure(failure: Failed) -> NoReturn:
    """Raise what has been told.

    Raises:
        VideoGenerationError: Of the class that it names.
    """
    kind = getattr(ttv_core.errors, failure.error, GenerationFailedError)
    if not (isinstance(kind, type) and issubclass(kind, VideoGenerationError)):
        kind = GenerationFailedError
    facts: Mapping[str, Any] = {"charged": "no"} | failure.facts
    raise kind(failure.message, **facts)


def _is_out_of_memory(error: Exception) -> bool:
    torch = sys.modules.get("torch")
    kinds = (MemoryError,) if torch is None else (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds)


def _without_nothing(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
