"""Answers that are neither a yes nor the vendor's own no: they end nothing."""

from __future__ import annotations

import pytest

from ttv_core import GenerationCancelledError, jobs


def test_a_cancel_that_is_answered_with_an_empty_object_has_been_taken(vendor2, h3):
    vendor2.states = ["queued"]
    vendor2.fail("cancel", "status", status=503, times=2)
    vendor2.fail("cancel", "body", body=b"{}", after=True)
    job = h3.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError) as caught:
        job.wait(60)
    assert (caught.value.code, caught.value.charged) == ("cancelled", "no")
    assert jobs.get(job.id).state == "cancelled"
    assert vendor2.requests["cancel"] == 3


@pytest.mark.parametrize(
    "answer",
    [{"fault": "body", "body": b'{"task_id": ""}'}, {"fault": "status", "status": 408}],
    ids=["another object", "408"],
)
def test_a_link_that_was_not_given_is_asked_for_again(vendor, minimax, answer):
    vendor.fail("retrieve", times=2, **answer)
    assert minimax.generate("a fox").path.read_bytes() == vendor.video
    assert (vendor.requests["create"], vendor.requests["retrieve"]) == (1, 3)
