"""A job's record is changed often, so by hand; it must come out as `dataclasses.replace` has it."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal

import pytest

from ttv_core.jobs.record import JobRecord

RECORD = JobRecord(id="01", backend="acme", model="acme-1", actual=Decimal("0.5"), ref={"a": 1})


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(JobRecord)])
def test_each_value_can_be_changed_alone(name):
    value = object()
    changed = RECORD.changed(**{name: value})
    assert changed == dataclasses.replace(RECORD, **{name: value})
    assert getattr(changed, name) is value
    assert getattr(RECORD, name) is not value


def test_a_changed_record_stays_as_it_is():
    changed = RECORD.changed(state="running", rev=1)
    assert (changed.state, changed.rev, changed.actual) == ("running", 1, Decimal("0.5"))
    assert json.dumps(changed.to_dict())
    with pytest.raises(dataclasses.FrozenInstanceError):
        changed.rev = 2
    with pytest.raises(KeyError):
        RECORD.changed(colour="red")
