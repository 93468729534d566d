"""Local videos that are made elsewhere: the driver has the batch, an executor only the work."""

from __future__ import annotations

import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grey
import numpy as np
import pytest
from acme import KEY

import ttv_core
from ttv_core import (
    Availability,
    BackendSettings,
    BackendUnavailableError,
    Capabilities,
    GenerationFailedError,
    Needs,
    OutputError,
    VideoRequest,
)
from ttv_core.executors import Delivery, packed
from ttv_core.media import frames as read_frames


class Grey(grey.Grey):
    """Takes pictures too, which must have come with the plan."""

    models = Capabilities.model_validate(
        {
            "backend": "grey",
            "kind": "local",
            "models": [
                grey.Grey.models.models[0].model_dump(exclude_unset=True)
                | {"inputs": {"first_frame": {}}, "modes": ["text_to_video", "image_to_video"]}
            ],
        }
    )

    def render(self, plan, context):
        if picture := plan.native.get("first_frame"):
            assert isinstance(picture.source, bytes)
        yield from super().render(plan, context)


class Nearby:
    """Two engines in this process; what is sent to them is pickled, as it would be elsewhere.

    Attributes:
        shared: Whether they have the folder of the batch.
        dies: How many jobs' engines die at first.
    """

    name = "nearby"
    Settings = BackendSettings

    def __init__(self, *, shared=True, places=2):
        self.shared, self._places = shared, places
        self.opened, self.asked, self.most, self.now = [], [], 0, 0
        self.lock = threading.Lock()

    def availability(self, *, deep=False):
        return Availability(ok=True)

    def open(self):
        self.opened.append("open")

    def close(self):
        self.opened.append("close")

    def places(self, maker, plan):
        self.asked.append((plan.backend, maker.needs(plan)))
        return self._places

    def make(self, maker, plan, delivery, context):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return self.rendered(maker, pickle.loads(pickle.dumps(plan)), delivery, context)
        finally:
            with self.lock:
                self.now -= 1

    def rendered(self, maker, plan, delivery, context):
        engine = type(maker)(maker.settings)
        mark = delivery.mark()
        file = delivery.path if self.shared else delivery.path.with_name("elsewhere.mp4")
        assert Delivery.is_shared(file, mark) is self.shared
        job = engine.make_planned(plan, file, on_event=lambda event: context.emit(event.state))
        while not job.done:
            if context.cancelled:
                job.cancel()
        result = job.wait()
        if not self.shared:
            data = file.read_bytes()
            file.unlink()

            async def read():
                for start in range(0, len(data), 1000):
                    yield data[start : start + 1000]

            delivery.receive(read, len(data))
        return result


@pytest.fixture
def many(acme, registry, tmp_path):
    """Make many videos in one folder."""
    registry["grey"] = Grey
    config = {"backends": {"acme": {"base_url": acme.url, "api_key": KEY}}}

    def make(requests, **how):
        how = {"output": tmp_path / "out", "config": config, "backend": "grey"} | how
        return list(ttv_core.generate_many(requests, **how))

    return make


def foxes(count, **fields):
    return [{"prompt": f"fox {i}", "duration": 0.5} | fields for i in range(count)]


def frames(path):
    return np.stack(list(read_frames(path)))


@pytest.mark.parametrize("shared", [True, False])
def test_the_result_is_that_of_one_process(many, tmp_path, shared):
    here = {item.prompt: item for item in many(foxes(3), output=tmp_path / "here")}
    there = Nearby(shared=shared, places=1)
    events = []
    for item in many(foxes(3), executor=there, on_event=events.append):
        own = here[item.prompt]
        assert item.state == "completed"
        assert item.path.name == own.path.name
        assert np.array_equal(frames(item.path), frames(own.path))
        assert item.result.sidecar.is_file()
        told, usual = item.result.to_dict(), own.result.to_dict()
        for fact in ("path", "sidecar", "job_id", "timings", "info"):
            assert bool(told.pop(fact)) == bool(usual.pop(fact))
        assert told == usual
    assert len({event.job_id for event in events}) == 3
    assert {"running", "measuring", "completed"} <= {event.state for event in events}
    assert ("downloading" in {event.state for event in events}) is not shared
    assert there.opened == ["open", "close"]
    assert {item.state for item in many(foxes(3), executor=Nearby())} == {"skipped"}
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(names) == 3 * 2 + 1


def test_as_many_at_once_as_there_are_places(many):
    there = Nearby(places=2)
    meeting = threading.Barrier(2, timeout=30)
    there.rendered, usual = lambda *made: (meeting.wait(), usual(*made))[1], there.rendered
    # A cluster takes its time to answer: meanwhile nobody else asks.
    there.places, asked = lambda *what: (time.sleep(0.2), asked(*what))[1], there.places
    assert {item.state for item in many(foxes(6), executor=there)} == {"completed"}
    assert there.most == 2
    assert there.asked == [("grey", Needs(cpus=1, gpus=0))]
    many(foxes(2, fps=24.0), executor=(one := Nearby(places=9)), concurrency=1)
    assert one.most == 1


