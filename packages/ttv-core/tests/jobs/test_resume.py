"""A job outlives the process, the wait for it and the object that stands for it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from acme import KEY, AcmeGenerator

import ttv_core
from ttv_core import (
    BackendUnavailableError,
    ConfigurationError,
    GenerationCancelledError,
    GenerationTimeoutError,
    InvalidInputError,
    JobNotFoundError,
    QuotaExceededError,
    SubmissionUncertainError,
    VideoGenerationError,
    background,
    jobs,
)
from ttv_core.jobs import desk as desk_module
from ttv_core.jobs import handle
from ttv_core.jobs.desk import desk, state_folder
from ttv_core.jobs.ownership import Owner
from ttv_core.jobs.record import JobRecord

HERE = str(Path(__file__).parent)


def fields(tmp_path, name="fox.mp4", **more):
    return {"duration": 1, "output": tmp_path / name} | more


@pytest.fixture
def config(acme, registry):
    """The configuration of this test's vendor."""
    return {"backends": {"acme": {"base_url": acme.url, "api_key": KEY}}}


@pytest.fixture
def at_the_vendor(acme, backend, tmp_path):
    """A job that the vendor has, and that nobody waits for any more."""
    acme.states = ["running"]
    with pytest.raises(GenerationTimeoutError) as caught:
        backend().start("a fox", **fields(tmp_path)).wait(timeout=0)
    return caught.value.job


def finish(acme, job):
    acme.tasks[job.remote_id].states.append("done")


# --- the same process -----------------------------------------------------------------------------


def test_a_job_is_found_again_by_what_it_wrote_of_itself(acme, at_the_vendor, config, video):
    kept = json.loads(json.dumps(at_the_vendor.to_dict()))
    assert kept["ttv_job"] == 1
    assert (kept["backend"], kept["model"], kept["remote_id"]) == ("acme", "acme-1", "task-000001")
    again = ttv_core.resume(kept, config=config)
    finish(acme, at_the_vendor)
    assert again.wait(timeout=60).path.read_bytes() == video
    assert again.result() == at_the_vendor.wait(timeout=60)
    assert (acme.accepted, acme.requests["create"], acme.requests["file"]) == (1, 1, 1)


def test_a_job_is_found_by_a_part_of_its_id(acme, at_the_vendor, config):
    finish(acme, at_the_vendor)
    for part in (at_the_vendor.id, at_the_vendor.id[:20], at_the_vendor.id[-6:].lower()):
        assert ttv_core.resume(part, config=config).wait(timeout=60).job_id == at_the_vendor.id


def test_no_job_or_several_are_told(acme, backend, config, tmp_path):
    with pytest.raises(JobNotFoundError, match="there is no job 'XYZ'") as caught:
        ttv_core.resume("XYZ", config=config)
    assert (caught.value.charged, caught.value.remedy) == ("no", "ttv jobs lists them")
    for i in range(2):
        backend().generate("a fox", **fields(tmp_path, f"{i}.mp4"))
    with pytest.raises(JobNotFoundError, match="'0' means 2 jobs") as caught:
        ttv_core.resume("0", config=config)
    assert caught.value.code == "ambiguous_id"


def test_a_finished_job_gives_its_video_again_and_asks_nobody(acme, backend, config, tmp_path):
    result = backend().generate("a fox", **fields(tmp_path))
    before = dict(acme.requests)
    assert ttv_core.resume(result.job_id, config=config).wait(timeout=60) == result
    assert acme.requests == before


def test_a_failed_job_gives_its_error_again(acme, backend, config, tmp_path):
    acme.fail("create", "status", status=422, body=b'{"code": "fields"}')
    with pytest.raises(InvalidInputError) as caught:
        backend().generate("a fox", **fields(tmp_path))
    again = ttv_core.resume(caught.value.job_id, config=config)
    with pytest.raises(InvalidInputError) as repeated:
        again.wait(timeout=60)
    assert repeated.value.to_dict() == caught.value.to_dict()
    assert acme.requests["create"] == 1


