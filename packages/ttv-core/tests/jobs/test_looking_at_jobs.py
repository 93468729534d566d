"""What a command needs to know of jobs that it did not start, and may ask for."""

from __future__ import annotations

import pytest

import ttv_core
from ttv_core import BackendUnavailableError, GenerationFailedError, jobs
from ttv_core.jobs import desk as desks
from ttv_core.jobs.record import JobRecord


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STATE_DIR", str(tmp_path))
    here = desks.desk()
    yield here
    desks.close_desks(tmp_path)


def added(here, number, state="prepared", **facts):
    """Write a job down and bring it to a state by legal steps."""
    facts = {"backend": "acme", "model": "acme-1"} | facts
    record = here.store.insert(JobRecord(id=f"01{number:024}", **facts)).result()
    steps = {
        "running": ["submitting", "accepted", "running"],
        "completed": ["submitting", "accepted", "remote_done", "completed"],
    }
    for step in steps.get(state, [state]):
        record = here.store.update(record, state=step).result()
    return record


@pytest.mark.parametrize(
    ("took", "expected"), [([], None), ([3.0], 3.0), ([1.0, 2.0], 1.5), ([9.0, 1.0, 2.0], 2.0)]
)
def test_what_is_expected_is_the_median_of_the_same_model(here, took, expected):
    added(here, 99, "completed", model="acme-2", took=1000.0)
    for number, seconds in enumerate(took):
        added(here, number, "completed", took=seconds)
    assert jobs.expected_seconds("acme", "acme-1") == expected


def test_a_job_is_worked_on_while_its_process_lives(here):
    assert jobs.is_worked_on(added(here, 1, owner=here.owner.name))
    assert not jobs.is_worked_on(added(here, 2, owner="1-gone"))
    assert not jobs.is_worked_on(added(here, 3))


def test_a_wish_to_cancel_is_kept_for_whoever_takes_the_job_up(here):
    running, over = added(here, 1, "running"), added(here, 2, "completed")
    assert jobs.ask_to_cancel(running.id).cancel_asked
    assert jobs.get(running.id).cancel_asked
    assert not jobs.ask_to_cancel(over.id).cancel_asked


def test_the_end_of_a_job_needs_no_backend(here):
    error = GenerationFailedError("no", charged="no").to_dict()
    failed = added(here, 1, "failed", error=error)
    with pytest.raises(GenerationFailedError, match="no"):
        jobs.ending(failed)


def test_a_backend_that_is_gone_can_be_installed_by_what_is_told(here):
    job = added(here, 1, "running", backend="acme", plugin="ttv-acme 1.2")
    with pytest.raises(BackendUnavailableError) as caught:
        ttv_core.resume(job.id)
    assert caught.value.remedy == f"pip install ttv-acme, then ttv resume {job.id}"
    assert caught.value.job_id == job.id
    assert jobs.get(job.id).state == "running"
