"""Whole jobs, through Google's own clients, over real sockets."""

from __future__ import annotations

import asyncio
import json

import pytest
import vertex

from ttv_core import (
    AuthenticationError,
    ContentRejectedError,
    GenerationFailedError,
    InvalidInputError,
    JobExpiredError,
    ModelNotFoundError,
    QuotaExceededError,
)
from ttv_veo.generator import VeoGenerator


def make(veo, tmp_path, **fields):
    wanted = {"prompt": "a fox", "duration": 4, "output": tmp_path / "fox.mp4"} | fields
    return veo.generate(**wanted)


def creates(vendor):
    calls = [item for item in vendor.log if item.path.endswith(":predictLongRunning")]
    return [item.json() for item in calls]


def test_a_video_comes_in_the_answer(veo, vendor, clip, tmp_path):
    video = make(veo, tmp_path, seed=0, audio=False)
    assert video.path.read_bytes() == clip.read_bytes()
    assert (video.charged, video.seed, vendor.accepted) == ("yes", 0, 1)
    (sent,) = creates(vendor)
    assert sent["parameters"] == {
        "aspectRatio": "16:9",
        "durationSeconds": 4,
        "generateAudio": False,
        "resolution": "720p",
        "sampleCount": 1,
        "seed": 0,
    }


@pytest.mark.parametrize("model", [m.id for m in VeoGenerator.models.models if m.canvas.form])
@pytest.mark.parametrize(
    "given", [(), ("image",), ("image", "last_image"), ("reference_images",), ("source_video",)]
)
def test_every_model_in_every_mode(veo, vendor, picture, clip, tmp_path, model, given):
    found = veo.models.find(model)
    inputs = {"reference_images": [picture], "source_video": clip}
    fields = {name: inputs.get(name, picture) for name in given}
    if found.status == "retired":
        with pytest.raises(ModelNotFoundError):
            veo.plan("fox", model=model, **fields)
        return
    plan = veo.plan("fox", model=model, **fields)
    if not plan.ok:
        assert model == vertex.LITE
        assert vendor.accepted == 0
        return
    fields["duration"] = 7 if "source_video" in given else 8
    video = make(veo, tmp_path, model=model, **fields)
    assert video.mode == plan.mode
    assert vendor.accepted == 1


def test_several_videos_and_an_extension(veo, vendor, clip, tmp_path):
    video = make(veo, tmp_path, n=3)
    assert [file.path.name for file in video.more] == ["fox-2.mp4", "fox-3.mp4"]
    make(veo, tmp_path, duration=None, source_video=clip, output=tmp_path / "on.mp4")
    assert "video" in creates(vendor)[-1]["instances"][0]


def test_a_bucket_takes_the_video_and_large_inputs_which_are_removed(
    veo_in_bucket, vendor, picture, tmp_path
):
    picture.write_bytes(picture.read_bytes() + b"\0" * 8 * 1024 * 1024)
    video = make(veo_in_bucket, tmp_path, image=picture)
    assert video.path.stat().st_size == len(vendor.video)
    sent = creates(vendor)[0]
    assert sent["instances"][0]["image"]["gcsUri"].startswith("gs://my-bucket/videos/inputs/")
    assert sent["parameters"]["storageUri"] == f"gs://my-bucket/videos/{video.job_id}-1/"
    assert [name for _, name in vendor.objects] == [f"videos/{video.job_id}-1/sample_0.mp4"]


def test_an_input_that_was_put_there_for_nothing_is_removed(
    veo_in_bucket, vendor, picture, tmp_path
):
    picture.write_bytes(picture.read_bytes() + b"\0" * 8 * 1024 * 1024)
    vendor.fail("create", "status", status=400, body=error(400, "no"))
    with pytest.raises(InvalidInputError):
        make(veo_in_bucket, tmp_path, image=picture)
    assert vendor.objects == {}


def error(code, message, status="INVALID_ARGUMENT"):
    return json.dumps({"error": {"code": code, "message": message, "status": status}}).encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidInputError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, ModelNotFoundError),
    ],
)
def test_a_refusal_is_final_and_free(veo, vendor, tmp_path, status, kind):
    vendor.fail("create", "status", status=status, body=error(status, "no"))
    with pytest.raises(kind) as caught:
        make(veo, tmp_path)
    assert (caught.value.charged, caught.value.status_code) == ("no", status)
    assert (vendor.requests["create"], vendor.accepted) == (1, 0)