def test_errors_of_jobs_cross_processes(acme, at_the_vendor):
    with pytest.raises(GenerationTimeoutError) as caught:
        at_the_vendor.wait(timeout=0)
    there = pickle.loads(pickle.dumps(caught.value))
    assert (there.job, there.job_id, str(there)) == (None, at_the_vendor.id, str(caught.value))
    at_the_vendor.cancel()
    with pytest.raises(GenerationCancelledError):
        at_the_vendor.wait(timeout=60)


# --- another process ------------------------------------------------------------------------------

OTHER = """
    import sys
    sys.path.insert(0, {here!r})
    from acme import KEY, {kind}
    import ttv_core
    ttv_core.GENERATOR_REGISTRY["acme"] = {kind}
    config = {{"backends": {{"acme": {{"base_url": {url!r}, "api_key": KEY}}}}}}
    {code}
"""


def in_another_process(acme, code, kind="AcmeGenerator"):
    body = textwrap.dedent(OTHER).format(here=HERE, url=acme.url, kind=kind, code=code)
    return subprocess.run(
        [sys.executable, "-c", body], capture_output=True, text=True, check=False, timeout=60
    )


def test_another_process_takes_it_up(acme, backend, config, tmp_path, video):
    acme.states = ["running"]
    target = str(tmp_path / "fox.mp4")
    first = in_another_process(
        acme, f"print(ttv_core.start('a fox', config=config, duration=1, output={target!r}).id)"
    )
    job_id = first.stdout.strip()
    assert first.stderr == ""
    job = jobs.get(job_id)
    assert (job.state in {"accepted", "running"}, jobs.is_worked_on(job)) == (True, False)
    acme.tasks["task-000001"].states.append("done")
    result = ttv_core.resume(job_id, config=config).wait(timeout=60)
    assert result.path.read_bytes() == video
    assert (acme.accepted, acme.requests["create"], acme.requests["file"]) == (1, 1, 1)
    assert (result.cost.amount, result.job_id) == (jobs.get(job_id).estimate, job_id)


def test_who_comes_second_follows(acme, at_the_vendor, config, video):
    """The other process sees the video that this one brings home; it fetches nothing itself."""
    heard = threading.Event()
    code = (
        f"job = ttv_core.resume({at_the_vendor.id!r}, config=config, "
        "on_event=lambda e: print(e.message, flush=True)); print(job.wait(30).path, flush=True)"
    )
    body = textwrap.dedent(OTHER).format(here=HERE, url=acme.url, kind="AcmeGenerator", code=code)
    process = subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "another process works on it; following that one\n"
    finish(acme, at_the_vendor)
    path = at_the_vendor.wait(timeout=60).path
    out, _ = process.communicate(timeout=30)
    assert out.split("\n")[-2] == str(path)
    assert (acme.requests["create"], acme.requests["file"]) == (1, 1)
    assert not heard.is_set()


def test_who_follows_hears_how_it_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(desk_module, "_FOLLOW_SECONDS", 0.001)
    here, other = desk(), Owner(desk().folder)
    record = JobRecord(id="01AWAY", backend="acme", model="acme-1", state="accepted")
    record = here.store.insert(dataclasses.replace(record, owner=other.name)).result()
    heard = []

    def tell(state, **facts):
        heard.append(state)
        after = {"accepted": {"state": "running"}, "running": {"state": "cancelled"}}[state]
        here.store.update(here.get("01AWAY"), **after).result()

    with pytest.raises(GenerationCancelledError):
        asyncio.run(here.see_through(record, None, tell, lambda record: None))
    assert heard == ["accepted", "running"]
    other.let_go()


