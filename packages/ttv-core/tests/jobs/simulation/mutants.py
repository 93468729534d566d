"""Bugs that others have made, each planted in the real code: the simulation must catch them all.

A mutant is a change of a few words in one function. One whose words are not found any more has to
be written anew, and says so.
"""

from __future__ import annotations
import __future__

import inspect
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttv_core.jobs import arrival, semantics, submission, watching
from ttv_core.jobs.desk import Desk
from ttv_core.jobs.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Mutant:
    """A planted bug.

    Attributes:
        name: What is wrong with it.
        function: Where it is.
        before: What the code says.
        after: What the bug says instead.
    """

    name: str
    function: Callable
    before: str
    after: str

    def code(self):
        """Return the compiled function with the bug in it."""
        source = textwrap.dedent(inspect.getsource(self.function))
        found = source.count(self.before)
        assert found == 1, f"{self.name}: {self.before!r} is there {found} times; write it anew"
        changed = source.replace(self.before, self.after)
        flags = __future__.annotations.compiler_flag
        compiled = compile(changed, f"<{self.name}>", "exec", flags, dont_inherit=True)
        made = [each for each in compiled.co_consts if inspect.iscode(each)]
        assert len(made) == 1
        return made[0]

    def plant(self, monkeypatch):
        monkeypatch.setattr(self.function, "__code__", self.code())


MUTANTS = [
    # --- what is known of a create whose answer is none ------------------------------------------
    Mutant(
        "a 5xx is taken for a no, and the create is sent again",
        semantics.outcome_of,
        "error.status_code in semantics.definite_reject",
        "error.status_code in semantics.definite_reject or (error.status_code or 0) >= 500",
    ),
    Mutant(
        "an answer that is lost is taken for a request that was never sent",
        semantics.outcome_of,
        "error.code == NOT_SENT",
        "error.code in {NOT_SENT, 'no_answer'}",
    ),
    Mutant(
        "an ambiguous create is sent again",
        submission._not_created,
        'if outcome == "ambiguous":',
        "if outcome == 'ambiguous' and not found.retryable:",
    ),
    Mutant(
        "a lost answer fails the job, so that another backend is tried",
        submission._not_created,
        'if outcome == "ambiguous":',
        "if False:",
    ),
    Mutant(
        "a create that was cut off by a crash is sent again",
        submission.settle_after_crash,
        "state=_after_loss(work)",
        "state='prepared'",
    ),
    Mutant(
        "what an opaque vendor may have is sent again",
        submission._after_loss,
        'else "unknown"',
        'else "prepared"',
    ),
    Mutant(
        "the pause that the vendor wants is not made",
        submission._not_created,
        "later = work.postponed(wait)",
        "later = {}",
    ),
    # --- finding out ------------------------------------------------------------------------------
    Mutant(
        "a job that is not listed yet is taken for none",
        submission._look_up,
        "settled_at = work.clock + lookup.settle",
        "settled_at = work.clock",
    ),
    Mutant(
        "the time of day decides when the list has settled",
        submission._look_up,
        "settled_at = work.clock + lookup.settle",
        "settled_at = work.clock + lookup.settle - max(\n"
        "        work.outside.now() - work.record.submitted_at, 0.0)",
    ),
    Mutant(
        "a list that cannot be had is taken for an empty one",
        submission._look_up,
        "failures += 1",
        "return await _absent(work)",
    ),
    Mutant(
        "a key is trusted however old it is",
        submission._is_remembered,
        "0 <= age < lifetime / 2 and passed < lifetime / 2",
        "True",
    ),
    Mutant(
        "the time of day decides how old a key is",
        submission._is_remembered,
        " and passed < lifetime / 2",
        "",
    ),
    Mutant(
        "a key is looked at once, and repeated for hours",
        submission._replay,
        "if not _is_remembered(work, lifetime):",
        "if failures == 1 and not _is_remembered(work, lifetime):",
    ),
    Mutant(
        "a repetition that is refused fails the job",
        submission._replay,
        "await work.save(attempt, note=found.message)\n            return False",
        "await _fail(work, found, attempt)\n            raise found",
    ),
    # --- what is durable, and when ----------------------------------------------------------------
    Mutant(
        "a create leaves before it is written down",
        Work.save,
        "        while self._unwritten:",
        "        while self._unwritten and self.record.state != 'submitting':",
    ),
    Mutant(
        "the first poll leaves before the id is written down",
        Work.save,
        "        while self._unwritten:",
        "        while self._unwritten and self.record.state != 'accepted':",
    ),
    Mutant(
        "the end is told before it is written down",
        Work.save,
        "        while self._unwritten:",
        "        while self._unwritten and self.record.state not in TERMINAL:",
    ),
    Mutant(
        "every process may take a job over",
        Desk.see_through,
        "(record.owner is None or not is_alive(self.folder, record.owner))",
        "True",
    ),
    # --- what the vendor says ---------------------------------------------------------------------
    Mutant(
        "a poll that fails fails the job",
        watching._Watch._failed,
        'work.tell("running", message=f"{found.message}; asking again")',
        'await work.save(state="failed", error=found.to_dict(), owner=None); raise found',
    ),
    Mutant(
        "no such job, once, is the end",
        watching._Watch._failed,
        "work.clock - self.gone_since >= grace",
        "True",
    ),
    Mutant(
        "a word that nobody knows is read as done",
        watching._Watch.run,
        'if poll.state in {"done", "failed", "cancelled"}:',
        'poll = type(poll)(state="done") if poll.state == "unknown" else poll\n'
        '            if poll.state in {"done", "failed", "cancelled"}:',
    ),
    Mutant(
        "a wish to cancel is taken for its fulfilment",
        watching._Watch._cancel,
        "return poll",
        "await work.save(state='cancelled', owner=None); raise GenerationCancelledError()",
    ),
    Mutant(
        "a video is not looked at before it gets its name",
        arrival._one,
        "if not last:",
        "return None\n            if not last:",
    ),
    Mutant(
        "a link that has expired fails the job",
        arrival._downloaded,
        "failures = 1 if further else failures + 1",
        "await work.save(state='failed', owner=None); raise found",
    ),
    Mutant(
        "money is forgotten when a job is sent",
        submission._sent,
        'charged="unknown",',
        "",
    ),
]
