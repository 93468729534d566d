"""Whole jobs at the vendor: what is sent, what comes home, and what a second process can do."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from decimal import Decimal

import pytest
from conftest import png
from minimax_vendor import KEY

import ttv_core
from ttv_core import (
    GenerationCancelledError,
    InvalidInputError,
    VideoGenerationError,
    jobs,
)
from ttv_minimax.generator import MinimaxGenerator
from ttv_minimax.media import LARGEST_INLINE

JPEG = b"\xff\xd8\xff\xc0\0\x11\x08" + (500).to_bytes(2) + (600).to_bytes(2) + bytes(40)


def kinds(vendor):
    return [logged.kind for logged in vendor.log]


def finish(vendor, word):
    """Let every job of the vendor be done."""
    for task in vendor.tasks.values():
        task.states.append(word)


def body(vendor):
    (created,) = [logged for logged in vendor.log if logged.kind == "create"]
    return created.json()


def test_hailuo_comes_home_in_as_few_requests_as_there_can_be(vendor, minimax, tmp_path):
    video = minimax.generate("a red fox", output=tmp_path / "fox.mp4")
    assert (video.width, video.height, video.duration) == (64, 48, 6.0)
    assert video.path.read_bytes() == vendor.video
    assert video.warnings == ()
    assert (str(video.cost.amount), video.charged) == ("0.28", "yes")
    assert kinds(vendor) == ["create", "poll", "poll", "poll", "retrieve", "file"]
    assert body(vendor) == {
        "model": "MiniMax-Hailuo-2.3",
        "prompt": "a red fox",
        "duration": 6,
        "resolution": "768P",
    }


def test_h3_comes_home_with_its_link_in_the_last_poll(vendor2, h3, tmp_path):
    vendor2.usage = {"total_seconds": 5, "output_seconds": 5, "input_image_count": 7}
    video = h3.generate("a red fox", output=tmp_path / "fox.mp4", aspect_ratio="9:16")
    # 17n+5 frames: 5 s are 5.167 s, which is no deviation.
    assert (video.info.num_frames, video.info.audio_codec, video.warnings) == (124, "aac", ())
    assert kinds(vendor2) == ["create", "poll", "poll", "poll", "file"]
    assert video.cost.amount == Decimal("0.4")
    assert video.cost.actual == Decimal("0.48")  # two pictures more than are free
    assert body(vendor2) == {
        "model": "MiniMax-H3",
        "content": [{"type": "text", "text": "a red fox"}],
        "resolution": "768P",
        "ratio": "9:16",
        "duration": 5,
    }


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("MiniMax-Hailuo-2.3", {"image": png()}),
        ("MiniMax-Hailuo-2.3", {"image": "https://example.com/a.png", "prompt": ""}),
        ("MiniMax-Hailuo-2.3-Fast", {"image": JPEG, "resolution": "1080p"}),
        ("MiniMax-Hailuo-02", {"duration": 10.0, "resolution": "768P"}),
        ("MiniMax-Hailuo-02", {"image": png(), "resolution": "512p", "duration": 10}),
        ("MiniMax-Hailuo-02", {"image": png(), "last_image": png(500, 500)}),
        ("T2V-01", {}),
        ("T2V-01-Director", {"duration": 6, "resolution": "720p"}),
        ("I2V-01", {"image": png()}),
        ("I2V-01-Director", {"image": png(), "options": {"minimax": {"camera": "pan left"}}}),
        ("I2V-01-live", {"image": png()}),
        ("S2V-01", {"reference_images": [png()]}),
    ],
)
def test_every_model_and_mode_of_v1(vendor, minimax, model, fields):
    video = minimax.generate(**{"prompt": "a fox", "model": model, **fields})
    assert video.model == body(vendor)["model"] == model
    assert vendor.accepted == 1


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("MiniMax-H3", {"image": png(), "resolution": "2k"}),
        ("MiniMax-H3", {"image": png(), "last_image": JPEG, "duration": 15}),
        ("MiniMax-H3", {"last_image": png()}),
        ("MiniMax-H3", {"reference_images": [png(), JPEG, "https://example.com/a.mp4"]}),
        ("MiniMax-H3-Max", {"resolution": "480P", "duration": 7, "aspect_ratio": "21:9"}),
        ("MiniMax-H3-Max", {"image": png(), "last_image": JPEG}),
        ("MiniMax-H3-Highspeed", {"duration": 4}),
        ("MiniMax-H3-Lite", {"resolution": "480p", "audio": True}),
    ],
)
def test_every_model_and_mode_of_v2(vendor2, h3, model, fields):
    video = h3.generate(**{"prompt": "a fox", "model": model, **fields})
    assert video.model == body(vendor2)["model"] == model
    assert vendor2.accepted == 1


def test_pictures_arrive_byte_for_byte(vendor, minimax):
    minimax.generate("a fox", image=JPEG)
    head, _, data = body(vendor)["first_frame_image"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == JPEG


def test_large_pictures_are_uploaded_once_and_small_ones_are_not(vendor2, h3, tmp_path):
    large = tmp_path / "large.png"
    large.write_bytes(png(extra=LARGEST_INLINE))
    for _ in range(2):
        h3.generate("a fox", image=large, last_image=JPEG)
    assert vendor2.requests["upload"] == 1
    assert list(vendor2.uploads.values()) == [large.read_bytes()]
    content = [logged.json()["content"] for logged in vendor2.log if logged.kind == "create"]
    for items in content:
        assert items[1]["image_url"]["url"] == "mm_file://700"
        assert items[2]["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_many_pictures_do_not_make_a_body_that_is_too_large(vendor2, h3):
    given = [png(extra=3_900_000 + i) for i in range(9)]
    h3.generate("a fox", reference_images=given)
    assert vendor2.requests["upload"] > 0
    created = next(logged for logged in vendor2.log if logged.kind == "create")
    assert len(created.body) < 32_000_000


def test_an_upload_that_fails_is_repeated_before_anything_is_paid(vendor2, h3):
    vendor2.fail("upload", "status", status=503).fail("upload", "reset")
    h3.generate("a fox", image=png(extra=LARGEST_INLINE))
    assert (vendor2.requests["upload"], vendor2.accepted) == (3, 1)


def test_v1_takes_large_pictures_in_the_body(vendor, minimax):
    minimax.generate("a fox", image=png(extra=LARGEST_INLINE))
    assert vendor.requests["upload"] == 0
    with pytest.raises(InvalidInputError, match="20,000,024 bytes"):
        minimax.generate("a fox", image=png(extra=20_000_024 - len(png())))
    assert vendor.accepted == 1


def test_a_picture_that_went_away_costs_nothing(vendor, minimax, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(png())
    plan = minimax.plan("a fox", image=path)
    path.unlink()
    with pytest.raises(InvalidInputError, match=r"a\.png cannot be read"):
        asyncio.run(minimax.prepare(plan))
    assert vendor.accepted == 0


def test_references_of_all_kinds(vendor2, h3, tmp_path):
    clip = b"\0\0\0\x18ftypqt  " + bytes(40)
    wav = b"RIFF\0\0\0\0WAVEfmt " + bytes(30)
    (tmp_path / "a.mp3").write_bytes(b"ID3" + bytes(30))
    sounds = [tmp_path / "a.mp3", wav]
    fields = {"reference_images": [png(), clip], "allow_unknown_cost": True}
    h3.generate("a fox", options={"minimax": {"reference_audio": sounds}}, **fields)
    found = [(item["type"], item["role"]) for item in body(vendor2)["content"][1:]]
    assert found == [
        ("image_url", "reference_image"),
        ("video_url", "reference_video"),
        ("audio_url", "reference_audio"),
        ("audio_url", "reference_audio"),
    ]
    urls = [item[item["type"]]["url"] for item in body(vendor2)["content"][1:]]
    assert [url.partition(";")[0] for url in urls] == [
        "data:image/png",
        "data:video/quicktime",
        "data:audio/mpeg",
        "data:audio/wav",
    ]


# --- how it is called ---------------------------------------------------------------------------


def test_it_works_within_a_running_loop_both_ways(vendor, minimax):
    async def both():
        one = await minimax.agenerate("a fox")
        return one, minimax.generate("a fox")

    one, other = asyncio.run(both())
    assert one.sha256 == other.sha256
    assert vendor.accepted == 2


def test_it_is_found_by_name_with_its_key_from_the_environment(vendor, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    monkeypatch.setenv("MINIMAX_API_HOST", vendor.url)
    found = ttv_core.generate("a fox", backend="minimax", output=tmp_path / "f.mp4", config={})
    assert found.backend == "minimax"


KILLED = """
import dataclasses, os, sys
from ttv_core.jobs import Polling
from ttv_minimax.generator import MinimaxGenerator
from ttv_minimax.h3 import H3
from ttv_minimax.hailuo import Hailuo
for kind in (Hailuo, H3):
    kind.semantics = dataclasses.replace(kind.semantics, polling=Polling(floor=0.01, ceiling=0.02))
