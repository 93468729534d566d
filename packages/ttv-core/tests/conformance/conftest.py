"""The zoo: a wrong backend is caught by the tests that are meant for it, and by no other."""

from __future__ import annotations

import pydoc
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# A job in the background, as CI may be, has Ctrl-C ignored, and would hand that on to children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The right backends see all of the kit. The wrong ones see these of the tables of faults, and a
# process of their own only if it is to catch them.
SOME = {
    "test_a_lost_answer_makes_no_second_job": ("500", "reset before the answer"),
    "test_a_refusal_is_told_and_not_sent_again": ("401",),
    "test_a_question_that_fails_ends_nothing": ("500",),
    "test_a_download_that_breaks_is_gone_on_with": ("cut",),
    "test_what_is_no_whole_video_is_no_file": ("a page",),
    "test_planning_imports_no_engine": (),
    "test_a_killed_process_loses_nothing": (),
    "test_a_killed_process_leaves_nothing": (),
}

# What is counted in this process tells nothing of what another one sent.
SAYS_LESS = ("test_a_killed_process_loses_nothing",)


def pytest_collection_modifyitems(config, items):
    """Leave out what wrong backends need not see."""
    left_out = [item for item in items if not _is_seen(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """Let a test that is meant for a wrong backend fail, and read what it says."""
    if not _is_meant(pyfuncitem):
        return (yield)
    try:
        yield
    except pytest.fail.Exception as failure:
        seen, mend, contract = str(failure).rsplit("\n", 2)
        if pyfuncitem.originalname not in SAYS_LESS:
            assert getattr(pyfuncitem.cls, "says", "") in seen
        assert seen.strip()
        assert mend.startswith("to mend it: ")
        assert pydoc.locate(contract.removeprefix("the contract: python -m pydoc ")), contract
        return True
    return pytest.fail("the kit did not notice", pytrace=False)


def _caught_by(item):
    return getattr(getattr(item, "cls", None), "caught_by", None)


def _is_seen(item):
    if _caught_by(item) is None or _is_meant(item) or item.originalname not in SOME:
        return True
    return hasattr(item, "callspec") and item.callspec.id in SOME[item.originalname]


def _is_meant(item):
    caught_by = _caught_by(item) or ()
    if item.name in caught_by:
        return True
    some = SOME.get(item.originalname)
    sampled = some is None or not some or item.callspec.id in some
    return item.originalname in caught_by and sampled