@pytest.mark.parametrize("after", [True, False])
def test_a_lost_answer_is_asked_for_by_whoever_resumes(
    after, kind, acme, backend, restart, tmp_path, video
):
    """The process had ended between the create and its answer."""
    acme.fail("create", "reset", after=after)
    generator = backend(kind)
    plan = generator.plan("a fox", **fields(tmp_path))

    async def as_a_crash_leaves_it():
        here = desk()
        job = await here.begin("01CRASH", plan, tmp_path / "fox.mp4", {"plugin": ""})
        facts = {"state": "submitting", "attempt": 1, "submitted_at": here.outside.now()}
        here.store.update(job, **facts, charged="unknown").result()
        if after:
            native = dict(plan.native) | {"tag": "01CRASH-1" if kind == "listed" else "-"}
            task = acme.accept(native, unseen=0)
            acme.by_key["01CRASH-1"] = task.id

    asyncio.run(as_a_crash_leaves_it())
    acme.heal()
    restart()
    job = backend(kind).resume(jobs.get("01CRASH"), check=False)
    if kind == "opaque":
        with pytest.raises(SubmissionUncertainError):
            job.wait(timeout=60)
        assert acme.requests["create"] == 0
        assert jobs.get("01CRASH").state == "unknown"
    else:
        assert job.wait(timeout=60).path.read_bytes() == video
        assert acme.accepted == 1
    outcomes = [(a.what, a.outcome) for a in jobs.attempts("01CRASH")]
    assert outcomes[0] == ("create", "ambiguous")


# --- whose job it is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"base_url": "https://other.example"}, "endpoint"),
        ({"api_key": "another-key-of-another-account"}, "account"),
        ({"api_key": None}, "account"),
    ],
)
def test_other_settings_are_refused(changed, named, acme, at_the_vendor, backend, video):
    record = jobs.get(at_the_vendor.id)
    with pytest.raises(ConfigurationError, match="submitted with other settings") as caught:
        backend(**changed).resume(record)
    error = caught.value
    assert f"{named} was" in error.message
    assert (error.job_id, error.charged) == (record.id, "no")
    assert "--new-key" in error.remedy
    assert KEY not in str(error)
    assert jobs.get(record.id).state == record.state
    finish(acme, at_the_vendor)
    at_the_vendor.wait(timeout=60)


def test_a_renewed_key_is_taken_when_it_is_said_to_be(
    acme, backend, config, restart, tmp_path, video
):
    acme.states = ["running"]
    made = backend(api_key=KEY)
    job = made.start("a fox", **fields(tmp_path))
    record = jobs.get(job.id)
    desk().store.update(record, identity={**record.identity, "account": "old"}).result()
    finish(acme, job)
    with pytest.raises(ConfigurationError):
        ttv_core.resume(job.id, config=config)
    again = ttv_core.resume(job.id, config=config, check_identity=False)
    assert again.wait(timeout=60).path.read_bytes() == video


def test_a_backend_that_is_gone_leaves_the_job_as_it_is(acme, at_the_vendor, registry, config):
    del registry["acme"]
    with pytest.raises(BackendUnavailableError, match="acme") as caught:
        ttv_core.resume(at_the_vendor.id, config={})
    assert caught.value.job_id == at_the_vendor.id
    assert jobs.get(at_the_vendor.id).state in {"accepted", "running"}
    finish(acme, at_the_vendor)
    at_the_vendor.wait(timeout=60)


def test_a_backend_without_jobs_cannot_resume_any(acme, at_the_vendor, registry, config):
    class Local(ttv_core.LocalVideoGenerator):
        name = "acme"
        models = AcmeGenerator.models

        def load(self):
            raise NotImplementedError

        def render(self, plan, context):
            raise NotImplementedError

        def unload(self):
            raise NotImplementedError

    registry["acme"] = Local
    with pytest.raises(BackendUnavailableError, match="has no jobs that can be resumed"):
        ttv_core.resume(at_the_vendor.id, config={})
    finish(acme, at_the_vendor)
    at_the_vendor.wait(timeout=60)


# --- the caller's own key -------------------------------------------------------------------------


def test_who_no_longer_awaits_a_job_does_not_end_it(acme, backend, tmp_path, video):
    acme.states = ["running"]

    async def leave():
        job = backend()._launch("a fox", fields(tmp_path), None)
        waiting = asyncio.ensure_future(asyncio.wrap_future(job.future))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return job

    job = asyncio.run(leave())
    assert job.accepted() is job
    acme.finish()
    assert job.wait(60).path.read_bytes() == video


@pytest.mark.parametrize("nothing", [None, 5, {}, "", []])
def test_what_names_no_job_is_no_job(nothing, acme):
    with pytest.raises(JobNotFoundError):
        ttv_core.resume(nothing)


