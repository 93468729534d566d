"""Local generation: whole files or none, measured, cancelled within a step."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import ttv_core
from ttv_core import (
    BackendUnavailableError,
    GenerationCancelledError,
    GenerationFailedError,
    GenerationTimeoutError,
    InvalidInputError,
    OutputError,
    Violation,
)
from ttv_core.media import frames, measure
from ttv_core.plugins import PluginManager

HERE = str(Path(__file__).parent)


def until_cancelled(context):
    while not context.cancelled:
        time.sleep(0.01)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_video_is_what_was_asked_for(grey, tmp_path):
    video = grey.generate("dusk", duration=1, fps=12, size="128x72", output=tmp_path / "d.mp4")
    assert (video.width, video.height, video.fps, video.duration) == (128, 72, 12, 1.0)
    assert video.info.num_frames == 12
    assert video.info.video_codec == "h264"
    assert measure(video.path) == video.info
    assert (video.backend, video.model, video.mode) == ("grey", "grey-1", "text_to_video")
    assert (video.charged, str(video.cost), video.warnings) == ("no", "free", ())
    assert video.seed == 7


def test_seed_zero_is_a_value(grey, tmp_path):
    assert grey.generate("dusk", seed=0, output=tmp_path / "d.mp4").seed == 0


def test_the_file_is_faststart_and_yuv420p(grey, tmp_path):
    import av

    path = grey.generate("dusk", output=tmp_path / "d.mp4").path
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


def test_colours_survive_encoding(grey, tmp_path):
    from ttv_core.media import VideoWriter, first_frame

    for size in ((64, 64), (1280, 720)):
        frame = np.zeros((size[1], size[0], 3), np.uint8)
        frame[:] = (200, 60, 40)
        path = tmp_path / f"{size[0]}.mp4"
        with VideoWriter(path, width=size[0], height=size[1], fps=24) as video:
            video.write(frame)
        import av

        with av.open(str(path)) as container:
            picture = next(container.decode(video=0))
            matrix = picture.colorspace
            full = {"src_color_range": 1, "dst_color_range": 2}  # from video's range to RGB's
            rgb = picture.reformat(format="rgb24", src_colorspace=matrix, **full)
            back = rgb.to_ndarray()
        assert matrix == (1 if size[1] >= 720 else 6)
        assert np.abs(back.astype(int) - frame).max() <= 6
        assert first_frame(path).shape == frame.shape


def test_the_sidecar_keeps_the_provenance(grey, tmp_path):
    video = grey.generate("dusk", duration=0.5, tags={"shot": "1"}, output=tmp_path / "d.mp4")
    assert video.sidecar == tmp_path / "d.mp4.json"
    record = json.loads(video.sidecar.read_text())
    assert record["request"]["prompt"] == "dusk"
    assert record["request"]["tags"] == {"shot": "1"}
    assert record["plan"]["native"]["frames"] == 12
    assert record["result"]["info"]["sha256"] == video.sha256
    assert record["result"]["path"] == "d.mp4"


def test_the_sidecar_holds_names_that_are_no_text(grey, tmp_path):
    video = grey.generate("dusk", tags={"from": "f\udcff"}, output=tmp_path / "f\udcff.mp4")
    record = json.loads(video.sidecar.read_text())
    assert record["request"]["tags"] == {"from": "f\udcff"}


def test_the_sidecar_can_be_left_out(grey, tmp_path):
    video = grey.generate("dusk", sidecar=False, output=tmp_path / "d.mp4")
    assert video.sidecar is None
    assert names(tmp_path) == ["d.mp4"]


def test_progress_is_told_step_by_step(grey, tmp_path):
    events = []
    grey.generate("dusk", duration=0.5, output=tmp_path / "d.mp4", on_event=events.append)
    states = list(dict.fromkeys(event.state for event in events))
    assert states == ["loading", "running", "encoding", "measuring", "completed"]
    running = [event for event in events if event.state == "running"]
    assert [event.step for event in running] == list(range(12))
    assert {event.total for event in running} == {12}
    assert all(0 <= event.fraction <= 1 for event in running)
    assert len({event.job_id for event in events}) == 1


def test_a_failing_event_handler_does_not_stop_the_video(grey, tmp_path, caplog):
    def handler(event):
        raise RuntimeError("boom")

    assert grey.generate("dusk", output=tmp_path / "d.mp4", on_event=handler).path.exists()
    assert "boom" in caplog.text


def test_the_traceback_of_a_failing_event_handler_is_told_once(grey, tmp_path, caplog):
    def handler(event):
        raise KeyError("oh")

    grey.generate("dusk", output=tmp_path / "d.mp4", on_event=handler)
    told = [record for record in caplog.records if "on_event handler failed" in record.message]
    assert len(told) > 2
    assert [bool(record.exc_info) for record in told] == [True] + [False] * (len(told) - 1)


@pytest.mark.parametrize("handler", [5, "print", asyncio.sleep])
def test_what_cannot_hear_an_event_is_refused_before_there_is_a_job(handler, grey, tmp_path):
    for start in (grey.generate, grey.start, ttv_core.generate):
        with pytest.raises(InvalidInputError, match="on_event is"):
            start("dusk", output=tmp_path / "d.mp4", on_event=handler)
    with pytest.raises(InvalidInputError, match="on_event is"):
        ttv_core.generate_many(["dusk"], output=tmp_path, on_event=handler)
    assert list(tmp_path.iterdir()) == []


def test_plugins_hear_every_event(grey, tmp_path):
    heard = []

    class Listener(PluginManager):
        def tell(self, event):
            heard.append(event.state)

    grey.plugins = Listener(distributions=lambda: iter(()))
    grey.generate("dusk", output=tmp_path / "d.mp4")
    assert heard[-1] == "completed"


def test_the_engine_is_loaded_once_and_let_go_on_close(grey, tmp_path):
    for i in range(2):
        grey.generate("dusk", output=tmp_path / f"{i}.mp4")
    assert grey.loads == 1
    grey.close()
    grey.close()
    assert grey.unloads == 1
    grey.generate("dusk", output=tmp_path / "again.mp4")
    assert grey.loads == 2


def test_one_video_is_made_at_a_time(grey, tmp_path):
    jobs = [grey.start("dusk", output=tmp_path / f"{i}.mp4") for i in range(4)]
    for job in jobs:
        job.wait()
    assert grey.most_at_once == 1
    assert len(list(tmp_path.glob("*.mp4"))) == 4


def test_cancel_stops_within_one_step_and_leaves_nothing(grey, tmp_path):
    reached = threading.Event()
    seen = []

    def misbehave(i, context):
        seen.append(i)
        if i == 3:
            reached.set()
            until_cancelled(context)

    grey.misbehave = misbehave
    job = grey.start("dusk", duration=10, output=tmp_path / "d.mp4")
    assert reached.wait(60)
    job.cancel()
    with pytest.raises(GenerationCancelledError) as caught:
        job.wait(60)
    assert max(seen) == 3
    assert names(tmp_path) == []
    assert (caught.value.charged, caught.value.job_id) == ("no", job.id)
    assert job.state == "cancelled"


def test_a_job_that_waits_its_turn_can_be_cancelled(grey, tmp_path):
    go = threading.Event()
    grey.misbehave = lambda i, context: go.wait(60)
    first = grey.start("dusk", output=tmp_path / "1.mp4")
    second = grey.start("dusk", output=tmp_path / "2.mp4")
    second.cancel()
    go.set()
    first.wait(60)
    with pytest.raises(GenerationCancelledError):
        second.wait(60)
    assert names(tmp_path) == ["1.mp4", "1.mp4.json"]


def test_a_timeout_ends_the_wait_and_not_the_job(grey, tmp_path):
    go = threading.Event()
    grey.misbehave = lambda i, context: go.wait(60)
    with pytest.raises(GenerationTimeoutError) as caught:
        grey.generate("dusk", output=tmp_path / "d.mp4", timeout=0.01)
    go.set()
    assert caught.value.job.wait(60).path.exists()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"timeout": -1}, "timeout is -1: say seconds"),
        ({"timeout": float("nan")}, "timeout is nan"),
        ({"timeout": float("inf")}, "None for as long as it takes"),
        ({"timeout": "5"}, "timeout is '5'"),
        ({"on_timeout": "forget"}, "on_timeout is 'forget': say 'keep' or 'cancel'"),
    ],
)
def test_a_wait_that_cannot_be_is_refused_before_there_is_a_job(grey, tmp_path, how, said):
    begun = []
    grey.misbehave = lambda i, context: begun.append(i)
    with pytest.raises(InvalidInputError, match=said):
        grey.generate("dusk", output=tmp_path / "d.mp4", **how)
    with pytest.raises(InvalidInputError, match=said):
        asyncio.run(grey.agenerate("dusk", output=tmp_path / "d.mp4", **how))
    assert not begun
    if "timeout" in how:
        with pytest.raises(InvalidInputError, match=said):
            grey.start("dusk", output=tmp_path / "d.mp4").wait(**how)


def test_asyncio_does_not_block_and_cancels_cleanly(grey, tmp_path):
    async def scene():
        ticks = 0
        task = asyncio.create_task(grey.agenerate("dusk", output=tmp_path / "a.mp4"))
        while not task.done():
            await asyncio.sleep(0)
            ticks += 1
        assert (await task).path.exists()
        assert ticks > 1

        started = threading.Event()
        grey.misbehave = lambda i, context: started.set() or until_cancelled(context)
        slow = asyncio.create_task(grey.agenerate("dusk", duration=10, output=tmp_path / "b.mp4"))
        await asyncio.to_thread(started.wait, 60)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert not (tmp_path / "b.mp4").exists()
        assert names(tmp_path) == ["a.mp4", "a.mp4.json"]

    asyncio.run(scene())


def test_asyncio_timeout_ends_the_wait(grey, tmp_path):
    go = threading.Event()
    grey.misbehave = lambda i, context: go.wait(60)

    async def scene():
        with pytest.raises(GenerationTimeoutError) as caught:
            await grey.agenerate("dusk", output=tmp_path / "d.mp4", timeout=0.01)
        go.set()
        return caught.value.job

    assert asyncio.run(scene()).wait(60).path.exists()


def test_sync_calls_work_inside_a_running_loop(grey, tmp_path):
    async def scene():
        return grey.generate("dusk", output=tmp_path / "d.mp4")

    assert asyncio.run(scene()).path.exists()


@pytest.mark.parametrize(
    ("error", "code"),
    [(ValueError("weights are odd"), "engine_error"), (MemoryError(), "out_of_memory")],
)
def test_what_an_engine_raises_is_ours_and_leaves_nothing(grey, tmp_path, error, code):
    def misbehave(i, context):
        if i == 2:
            raise error

    grey.misbehave = misbehave
    with pytest.raises(GenerationFailedError) as caught:
        grey.generate("dusk", output=tmp_path / "d.mp4")
    problem = caught.value
    assert (problem.code, problem.backend, problem.charged) == (code, "grey", "no")
    assert problem.__cause__ is error
    assert problem.job_id
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "frames",
    [
        [np.zeros((36, 64, 4), np.uint8)],
        [np.zeros((36, 64, 3), np.float32)],
        [np.zeros((36, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)],
        [],
    ],
    ids=["rgba", "float", "changing size", "none"],
)
def test_wrong_frames_are_an_error_and_no_file(grey, tmp_path, frames):
    grey.render = lambda plan, context: frames
    with pytest.raises(GenerationFailedError) as caught:
        grey.generate("dusk", output=tmp_path / "d.mp4")
    assert caught.value.code in {"bad_frame", "no_frames"}
    assert names(tmp_path) == []


def test_a_video_that_is_not_as_planned_is_said_to_be(grey, tmp_path):
    grey.render = lambda plan, context: [np.zeros((36, 32, 3), np.uint8)] * 5
    video = grey.generate("dusk", duration=1, output=tmp_path / "d.mp4")
    assert any("width is 32, planned 64" in warning for warning in video.warnings)
    assert any(warning.startswith("duration is 0.2") for warning in video.warnings)


def test_memory_does_not_grow_with_the_clip(grey, tmp_path):
    def peak(duration):
        tracemalloc.start()
        target = tmp_path / f"{duration}.mp4"
        grey.generate("dusk", duration=duration, size="512x512", output=target, overwrite=True)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)
    frame = 512 * 512 * 3
    # Six may be under way at once, of 240: how many are just depends on who is quicker.
    assert peak(10) < peak(1) + 6 * frame


def test_a_policy_can_refuse_before_anything_is_made(grey, tmp_path):
    class Policy(PluginManager):
        def review(self, plan):
            return plan.refused(Violation("prompt", "policy", "no dusk"))

    grey.plugins = Policy(distributions=lambda: iter(()))
    with pytest.raises(InvalidInputError, match="no dusk"):
        grey.generate("dusk", output=tmp_path / "d.mp4")
    assert names(tmp_path) == []


def test_without_the_media_extra_the_error_says_what_to_install(grey, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(BackendUnavailableError, match=r'pip install "ttv-core\[media\]"'):
        grey.generate("dusk", output=tmp_path / "d.mp4")
    assert names(tmp_path) == []


SCRIPT = """
import sys, time
sys.path.insert(0, {here!r})
from conftest import Grey
grey = Grey()
grey.misbehave = lambda i, context: (print("step", i, flush=True), time.sleep(0.5))
try:
    grey.generate("dusk", duration=10, output={out!r})
