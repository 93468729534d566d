"""Which histories there are."""

from __future__ import annotations

from hypothesis import strategies as st

from .backend import KINDS
from .history import History
from .line import Fault
from .steps import (
    Abandon,
    Cancel,
    Crash,
    Detach,
    Forgets,
    GoesWrong,
    Journal,
    Missing,
    Restart,
    Resume,
    SetClock,
    Settle,
    Start,
    StartTooDear,
    Steps,
    Wait,
)
from .vendor import LAG, LATEST, Script

LENGTH = 30


def _weighted(*parts):
    """Return a strategy for one of some parts, each as likely as its weight says."""
    table = [strategy for weight, strategy in parts for _ in range(weight)]
    return st.sampled_from(table).flatmap(lambda strategy: strategy)


_slot = st.integers(0, 1)
_which = st.integers(0, 3)
_after = st.sampled_from([0.0, 1.0, 20.0, LATEST, 1_000.0])
_wait = st.sampled_from([None, 0.0, 7.0, 1_900.0, 3_600.0])

_scripts = st.builds(
    Script,
    ending=st.sampled_from(["done", "done", "done", "failed", "filtered", "cancelled"]),
    takes=st.sampled_from([0.0, 5.0, 5.0, 40.0, 40.0, 300.0, 300.0, 4_000.0, 100_000.0]),
    videos=st.sampled_from([1, 1, 2]),
)
_refusals = st.sampled_from([500, 503, 429, 401, 403])
_statuses = st.sampled_from([500, 502, 503, 504, 409])
_create = _weighted(
    (2, st.builds(Fault, st.just("unanswered"), after=_after)),
    (3, st.builds(Fault, st.just("late"), after=_after)),
    (2, st.builds(Fault, st.just("status"), status=_statuses, heard=st.booleans(), wait=_wait)),
    (2, st.builds(Fault, st.sampled_from(["refused", "lost", "garbage", "no_id", "bug"]))),
    (2, st.builds(Fault, st.just("status"), status=st.sampled_from([429, 401, 422]), wait=_wait)),
)
_question = _weighted(
    (2, st.builds(Fault, st.sampled_from(["refused", "lost", "garbage", "bug"]))),
    (1, st.builds(Fault, st.just("unanswered"), after=_after)),
    (2, st.builds(Fault, st.just("status"), status=_refusals, wait=_wait)),
)
_poll = _weighted((2, _question), (1, st.just(Fault("strange"))))
_download = _weighted(
    (3, st.builds(Fault, st.sampled_from(["cut", "corrupt", "full"]))),
    (2, st.builds(Fault, st.just("status"), status=st.sampled_from([403, 404, 500]), wait=_wait)),
)
_times = st.sampled_from([1, 1, 2, 6, 12])
_wrong = _weighted(
    (4, st.builds(GoesWrong, st.just("create"), _create, _times)),
    (2, st.builds(GoesWrong, st.just("lookup"), _question, _times)),
    (2, st.builds(GoesWrong, st.just("poll"), _poll, _times)),
    (1, st.builds(GoesWrong, st.sampled_from(["fetch", "cancel"]), _question, _times)),
    (2, st.builds(GoesWrong, st.just("download"), _download, _times)),
    (1, st.builds(GoesWrong, st.just("prepare"), st.sampled_from([Fault(""), Fault("refused")]))),
)
_clock = st.sampled_from([34_560_000.0, -4_000.0, 60.0, -34_560_000.0])
_trouble = st.sampled_from(["refuses", "lies"])
_rare = _weighted(
    (2, st.builds(Journal, _trouble, st.sampled_from([0.1, 30.0, 900.0]))),
    (1, st.builds(Missing)),
    (1, st.builds(Forgets, _which)),
    (3, st.builds(Abandon, _which)),
    (1, st.builds(StartTooDear, _slot, st.sampled_from(KINDS))),
)
_start = st.builds(
    Start, _slot, st.sampled_from(KINDS), _scripts, st.sampled_from([None, None, None, "mine"])
)
_steps = _weighted(
    (6, st.builds(Wait, st.sampled_from([0.0, 1.0, 5.0, 60.0, 200.0, 4_000.0]))),
    (6, st.builds(Steps, st.integers(1, 40))),
    (3, _start),
    (6, _wrong),
    (3, st.builds(Crash, _slot, st.integers(0, 2))),
    (3, st.builds(Restart, _slot, st.integers(0, 2))),
    (3, st.builds(Resume, _slot, _which)),
    (1, st.builds(Detach, _slot, _which)),
    (2, st.builds(Cancel, _slot, _which)),
    (2, st.builds(Settle, _which)),
    (3, st.builds(SetClock, _clock)),
    (3, _rare),
)
histories = st.builds(
    History,
    # Most of what can go wrong goes wrong with a job that has just been started.
    st.builds(
        lambda wrong, started, steps: (*wrong, started, *steps),
        st.lists(_wrong, max_size=4),
        _start,
        st.lists(_steps, min_size=LENGTH // 2, max_size=LENGTH + LENGTH // 2 - 4),
    ),
    lag=st.sampled_from([0.0, LAG]),
    shy=st.sampled_from([0.0, 0.0, 90.0]),
    drift=st.sampled_from([0.0, 0.0, 0.0, 100_000.0, -700.0]),
)