job = MinimaxGenerator(base_url=sys.argv[1], model=sys.argv[2]).start("a fox", output="fox.mp4")
print(job.id, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("model", ["MiniMax-H3-Max"])
def test_after_a_kill_the_id_alone_brings_the_video(vendor, model, tmp_path, monkeypatch):
    word = "running" if "H3" in model else "Processing"
    vendor.states = [word]
    environ = {**os.environ, "MINIMAX_API_KEY": KEY}
    command = [sys.executable, "-c", textwrap.dedent(KILLED), vendor.url, model]
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        job_id = child.stdout.readline().strip()
        child.send_signal(signal.SIGKILL)
    finish(vendor, "succeeded" if "H3" in model else "Success")
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    config = {"backends": {"minimax": {"base_url": vendor.url}}}
    video = ttv_core.resume(job_id, config=config).wait(60)
    assert video.path.read_bytes() == vendor.video
    assert (vendor.requests["create"], vendor.accepted) == (1, 1)


def test_an_adopted_id_is_asked_for_in_the_words_of_its_model(vendor2, h3, monkeypatch):
    h3.generate("a fox")
    done = next(iter(vendor2.tasks))
    bound = h3._speaking("MiniMax-H3")
    poll = asyncio.run(asyncio.wait_for(_in_background(bound, done), 60))
    assert poll.state == "done"


async def _in_background(generator, task_id):
    return await asyncio.to_thread(
        lambda: generator.ask(generator.poll(ttv_core.RemoteRef(task_id)))
    )


# --- cancelling ---------------------------------------------------------------------------------


def test_a_queued_job_is_cancelled_and_costs_nothing(vendor2, h3):
    vendor2.states = ["queued"]
    job = h3.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError) as caught:
        job.wait(60)
    assert caught.value.charged == "no"
    assert vendor2.requests["cancel"] == 1
    assert jobs.get(job.id).state == "cancelled"


