"""For each planted bug a history, found by searching and cut down, in which it breaks a promise."""

from __future__ import annotations

from .history import History
from .line import Fault
from .steps import (
    Cancel,
    GoesWrong,
    Restart,
    Resume,
    SetClock,
    Start,
    Wait,
)
from .vendor import Script

WITNESSES = {
    "a 5xx is taken for a no, and the create is sent again": History(
        (
            GoesWrong("create", Fault("status", status=502, heard=True, wait=1900)),
            Start(1, "keyed", Script(takes=4000, videos=2)),
            Wait(200),
        ),
    ),
    "an answer that is lost is taken for a request that was never sent": History(
        (
            GoesWrong("create", Fault("unanswered", 1), 12),
            Start(0, "listed", Script("cancelled", 0), "mine"),
            Wait(1),
        ),
    ),
    "an ambiguous create is sent again": History(
        (
            GoesWrong("create", Fault("unanswered")),
            Start(0, "opaque", Script(takes=4000)),
            Wait(1),
        ),
    ),
    "a lost answer fails the job, so that another backend is tried": History(
        (
            GoesWrong("create", Fault("late", 60)),
            Start(1, "opaque", Script("failed")),
            Wait(1),
        ),
    ),
    "a create that was cut off by a crash is sent again": History(
        (
            Start(0, "listed", Script("filtered", videos=2)),
            Wait(0.06),
            Restart(0, 1),
        ),
    ),
    "what an opaque vendor may have is sent again": History(
        (
            GoesWrong("create", Fault("status", status=409, heard=True, wait=3600), 12),
            Start(0, "opaque", Script(videos=2)),
            Wait(1),
        ),
    ),
    "the pause that the vendor wants is not made": History(
        (
            GoesWrong("create", Fault("status", status=429, wait=7), 6),
            Start(0, "opaque", Script(), "mine"),
            Wait(1),
        ),
    ),
    "a job that is not listed yet is taken for none": History(
        (
            GoesWrong("create", Fault("late"), 2),
            Start(0, "listed", Script("failed", 100000, 2)),
            Wait(200),
        ),
        lag=60,
    ),
    "the time of day decides when the list has settled": History(
        (
            GoesWrong("create", Fault("late", 60)),
            Start(0, "listed", Script()),
            Wait(5),
            SetClock(34_560_000),
            Restart(0),
            Wait(10),
        ),
    ),
    "a list that cannot be had is taken for an empty one": History(
        (
            GoesWrong("lookup", Fault("refused")),
            GoesWrong("create", Fault("late", 20), 12),
            Start(1, "listed", Script("cancelled", 40), "mine"),
            Wait(60),
        ),
    ),
    "a key is trusted however old it is": History(
        (
            GoesWrong("create", Fault("late", 1000), 12),
            Start(1, "keyed", Script("filtered", 0), "mine"),
            Start(0, "keyed", Script(takes=300)),
            GoesWrong("create", Fault("status", status=500, wait=3600), 12),
            Wait(60),
            Resume(0, 0),
            Wait(1),
        ),
    ),
    "the time of day decides how old a key is": History(
        (
            GoesWrong("create", Fault("status", status=502, heard=True, wait=0), 12),
            Start(1, "keyed", Script("cancelled", 100000)),
            Wait(4000),
            SetClock(-4000),
        ),
    ),
    "a key is looked at once, and repeated for hours": History(
        (
            GoesWrong("create", Fault("late"), 2),
            GoesWrong("create", Fault("status", status=503, heard=True, wait=3600)),
            Start(0, "keyed", Script(takes=300)),
            Wait(5),
        ),
    ),
    "a repetition that is refused fails the job": History(
        (
            GoesWrong("create", Fault("unanswered", 60), 12),
            Start(0, "keyed", Script(takes=40, videos=2)),
            Start(0, "keyed", Script(takes=300)),
            GoesWrong("create", Fault("status", status=422, wait=0)),
            Start(0, "keyed", Script("cancelled", 40)),
            Wait(4000),
        ),
    ),
    "a create leaves before it is written down": History(
        (Start(0, "keyed", Script(takes=0)),),
    ),
    "the first poll leaves before the id is written down": History(
        (Start(0, "keyed", Script(takes=0)),),
    ),
    "the end is told before it is written down": History(
        (Start(0, "keyed", Script(takes=0)),),
    ),
    "every process may take a job over": History(
        (
            GoesWrong("create", Fault("status", status=401, wait=3600), 2),
            Start(1, "keyed", Script("cancelled", 300)),
            Wait(0.06),
            Restart(0),
            Wait(1),
        ),
    ),
    "a poll that fails fails the job": History(
        (Start(0, "opaque", Script(takes=300), "mine"),),
        shy=90,
    ),
    "no such job, once, is the end": History(
        (Start(0, "opaque", Script(takes=40, videos=2)),),
        shy=90,
    ),
    "a word that nobody knows is read as done": History(
        (
            GoesWrong("poll", Fault("strange")),
            Start(0, "keyed", Script(takes=100000, videos=2)),
            Wait(60),
        ),
    ),
    "a wish to cancel is taken for its fulfilment": History(
        (
            Start(1, "keyed", Script("filtered")),
            Wait(1),
            Cancel(1, 3),
        ),
    ),
    "a video is not looked at before it gets its name": History(
        (
            GoesWrong("download", Fault("corrupt")),
            Start(0, "opaque", Script()),
            Wait(200),
        ),
    ),
    "a link that has expired fails the job": History(
        (
            GoesWrong("download", Fault("cut"), 2),
            Start(0, "listed", Script(takes=0, videos=2)),
            Wait(4000),
        ),
    ),
    "money is forgotten when a job is sent": History(
        (Start(0, "keyed", Script(takes=0)),),
    ),
}
