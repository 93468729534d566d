"""Every unfinished job at once, side by side, each to its own end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ttv_cli import interrupts
from ttv_cli.exits import exit_code, worst
from ttv_cli.finished import in_a_line, with_poster
from ttv_cli.job_words import UNFINISHED, counted, shortest
from ttv_cli.progress import Board
from ttv_cli.resuming import clock_of, taken_up
from ttv_cli.terminal import note, print_json, print_line
from ttv_cli.waiting import past
from ttv_core import GenerationTimeoutError, VideoGenerationError, jobs

if TYPE_CHECKING:
    from typing import NoReturn

    from ttv_cli.progress import Line
    from ttv_cli.resuming import How
    from ttv_core import Job, VideoResult
    from ttv_core.jobs import JobRecord

__all__ = ["brought_home_all"]

_SLICE = 0.1


def brought_home_all(how: How, *, as_json: bool) -> int:
    """See every unfinished job through, side by side, and tell how each ended.

    Args:
        how: How they are taken up.
        as_json: Whether all of it is told in one document at the end.

    Returns:
        The exit code of the worst.

    Raises:
        KeyboardInterrupt: After a signal; the jobs go on.
    """
    records = jobs.select(states=UNFINISHED)
    if not records and not as_json:
        note("every job is finished; ttv jobs lists them")
    every = _Every(records, how, as_json=as_json)
    with interrupts.counted(lambda: 1):
        every.begin()
        every.see_through()
    if as_json:
        print_json({"jobs": [_data(outcome) for outcome in every.ended]})
    return worst(0 if o.error is None else exit_code(o.error) for o in every.ended)


class _Outcome(NamedTuple):
    """How one of them ended, or the wait for it."""

    record: JobRecord
    result: VideoResult | None
    error: VideoGenerationError | None


class _Every:
    """The jobs, those under way and those that have ended."""

    def __init__(self, records: list[JobRecord], how: How, *, as_json: bool) -> None:
        self.ended: list[_Outcome] = []
        self._records = records
        self._how = how
        self._as_json = as_json
        self._short = shortest(records)
        self._board = Board(quiet=how.quiet)
        self._under_way: dict[str, tuple[JobRecord, Job, Line]] = {}

    def begin(self) -> None:
        """Take each of them up; one that cannot be is an outcome too."""
        for record in self._records:
            line = self._board.line(clock_of(record), self._short[record.id])
            try:
                job = taken_up(record, line, self._how)
            except VideoGenerationError as error:
                line.end()
                self._over(_Outcome(record, None, error))
            else:
                self._under_way[record.id] = (record, job, line)

    def see_through(self) -> None:
        """Wait for all of them, and tell each as it ends.

        Raises:
            KeyboardInterrupt: After a signal; the jobs go on.
        """
        late = past(self._how.timeout)
        with self._board:
            while self._under_way and not interrupts.times():
                for record, job, line in list(self._under_way.values()):
                    if job.done or late():
                        del self._under_way[record.id]
                        line.end()
                        with self._board.aside():
                            self._over(self._outcome(record, job))
                time.sleep(_SLICE if self._under_way else 0)
        if interrupts.times():
            self._leave()

    def _outcome(self, record: JobRecord, job: Job) -> _Outcome:
        if not job.done:
            msg = f"job {record.id} was not done after {self._how.timeout:g} s, it goes on"
            remedy = f"ttv resume {record.id}"
            facts = {"job_id": record.id, "backend": record.backend, "remedy": remedy}
            return _Outcome(record, None, GenerationTimeoutError(msg, **facts))
        try:
            return _Outcome(record, job.wait(0), None)
        except VideoGenerationError as error:
            return _Outcome(record, None, error)

    def _over(self, outcome: _Outcome) -> None:
        if self._how.poster and outcome.result is not None:
            outcome = outcome._replace(result=with_poster(outcome.result, overwrite=False))
        self.ended.append(outcome)
        if not self._as_json:
            _tell(outcome, self._short[outcome.record.id])

    def _leave(self) -> NoReturn:
        many = len(self._under_way)
        message = f"{counted(many)} {'goes' if many == 1 else 'go'} on"
        remedy = "ttv resume --all"
        note(f"{message}; {remedy} takes up what is left")
        ids = list(self._under_way)
        raise interrupts.Stopped(message, code="detached", job_ids=ids, remedy=remedy)


def _tell(outcome: _Outcome, short: str) -> None:
    from ttv_cli.failures import report

    if outcome.result is not None:
        print_line(in_a_line(outcome.result))
        sys.stdout.flush()
        return
    assert outcome.error is not None
    note(f"job {short}:")
    report(outcome.error, as_json=False)


def _data(outcome: _Outcome) -> dict[str, Any]:
    from ttv_cli.failures import describe

    found: dict[str, Any] = {"id": outcome.record.id, "result": None, "error": None}
    if outcome.result is not None:
        return found | {"result": outcome.result.to_dict()}
    assert outcome.error is not None
    return found | {"error": describe(outcome.error)}
