"""Jobs in tables: many in a line each, one in full, and what they have cost together."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ttv_cli import job_words as words
from ttv_cli.tables import Cell, print_table
from ttv_cli.terminal import one_line, print_line
from ttv_core import CostEstimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ttv_core.jobs import AttemptRecord, JobHere, JobRecord, Spending

__all__ = ["print_doubts", "print_here", "print_job", "print_jobs", "print_spending", "total"]

_STYLES = {"completed": "green", "failed": "red", "expired": "red", "unknown": "yellow"}
_PROMPT = 32


def print_jobs(records: Sequence[JobRecord]) -> None:
    """Print a line for each job, then what settles those in doubt."""
    short, now = words.shortest(records), time.time()
    print_table(
        ["job", "state", "backend", "model", "age", "cost", "prompt", "file, or what to do"],
        [
            (
                short[record.id],
                Cell(
                    words.state(record),
                    "yellow" if words.is_doubtful(record) else _STYLES.get(record.state, ""),
                ),
                record.backend,
                record.model,
                words.age(now - record.created_at),
                words.cost(record),
                words.shortened(record.prompt, _PROMPT) or "–",
                words.next_step(record, short[record.id]),
            )
            for record in records
        ],
        flexible=[6, 7],
    )
    print_doubts(records, short)


def print_here(here: Sequence[JobHere]) -> None:
    """Print a line for each job that is made on this machine."""
    now = time.time()
    print_table(
        ["on this machine", "backend", "model", "age", "process", "prompt"],
        [
            (
                job.id,
                job.backend,
                job.model,
                words.age(now - job.created_at),
                job.pid,
                words.shortened(job.prompt, _PROMPT) or "–",
            )
            for job in here
        ],
        flexible=[5],
    )


def print_doubts(records: Sequence[JobRecord], short: dict[str, str]) -> None:
    """Print for each job in doubt what to check at its vendor, and the verbs that settle it."""
    for record in records:
        if words.is_doubtful(record):
            print_line()
            for line in words.doubt(record, short[record.id]):
                indent = " " * (len(line) - len(line.lstrip(" ")))
                print_line(indent + one_line(line))


def print_job(record: JobRecord, attempts: Sequence[AttemptRecord]) -> None:
    """Print all that is known of a job."""
    print_table(["", ""], list(_facts(record)), flexible=[1])
    if attempts:
        print_line()
        print_line("what was done about it:")
        print_table(
            ["when", "what", "create", "outcome", ""],
            [(words.moment(a.at), a.what, a.number or "–", a.outcome, a.detail) for a in attempts],
            flexible=[4],
            indent=2,
        )
    print_doubts([record], {record.id: record.id})


def _facts(record: JobRecord) -> Iterator[tuple[object, object]]:
    style = "yellow" if words.is_doubtful(record) else _STYLES.get(record.state, "")
    yield "job", record.id
    told = words.state(record)
    also = "" if told == record.state else f" ({record.state})"
    yield "state", Cell(f"{told}{also}", style)
    yield "backend", f"{record.backend} {record.model} ({record.plugin or 'plugin unknown'})"
    if record.remote_id:
        yield "vendor's id", record.remote_id
    yield "prompt", record.prompt or "–"
    moments = {"made": record.created_at, "sent": record.submitted_at}
    moments |= {"accepted": record.accepted_at, "last change": record.updated_at}
    for name, at in moments.items():
        if at:
            yield name, words.moment(at)
    if record.took is not None:
        yield "took", words.age(record.took)
    yield "cost", f"{words.cost(record)} (charged: {record.charged})"
    yield "goes to", record.target
    yield from _outlook(record)


def _outlook(record: JobRecord) -> Iterator[tuple[object, object]]:
    if not words.is_doubtful(record):
        yield "next", words.next_step(record, record.id)
    if record.error:
        yield Cell("error", "red"), record.error.get("message", "")
        if remedy := record.error.get("remedy"):
            yield "to mend it", remedy
    if record.note:
        yield "note", record.note
    for name, value in (("belongs to", record.identity), ("tags", record.tags)):
        if value:
            yield name, ", ".join(f"{key} {item}" for key, item in value.items())


def print_spending(spending: Sequence[Spending]) -> None:
    """Print what jobs have cost by day, backend and model, and all together."""
    rows: list[tuple[object, ...]] = [
        (
            s.day,
            s.backend,
            s.model,
            s.jobs,
            _money(s.charged),
            _money(s.uncertain),
            s.unpriced or "–",
        )
        for s in spending
    ]
    whole = total(spending)
    money = _money(whole["charged"]), _money(whole["uncertain"])
    rows.append(("all", "", "", whole["jobs"], *money, whole["unpriced"] or "–"))
    headings = ["day", "backend", "model", "jobs", "charged", "perhaps besides", "price unknown"]
    print_table(headings, rows)


def total(spending: Sequence[Spending]) -> dict[str, Any]:
    """Return the sums over all groups."""
    return {
        "jobs": sum(s.jobs for s in spending),
        "charged": sum((s.charged for s in spending), Decimal(0)),
        "uncertain": sum((s.uncertain for s in spending), Decimal(0)),
        "unpriced": sum(s.unpriced for s in spending),
    }


def _money(amount: Decimal) -> str:
    return "–" if amount == 0 else str(CostEstimate(amount))
