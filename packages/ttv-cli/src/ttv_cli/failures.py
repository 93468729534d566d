"""Tell an error: in a few lines on a terminal, or as the one JSON document."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import click

from ttv_cli import exits, interrupts
from ttv_cli.planned import kind_of
from ttv_cli.terminal import note, one_line, print_json, styled, write_error
from ttv_core import (
    AllBackendsFailedError,
    ContentRejectedError,
    GenerationCancelledError,
    GenerationFailedError,
    InvalidInputError,
    JobExpiredError,
    VideoGenerationError,
)

__all__ = ["describe", "report"]


_OF_THE_VENDOR = (
    ContentRejectedError,
    GenerationCancelledError,
    GenerationFailedError,
    JobExpiredError,
)
"""What a vendor says of a job that it had."""
_CHARGED = {
    "yes": "it was charged",
    "no": "it was not charged",
    "unknown": "whether it was charged is not known",
}


def report(error: BaseException, *, as_json: bool) -> int:
    """Tell an error and return the exit code.

    Args:
        error: What was raised.
        as_json: Whether standard output gets a JSON document.
    """
    if os.environ.get("TTV_DEBUG", "0") not in {"", "0"}:
        import traceback

        traceback.print_exception(error)
    data = describe(error)
    if as_json:
        with suppress(BrokenPipeError):
            print_json({"error": data})
    elif isinstance(error, click.exceptions.NoArgsIsHelpError):
        write_error(error.message)
    elif isinstance(error, interrupts.Stopped):
        pass  # it has been told when it came
    elif isinstance(error, KeyboardInterrupt):
        note(data["message"])
    else:
        _tell(error, data)
    return int(data["exit_code"])


def describe(error: BaseException) -> dict[str, Any]:
    """Return an error as plain data, with its exit code."""
    if isinstance(error, interrupts.Stopped):
        data = {"type": "Interrupted", "message": error.message, **error.facts}
        return data | {"exit_code": interrupts.exit_code()}
    if isinstance(error, KeyboardInterrupt):
        code = interrupts.exit_code()
        return {"type": "Interrupted", "message": "stopped", "code": "stopped", "exit_code": code}
    if isinstance(error, click.ClickException):
        kind = "UsageError" if isinstance(error, click.UsageError) else type(error).__name__
        data = {"type": kind, "message": error.format_message(), "code": "usage"}
        return data | {"remedy": _usage_remedy(error), "exit_code": exits.USAGE}
    if not isinstance(error, VideoGenerationError):
        message = f"{type(error).__name__}: {error}"
        remedy = "TTV_DEBUG=1 shows where; please report it"
        data = {"type": type(error).__name__, "message": message, "code": "internal"}
        return data | {"remedy": remedy, "exit_code": exits.INTERNAL}
    data = error.to_dict()
    if "remedy" not in data and (remedy := _remedy(error)):
        data["remedy"] = remedy
    return data | {"exit_code": exits.exit_code(error)}


def _usage_remedy(error: click.ClickException) -> str:
    ctx = getattr(error, "ctx", None)
    return f"{ctx.command_path if ctx else 'ttv'} --help"


def _remedy(error: VideoGenerationError) -> str:
    """Return what the command can offer where the error itself has no remedy."""
    if isinstance(error, InvalidInputError):
        codes = {violation.code for violation in error.violations}
        if codes == {"out_of_range"}:
            return "--on-unsupported adjust takes the nearest that is possible"
        if "cost_limit" in codes and error.violations[0].field == "budget":
            return "a higher --budget, and the same command again"
        if "cost_limit" in codes:
            return "a higher --max-cost, or a shorter or smaller video"
        if "cost_unknown" in codes:
            return "--allow-unknown-cost"
    if isinstance(error, AllBackendsFailedError):
        for attempt in error.attempts:
            if attempt.error is None and kind_of(attempt.backend) == "preview":
                return f"--backend {attempt.backend} makes a preview"
    return ""


def _tell(error: BaseException, data: dict[str, Any]) -> None:
    if isinstance(error, InvalidInputError) and len(error.violations) > 1:
        lines = [violation.message for violation in error.violations]
    else:
        lines = str(data["message"]).splitlines() or [data["type"]]
    note(lines[0], kind="error", style="red")
    more = [f"  {one_line(line)}" for line in lines[1:]]
    if isinstance(error, InvalidInputError):
        more += [
            f"  allowed: {one_line(violation.allowed)}"
            for violation in error.violations
            if violation.allowed and violation.allowed not in violation.message
        ]
    if isinstance(error, AllBackendsFailedError):
        more += [
            _mend(f"{attempt.backend}: {attempt.error.remedy}")
            for attempt in error.attempts
            if attempt.error is not None and attempt.error.remedy
        ]
    more += [f"  {one_line(text)}" for text in getattr(error, "__notes__", ())]
    if (
        isinstance(error, _OF_THE_VENDOR)
        and error.job_id
        and kind_of(error.backend or "") == "remote"
    ):
        more.append(f"  {_CHARGED[error.charged]}")
    if data.get("remedy"):
        more.append(_mend(data["remedy"]))
    for line in more:
        write_error(line)


def _mend(remedy: str) -> str:
    return f"  {styled('to mend it:', 'bold', sys.stderr)} {one_line(remedy)}"
