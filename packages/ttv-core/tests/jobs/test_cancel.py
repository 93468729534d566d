"""Asking the vendor to stop: it may, it may be too late, it may not know how."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from virtual import DONE, RUNNING, Scene, Script

from ttv_core import (
    BackendUnavailableError,
    GenerationCancelledError,
    GenerationTimeoutError,
    InvalidInputError,
    JobNotFoundError,
    Poll,
    VideoGenerationError,
    jobs,
)

HERE = str(Path(__file__).parent)
ENDLESS = ["running"]


@pytest.fixture
def scene(tmp_path):
    made = []

    def build(vendor, **facts):
        made.append(Scene(tmp_path, vendor, **facts))
        return made[-1]

    yield build
    for each in made:
        each.close()


def started(generator, tmp_path, **more):
    return generator.start("a fox", duration=1, output=tmp_path / "fox.mp4", **more)


# --- over real sockets ----------------------------------------------------------------------------


def test_a_running_job_is_cancelled(kind, acme, backend, tmp_path):
    acme.states = ENDLESS
    job = started(backend(kind), tmp_path)
    job.cancel()
    with pytest.raises(GenerationCancelledError, match="cancelled as was asked") as caught:
        job.wait(timeout=60)
    assert (caught.value.code, caught.value.charged) == ("cancelled", "unknown")
    assert (job.state, job.done) == ("cancelled", True)
    assert acme.requests["cancel"] == 1
    assert [a.outcome for a in jobs.attempts(job.id) if a.what == "cancel"] == ["accepted"]
    assert list(tmp_path.glob("*.mp4")) == list(tmp_path.glob(".*")) == []
    job.cancel()  # once it is over, nothing happens
    assert acme.requests["cancel"] == 1


def test_a_video_that_is_done_before_is_not_lost(acme, backend, tmp_path, video):
    """The vendor refuses, for it is done: the video is paid for and comes home."""
    generator = backend()
    seen = threading.Event()
    poll = generator.poll

    async def slow_poll(ref):
        said = await poll(ref)
        acme.tasks[ref.id].states.clear()
        acme.tasks[ref.id].states.append("done")
        seen.set()
        return said

    generator.poll = slow_poll
    acme.states = ENDLESS
    job = started(generator, tmp_path)
    assert seen.wait(60)
    job.cancel()
    assert job.wait(timeout=60).path.read_bytes() == video
    assert jobs.get(job.id).state == "completed"


def test_a_vendor_that_cannot_cancel_is_said_to(acme, backend, tmp_path, video):
    acme.states = ENDLESS
    job = started(backend("opaque", {"cancel": False}), tmp_path)
    with pytest.raises(VideoGenerationError, match="acme cannot cancel a job") as caught:
        job.cancel()
    assert (caught.value.code, caught.value.job_id) == ("cannot_cancel", job.id)
    assert acme.requests["cancel"] == 0
    acme.tasks[job.remote_id].states.append("done")
    assert job.wait(timeout=60).path.read_bytes() == video


def test_another_handle_can_cancel(acme, backend, tmp_path, registry):
    import ttv_core

    acme.states = ENDLESS
    job = started(backend(), tmp_path)
    config = {
        "backends": {"acme": {"base_url": acme.url, "api_key": "acme-canary-0123456789abcdef"}}
    }
    other = ttv_core.resume(job.id[-8:], config=config)
    other.cancel()
    for each in (job, other):
        with pytest.raises(GenerationCancelledError):
            each.wait(timeout=60)
    assert (acme.accepted, acme.requests["cancel"]) == (1, 1)


def test_a_wish_in_the_journal_is_enough(acme, backend, tmp_path):
    acme.states = ENDLESS
    job = started(backend(), tmp_path)
    jobs.ask_to_cancel(job.id)
    with pytest.raises(GenerationCancelledError):
        job.wait(timeout=60)


def test_what_was_not_sent_yet_is_not_sent(acme, backend, tmp_path):
    generator = backend()
    preparing, go_on = threading.Event(), threading.Event()

    async def prepare(plan):
        preparing.set()
        await asyncio.to_thread(go_on.wait, 60)
        return plan.native

    generator.prepare = prepare
    fields = {"duration": 1, "output": tmp_path / "fox.mp4"}
    job = generator._launch("a fox", fields, None)
    assert preparing.wait(60)
    job.cancel()
    go_on.set()
    with pytest.raises(GenerationCancelledError, match="before anything was sent") as caught:
        job.wait(timeout=60)
    assert caught.value.charged == "no"
    assert acme.requests == {}
    assert (jobs.get(job.id).state, jobs.get(job.id).charged) == ("cancelled", "no")


def test_a_job_is_cancelled_before_it_is_even_written_down(acme, backend, tmp_path):
    fields = {"duration": 1, "output": tmp_path / "fox.mp4"}
    held = threading.Event()
    from ttv_core.background import in_background
    from ttv_core.jobs.desk import desk

    desk()

    async def hold():
        held.wait(60)  # the background does nothing else meanwhile

    in_background(hold())
    job = backend()._launch("a fox", fields, None)
    job.cancel()
    held.set()
    with pytest.raises(GenerationCancelledError, match="before anything was sent"):
        job.wait(timeout=60)
    assert acme.requests == {}


# --- the caller's deadline ------------------------------------------------------------------------


def in_either_way(generator, way, **fields):
    """Make a video; the deadline begins once the vendor has the job, however slow this machine."""
    launch = generator._launch
    generator._launch = lambda *request: launch(*request).accepted()
    if way == "sync":
        return generator.generate("a fox", **fields)
    return asyncio.run(generator.agenerate("a fox", **fields))


@pytest.fixture(params=["sync", "async"])
def way(request):
    return request.param


def test_a_timeout_carries_the_job(way, acme, backend, tmp_path, video):
    acme.states = ENDLESS
    with pytest.raises(
        GenerationTimeoutError, match=r"not done after 0\.1 s; it goes on"
    ) as caught:
        in_either_way(backend(), way, duration=1, output=tmp_path / "fox.mp4", timeout=0.1)
    error = caught.value
    assert (error.job_id, error.charged) == (error.job.id, "unknown")
    assert error.remedy == f"job.wait() again, or ttv resume {error.job_id}"
    assert jobs.get(error.job_id).cancel_asked is False
    acme.tasks[error.job.remote_id].states.append("done")
    assert error.job.wait(timeout=60).path.read_bytes() == video
    assert acme.requests["create"] == 1


def test_a_timeout_can_cancel_the_job(way, acme, backend, tmp_path):
    acme.states = ENDLESS
    with pytest.raises(GenerationCancelledError, match="cancelled as was asked") as caught:
        in_either_way(
            backend(),
            way,
            duration=1,
            output=tmp_path / "fox.mp4",
            timeout=0.1,
            on_timeout="cancel",
        )
    assert jobs.get(caught.value.job_id).state == "cancelled"
    assert acme.requests["cancel"] == 1


def test_a_job_that_cannot_be_cancelled_goes_on_after_the_timeout(way, acme, backend, tmp_path):
    acme.states = ENDLESS
    with pytest.raises(GenerationTimeoutError, match="it goes on") as caught:
        in_either_way(
            backend("opaque", {"cancel": False}),
            way,
            duration=1,
            output=tmp_path / "fox.mp4",
            timeout=0.1,
            on_timeout="cancel",
        )
    assert caught.value.job.state in {"accepted", "running"}
    acme.tasks[caught.value.job.remote_id].states.append("done")
    caught.value.job.wait(timeout=60)


def test_a_refused_cancellation_does_not_prolong_the_wait(way, acme, backend, tmp_path):
    acme.states = ENDLESS
    acme.fail("cancel", "status", status=409, times=9)
    began = time.monotonic()
    with pytest.raises(GenerationTimeoutError) as caught:
        in_either_way(
            backend(),
            way,
            duration=1,
            output=tmp_path / "fox.mp4",
            timeout=0.1,
            on_timeout="cancel",
        )
    assert time.monotonic() - began < 30
    assert acme.requests["cancel"] == 1
    acme.tasks[caught.value.job.remote_id].states.append("done")
    caught.value.job.wait(timeout=60)


def test_the_settings_own_timeout_holds_where_the_call_says_none(way, acme, backend, tmp_path):
    acme.states = ENDLESS
    with pytest.raises(GenerationTimeoutError, match=r"after 0\.2 s") as caught:
        in_either_way(backend(timeout=0.2), way, duration=1, output=tmp_path / "fox.mp4")
    caught.value.job.cancel()
    with pytest.raises(GenerationCancelledError):
        caught.value.job.wait(timeout=60)


def test_cancelling_the_task_leaves_the_job(acme, backend, tmp_path, video):
    acme.states = ENDLESS
    accepted = threading.Event()

    def heard(event):
        if event.state == "accepted":
            accepted.set()

    async def given_up():
        generator = backend()
        fields = {"duration": 1, "output": tmp_path / "fox.mp4"}
        asking = asyncio.create_task(generator.agenerate("a fox", on_event=heard, **fields))
        await asyncio.to_thread(accepted.wait, 60)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(given_up())
    (job,) = jobs.select()
    assert job.cancel_asked is False
    acme.tasks["task-000001"].states.append("done")
    found = backend().resume(job)
    assert found.wait(timeout=60).path.read_bytes() == video
    assert acme.requests["create"] == 1


CTRL_C = """
    import sys
    sys.path.insert(0, {here!r})
    from acme import KEY, AcmeGenerator
    try:
        AcmeGenerator(base_url={url!r}, api_key=KEY).generate(
            "a fox", duration=1, output={target!r},
            on_event=lambda event: print(event.state, flush=True),
        )
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_ctrl_c_ends_the_wait_and_not_the_job(acme, backend, tmp_path, video):
    acme.states = ENDLESS
    target = str(tmp_path / "fox.mp4")
    code = textwrap.dedent(CTRL_C.format(here=HERE, url=acme.url, target=target))
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line == "running\n":
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert "interrupted" in out
    assert (process.returncode, err) == (0, "")
    (job,) = jobs.select()
    assert (job.state, job.cancel_asked) == ("running", False)
    acme.tasks[job.remote_id].states.append("done")
    assert backend().resume(job).wait(timeout=60).path.read_bytes() == video
    assert acme.requests["create"] == 1


