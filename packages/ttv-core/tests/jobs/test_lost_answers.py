"""Whatever becomes of the answer to a create: one job at most is accepted, and the truth is told.

"listed" and "keyed" vendors can be asked afterwards, so their videos come home; of an "opaque" one
nobody knows, and nothing is sent again.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from dataclasses import replace

import pytest
from acme import AcmeGenerator

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    GenerationFailedError,
    InvalidInputError,
    QuotaExceededError,
    RemoteRef,
    SubmissionUncertainError,
    VideoGenerationError,
    jobs,
)
from ttv_core.jobs import Lookup
from ttv_core.testing import Fault

PATIENT = Lookup(settle=60.0, absence_is_proof=True)


def made(generator, tmp_path, **fields):
    """Make a video and return it, or the error, and the job as the journal has it."""
    try:
        found = generator.generate("a fox", duration=1, output=tmp_path / "fox.mp4", **fields)
    except VideoGenerationError as error:
        found = error
    (job,) = jobs.select()
    return found, job


def did(job):
    return [(attempt.what, attempt.outcome) for attempt in jobs.attempts(job.id)]


def check_delivered(found, job, vendor, video):
    assert found.path.read_bytes() == video
    assert (job.state, job.charged, job.owner) == ("completed", "yes", None)
    assert vendor.accepted == 1


def check_uncertain(found, job, creates=1):
    assert type(found) is SubmissionUncertainError
    assert (found.charged, found.retryable, found.backend) == ("unknown", False, "acme")
    assert (found.job_id, found.model) == (job.id, "acme-1")
    assert f"ttv jobs adopt {job.id}" in found.remedy
    assert (job.state, job.charged, job.owner, job.attempt) == ("unknown", "unknown", None, creates)


LOST = {
    "reset before the body": Fault(kind="reset"),
    "closed before an answer": Fault(kind="close"),
    "accepted, then reset": Fault(kind="reset", after=True),
    "accepted, then closed": Fault(kind="close", after=True),
    "accepted, then 500": Fault(kind="status", after=True, status=500),
    "accepted, then 502": Fault(kind="status", after=True, status=502),
    "accepted, then 503": Fault(kind="status", after=True, status=503),
    "accepted, then 504": Fault(kind="status", after=True, status=504, body=b"<html>"),
    "accepted, then a redirect": Fault(
        kind="status", after=True, status=307, headers={"Location": "/videos"}
    ),
    "500, not accepted": Fault(kind="status", status=500),
    "503, not accepted": Fault(kind="status", status=503, headers={"Retry-After": "1"}),
    "accepted, then silence": Fault(kind="silence", after=True),
    "silence": Fault(kind="silence"),
    "accepted, 200 and nothing": Fault(kind="body", after=True),
    "accepted, 200 and HTML": Fault(
        kind="body", after=True, body=b"<html>busy</html>", content_type="text/html"
    ),
    "accepted, 200 without an id": Fault(kind="body", after=True, body=b'{"ok": true}'),
    "accepted, an id of nothing": Fault(kind="body", after=True, body=b'{"id": ""}'),
    "accepted, an id of blanks": Fault(kind="body", after=True, body=b'{"id": "  "}'),
    "accepted, an id that is none": Fault(kind="body", after=True, body=b'{"id": {"a": 1}}'),
    "accepted, an id of half a character": Fault(
        kind="body", after=True, body=b'{"id": "x\\ud83d"}'
    ),
    "accepted, an id of control characters": Fault(
        kind="body", after=True, body=b'{"id": "x\\u001b[2J"}'
    ),
    "accepted, JSON of another shape": Fault(kind="body", after=True, body=b'[1, "id"]'),
    "accepted, JSON too deep": Fault(kind="body", after=True, body=b"[" * 200_000),
    "accepted, half an answer": Fault(kind="cut", after=True),
    "accepted, an endless answer": Fault(kind="body", after=True, body=b" " * 6_000_000),
    "accepted, then a 409": Fault(kind="status", after=True, status=409),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_an_answer_that_is_lost(fault, kind, acme, backend, tmp_path, video):
    generator = backend(kind, {"create_timeout": 1.0 if fault.kind == "silence" else 60.0})
    submit = generator.submit

    async def submit_and_be_patient(plan, key):
        generator.semantics = replace(generator.semantics, create_timeout=60.0)  # from the next on
        return await submit(plan, key)

    generator.submit = submit_and_be_patient
    acme.fail("create", fault)
    found, job = made(generator, tmp_path)
    outcomes = did(job)
    assert outcomes[:2] == [("create", "started"), ("create", "ambiguous")]
    assert acme.accepted <= 1
    if kind == "opaque":
        check_uncertain(found, job)
        assert acme.requests == {"create": 1}
        assert len(outcomes) == 2
        assert not list(tmp_path.glob("*.mp4"))
        return
    check_delivered(found, job, acme, video)
    if kind == "keyed":
        keys = {each.headers["idempotency-key"] for each in acme.log if each.kind == "create"}
        assert keys == {f"{job.id}-1"}
        assert outcomes[2:] == [("replay", "started"), ("replay", "accepted")]
        assert acme.requests["create"] == 2
    elif fault.after:
        assert outcomes[2:] == [("lookup", "found")]
        assert acme.requests["create"] == 1
    else:  # proven absent, so it may be sent again, under a new tag
        assert outcomes[2:4] == [("lookup", "absent"), ("create", "started")]
        assert acme.requests["create"] == 2


REJECTED = {
    400: (BackendUnavailableError, "no"),
    401: (AuthenticationError, "no"),
    402: (QuotaExceededError, "no"),
    403: (BackendUnavailableError, "no"),
    404: (VideoGenerationError, "no"),
    422: (InvalidInputError, "no"),
}


@pytest.mark.parametrize("status", REJECTED)
def test_a_no_is_a_no_and_is_not_asked_again(status, kind, acme, backend, tmp_path):
    acme.fail("create", "status", status=status, headers={"Retry-After": "0"})
    found, job = made(backend(kind), tmp_path)
    wanted, charged = REJECTED[status]
    assert isinstance(found, wanted)
    assert (found.status_code, found.charged, found.job_id) == (status, charged, job.id)
    assert (job.state, job.charged, job.owner) == ("failed", "no", None)
    assert acme.requests == {"create": 1}
    assert did(job) == [("create", "started"), ("create", "rejected")]


def test_a_no_is_raised_from_start_already(kind, acme, backend, tmp_path):
    acme.fail("create", "status", status=422)
    with pytest.raises(InvalidInputError):
        backend(kind).start("a fox", duration=1, output=tmp_path / "fox.mp4")


def test_doubt_is_raised_from_start_already(acme, backend, tmp_path):
    acme.fail("create", "reset", after=True)
    with pytest.raises(SubmissionUncertainError):
        backend().start("a fox", duration=1, output=tmp_path / "fox.mp4")


def test_credits_that_are_used_up_are_told_as_such(acme, backend, tmp_path):
    acme.fail("create", "status", status=402)
    found, _ = made(backend(), tmp_path)
    assert (found.kind, found.retryable) == ("credits", False)


@pytest.mark.parametrize("said", [None, "0", "0.01", "-5", "soon", "٧"])
def test_too_many_requests_is_sent_again(said, kind, acme, backend, tmp_path, video):
    headers = {} if said is None else {"Retry-After": said}
    acme.fail("create", "status", status=429, headers=headers)
    found, job = made(backend(kind), tmp_path)
    check_delivered(found, job, acme, video)
    assert acme.requests["create"] == 2
    assert job.attempt == 2
    assert did(job)[:3] == [("create", "started"), ("create", "rejected"), ("create", "started")]


def test_each_create_has_a_key_of_its_own_that_vendors_can_take(acme, backend, tmp_path):
    made(backend("listed"), tmp_path)
    acme.fail("create", "status", status=429, headers={"Retry-After": "0"})
    backend("listed").generate("a cat", duration=1, output=tmp_path / "cat.mp4")
    keys = [sent.json()["tag"] for sent in acme.log if sent.kind == "create" and sent.body]
    assert [re.fullmatch(r"[0-9A-Z]{26}-([0-9]+)", key)[1] for key in keys] == ["1", "2"]
    assert keys[0].partition("-")[0] != keys[1].partition("-")[0]


def test_the_vendors_pause_is_kept(acme, backend, tmp_path, monkeypatch):
    from ttv_core.jobs.work import Work

    pauses = []

    async def pause(self, seconds):
        pauses.append(seconds)

    monkeypatch.setattr(Work, "pause", pause)
    acme.fail("create", "status", status=429, headers={"Retry-After": "77"})
    made(backend(), tmp_path)
    assert pauses[0] == pytest.approx(77.0, abs=10)  # less the time in which it was written down


def test_a_pause_that_is_absurd_is_not_believed(acme, backend, tmp_path):
    acme.fail("create", "status", status=429, headers={"Retry-After": "999999999"})
    waits, waiting = [], threading.Event()

    def heard(event):
        if event.state == "waiting":
            waits.append(event.message)
            waiting.set()

    job = backend()._launch("a fox", {"duration": 1, "output": tmp_path / "fox.mp4"}, heard)
    assert waiting.wait(60)
    job.cancel()
    with pytest.raises(VideoGenerationError, match="cancelled before anything was sent"):
        job.wait(timeout=60)
    assert waits == ["acme says 429; it is sent again in 3600 s"]
    assert acme.accepted == 0


def test_too_many_requests_for_ever_is_given_up(kind, acme, backend, tmp_path):
    acme.fail("create", "status", status=429, times=9)
    found, job = made(backend(kind, max_retries=3), tmp_path)
    assert type(found) is QuotaExceededError
    assert (found.charged, job.state, acme.requests["create"]) == ("no", "failed", 4)


def test_no_is_only_what_the_vendor_has_declared(acme, backend, tmp_path):
    acme.fail("create", "status", status=429, headers={"Retry-After": "0"})
    found, job = made(backend("opaque", {"definite_reject": frozenset()}), tmp_path)
    check_uncertain(found, job)
    assert acme.requests == {"create": 1}


def test_a_code_in_the_answer_can_be_definite(acme, backend, tmp_path):
    body = b'{"code": "busy"}'
    acme.fail("create", "status", status=500, body=body)
    found, job = made(backend("opaque", {"definite_codes": frozenset({"busy"})}), tmp_path)
    assert (found.code, found.charged, job.state) == ("busy", "no", "failed")


def test_connection_refused_was_surely_not_sent(kind, backend, tmp_path, hasty):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        found, job = made(backend(kind, base_url=f"http://127.0.0.1:{port}"), tmp_path)
    assert type(found) is BackendUnavailableError
    assert (found.code, found.charged, found.retryable) == ("not_sent", "no", True)
    assert "cannot be reached" in found.message
    assert (job.state, job.charged, job.attempt) == ("failed", "no", 3)
    assert did(job) == [("create", "started"), ("create", "not_sent")] * 3
    assert [failures for failures, _ in hasty] == [1, 2]


def test_a_name_that_leads_nowhere_was_surely_not_sent(backend, tmp_path):
    generator = backend(base_url="https://acme.invalid", max_retries=0)
    found, job = made(generator, tmp_path)
    assert (found.code, found.charged, job.state) == ("not_sent", "no", "failed")


def test_a_vendor_that_does_not_speak_tls_was_not_sent_anything(acme, backend, tmp_path):
    secure = acme.url.replace("http", "https")
    found, job = made(backend(base_url=secure, max_retries=0), tmp_path)
    assert (found.code, found.charged, job.state) == ("not_sent", "no", "failed")
    assert acme.requests == {}


# --- asked for afterwards -------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 402, 409, 422, 429])
def test_a_no_to_a_repetition_says_nothing_of_the_first(status, acme, backend, tmp_path):
    """By now the credits may be used up by that very job: it is in doubt, not failed."""
    acme.fail("create", "reset", after=True)
    acme.fail("create", "status", status=status, headers={"Retry-After": "0"}, times=5)
    found, job = made(backend("keyed"), tmp_path)
    check_uncertain(found, job)
    assert acme.accepted == 1


def test_a_repetition_that_cannot_be_prepared_leaves_the_first_in_doubt(
    acme, backend, picture, tmp_path
):
    generator = backend("keyed")
    submit = generator.submit

    async def loses_the_picture(plan, key):
        picture.unlink(missing_ok=True)
        return await submit(plan, key)

    generator.submit = loses_the_picture
    acme.fail("create", "reset", after=True)
    found, job = made(generator, tmp_path, image=picture)
    check_uncertain(found, job)
    assert acme.accepted == 1


def test_repetitions_go_on_until_one_is_answered(acme, backend, tmp_path, video):
    acme.fail("create", "reset", after=True, times=4)
    found, job = made(backend("keyed"), tmp_path)
    check_delivered(found, job, acme, video)
    assert acme.requests["create"] == 5


def test_repetitions_come_to_an_end(acme, backend, tmp_path):
    acme.fail("create", "reset", after=True, times=99)
    found, job = made(backend("keyed"), tmp_path)
    check_uncertain(found, job)
    assert (acme.accepted, acme.requests["create"]) == (1, 6)


def test_a_key_that_the_vendor_may_have_forgotten_is_not_repeated(acme, backend, tmp_path):
    from ttv_core.jobs import IdempotencyKey

    acme.fail("create", "reset", after=True)
    generator = backend("keyed", {"idempotency": IdempotencyKey(lifetime=1e-9)})
    found, job = made(generator, tmp_path)
    check_uncertain(found, job)
    assert acme.requests == {"create": 1}


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_a_list_that_lags_is_looked_at_again(lag, acme, backend, tmp_path, video):
    acme.lag = lag
    acme.fail("create", "reset", after=True)
    found, job = made(backend("listed", {"lookup": PATIENT}), tmp_path)
    check_delivered(found, job, acme, video)
    assert acme.requests["list"] == lag + 1


def test_a_job_that_is_not_listed_is_not_proven_absent_by_time_and_prompt(acme, backend, tmp_path):
    acme.lag = 10_000
    acme.fail("create", "reset", after=True)
    found, job = made(backend("listed", {"lookup": Lookup(settle=0.05)}), tmp_path)
    check_uncertain(found, job)
    assert did(job)[-1] == ("lookup", "absent")
    assert (acme.accepted, acme.requests["create"]) == (1, 1)
    assert "does not list it" in found.message


def test_other_peoples_jobs_are_not_taken(acme, backend, tmp_path, video):
    acme.fail("create", "close", after=True)
    with pytest.raises(SubmissionUncertainError):
        backend().generate("a fox", duration=1, output=tmp_path / "other.mp4")
    acme.fail("create", "reset")
    result = backend("listed").generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    assert acme.accepted == 2
    assert jobs.get(result.job_id).remote_id == "task-000002"


@pytest.mark.parametrize("how", ["status", "reset", "body"])
def test_a_list_that_fails_is_no_proof_of_anything(how, acme, backend, tmp_path):
    acme.fail("create", "reset", after=True)
    acme.fail("list", how, times=10_000)
    found, job = made(backend("listed"), tmp_path)
    check_uncertain(found, job)
    assert did(job)[-1] == ("lookup", "failed")
    assert (acme.accepted, acme.requests["create"]) == (1, 1)
    assert acme.requests["list"] >= 5


def test_a_list_that_fails_for_a_while_is_asked_again(acme, backend, tmp_path, video):
    acme.fail("create", "reset", after=True)
    acme.fail("list", "status", times=7)
    found, job = made(backend("listed", {"lookup": PATIENT}), tmp_path)
    check_delivered(found, job, acme, video)


def test_absent_jobs_are_sent_only_so_often(acme, backend, tmp_path):
    acme.fail("create", "reset", times=99)
    found, job = made(backend("listed", max_retries=1), tmp_path)
    check_uncertain(found, job, creates=2)
    assert (acme.accepted, acme.requests["create"]) == (0, 2)


# --- the backend itself is wrong ------------------------------------------------------------------


class Raises(AcmeGenerator):
    error = None

    async def submit(self, plan, key):
        await super().submit(plan, key)
        raise self.error


@pytest.mark.parametrize(
    "error", [KeyError("id"), RuntimeError("boom"), TimeoutError(), ConnectionRefusedError()]
)
def test_what_a_backend_raises_of_its_own_is_not_read_as_a_no(error, acme, backend, tmp_path):
    generator = Raises(backend().settings)
    generator.error = error
    found, job = made(generator, tmp_path)
    check_uncertain(found, job)
    assert acme.accepted == 1
    assert type(error).__name__ in found.message


def test_a_create_that_hangs_is_ended_and_in_doubt(acme, backend, tmp_path):
    class Hangs(AcmeGenerator):
        async def submit(self, plan, key):
            await asyncio.sleep(3600)

    generator = Hangs(backend().settings)
    generator.semantics = backend("opaque", {"create_timeout": 0.05}).semantics
    found, job = made(generator, tmp_path)
    check_uncertain(found, job)


@pytest.mark.parametrize(("given", "kept"), [(RemoteRef(17), "17"), (RemoteRef("a b/c"), "a b/c")])
def test_ids_of_other_kinds_are_taken(given, kept, acme, backend, tmp_path, video):
    class Numbers(AcmeGenerator):
        async def submit(self, plan, key):
            self.real = await super().submit(plan, key)
            return given

        async def poll(self, ref):
            assert ref.id == kept
            return await super().poll(self.real)

        async def fetch(self, ref):
            return await super().fetch(self.real)

    found, job = made(Numbers(backend().settings), tmp_path)
    check_delivered(found, job, acme, video)
    assert job.remote_id == kept


@pytest.mark.parametrize("given", [None, True, "", b"x", RemoteRef(None), RemoteRef(True)])
def test_what_is_no_id_leaves_it_in_doubt(given, acme, backend, tmp_path):
    class Wrong(AcmeGenerator):
        async def submit(self, plan, key):
            return given

    found, job = made(Wrong(backend().settings), tmp_path)
    check_uncertain(found, job)


def test_an_id_is_kept_whatever_comes_with_it(acme, backend, tmp_path, video):
    class Odd(AcmeGenerator):
        async def submit(self, plan, key):
            ref = await super().submit(plan, key)
            return RemoteRef(ref.id, {"when": object(), "raw": b"abc", "half": "\ud83d", 7: {1, 2}})

    found, job = made(Odd(backend().settings), tmp_path)
    check_delivered(found, job, acme, video)
    assert job.ref["raw"] == "<3 bytes>"
    assert job.ref["half"] == "\ud83d"


@pytest.mark.parametrize("retryable", [True, False])
def test_what_cannot_be_prepared_was_not_sent(retryable, acme, backend, tmp_path, hasty):
    class Unprepared(AcmeGenerator):
        tries = 0

        async def prepare(self, plan):
            self.tries += 1
            raise GenerationFailedError("no upload", retryable=retryable)

    generator = Unprepared(backend().settings)
    found, job = made(generator, tmp_path)
    assert (found.message, found.charged) == ("no upload", "no")
    assert (job.state, job.charged, job.attempt) == ("failed", "no", 0)
    assert generator.tries == (4 if retryable else 1)
    assert acme.requests == {}


def test_what_is_prepared_at_the_second_try_is_sent(acme, backend, tmp_path, video):
    class Slow(AcmeGenerator):
        tries = 0

        async def prepare(self, plan):
            self.tries += 1
            if self.tries == 1:
                raise BackendUnavailableError("wait", retryable=True, retry_after=0.001)
            return await super().prepare(plan)

    found, job = made(Slow(backend().settings), tmp_path)
    check_delivered(found, job, acme, video)


def test_what_cannot_be_kept_is_not_sent(acme, backend, tmp_path):
    class Unkept(AcmeGenerator):
        def native(self, request, model):
            return {**super().native(request, model), "seed": {1, 2}}

    with pytest.raises(BackendUnavailableError, match="which cannot be kept") as caught:
        Unkept(backend().settings).generate("a fox", duration=1, output=tmp_path / "fox.mp4")
    assert (caught.value.code, caught.value.charged) == ("plugin_error", "no")
    assert acme.requests == {}
    assert jobs.select() == []
