"""What a person may settle about a job, and what jobs have cost."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from ttv_core import (
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    JobNotFoundError,
    SubmissionUncertainError,
    jobs,
)
from ttv_core.jobs import STATES
from ttv_core.jobs.desk import desk
from ttv_core.jobs.record import JobRecord


def fields(tmp_path, **more):
    return {"duration": 1, "output": tmp_path / "fox.mp4"} | more


@pytest.fixture
def doubtful(acme, backend, tmp_path):
    """A job that the vendor has accepted, which nobody here knows."""
    acme.fail("create", "reset", after=True)
    with pytest.raises(SubmissionUncertainError) as caught:
        backend().generate("a fox", **fields(tmp_path))
    return jobs.get(caught.value.job_id)


def added(name, **facts):
    facts = {"id": name, "backend": "acme", "model": "acme-1"} | facts
    return desk().store.insert(JobRecord(**facts)).result()


def verbs(job):
    return [(a.what, a.outcome) for a in jobs.attempts(job.id)][2:]


# --- jobs in doubt --------------------------------------------------------------------------------


def test_a_job_that_the_vendor_has_is_adopted(acme, backend, doubtful, video):
    settled = jobs.adopt(doubtful.id[-6:], " task-000001 ")
    assert (settled.state, settled.remote_id, settled.charged) == (
        "accepted",
        "task-000001",
        "unknown",
    )
    assert settled.accepted_at == doubtful.submitted_at
    assert verbs(settled) == [("adopt", "accepted")]
    result = backend().resume(settled).wait(timeout=60)
    assert (result.path.read_bytes(), result.charged) == (video, "yes")
    assert (acme.accepted, acme.requests["create"]) == (1, 1)


def test_a_job_that_the_vendor_has_not_is_sent(acme, backend, doubtful, video):
    acme.accepted = 0  # the vendor lost it
    settled = jobs.confirm_not_submitted(doubtful.id)
    assert (settled.state, settled.charged) == ("prepared", "no")
    assert verbs(settled) == [("confirm-not-submitted", "absent")]
    result = backend().resume(settled).wait(timeout=60)
    assert result.path.read_bytes() == video
    assert (acme.accepted, acme.requests["create"]) == (1, 2)
    assert jobs.get(settled.id).attempt == 2


def test_whoever_says_so_need_not_wait_as_long_as_the_vendor_wanted():
    job = added("J1", state="unknown", not_before=4e9)
    assert jobs.confirm_not_submitted(job.id).not_before is None


def test_a_job_is_given_up(acme, backend, doubtful):
    settled = jobs.abandon(doubtful.id)
    assert (settled.state, settled.charged, settled.note) == ("abandoned", "unknown", "given up")
    assert verbs(settled) == [("abandon", "abandoned")]
    with pytest.raises(GenerationFailedError, match="is abandoned: given up") as caught:
        backend().resume(settled).wait(timeout=60)
    assert caught.value.charged == "unknown"
    assert acme.requests == {"create": 1}


def test_no_part_is_left_of_a_job_that_is_given_up(acme, tmp_path, monkeypatch):
    """Not even if the process ends, or the disk fails, once that is written down."""
    part = tmp_path / ".fox.part.mp4"
    part.touch()
    job = added("A", state="remote_done", remote_id="r", parts=[{"part": str(part)}])

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("ttv_core.jobs.verbs.clean_up", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.abandon(job.id)
    assert jobs.get(job.id).state == "abandoned"
    assert not part.exists()


def test_what_was_not_sent_is_cancelled_when_it_is_given_up(acme):
    assert jobs.abandon(added("J1").id).state == "cancelled"


def test_the_vendors_jobs_are_adopted_once(acme, backend, doubtful, tmp_path):
    result = backend().generate("a hare", **fields(tmp_path, output=tmp_path / "hare.mp4"))
    taken = jobs.get(result.job_id).remote_id
    with pytest.raises(InvalidInputError, match=f"job {taken} is job {result.job_id} already"):
        jobs.adopt(doubtful.id, taken)
    assert jobs.get(doubtful.id).state == "unknown"


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "\x1b[2J", "\ud83d"])
def test_what_can_be_no_id_is_not_adopted(text, doubtful):
    with pytest.raises(InvalidInputError, match="is no id of a vendor's"):
        jobs.adopt(doubtful.id, text)


ALLOWED = {
    jobs.adopt: {"unknown", "submitting", "reconciling"},
    jobs.confirm_not_submitted: {"unknown", "submitting", "reconciling"},
    jobs.abandon: {"prepared", "unknown", "accepted", "running", "remote_done"},
}


@pytest.mark.parametrize("verb", ALLOWED, ids=lambda verb: verb.__name__)
@pytest.mark.parametrize("state", STATES)
def test_a_verb_is_for_some_states_only(verb, state):
    job = added("J1", state=state)
    more = ("task-1",) if verb is jobs.adopt else ()
    if state in ALLOWED[verb]:
        assert verb(job.id, *more).state != state
        return
    with pytest.raises(InvalidInputError) as caught:
        verb(job.id, *more)
    assert caught.value.job_id == "J1"
    assert jobs.get("J1").state == state
    assert jobs.attempts("J1") == []


@pytest.mark.parametrize("verb", ALLOWED, ids=lambda verb: verb.__name__)
def test_a_job_that_is_worked_on_is_left_to_its_process(verb):
    job = added("J1", state="unknown", owner=desk().owner.name)
    more = ("task-1",) if verb is jobs.adopt else ()
    with pytest.raises(InvalidInputError, match="a process works on it"):
        verb(job.id, *more)


@pytest.mark.parametrize(
    "verb", [jobs.get, jobs.attempts, jobs.abandon, jobs.confirm_not_submitted]
)
def test_a_job_that_is_not_there_is_told(verb):
    with pytest.raises(JobNotFoundError):
        verb("NOPE")


# --- looking back ---------------------------------------------------------------------------------


def test_jobs_are_selected_by_states_that_exist():
    added("J1", state="running")
    added("J2", state="failed", backend="other")
    assert [job.id for job in jobs.select()] == ["J2", "J1"]
    assert [job.id for job in jobs.select(states=["running"])] == ["J1"]
    assert [job.id for job in jobs.select(backend="other", limit=1)] == ["J2"]
    with pytest.raises(InvalidInputError, match="there is no state 'runing'; allowed: prepared"):
        jobs.select(states=["runing"])


def test_jobs_that_are_over_are_forgotten(acme, backend, tmp_path, state_dir):
    result = backend().generate("a fox", **fields(tmp_path))
    left = state_dir / "inputs" / result.job_id
    left.mkdir(parents=True)
    (left / "picture").write_bytes(b"x")
    added("J1", state="running")
    assert jobs.purge(older_than=3600) == 0
    assert jobs.purge(states=["failed"]) == 0
    with pytest.raises(InvalidInputError, match="is not over"):
        jobs.purge(states=["running"])
    assert jobs.purge() == 1
    assert [job.id for job in jobs.select()] == ["J1"]
    assert not left.exists()
    assert result.path.exists()  # videos stay


def test_a_record_is_shown_without_what_is_the_machines_own(acme, backend, tmp_path):
    import json

    result = backend().generate("a fox", **fields(tmp_path, tags={"shot": "7"}))
    shown = jobs.get(result.job_id).to_dict()
    assert json.loads(json.dumps(shown)) == shown
    assert (shown["prompt"], shown["tags"], shown["estimate"]) == ("a fox", {"shot": "7"}, "0.1")
    assert {"plan", "ref", "parts", "owner", "rev"}.isdisjoint(shown)


# --- money ----------------------------------------------------------------------------------------


def test_what_was_expected_and_what_it_took_are_kept(acme, backend, tmp_path):
    result = backend().generate("a fox", **fields(tmp_path))
    job = jobs.get(result.job_id)
    assert (job.estimate, job.actual, job.charged) == (Decimal("0.1"), Decimal("0.20"), "yes")
    assert result.cost.actual == Decimal("0.20")


@pytest.mark.parametrize(
    ("word", "error", "charged", "sums"),
    [
        ("failed", GenerationFailedError, "no", ("0", "0", 0)),
        ("filtered", ContentRejectedError, "yes", ("0.1", "0", 0)),
    ],
)
def test_failed_and_filtered_jobs_count_as_the_vendor_says(
    word, error, charged, sums, acme, backend, tmp_path
):
    acme.states = [word]
    with pytest.raises(error) as caught:
        backend().generate("a fox", **fields(tmp_path))
    assert caught.value.charged == charged
    (spent,) = jobs.costs(jobs.select())
    assert (str(spent.charged), str(spent.uncertain), spent.unpriced) == sums
    assert spent.jobs == 1


def test_a_job_in_doubt_is_uncertain_money(doubtful):
    (spent,) = jobs.costs(jobs.select())
    assert (spent.charged, spent.uncertain) == (Decimal(0), Decimal("0.1"))


@pytest.fixture
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_costs_are_summed_by_day_backend_and_model(utc):
    day = 86400.0

    def job(name, when, charged, **facts):
        return JobRecord(
            **({"id": name, "backend": "a", "model": "m", "created_at": when} | facts),
            charged=charged,
        )

    found = jobs.costs(
        [
            job("1", 10 * day, "yes", estimate=Decimal("0.10")),
            job("2", 10 * day + 86399, "yes", estimate=Decimal("0.10"), actual=Decimal("0.03")),
            job("3", 10 * day, "unknown", estimate=Decimal("0.40")),
            job("4", 10 * day, "no", estimate=Decimal(9)),
            job("5", 10 * day, "yes"),
            job("6", 10 * day, "unknown"),
            job("7", 10 * day, "yes", actual=Decimal(0)),
            job("8", 11 * day, "yes", estimate=Decimal("0.10")),
            job("9", 10 * day, "yes", estimate=Decimal("0.10"), model="n"),
            job("0", 10 * day, "yes", estimate=Decimal("0.10"), backend="b"),
        ]
    )
    assert [(s.day, s.backend, s.model, s.jobs) for s in found] == [
        ("1970-01-12", "a", "m", 1),
        ("1970-01-11", "b", "m", 1),
        ("1970-01-11", "a", "n", 1),
        ("1970-01-11", "a", "m", 7),
    ]
    assert found[3].to_dict() == {
        "backend": "a",
        "model": "m",
        "day": "1970-01-11",
        "jobs": 7,
        "unpriced": 2,
        "charged": "0.13",
        "uncertain": "0.40",
    }


# --- whose process it is --------------------------------------------------------------------------


def test_a_process_that_has_ended_owns_nothing():
    from ttv_core.jobs.ownership import Owner, is_alive

    here = desk()
    other = Owner(here.folder)
    assert is_alive(here.folder, other.name)
    other.let_go()
    assert not is_alive(here.folder, other.name)
    assert not is_alive(here.folder, "1-never")
    left = here.folder / "owners" / "1-left"
    left.touch()
    assert not is_alive(here.folder, "1-left")
    assert not left.exists()
    assert [path.name for path in (here.folder / "owners").iterdir()] == [here.owner.name]