def test_a_failure_that_a_key_brings_back_says_so_and_that_it_stays(acme, backend, tmp_path):
    acme.fail("create", "status", times=9, status=429)
    with pytest.raises(QuotaExceededError) as first:
        backend(max_retries=0).generate("a fox", **fields(tmp_path, idempotency_key="mine"))
    assert first.value.retryable
    with pytest.raises(QuotaExceededError, match="another key makes another job") as again:
        backend(max_retries=0).generate("a fox", **fields(tmp_path, idempotency_key="mine"))
    assert (again.value.retryable, again.value.job_id) == (False, first.value.job_id)
    assert acme.requests["create"] == 1


def test_the_same_request_under_the_same_key_is_one_job(acme, backend, tmp_path, restart):
    first = backend().generate("a fox", **fields(tmp_path, idempotency_key="mine"))
    again = backend().generate("a fox", **fields(tmp_path, "other.mp4", idempotency_key="mine"))
    assert again == first
    restart()
    assert backend().generate("a fox", **fields(tmp_path, idempotency_key="mine")) == first
    assert (acme.accepted, acme.requests["create"]) == (1, 1)
    assert not (tmp_path / "other.mp4").exists()


def test_a_key_for_another_request_is_refused(acme, backend, tmp_path):
    backend().generate("a fox", **fields(tmp_path, idempotency_key="mine"))
    with pytest.raises(InvalidInputError, match="asks for something else") as caught:
        backend().generate("a hare", **fields(tmp_path, "b.mp4", idempotency_key="mine"))
    assert [v.field for v in caught.value.violations] == ["idempotency_key"]
    assert acme.accepted == 1


@pytest.mark.parametrize("as_bytes", [True, False])
def test_pictures_are_part_of_what_a_key_stands_for(as_bytes, acme, backend, tmp_path, picture):
    image = picture.read_bytes() if as_bytes else picture
    first = backend().generate("a fox", **fields(tmp_path, image=image, idempotency_key="p"))
    again = backend().generate("a fox", **fields(tmp_path, image=image, idempotency_key="p"))
    assert again == first  # although what was kept of the picture is let go of by now
    with pytest.raises(InvalidInputError, match="asks for something else"):
        backend().generate("a fox", **fields(tmp_path, "b.mp4", idempotency_key="p"))
    assert acme.accepted == 1


def test_many_at_once_under_one_key_make_one_job(acme, backend, tmp_path):
    generator = backend()

    async def all_at_once():
        asked = [
            generator.agenerate("a fox", **fields(tmp_path, f"{i}.mp4", idempotency_key="one"))
            for i in range(8)
        ]
        return await asyncio.gather(*asked)

    results = asyncio.run(all_at_once())
    assert {result.job_id for result in results} == {results[0].job_id}
    assert (acme.accepted, acme.requests["create"], acme.requests["file"]) == (1, 1, 1)
    assert len(jobs.select()) == 1


# --- ways to call ---------------------------------------------------------------------------------


def test_plain_calls_work_inside_a_running_loop(acme, backend, tmp_path, video):
    async def in_a_notebook():
        return backend().generate("a fox", **fields(tmp_path))

    assert asyncio.run(in_a_notebook()).path.read_bytes() == video


def test_a_hundred_at_once(acme, backend, tmp_path, video):
    generator = backend()

    async def all_at_once():
        asked = (generator.agenerate("a fox", **fields(tmp_path, f"{i}.mp4")) for i in range(100))
        return await asyncio.gather(*asked)

    results = asyncio.run(all_at_once())
    assert len({result.path for result in results}) == 100
    assert {result.path.read_bytes() for result in results} == {video}
    assert (acme.accepted, acme.requests["create"]) == (100, 100)
    assert {job.state for job in jobs.select()} == {"completed"}


def test_two_loops_one_after_the_other(acme, backend, tmp_path):
    for i in range(2):
        asyncio.run(backend().agenerate("a fox", **fields(tmp_path, f"{i}.mp4")))
    assert acme.accepted == 2


