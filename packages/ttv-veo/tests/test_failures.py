"""What Google's codes mean."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from ttv_core import ContentRejectedError, InvalidInputError
from ttv_veo.failures import filtered, of_operation

SAFETY = json.loads((files("ttv_veo") / "safety.json").read_bytes())["codes"]


@pytest.mark.parametrize(("reason", "codes"), SAFETY.items(), ids=SAFETY)
def test_every_support_code_is_told_by_its_reason(reason, codes):
    for code in codes:
        error = filtered([f"Blocked by policy. Support codes: {code}."], "output")
        assert (error.stage, error.reasons) == ("output", (reason,))
        assert reason in error.message
        blocked = of_operation({"code": 3, "message": f"Support codes: {code}, 12"})
        assert type(blocked) is ContentRejectedError
        assert blocked.reasons == (reason, "support code 12")


def test_a_number_is_no_support_code_by_itself():
    assert type(of_operation({"code": 3, "message": "width 61493863"})) is InvalidInputError


def test_a_job_that_failed_for_the_moment_may_be_asked_for_again():
    retryable = {code for code in range(17) if of_operation({"code": code}).retryable}
    assert retryable - {8} == {4, 13, 14}