def test_what_a_vendor_makes_stays_with_the_driver(many, acme):
    there = Nearby()
    wanted = [*foxes(2), *({"prompt": f"hen {i}", "duration": 1, "backend": "acme"} for i in "12")]
    assert {item.state for item in many(wanted, executor=there)} == {"completed"}
    assert {backend for backend, _ in there.asked} == {"grey"}
    assert acme.accepted == 2


def test_what_auto_chooses_goes_there_too(many):
    there = Nearby()
    [made] = many(foxes(1), backend="auto", executor=there)
    assert (made.state, made.backend, there.most) == ("completed", "grey", 1)


def test_pictures_travel_with_the_plan(many, picture):
    [made] = many(foxes(1, image=picture), executor=Nearby())
    assert made.state == "completed"
    assert str(picture) in made.result.sidecar.read_text()
    plan = Grey().plan("a fox", image=picture)
    assert packed(plan).native["first_frame"].source == picture.read_bytes()
    assert packed(plan).request.inputs[0].source == picture.read_bytes()
    picture.unlink()
    with pytest.raises(OutputError, match=r"cat\.png cannot be read any more"):
        packed(plan)


def test_an_error_there_is_an_error_here(many, registry, tmp_path):
    class Broken(Grey):
        def render(self, plan, context):
            raise GenerationFailedError("the engine said no")

    registry["grey"] = Broken
    [failed] = many(foxes(1), executor=Nearby())
    assert (failed.state, failed.error.message) == ("failed", "the engine said no")
    assert (failed.error.backend, failed.charged) == ("grey", "no")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".ttv-batch.jsonl"]


def test_closing_the_generator_stops_what_runs_there(many, registry, tmp_path):
    there, heard = Nearby(), threading.Event()
    items = ttv_core.generate_many(
        [*foxes(1), {"prompt": "hold", "duration": 0.5}],
        output=tmp_path / "out",
        backend="grey",
        executor=there,
        on_event=lambda event: event.state == "encoding" and heard.set(),
    )
    assert next(items).prompt == "fox 0"
    heard.wait(30)
    items.close()
    assert there.opened == ["open", "close"]
    assert there.now == 0
    assert not [path for path in (tmp_path / "out").iterdir() if ".part" in path.name]


def test_what_does_not_arrive_whole_is_no_video(many, tmp_path):
    class Torn(Nearby):
        def make(self, maker, plan, delivery, context):
            result = super().make(maker, plan, delivery, context)
            delivery.path.write_bytes(delivery.path.read_bytes()[:-1])
            return result

    [failed] = many(foxes(1), executor=Torn())
    assert (failed.state, failed.error.code) == ("failed", "damaged")
    assert not list((tmp_path / "out").glob("*.mp4"))


def test_an_executor_without_a_machine(many, tmp_path):
    class Small(Nearby):
        def places(self, maker, plan):
            raise BackendUnavailableError("no machine has 8 GPUs")

    made = many(foxes(2), executor=Small())
    assert {item.error.message for item in made} == {"no machine has 8 GPUs"}
    assert {item.state for item in many(foxes(2), executor=Nearby())} == {"completed"}


def test_an_executor_that_cannot_be_reached(many):
    class Far(Nearby):
        def open(self):
            raise BackendUnavailableError("nobody is there")

    far = Far()
    with pytest.raises(BackendUnavailableError, match="nobody is there"):
        many(foxes(1), executor=far)
    assert far.opened == ["close"]


def test_only_who_has_the_same_folder_can_read_the_mark(tmp_path):
    path = tmp_path / "file"
    delivery = Delivery(path, None)
    first, mark = delivery.mark(), delivery.mark()
    assert not Delivery.is_shared(tmp_path / "other", mark)
    assert not Delivery.is_shared(path, first)
    assert path.read_bytes() == mark
    assert Delivery.is_shared(path, mark)
    assert not path.exists()


def test_a_planned_video_is_made_in_turn_and_nothing_else_is_written(tmp_path):
    engine, plan = Grey(), Grey().plan(VideoRequest(prompt="a fox"))
    folder = tmp_path / "there"
    folder.mkdir()
    with ThreadPoolExecutor() as pool:
        files = [folder / f"{i}.mp4" for i in range(3)]
        jobs = [engine.make_planned(plan, file) for file in files]
        results = list(pool.map(lambda job: job.wait(), jobs))
    assert [result.path for result in results] == files
    assert sorted(folder.iterdir()) == files
    with pytest.raises(OutputError):
        engine.make_planned(plan, files[0])


def test_needs_are_as_the_capabilities_say():
    class OnGpu(Grey):
        models = Grey.models.model_copy(update={"requires_gpu": True})

    plan = Grey().plan("a fox")
    assert str(Grey().needs(plan)) == "1 CPU"
    assert str(OnGpu().needs(plan)) == "1 CPU and 1 GPU"
    assert str(Needs(2, 4, 3 * 10**9)) == "2 CPUs and 4 GPUs and 3.0 GB of memory"
