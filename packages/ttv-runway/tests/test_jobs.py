"""Jobs, whole, over real sockets: from a request to a file, and what may go wrong on the way."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from runway_vendor import KEY, Quick, Runway, links

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    DownloadError,
    GenerationCancelledError,
    GenerationFailedError,
    InvalidInputError,
    QuotaExceededError,
    SubmissionUncertainError,
    jobs,
)

ENDPOINTS = {
    "text_to_video": {"duration": 5},
    "image_to_video": {"model": "gen4_turbo", "image": True},
    "video_to_video": {"model": "aleph2", "source_video": True},
}


def make(generator, **fields):
    return generator.generate("a fox", **({"duration": 5} | fields))


def the_job():
    (record,) = jobs.select()
    return record


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_request_becomes_a_file(runway, generator, video, png, endpoint, tmp_path):
    fields = dict(ENDPOINTS[endpoint])
    if "image" in fields:
        fields["image"] = png()
    if "source_video" in fields:
        fields["source_video"] = video
    made = generator.generate("a fox", **fields, output=tmp_path / "fox.mp4")
    assert made.path.read_bytes() == video
    assert (made.width, made.height, made.charged) == (64, 36, "yes")
    assert made.cost.actual == Decimal("0.60")
    assert [item.path for item in runway.log if item.kind == "create"] == [f"/v1/{endpoint}"]
    assert runway.requests == {"create": 1, "poll": 3, "file": 1}
    body = next(item for item in runway.log if item.kind == "create").json()
    assert all(link.startswith("data:") for link in links(body))


def test_what_was_planned_is_what_is_sent(runway, generator):
    made = generator.plan("a fox", duration=5, seed=0)
    make(generator, seed=0)
    assert runway.log[0].json() == made.native
    assert runway.log[0].headers["x-runway-version"] == "2024-11-06"
    assert runway.log[0].headers["x-stainless-retry-count"] == "0"


def test_it_works_inside_a_running_loop_both_ways(generator):
    async def both():
        plain = make(generator)
        awaited = await generator.agenerate("a fox", duration=5)
        return plain, awaited

    plain, awaited = asyncio.run(both())
    assert plain.sha256 == awaited.sha256


def test_connections_are_kept_for_polls_and_never_for_creates(runway, generator, monkeypatch):
    seen = []
    original = Runway.refuse

    def refuse(self, request):
        path = request.path.rpartition("/")[0]
        seen.append((path, request.transport.get_extra_info("peername")))
        return original(self, request)

    monkeypatch.setattr(Runway, "refuse", refuse)
    make(generator)
    make(generator)
    creates = {port for path, port in seen if path == "/v1"}
    polls = {port for path, port in seen if path == "/v1/tasks"}
    assert len(creates) == 2
    assert len(polls) == 1


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(runway, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    from ttv_runway import api

    monkeypatch.setattr(api, "_connections", {})
    assert make(Quick(api_key=KEY, base_url=runway.url)).charged == "yes"


def test_the_vendors_own_variables_are_read(runway, monkeypatch):
    monkeypatch.setenv("RUNWAYML_API_SECRET", f"{KEY}\n")
    monkeypatch.setenv("RUNWAYML_BASE_URL", runway.url)
    assert make(Quick()).charged == "yes"


def test_a_path_in_the_base_url_is_kept(runway):
    generator = Quick(api_key=KEY, base_url=f"{runway.url}/proxy")
    with pytest.raises(BackendUnavailableError, match="404"):
        make(generator)
    assert runway.log[0].path == "/proxy/v1/text_to_video"


# --- large inputs -------------------------------------------------------------------------------


def test_a_large_picture_is_uploaded_and_a_small_one_is_not(runway, generator, png):
    large = png(size=4_000_000)
    make(generator, image=large)
    assert runway.slots == {"slot-1": large}
    assert runway.log[-1].kind == "file"
    (create,) = [item for item in runway.log if item.kind == "create"]
    assert create.json()["promptImage"] == [{"uri": "runway://slot-1", "position": "first"}]
    (bucket,) = [item for item in runway.log if item.kind == "bucket"]
    assert "authorization" not in bucket.headers
    assert bucket.body.index(b'name="policy"') < bucket.body.index(b'name="file"')


@pytest.mark.parametrize("fault", ["reset", "close", "status"])
def test_an_upload_that_fails_is_begun_again_with_another_slot(runway, generator, png, fault):
    runway.fail("bucket", fault, status=403)
    make(generator, image=png(size=4_000_000))
    assert (runway.requests["slot"], runway.requests["bucket"], runway.accepted) == (2, 2, 1)
    assert runway.slots["slot-1"] is None


def test_an_upload_goes_to_no_address_that_is_not_safe(runway, generator, png):
    runway.bucket = "http://169.254.169.254/latest"
    with pytest.raises(BackendUnavailableError, match="not used") as caught:
        make(generator, image=png(size=4_000_000))
    assert (caught.value.charged, runway.accepted) == ("no", 0)


def test_a_slot_that_is_none_is_told(runway, generator, png):
    runway.fail("slot", "body", body=b"{}", times=9)
    with pytest.raises(BackendUnavailableError, match="no slot"):
        make(generator, image=png(size=4_000_000))
    assert runway.accepted == 0


def test_a_picture_that_has_gone_since_is_told(runway, generator, png, tmp_path):
    path = tmp_path / "fox.png"
    path.write_bytes(png())
    made = generator.plan("a fox", image=path)
    path.write_bytes(b"no picture")
    with pytest.raises(InvalidInputError, match="not what it was"):
        asyncio.run(generator.prepare(made))
    path.unlink()
    with pytest.raises(InvalidInputError, match="cannot be read"):
        asyncio.run(generator.prepare(made))


# --- faults of a create (R1 to R9) --------------------------------------------------------------


def test_silence_is_uncertain_too(runway, generator, monkeypatch):
    import httpx

    from ttv_runway import api

    monkeypatch.setattr(api, "_connections", {})
    monkeypatch.setattr(api, "_CREATE_SECONDS", 0.2)
    runway.fail("create", "silence")
    with pytest.raises(SubmissionUncertainError, match=httpx.ReadTimeout.__name__):
        make(generator)
    assert runway.requests["create"] == 1


REFUSED = {
    400: InvalidInputError,
    401: AuthenticationError,
    402: QuotaExceededError,
    403: AuthenticationError,
    404: BackendUnavailableError,
    405: BackendUnavailableError,
    413: InvalidInputError,
    422: InvalidInputError,
}


@pytest.mark.parametrize("status", REFUSED)
def test_a_refusal_is_definite_and_told_in_our_words(runway, generator, status):
    body = b'{"error": "no such luck", "docUrl": "https://docs.dev.runwayml.com/x"}'
    runway.fail("create", "status", status=status, body=body)
    with pytest.raises(REFUSED[status], match="no such luck") as caught:
        make(generator)
    error = caught.value
    assert type(error) is REFUSED[status]
    assert (error.status_code, error.charged, error.retryable) == (status, "no", False)
    assert (runway.requests["create"], the_job().state) == (1, "failed")


def test_issues_are_told_one_by_one(runway, generator, monkeypatch):
    def native(self, request, model):
        return {"model": "gen4.5", "promptText": request.prompt, "duration": 99, "colour": "red"}

    monkeypatch.setattr(type(generator), "native", native)
    with pytest.raises(InvalidInputError, match="Validation of body failed") as caught:
        generator.generate("a fox")
    told = " ".join(violation.message for violation in caught.value.violations)
    assert "body.colour: not known" in told
    assert "body.ratio: missing" in told
    assert "docs.dev.runwayml.com" in str(caught.value)


# --- faults of a poll (R12 to R14) --------------------------------------------------------------


def test_throttled_is_queued_and_a_new_word_is_unknown(video):
    words = ["THROTTLED", "PENDING", "POLISHING", "RUNNING", "SUCCEEDED"]
    events = []
    with Runway(words, video) as vendor:
        make(Quick(api_key=KEY, base_url=vendor.url), on_event=events.append)
    told = [(event.state, event.message, event.fraction) for event in events]
    assert ("queued", "THROTTLED", None) in told
    assert ("running", "runway says 'POLISHING'", None) in told
    assert ("running", "RUNNING", 0.5) in told


@pytest.mark.parametrize("output", [[], None, [None], [3]])
def test_success_without_a_video_is_an_error_and_can_be_resumed(runway, video, output):
    said = {"status": "SUCCEEDED", "cost": {"credits": 60}}
    said |= {} if output is None else {"output": output}
    runway.states = [said]
    generator = Quick(api_key=KEY, base_url=runway.url)
    with pytest.raises(DownloadError, match="names no video") as caught:
        make(generator)
    assert (caught.value.charged, the_job().state) == ("yes", "remote_done")
    assert runway.requests["poll"] == 2  # the last poll, and once more for the links
    task = next(iter(runway.tasks.values()))
    task.states.clear()
    task.states.append("SUCCEEDED")
    assert generator.resume(the_job()).wait(60).path.read_bytes() == video
    assert runway.accepted == 1


@pytest.mark.parametrize(
    "link", ["http://example.com/a.mp4", "https://10.0.0.1/a.mp4", "file:///x"]
)
def test_a_link_that_leads_astray_is_not_followed(runway, generator, link):
    runway.states = [{"status": "SUCCEEDED", "cost": {"credits": 60}, "output": [link]}]
    with pytest.raises(DownloadError, match="not followed"):
        make(generator)
    assert the_job().state == "remote_done"


def test_a_wrong_key_says_so_and_nothing_is_made(runway):
    generator = Quick(api_key="key_wrong", base_url=runway.url)
    with pytest.raises(AuthenticationError, match="401") as caught:
        make(generator)
    assert "RUNWAYML_API_SECRET" in caught.value.remedy
    assert (runway.requests["create"], runway.accepted) == (1, 0)


def test_no_key_says_so_before_anything_is_sent(runway):
    with pytest.raises(BackendUnavailableError, match="no key") as caught:
        make(Quick(base_url=runway.url))
    assert (caught.value.code, caught.value.charged) == ("unavailable", "no")
    assert "export RUNWAYML_API_SECRET" in caught.value.remedy
    assert not runway.requests
    assert jobs.select() == []  # there was never a job


# --- downloads (R16, R17) -----------------------------------------------------------------------


def test_an_expired_link_is_asked_for_anew(runway, generator, video):
    runway.expired = {"1"}
    assert make(generator).path.read_bytes() == video
    files = [item.path for item in runway.log if item.kind == "file"]
    assert [path.partition("?")[2] for path in files] == ["sig=1", "sig=2"]


# --- cancelling ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "charged"), [("PENDING", "unknown"), ("THROTTLED", "unknown"), ("RUNNING", "yes")]
)
def test_a_task_that_is_not_over_is_cancelled(video, state, charged):
    with Runway([state], video) as vendor:
        job = Quick(api_key=KEY, base_url=vendor.url).start("a fox", duration=5)
        job.cancel()
        with pytest.raises(GenerationCancelledError) as caught:
            job.wait(60)
        assert (caught.value.charged, vendor.requests["cancel"]) == (charged, 1)
        assert (the_job().state, vendor.tasks) == ("cancelled", {})


def test_a_task_that_has_succeeded_is_never_deleted(runway, generator, video):
    runway.states = ["SUCCEEDED"]
    ref = asyncio.run(_submit(generator))
    last = asyncio.run(generator.cancel(ref))
    assert (last.state, len(last.files), runway.requests["cancel"]) == ("done", 1, 0)


def test_cancelling_twice_is_cancelling(runway, generator):
    runway.states = ["RUNNING"]
    ref = asyncio.run(_submit(generator))
    assert asyncio.run(generator.cancel(ref)).state == "cancelled"
    assert asyncio.run(generator.cancel(ref)).state == "cancelled"
    assert runway.requests["cancel"] == 2


def test_a_cancel_that_is_refused_is_told_and_the_job_goes_on(runway, generator):
    runway.states = ["RUNNING"]
    ref = asyncio.run(_submit(generator))
    runway.fail("cancel", "status", status=400)
    with pytest.raises(InvalidInputError):
        asyncio.run(generator.cancel(ref))
    assert len(runway.tasks) == 1


async def _submit(generator):
    return await generator.submit(generator.plan("a fox", duration=5), "key")


# --- failures -----------------------------------------------------------------------------------


def test_a_failed_task_ends_the_job(runway, generator):
    runway.states = ["RUNNING", {"status": "FAILED", "failure": "oh", "failureCode": "INTERNAL"}]
    with pytest.raises(GenerationFailedError, match="oh") as caught:
        make(generator)
    assert (caught.value.code, caught.value.charged, caught.value.retryable) == (
        "INTERNAL",
        "no",
        True,
    )
    assert (the_job().state, the_job().charged, runway.accepted) == ("failed", "no", 1)


def test_a_task_that_somebody_else_cancelled_says_what_it_cost(runway, generator):
    runway.states = [{"status": "CANCELLED", "cost": {"credits": 12}}]
    with pytest.raises(GenerationCancelledError) as caught:
        make(generator)
    assert (caught.value.charged, the_job().actual) == ("yes", Decimal("0.12"))


# --- another process ----------------------------------------------------------------------------
