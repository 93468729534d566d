"""Whole jobs at the servers: what is sent, what comes home, and what a second process can do."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from conftest import TINY, finish, png, settings
from endpoint_fields import form_of
from endpoint_servers import KEY, MODEL, SERVERS, FastVideo

import ttv_core
from ttv_core import (
    InvalidInputError,
    VideoGenerationError,
    jobs,
)
from ttv_core.media import frames
from ttv_endpoint.dialects import DIALECTS
from ttv_endpoint.generator import EndpointGenerator

JPEG = b"\xff\xd8\xff\xc0\0\x11\x08" + (48).to_bytes(2) + (64).to_bytes(2) + bytes(40)


def kinds(server):
    return [logged.kind for logged in server.log]


def created(server):
    (logged,) = [logged for logged in server.log if logged.kind == "create"]
    return logged


def sent(server):
    """Return the fields of the one create, as they were on the wire."""
    logged = created(server)
    if logged.headers["content-type"].startswith("multipart"):
        return form_of(logged.headers["content-type"], logged.body)
    return logged.json()


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        (
            "vllm-omni",
            {"width": "48", "height": "64", "num_frames": "17", "fps": "8", "seed": "0"},
        ),
        ("sglang", {"width": 48, "height": 64, "num_frames": 17, "fps": 8, "seed": 0}),
        ("fastvideo", {"size": "48x64", "num_frames": 17, "fps": 8, "seed": 0}),
    ],
)
def test_a_video_is_made_as_it_was_asked_for(name, wire, tmp_path):
    with SERVERS[name]() as server:
        generator = EndpointGenerator(**settings(server, dialect=name))
        video = generator.generate(
            "a fox", size="48x64", duration=2, seed=0, output=tmp_path / "fox.mp4"
        )
        assert sent(server) == {"model": MODEL, "prompt": "a fox", **wire}
        assert kinds(server)[:2] == ["models", "create"]
        assert kinds(server)[-1] == "file"
    assert (video.width, video.height, video.info.num_frames, video.info.fps) == (48, 64, 17, 8)
    assert (video.seed, video.model, str(video.cost.amount)) == (0, MODEL, "0")
    # Two seconds are 16 frames, and the model makes 17 at the nearest: that is told before.
    assert len(video.warnings) == 1
    assert "made as 2.125 s" in video.warnings[0]
    assert video.path == tmp_path / "fox.mp4"


def test_the_server_really_heeds_seed_prompt_and_frames(server, generator):
    def picture(**fields):
        path = generator.generate(**({"prompt": "a fox", "num_frames": 5, "seed": 7} | fields)).path
        return b"".join(frame.tobytes() for frame in frames(path))

    first = picture()
    assert picture() == first
    others = [picture(seed=8), picture(prompt="a lynx"), picture(num_frames=9)]
    assert first not in others


def test_nothing_is_left_to_the_rounding_of_a_server(omni, vllm):
    plan = omni.plan("a fox", num_frames=11)
    assert [violation.field for violation in plan.violations] == ["num_frames"]
    plan = omni.plan("a fox", size="70x50")
    assert [violation.field for violation in plan.violations] == ["size"]
    video = omni.generate("a fox", num_frames=11, size="70x50", on_unsupported="adjust")
    assert {a.field: a.used for a in video.adjustments} == {"num_frames": 13, "size": "64x48"}
    assert (video.info.num_frames, video.width, video.height) == (13, 64, 48)
    assert sent(vllm)["num_frames"] == "13"


def test_progress_is_told_where_it_is_counted(server, generator):
    heard = []
    generator.generate("a fox", on_event=heard.append)
    told = [event.fraction for event in heard if event.state in {"queued", "running"}]
    assert told == ([None, 0.4, 0.99] if server.dialect == "sglang" else [None, None])
    waits = [event for event in heard if event.state == "queued"]
    assert bool(waits) == (server.dialect != "fastvideo")  # whose only word it is


# --- which server it is -------------------------------------------------------------------------


def test_a_server_is_asked_what_it_is_before_anything_is_sent(server, tmp_path):
    generator = EndpointGenerator(**settings(server))
    plan = generator.plan("a fox", seed=3)
    assert (plan.native["dialect"], server.log) == ("detect", [])
    video = generator.generate("a fox", seed=3)
    assert (video.width, video.info.num_frames) == (64, 9)
    assert kinds(server)[0] == "models"
    assert generator.semantics.cancel == (server.dialect == "vllm-omni")
    assert server.accepted == 1


def test_a_server_that_names_no_maker_is_known_by_its_fields(server):
    server.owner = "somebody"
    generator = EndpointGenerator(**settings(server))
    assert generator.generate("a fox").path.is_file()
    assert server.requests["openapi"] == 1


def test_a_server_that_says_nothing_of_itself_gets_nothing(server):
    server.owner, server.describes = "somebody", False
    with pytest.raises(VideoGenerationError, match="which kind of server") as caught:
        EndpointGenerator(**settings(server)).generate("a fox")
    assert (caught.value.code, caught.value.charged) == ("unknown_dialect", "no")
    assert "backends.endpoint.dialect" in caught.value.remedy
    assert server.requests["create"] == 0


def test_what_the_server_turns_out_not_to_take_is_told_before_it_is_sent():
    with FastVideo() as server:
        generator = EndpointGenerator(**settings(server))
        with pytest.raises(InvalidInputError, match="has no field for options") as caught:
            generator.generate("a fox", options={"endpoint": {"flow_shift": 5}})
        assert [v.field for v in caught.value.violations] == ["options.endpoint.flow_shift"]
        assert server.requests["create"] == 0


def test_a_model_that_the_server_has_not_is_not_made_with_another(server):
    server.models = ["Wan-AI/Wan2.1-T2V-14B-Diffusers"]
    generator = EndpointGenerator(**settings(server, dialect=server.dialect))
    with pytest.raises(VideoGenerationError, match=r"serves Wan-AI/Wan2\.1-T2V-14B") as caught:
        generator.generate("a fox")
    assert (type(caught.value).__name__, caught.value.charged) == ("ModelNotFoundError", "no")
    assert server.requests["create"] == 0


def test_a_folder_of_the_server_is_the_model_that_it_holds(server):
    server.models = ["/models/tiny"]
    generator = EndpointGenerator(**settings(server, dialect=server.dialect))
    if server.dialect == "vllm-omni":  # it would refuse it
        with pytest.raises(VideoGenerationError, match="serves /models/tiny, not tiny"):
            generator.generate("a fox")
        generator = EndpointGenerator(
            **settings(server, dialect=server.dialect, model="/models/tiny")
        )
    assert generator.generate("a fox").model == MODEL


def test_a_server_that_does_not_list_models_makes_videos_all_the_same(server, generator):
    server.fail("models", "status", status=404)
    assert generator.generate("a fox").path.is_file()


def test_whatever_the_server_has(server):
    generator = EndpointGenerator(base_url=server.url, dialect=server.dialect)
    video = generator.generate("a fox", size="64x48", num_frames=5, fps=8)
    assert "model" not in sent(server)
    assert (video.model, video.info.num_frames) == ("served", 5)
    assert any("set backends.endpoint.model" in warning for warning in video.warnings)


@pytest.mark.parametrize(("name", "wire"), [("vllm-omni", "1"), ("sglang", 1), ("fastvideo", 1)])
def test_seconds_go_in_the_kind_that_the_server_takes(name, wire):
    with SERVERS[name]() as server:
        generator = EndpointGenerator(base_url=server.url, dialect=name)
        video = generator.generate("a fox", duration=1)
        assert sent(server) == {"prompt": "a fox", "seconds": wire}
    assert video.duration == 1


# --- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [png(), JPEG], ids=["png", "jpeg"])
def test_a_picture_arrives_byte_for_byte(server, generator, data):
    video = generator.generate("a fox", image=data)
    (task,) = server.tasks.values()
    assert task.request["image"] == data
    assert (video.mode, video.width) == ("image_to_video", 64)
    wire = sent(server)
    if server.dialect == "fastvideo":
        head, _, encoded = wire["reference_url"].partition(",")
        assert head == f"data:image/{'png' if data == png() else 'jpeg'};base64"
        assert base64.b64decode(encoded) == data
    else:
        kind = "image/png" if data == png() else "image/jpeg"
        assert wire["input_reference"] == (data, kind)


def test_the_address_of_a_picture_is_handed_on(server, generator):
    url = "https://example.com/fox.png"
    generator.generate("a fox", image=url)
    wire = sent(server)
    if server.dialect == "vllm-omni":
        assert json.loads(wire["image_reference"]) == {"image_url": url}
    else:
        assert wire["reference_url"] == url
    assert "input_reference" not in wire


def test_a_picture_that_went_away_costs_nothing(server, generator, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png())
    plan = generator.plan("a fox", image=path)
    path.unlink()
    with pytest.raises(InvalidInputError, match=r"a\.png cannot be read"):
        generator.ask(generator.prepare(plan))
    assert server.accepted == 0


# --- how it is called ---------------------------------------------------------------------------


def test_it_works_within_a_running_loop_both_ways(server, generator):
    async def both():
        one = await generator.agenerate("a fox", seed=1)
        return one, generator.generate("a fox", seed=1)

    one, other = asyncio.run(both())
    assert one.sha256 == other.sha256
    assert server.accepted == 2


def test_it_is_found_by_name_with_its_address_from_the_environment(server, monkeypatch, tmp_path):
    server.key = KEY
    monkeypatch.setenv("TTV_ENDPOINT_BASE_URL", f"{server.url}/v1/")
    monkeypatch.setenv("TTV_ENDPOINT_API_KEY", KEY)
    config = {"backends": {"endpoint": {"model": MODEL, "models": TINY}}}
    found = ttv_core.generate(
        "a fox", backend="endpoint", output=tmp_path / "f.mp4", config=config, max_cost=0
    )
    assert found.backend == "endpoint"


KILLED = """
import json, sys
from ttv_endpoint.generator import EndpointGenerator
job = EndpointGenerator(**json.loads(sys.argv[1])).start("a fox", output="fox.mp4", seed=5)
print(job.id, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("name", "told"), [("vllm-omni", True), ("fastvideo", True), ("sglang", False)]
)
def test_after_a_kill_the_id_alone_brings_the_video(name, told):
    with SERVERS[name]() as server:
        given = settings(server, **({"dialect": name} if told else {}))
        server.states = ["in_progress"]
        job_id = _started_and_killed(given)
        finish(server, "completed")
        before = server.requests["models"]
        video = ttv_core.resume(job_id, config={"backends": {"endpoint": given}}).wait(60)
        (task,) = server.tasks.values()
        assert video.path.read_bytes() == server.made(task)
        assert (server.requests["create"], server.accepted) == (1, 1)
        assert server.requests["models"] == before  # which server it is, is in the journal