except KeyboardInterrupt:
    sys.exit(130)
"""


def start_script(tmp_path):
    script = textwrap.dedent(SCRIPT).format(here=HERE, out=str(tmp_path / "d.mp4"))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("step")
    return process


def test_ctrl_c_stops_and_leaves_nothing_behind(tmp_path):
    with start_script(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert names(tmp_path) == []


def test_kill_leaves_no_file_under_the_final_name(tmp_path):
    with start_script(tmp_path) as process:
        process.kill()
        process.wait(60)
    assert not (tmp_path / "d.mp4").exists()


@pytest.fixture
def tiny_disk(tmp_path):
    """A folder on a disk of 64 KB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("mount is not there")
    if done.returncode:
        pytest.skip("mounting takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(grey, tiny_disk):
    noise = np.random.default_rng(0)
    grey.render = lambda plan, context: (
        noise.integers(0, 256, (512, 512, 3), dtype=np.uint8) for _ in range(40)
    )
    with pytest.raises(OutputError, match="no space left") as caught:
        grey.generate("dusk", size="512x512", output=tiny_disk / "d.mp4")
    assert caught.value.code == "disk_full"
    assert caught.value.message == f"no space left on the disk of {tiny_disk}"
    assert names(tiny_disk) == []


def test_a_folder_that_cannot_be_written_to_fails_before_any_work(grey, tmp_path):
    script = f"""
import os, sys
sys.path.insert(0, {HERE!r})
from conftest import Grey
from ttv_core import OutputError
if os.getuid() == 0:
    os.setuid(65534)
grey = Grey()
try:
    grey.generate("dusk", output={str(tmp_path / "shut" / "d.mp4")!r})
except OutputError as error:
    print(error.code, grey.loads)
"""
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o555)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == shut.owner() and folder.name:
            folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    if "Permission denied" in done.stderr and "shut" not in done.stderr:
        pytest.skip("another user cannot read this environment")
    assert done.stdout.split() == ["not_writable", "0"], done.stderr