def test_an_event_handler_may_cancel_and_may_fail(acme, backend, tmp_path, caplog):
    acme.states = ["running"]
    hold = {}

    def heard(event):
        if event.state == "accepted":
            hold["job"].cancel()
            raise RuntimeError("boom")

    generator = backend()
    accepted = threading.Event()
    prepare = generator.prepare

    async def late(plan):
        await asyncio.to_thread(accepted.wait, 10)
        return await prepare(plan)

    generator.prepare = late
    hold["job"] = generator._launch("a fox", fields(tmp_path), heard)
    accepted.set()
    with pytest.raises(GenerationCancelledError):
        hold["job"].wait(timeout=60)
    assert "boom" in caplog.text


def test_a_wait_that_is_cut_off_at_once_does_not_pass_for_a_failure(backend, tmp_path, monkeypatch):
    """Whether the job was written down is not known here, and it may go on."""
    waits, events, under_way = [], [], threading.Event()

    def begin(work):
        waits.append(background.in_background(work))

    async def never_ends(*args):
        under_way.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(handle, "begin", begin)
    generator = backend()
    generator._begin = never_ends
    job = generator._launch("a fox", fields(tmp_path), events.append)
    assert under_way.wait(10)
    waits[0].cancel()
    with pytest.raises(GenerationTimeoutError, match="goes on"):
        job.wait(timeout=60)
    assert [event.state for event in events] == ["detached"]


def test_a_job_tells_where_it_stands(acme, at_the_vendor):
    assert at_the_vendor.refresh() in {"accepted", "running"}
    assert (at_the_vendor.done, at_the_vendor.exception()) == (False, None)
    with pytest.raises(GenerationTimeoutError):
        at_the_vendor.result()
    finish(acme, at_the_vendor)
    assert at_the_vendor.wait(timeout=60).job_id == at_the_vendor.id
    assert (at_the_vendor.refresh(), at_the_vendor.done) == ("completed", True)


def test_what_ended_a_job_is_one_of_our_errors(acme, backend, tmp_path, kind):
    """Whatever a backend does wrong, wherever it does it."""
    for place in ("prepare", "submit", "poll", "fetch"):
        generator = backend(kind)

        async def wrong(*args, **more):
            return 1 / 0

        setattr(generator, place, wrong)
        acme.states = ["running"] if place == "poll" else ["done"]
        job = generator._launch("a fox", fields(tmp_path, f"{place}.mp4"), None)
        if place == "poll":  # for ever, or until it is mended
            with pytest.raises(GenerationTimeoutError):
                job.wait(timeout=0.05)
            del generator.poll
            acme.finish()
            job.wait(timeout=60)
            continue
        with pytest.raises(VideoGenerationError, match=r"division by zero|not known"):
            job.wait(timeout=60)


# --- where the journal is -------------------------------------------------------------------------


def test_the_state_folder_is_where_the_system_keeps_such_things(tmp_path):
    assert state_folder({"TTV_STATE_DIR": "here"}) == Path("here").absolute()
    assert state_folder({"TTV_STATE_DIR": "~/x", "XDG_STATE_HOME": "/no"}) == Path.home() / "x"
    assert state_folder({"XDG_STATE_HOME": "/s"}) == Path("/s/ttv")
    assert state_folder({"LOCALAPPDATA": "/l"}) == Path("/l/ttv")
    assert state_folder({}) == Path.home() / ".local/state/ttv"


def test_a_child_of_a_fork_has_a_journal_of_its_own(acme, backend, tmp_path, video):
    """As under a web server that forks after the first call."""
    code = f"""
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
generator = ttv_core.create_video_generator(config, "acme")
one = generator.generate("a fox", duration=1, output={str(tmp_path / "parent.mp4")!r})
child = os.fork()
if not child:
    try:
        two = generator.generate("a fox", duration=1, output={str(tmp_path / "child.mp4")!r})
        os._exit(0 if two.job_id != one.job_id else 3)
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(4)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
three = generator.generate("a fox", duration=1, output={str(tmp_path / "after.mp4")!r})
print(len(ttv_core.jobs.select(states=["completed"])))
"""
    done = in_another_process(acme, code)
    assert (done.stdout, done.stderr, done.returncode) == ("3\n", "", 0)
    assert (tmp_path / "child.mp4").read_bytes() == video