# --- on a clock that leaps ------------------------------------------------------------------------

LATE = InvalidInputError("it is too late")
DOWN = BackendUnavailableError("down", retryable=True)


def test_a_pause_ends_when_somebody_wants_it_cancelled(scene):
    it = scene(Script(cancel=True).says("poll", *[RUNNING] * 30, Poll(state="cancelled")))
    it.vendor.says("cancel", Poll(state="cancelled"))
    assert type(it.through(at={60: Scene.cancel})) is GenerationCancelledError
    assert it.vendor.times("cancel") == [10_060.0]
    assert (it.job.state, it.job.charged) == ("cancelled", "unknown")


@pytest.mark.parametrize(("cost", "charged"), [(0, "no"), ("0.20", "yes"), (None, "unknown")])
def test_what_a_cancelled_job_did_cost_says_whether_it_was_charged(cost, charged, scene):
    cost = None if cost is None else Decimal(cost)
    last = Poll(state="cancelled", cost=cost)
    it = scene(Script(cancel=True).says("poll", *[RUNNING] * 30).says("cancel", last))
    assert it.through(at={20: Scene.cancel}).charged == charged
    assert (it.job.charged, it.job.actual) == (charged, cost)


def test_what_the_vendor_says_on_cancelling_counts(scene):
    it = scene(Script(cancel=True).says("poll", RUNNING).says("cancel", DONE))
    assert it.through(at={20: Scene.cancel}).job_id == "J1"