def test_an_error_that_was_raised_is_not_also_logged_as_one_nobody_saw(grey, tmp_path, monkeypatch):
    def broken(plan, context):
        raise GenerationFailedError("no")

    monkeypatch.setattr(grey, "render", broken)
    seen = []

    async def fails():
        asyncio.get_running_loop().set_exception_handler(lambda _, said: seen.append(said))
        with pytest.raises(GenerationFailedError):
            await grey.agenerate("dusk", output=tmp_path / "a.mp4")
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(fails())
    gc.collect()
    assert seen == []


def whole_file(kit, folders, **how):
    """Return a render that has its engine write a file into the job's folder."""

    def render(plan, context):
        folders.append(context.folder)
        assert context.folder == folders[-1]
        context.progress(1, 1)
        return kit.write_video(context.folder / "film.mp4", **how)

    return render


def test_an_engine_may_write_the_file_itself(grey, kit, tmp_path):
    folders = []
    grey.render = whole_file(kit, folders, frames=12, size=(64, 36))
    as_written = kit.write_video(tmp_path / "same.mp4", frames=12, size=(64, 36))
    video = grey.generate("dusk", duration=0.5, output=tmp_path / "d.mp4")
    assert measure(video.path).num_frames == video.info.num_frames == 12
    assert [f.tobytes() for f in frames(video.path)] == [f.tobytes() for f in frames(as_written)]
    assert video.warnings == ()
    assert video.sidecar.exists()
    assert not folders[0].exists()
    assert names(tmp_path) == ["d.mp4", "d.mp4.json", "same.mp4"]


