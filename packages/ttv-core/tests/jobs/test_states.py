"""Every legal change of state is accepted by the journal, and no other."""

from __future__ import annotations

import itertools

import pytest

from ttv_core.jobs.journal import Journal
from ttv_core.jobs.record import JobRecord
from ttv_core.jobs.states import ACCEPTED, STATES, TERMINAL, TRANSITIONS, UNSETTLED, may_follow

# Written out once more, by what may happen to a job, to be held against the code's own table.
LEGAL = {
    "prepared": "submitting failed cancelled",
    "submitting": "accepted prepared failed reconciling unknown",
    "reconciling": "accepted prepared failed unknown",
    "unknown": "accepted prepared reconciling abandoned",
    "accepted": "running remote_done failed cancelling cancelled expired abandoned",
    "running": "remote_done failed cancelling cancelled expired abandoned",
    "cancelling": "running remote_done failed cancelled expired",
    "remote_done": "completed failed expired abandoned",
    "completed": "",
    "failed": "",
    "cancelled": "",
    "expired": "",
    "abandoned": "",
}
PAIRS = list(itertools.product(STATES, STATES))


def legal(before, after):
    return before == after or after in LEGAL[before].split()


def test_the_states_are_these():
    assert set(STATES) == LEGAL.keys() == TRANSITIONS.keys()
    assert {"completed", "failed", "cancelled", "expired", "abandoned"} == TERMINAL
    assert {"accepted", "running", "cancelling", "remote_done"} == ACCEPTED
    assert {"submitting", "reconciling", "unknown"} == UNSETTLED


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda state: state)
def test_only_legal_changes_are_allowed(before, after):
    assert may_follow(before, after) is legal(before, after)


def test_the_journal_keeps_to_them(tmp_path):
    journal = Journal(tmp_path)
    for number, (before, after) in enumerate(PAIRS):
        job = journal.insert(JobRecord(id=f"J{number}", backend="b", model="m", state=before))
        changed = journal.update(job.result(), state=after)
        if legal(before, after):
            assert changed.result().state == after
        else:
            with pytest.raises(ValueError, match=f"from {before} to {after}"):
                changed.result()
        wanted = after if legal(before, after) else before
        assert journal.get(f"J{number}").state == wanted
    journal.close()


def test_no_state_is_a_dead_end_that_should_not_be_one():
    """From every state that is not an end, one end at least can be reached, and the good one."""
    for state in set(STATES) - TERMINAL:
        seen, new = set(), {state}
        while new:
            seen |= new
            new = set().union(*(TRANSITIONS[each] for each in new)) - seen
        assert "completed" in seen


def test_a_lost_create_is_never_sent_again_by_itself():
    """Out of doubt a person, or the vendor's word, leads back to sending; nothing else does."""
    senders = {state for state in STATES if "submitting" in TRANSITIONS[state]}
    assert senders == {"prepared"}


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        TRANSITIONS["completed"] = frozenset({"prepared"})