def test_with_a_bucket_the_video_of_a_lost_answer_is_found(veo_in_bucket, vendor, tmp_path):
    vendor.fail("create", "reset", after=True)
    job = veo_in_bucket._launch("a fox", {"duration": 4, "output": tmp_path / "fox.mp4"}, None)
    while not vendor.tasks:
        job.refresh()
    vendor.made(vendor.tasks["task-000001"], 0)  # Veo works on, and writes it
    assert job.wait(60).path.is_file()
    assert vendor.requests["create"] == 1


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ({"code": 3, "message": "Blocked. Support codes: 61493863"}, ContentRejectedError, "viol"),
        ({"code": 3, "message": "bad frame"}, InvalidInputError, "bad frame"),
        ({"code": 8, "message": "quota"}, QuotaExceededError, "RESOURCE_EXHAUSTED"),
        ({"code": 1, "message": "gone"}, GenerationFailedError, "CANCELLED"),
        ({"code": 4, "message": "slow"}, GenerationFailedError, "DEADLINE_EXCEEDED"),
        ({"code": 7, "message": "no"}, GenerationFailedError, "PERMISSION_DENIED"),
        ({"code": 13, "message": "oops"}, GenerationFailedError, "INTERNAL"),
        ({"code": 14, "message": "down"}, GenerationFailedError, "UNAVAILABLE"),
        ({"code": 99}, GenerationFailedError, "no reason is given"),
        ("filtered", ContentRejectedError, "violence, support code 99"),
        ("empty", GenerationFailedError, "without a video"),
    ],
)
def test_how_a_job_may_end_without_a_video(veo, vendor, tmp_path, said, kind, words):
    vendor.states = ["running", said]
    with pytest.raises(kind, match=words) as caught:
        make(veo, tmp_path)
    assert caught.value.job_id
    assert not list(tmp_path.glob("*.mp4"))
    if kind is ContentRejectedError:
        assert caught.value.stage == ("output" if said == "filtered" else "input")


def test_a_page_instead_of_an_answer_is_no_matter_of_credentials(veo, vendor, tmp_path):
    heard = []
    vendor.fail("poll", "body", body=b"<html>", content_type="text/html")
    job = veo.start("a fox", duration=4, output=tmp_path / "fox.mp4", on_event=heard.append)
    assert job.wait(60).charged == "yes"
    assert any("other than JSON" in event.message for event in heard)


def test_an_operation_that_google_has_no_more_is_told(veo, vendor, tmp_path):
    vendor.states = ["running"]
    job = veo.start("a fox", duration=4, output=tmp_path / "fox.mp4")
    for task in vendor.tasks.values():
        task.facts["name"] = "gone"
    with pytest.raises(JobExpiredError):
        job.wait(60)


def test_connections_are_kept_for_polls_and_never_for_creates(veo, vendor, tmp_path, monkeypatch):
    seen = []
    original = vertex.Vertex.refuse

    def refuse(self, request):
        seen.append((request.path.rpartition(":")[2], request.transport))
        return original(self, request)

    monkeypatch.setattr(vertex.Vertex, "refuse", refuse)
    for name in ("1.mp4", "2.mp4"):
        make(veo, tmp_path, output=tmp_path / name)
    assert len({id(way) for verb, way in seen if verb == "predictLongRunning"}) == 2
    assert len([way for verb, way in seen if verb == "fetchPredictOperation"]) == 4
    assert len({id(way) for verb, way in seen if verb == "fetchPredictOperation"}) == 1


def test_inside_a_running_loop(veo, vendor, tmp_path):
    async def both():
        names = [tmp_path / "1.mp4", tmp_path / "2.mp4"]
        jobs = [veo.agenerate("a fox", duration=4, output=name) for name in names]
        return [video.path for video in await asyncio.gather(*jobs)] == names

    assert asyncio.run(both())
    assert vendor.accepted == 2