def test_a_link_to_the_file_is_followed(grey, kit, tmp_path):
    def render(plan, context):
        kit.write_video(context.folder / "film.mp4", frames=12)
        (context.folder / "link.mp4").symlink_to("film.mp4")
        return context.folder / "link.mp4"

    grey.render = render
    video = grey.generate("dusk", output=tmp_path / "d.mp4")
    assert not video.path.is_symlink()
    assert measure(video.path).num_frames == 12


@pytest.mark.parametrize(
    ("data", "code"),
    [(None, "no_file"), (b"", "no_file"), (b"<html>", "bad_video"), ("folder", "no_file")],
)
def test_an_engine_that_wrote_no_video_is_an_error_and_leaves_nothing(grey, tmp_path, data, code):
    folders = []

    def render(plan, context):
        folders.append(context.folder)
        made = context.folder / "film.mp4"
        if data == "folder":
            made.mkdir()
        elif data is not None:
            made.write_bytes(data)
        return made

    grey.render = render
    with pytest.raises(GenerationFailedError) as caught:
        grey.generate("dusk", output=tmp_path / "d.mp4")
    assert (caught.value.code, caught.value.charged) == (code, "no")
    assert names(tmp_path) == []
    assert not folders[0].exists()


def test_the_folder_of_a_job_that_is_cancelled_is_gone(grey, tmp_path):
    folders = []

    def render(plan, context):
        (context.folder / "half.mp4").write_bytes(b"half")
        folders.append(context.folder)
        context.cancel()
        context.check()

    grey.render = render
    with pytest.raises(GenerationCancelledError):
        grey.generate("dusk", output=tmp_path / "d.mp4")
    assert not folders[0].exists()