@pytest.mark.parametrize(
    ("answers", "asked", "outcome"),
    [
        ([DOWN, DOWN, None], 3, "accepted"),
        ([DOWN], 3, "refused"),
        ([KeyError("x"), None], 2, "accepted"),
        ([JobNotFoundError("who?")], 3, "refused"),
        ([LATE, None], 1, "refused"),
    ],
)
def test_a_cancellation_that_fails_is_asked_for_again(answers, asked, outcome, scene):
    it = scene(Script(cancel=True).says("cancel", *answers).says("poll", *[RUNNING] * 40, DONE))
    assert it.through(at={10: Scene.cancel}).job_id == "J1"
    assert len(it.vendor.times("cancel")) == asked
    assert it.did == [("cancel", outcome)]
    # Refused, it is as if nobody had asked: the next wish is heard again.
    assert it.job.cancel_asked is (outcome == "accepted")


def test_a_refused_wish_can_be_repeated(scene):
    it = scene(Script(cancel=True).says("cancel", LATE, None))
    it.vendor.says("poll", *[RUNNING] * 20, Poll(state="cancelled"))
    error = it.through(at={10: Scene.cancel, 50: Scene.cancel})
    assert type(error) is GenerationCancelledError
    assert it.did == [("cancel", "refused"), ("cancel", "accepted")]
    assert "it was not cancelled: it is too late" in [message for _, message in it.events]


def test_a_vendor_that_cannot_cancel_is_not_asked_to(scene):
    it = scene(Script(cancel=False).says("poll", *[RUNNING] * 10, DONE))
    assert it.through(at={10: Scene.cancel}).job_id == "J1"
    assert it.vendor.times("cancel") == []
    assert it.did == []
    assert ("running", "script cannot cancel a job") in it.events


def test_a_wish_that_a_crash_cut_off_is_told_to_the_vendor_again(scene):
    """Written down, and then the process ended: whether the vendor has heard is not known."""
    vendor = Script(cancel=True).says("cancel", None).says("poll", Poll(state="cancelled"))
    it = scene(vendor, state="cancelling", cancel_asked=True)
    assert type(it.through()) is GenerationCancelledError
    assert len(vendor.times("cancel")) == 1


def test_an_accepted_wish_is_not_repeated(scene):
    vendor = Script(cancel=True).says("cancel", None)
    it = scene(vendor.says("poll", *[RUNNING] * 20, Poll(state="cancelled")))
    it.through(at={10: Scene.cancel})
    assert len(vendor.times("cancel")) == 1


def test_a_job_that_fails_while_it_is_being_cancelled(scene):
    vendor = Script(cancel=True).says("cancel", None).says("poll", RUNNING, RUNNING)
    it = scene(vendor.says("poll", *[RUNNING] * 9, JobNotFoundError("deleted")))
    error = it.through(at={5: Scene.cancel})
    assert it.job.state == "cancelled"  # gone is what was asked for
    assert error.job_id == "J1"