def test_a_cancel_whose_answer_is_lost_is_asked_about(vendor2, h3):
    vendor2.states = ["queued"]
    vendor2.fail("cancel", "reset", after=True)
    job = h3.start("a fox")
    job.cancel()
    with pytest.raises(GenerationCancelledError) as caught:
        job.wait(60)
    assert (caught.value.code, caught.value.charged) == ("cancelled", "no")
    assert vendor2.requests["cancel"] == 1


def test_a_running_job_goes_on(vendor2, h3):
    vendor2.states = ["running"]
    refused = threading.Event()
    job = h3.start("a fox", on_event=lambda e: "not cancelled" in e.message and refused.set())
    job.cancel()
    assert refused.wait(60)
    finish(vendor2, "succeeded")
    assert job.wait(60).path.is_file()
    assert vendor2.requests["cancel"] == 0
    [step] = [step for step in jobs.attempts(job.id) if step.what == "cancel"]
    assert (step.outcome, "only jobs that wait" in step.detail) == ("refused", True)


@pytest.mark.parametrize(
    ("state", "wanted"),
    [("succeeded", "done"), ("failed", "failed"), ("cancelled", "cancelled")],
)
def test_a_job_that_is_over_is_never_deleted(vendor2, h3, state, wanted):
    vendor2.states = [state]
    job = h3.start("a fox")
    with contextlib.suppress(VideoGenerationError):
        job.wait(60)
    ref = ttv_core.RemoteRef(job.remote_id, {"api": "v2"})
    assert h3.ask(h3.cancel(ref)).state == wanted
    assert vendor2.requests["cancel"] == 0


# --- secrets ------------------------------------------------------------------------------------


def test_a_generator_does_not_show_its_key_when_its_settings_are_wrong():
    with pytest.raises(ttv_core.ConfigurationError) as caught:
        MinimaxGenerator(api_key=KEY, resolution=KEY)
    assert KEY not in str(caught.value)