def test_a_job_that_is_taken_up_again_is_known_by_its_server(server):
    server.states = ["in_progress"]
    job = EndpointGenerator(**settings(server)).start("a fox")
    finish(server, "completed")
    job.wait(60)
    after = EndpointGenerator(**settings(server))
    assert after.semantics.cancel  # until it is known, it is tried
    after.resume(jobs.get(job.id)).wait(60)
    assert after.semantics == DIALECTS[server.dialect].semantics


def _started_and_killed(given):
    command = [sys.executable, "-c", textwrap.dedent(KILLED), json.dumps(given)]
    with subprocess.Popen(
        command, env=dict(os.environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        job_id = child.stdout.readline().strip()
        child.send_signal(signal.SIGKILL)
    return job_id


# --- where the video is -------------------------------------------------------------------------


def test_a_video_that_the_server_has_put_elsewhere_is_fetched_without_the_key(server):
    given = settings(server, api_key=KEY, dialect=server.dialect)
    server.key = KEY
    server.states = [
        "queued",
        {"status": "completed", "url": "https://127.0.0.1:1/v.mp4?signature=1"},
    ]
    generator = EndpointGenerator(**given)
    job = generator.start("a fox")
    with pytest.raises(VideoGenerationError) as caught:
        job.wait(60)
    assert caught.value.code == "unsafe_link"  # a private address, which no server may send us to
    files = generator.ask(generator.fetch(ttv_core.RemoteRef(job.remote_id)))
    assert [(file.url[:20], dict(file.headers)) for file in files] == [("https://127.0.0.1:1/", {})]


def test_a_video_of_its_own_is_fetched_with_the_key(server):
    server.key = KEY
    generator = EndpointGenerator(**settings(server, api_key=KEY, dialect=server.dialect))
    assert generator.generate("a fox").path.is_file()
    assert all("authorization" in logged.headers for logged in server.log if logged.kind == "file")


# --- secrets ------------------------------------------------------------------------------------


def test_a_wrong_key_is_told_as_one(server):
    server.key = KEY
    with pytest.raises(ttv_core.AuthenticationError) as caught:
        EndpointGenerator(**settings(server, dialect=server.dialect)).generate("a fox")
    assert "TTV_ENDPOINT_API_KEY" in caught.value.remedy
    assert server.accepted == 0
