"""A batch from its file to its end: who is told what, and what is left behind for the next run."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ttv_cli import interrupts
from ttv_cli.exits import exit_code, worst
from ttv_cli.finished import in_a_line
from ttv_cli.planned import changes, reviewed
from ttv_cli.progress import span
from ttv_cli.terminal import near, note, one_line, print_json_line, print_line
from ttv_core import Plan, VideoGenerationError, generate_many, plan_many
from ttv_core.batch import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from ttv_core import BatchItem, JobEvent
    from ttv_core.batch import Format, Line

__all__ = ["How", "dry_run", "made"]

SUMMARY = "summary.json"
SHEET = "overview.jpg"
_STILLS = 16
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".yaml": "yaml",
    ".yml": "yaml",
}
_WORDS = {
    "completed": "done",
    "skipped": "done before",
    "failed": "failed",
    "refused": "refused",
    "detached": "still at a vendor",
}


@dataclass(frozen=True, kw_only=True)
class How:
    """What was typed.

    Attributes:
        file: Path, or "-".
        form: What it is; None to go by its name.
        output: The folder.
        as_json: Whether each request is a line of JSON.
        quiet: Whether nothing is told besides.
        chosen: `backend`, `config`, `fallback_backends`.
        batch: Further arguments of `generate_many`.
        defaults: Fields for lines that do not say.
    """

    file: str
    form: Format | None
    output: str
    as_json: bool
    quiet: bool
    chosen: dict[str, Any]
    batch: dict[str, Any]
    defaults: dict[str, Any]

    @contextmanager
    def lines(self) -> Iterator[Iterator[Line]]:
        """Open the file.

        Raises:
            click.UsageError: If it cannot be read, or nobody knows what it is.
        """
        form = self.form or ("jsonl" if self.file == "-" else None)
        form = form or _SUFFIXES.get(Path(self.file).suffix.lower())
        if form is None:
            msg = f"{self.file} is neither .jsonl, .csv nor .yaml by its name: say --format"
            raise click.UsageError(msg)
        with self._opened() as file:
            yield _readable(read_lines(file, form, self.defaults), self.file)

    @contextmanager
    def _opened(self) -> Iterator[TextIO]:
        if self.file == "-":
            yield sys.stdin
            return
        try:
            file = Path(self.file).expanduser().open(encoding="utf-8-sig", newline="")
        except OSError as error:
            msg = f"{self.file} cannot be read: {error.strerror}"
            raise click.UsageError(msg) from error
        with file:
            yield file


def _readable(lines: Iterator[Line], name: str) -> Iterator[Line]:
    try:
        yield from lines
    except UnicodeDecodeError as error:
        msg = f"{name} is not UTF-8 text"
        raise click.UsageError(msg) from error


def dry_run(how: How) -> int:
    """Tell what each request would come to, and all together. Nothing is sent.

    Returns:
        0 if all can be made, else the code of the worst.
    """
    codes: set[int] = set()
    tally: Counter[str] = Counter()
    cost, unknown = Decimal(), 0
    with how.lines() as lines:
        for line, planned in plan_many(lines, **how.chosen):
            found = reviewed(planned) if isinstance(planned, Plan) else planned
            error = _error_of(found)
            if error is not None:
                codes.add(exit_code(error))
            if isinstance(found, Plan) and error is None:
                tally["adjusted" if found.adjustments else "possible"] += 1
                unknown += found.cost.amount is None
                cost += found.cost.amount or 0
            else:
                tally["not possible"] += 1
            _tell_plan(line, found, error, how)
    said = {"requests": tally.total(), **tally, "cost": str(cost), "of_unknown_cost": unknown}
    if how.as_json:
        print_json_line(said)
    else:
        more = f", and {unknown} of unknown cost" if unknown else ""
        told = ", ".join(f"{count} {word}" for word, count in tally.items()) or "none"
        print_line(f"{tally.total()} requests: {told}; about ${cost:.2f} in all{more}")
    return worst(codes)


def _error_of(found: Plan | VideoGenerationError) -> VideoGenerationError | None:
    if isinstance(found, VideoGenerationError):
        return found
    try:
        found.check()
    except VideoGenerationError as error:
        return error
    return None


def _tell_plan(
    line: Line, found: Plan | VideoGenerationError, error: VideoGenerationError | None, how: How
) -> None:
    plan = found if isinstance(found, Plan) else None
    if how.as_json:
        print_json_line(
            {
                "number": line.number,
                "plan": plan.to_dict() if plan else None,
                "error": error.to_dict() if error else None,
            }
        )
    elif error is not None:
        print_line(f"{line.number}: no · {one_line(error.message)}")
    elif plan is not None and not how.quiet:
        changed = "; ".join(changes(adjustment) for adjustment in plan.adjustments)
        parts = (plan.backend, plan.model, changed, str(plan.cost))
        print_line(f"{line.number}: {' · '.join(part for part in parts if part)}")


def made(how: How) -> int:
    """Make every video, tell each as it ends, and sum up.

    Returns:
        0 if all are there, else the code of the worst.

    Raises:
        VideoGenerationError: If the folder cannot be used.
        KeyboardInterrupt: After a signal; the same command goes on from there.
    """
    told = _Told(how)
    with how.lines() as lines:
        items = generate_many(
            lines, output=how.output, on_event=told.hear, **how.chosen, **how.batch
        )
        try:
            with told.moving():
                for item in items:
                    told.over(item)
        except KeyboardInterrupt:
            message = f"stopped; {told.counts()}"
            remedy = "the same command goes on from here"
            note(f"{message}. {remedy}")
            raise interrupts.Stopped(message, code="stopped", remedy=remedy) from None
        finally:
            items.close()
    told.sum_up()
    return worst(told.codes)


class _Told:
    """What has become of the batch so far."""

    def __init__(self, how: How) -> None:
        self.codes: set[int] = set()
        self._how = how
        self._tally: Counter[str] = Counter()
        self._cost = Decimal()
        self._running: set[str] = set()
        self._failures: list[dict[str, Any]] = []
        self._stills: list[Path] = []
        self._started = time.monotonic()
        self._live: Any = None

    def hear(self, event: JobEvent) -> None:
        """Take an event of a job."""
        if event.state in {"running", "accepted", "queued", "loading", "submitting"}:
            self._running.add(event.job_id)
        elif event.state in {"completed", "failed", "cancelled", "expired", "unknown", "detached"}:
            self._running.discard(event.job_id)

    def over(self, item: BatchItem) -> None:
        """Tell how one request has ended."""
        self._tally[item.state] += 1
        if item.state == "completed" and item.charged != "no":
            self._cost += item.cost or 0
        if item.error is not None:
            self.codes.add(exit_code(item.error))
            self._failures.append(item.to_dict())
        if item.path is not None and len(self._stills) < _STILLS:
            self._stills.append(item.path)
        with self._aside():
            self._tell(item)

    def _tell(self, item: BatchItem) -> None:
        if self._how.as_json:
            print_json_line(item.to_dict())
        elif item.result is not None:
            print_line(in_a_line(item.result))
        elif item.state == "completed" and item.path is not None:
            print_line(near(item.path))
        elif item.error is not None:
            from ttv_cli.failures import report

            note(f"request {item.number} ({_WORDS[item.state]}):")
            report(item.error, as_json=False)
        sys.stdout.flush()

    def counts(self) -> str:
        """Return "12 done, 3 failed; $1.20 so far"."""
        parts = [f"{self._tally[s]} {word}" for s, word in _WORDS.items() if self._tally[s]]
        running = [f"{len(self._running)} running"] if self._running else []
        cost = f"; ${self._cost:.2f} so far" if self._cost else ""
        return (", ".join(parts + running) or "nothing yet") + cost

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Show the counts in a line that moves, where there is a terminal."""
        if self._how.quiet or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        def now() -> Text:
            passed = span(time.monotonic() - self._started)
            return Text(one_line(f"{self.counts()}  {passed}"))

        self._live = Live(
            console=Console(stderr=True), get_renderable=now, refresh_per_second=4, transient=True
        )
        with self._live:
            yield

    @contextmanager
    def _aside(self) -> Iterator[None]:
        if self._live is None:
            yield
            return
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def sum_up(self) -> None:
        """Tell all of it in one line, and leave it in the folder."""
        said: dict[str, Any] = {
            "requests": self._tally.total(),
            "states": dict(self._tally),
            "cost": str(self._cost),
            "seconds": round(time.monotonic() - self._started, 1),
            "failures": self._failures,
        }
        folder = Path(self._how.output).expanduser()
        sheet = self._sheet(folder)
        said["overview"] = None if sheet is None else str(sheet)
        text = json.dumps(said, indent=2, ensure_ascii=False)
        try:
            (folder / SUMMARY).write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            note(f"no summary was written: {error}", kind="note")
        if self._how.as_json:
            print_json_line({"summary": said})
        elif not self._how.quiet:
            seen = f" · {near(sheet)}" if sheet else ""
            note(f"{self.counts()} · {near(folder / SUMMARY)}{seen}")

    def _sheet(self, folder: Path) -> Path | None:
        from ttv_core.media import overview

        if not self._stills:
            return None
        try:
            return overview(self._stills, folder / SHEET)
        except (VideoGenerationError, OSError) as error:
            note(f"no overview was written: {error}", kind="note")
            return None
