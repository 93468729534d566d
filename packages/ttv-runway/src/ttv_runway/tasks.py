"""What the vendor says of a task, in ttv's words (docs.dev.runwayml.com/api, read in 2026)."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ttv_core import (
    Availability,
    BackendUnavailableError,
    GenerationCancelledError,
    Poll,
    RemoteFile,
    RemoteRef,
    SubmissionUncertainError,
)
from ttv_runway.bodies import CREDIT
from ttv_runway.failures import failure

if TYPE_CHECKING:
    from ttv_core.jobs.vendor import PollState

__all__ = ["created", "credits_left", "files_of", "poll_of", "usd"]

_STATES: dict[str, PollState] = {
    "PENDING": "queued",
    "THROTTLED": "queued",  # more jobs at once than the account's tier allows
    "RUNNING": "running",
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}


def usd(cost: Any) -> Decimal | None:
    """Return US dollars from `{"credits": number}`; None when that is not what it is."""
    amount = cost.get("credits") if isinstance(cost, dict) else None
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    if not math.isfinite(amount) or amount < 0:
        return None
    return Decimal(str(amount)) * CREDIT


def created(said: Any) -> RemoteRef:
    """Return the task that a create was answered with.

    Raises:
        SubmissionUncertainError: If the answer is none: something may have been created.
    """
    found = said.get("id") if isinstance(said, dict) else None
    if not isinstance(found, str) or not found:
        msg = "runway took the request and answered without the id of a task"
        raise SubmissionUncertainError(msg, backend="runway", code="no_id")
    return RemoteRef(found, cost=usd(said.get("estimatedCost")))


def poll_of(said: Any) -> Poll:
    """Return what a task's answer means.

    Raises:
        BackendUnavailableError: If it is no answer about a task.
    """
    status = said.get("status") if isinstance(said, dict) else None
    if not isinstance(status, str):
        msg = "runway answered about the task in a form that is not known"
        raise BackendUnavailableError(msg, backend="runway", code="bad_answer", retryable=True)
    state = _STATES.get(status, "unknown")
    cost = usd(said.get("cost"))
    error: Any = None
    if state == "failed":
        error = failure(said.get("failureCode"), said.get("failure"), cost)
    elif state == "cancelled" and cost is not None:
        msg = f"runway task {said.get('id')} was cancelled"
        error = GenerationCancelledError(
            msg, code="cancelled_by_vendor", charged="yes" if cost else "no"
        )
    progress = said.get("progress")
    known = isinstance(progress, int | float) and not isinstance(progress, bool)
    return Poll(
        state=state,
        word=status,
        fraction=min(max(float(progress), 0.0), 1.0) if known else None,
        error=error,
        files=files_of(said) if state == "done" else (),
        cost=cost,
    )


def files_of(said: Any) -> list[RemoteFile]:
    """Return the links of a task that succeeded; none if it names none."""
    output = said.get("output") if isinstance(said, dict) else None
    links = output if isinstance(output, list) else []
    return [RemoteFile(url=link) for link in links if isinstance(link, str) and link]


def credits_left(said: Any) -> Availability:
    """Return what the account's answer means: without credits nothing can be made."""
    balance = usd({"credits": said.get("creditBalance")}) if isinstance(said, dict) else None
    if balance is None:
        return Availability(ok=True, reasons=("the vendor does not say what credits are left",))
    left = f"{balance / CREDIT:,.0f} credits are left (${balance:,.2f})"
    if balance > 0:
        return Availability(ok=True, reasons=(left,))
    return Availability(ok=False, reasons=(left,), remedies=("buy credits at dev.runwayml.com",))
