"""A job on this machine is seen and stopped from any process, and gone with its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from ttv_core import Capabilities, GenerationFailedError, LocalVideoGenerator
from ttv_core.job import new_job_id
from ttv_core.jobs import jobs_here
from ttv_core.jobs.desk import desk
from ttv_core.testing import own_state

MODELS = {
    "backend": "acme",
    "kind": "local",
    "models": [{"id": "acme-1", "fps": 24, "durations": [1], "canvas": {"sizes": ["64x64"]}}],
}


class Acme(LocalVideoGenerator):
    """Makes frames until the test has seen enough."""

    name = "acme"
    models = Capabilities.model_validate(MODELS)
    enough = staticmethod(lambda step: step == 4)
    fails = False

    def render(self, plan, context):
        step = 0
        while not self.enough(step):
            context.progress(step)
            step += 1
            yield np.zeros((64, 64, 3), np.uint8)
        if self.fails:
            msg = "no"
            raise GenerationFailedError(msg)


ENDLESS = """
    import sys
    import numpy
    from ttv_core import Capabilities, LocalVideoGenerator, VideoGenerationError

    class Endless(LocalVideoGenerator):
        name = "endless"
        models = Capabilities.model_validate({
            "backend": "endless", "kind": "local", "models": [{
                "id": "endless-1", "fps": 24, "durations": [1], "canvas": {"sizes": ["64x64"]}}]})

        def render(self, plan, context):
            while True:
                context.progress(1)
                yield numpy.zeros((64, 64, 3), numpy.uint8)

    generator = Endless()
    jobs = [generator.start(f"fox {n}", output=sys.argv[1] + f"/{n}.mp4") for n in range(2)]
    for job in jobs:
        try:
            job.wait()
        except VideoGenerationError as error:
            print(job.id, type(error).__name__, flush=True)
"""


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "out").mkdir()
    return tmp_path / "state"


@pytest.fixture
def endless(state, tmp_path):
    """Start a process with a job that is being made, and one that waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ENDLESS), str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(jobs_here()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield process
    process.kill()
    process.communicate()


def test_a_job_of_another_process_is_seen_and_stopped(endless, state, tmp_path):
    second, first = jobs_here()
    assert [first.prompt, second.prompt] == ["fox 0", "fox 1"]
    assert (first.backend, first.model, first.pid) == ("endless", "endless-1", endless.pid)
    assert second.stop(30)  # while it waits
    assert [job.id for job in jobs_here()] == [first.id]
    assert first.stop(30)
    told = [line.split() for line in endless.stdout]
    assert told == [[job.id, "GenerationCancelledError"] for job in (first, second)]
    assert not list((tmp_path / "out").iterdir())
    assert not list((state / "here").iterdir())


def test_ids_of_one_millisecond_are_in_order():
    ids = [new_job_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


def test_a_job_is_gone_with_its_process(endless, state):
    job = jobs_here()[0]
    endless.kill()
    endless.wait()
    assert jobs_here() == []
    assert not list((state / "here").iterdir())
    assert job.stop(0)


def test_it_is_listed_only_while_it_is_under_way(state, tmp_path):
    found = []
    generator = Acme()
    generator.enough = lambda step: found.extend(jobs_here()) or step == 4
    video = generator.generate("a fox", output=tmp_path / "out" / "fox.mp4")
    assert {job.id for job in found} == {video.job_id}
    assert jobs_here() == []
    (state / "here" / f"{video.job_id}.stop").touch()  # as of somebody who was a little late
    assert found[0].stop(0)
    assert not list((state / "here").iterdir())
    generator.fails = True
    with pytest.raises(GenerationFailedError):
        generator.generate("a fox", output=tmp_path / "out" / "other.mp4")
    assert jobs_here() == []
    assert not list((state / "here").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
def test_nobody_else_reads_what_is_asked_for(state, tmp_path):
    modes = []
    generator = Acme()

    def look(step):
        modes.extend((state / "here" / job.id).stat().st_mode & 0o777 for job in jobs_here())
        return step == 1

    generator.enough = look
    generator.generate("a fox", output=tmp_path / "out" / "fox.mp4")
    assert set(modes) == {0o600}
    assert (state / "here").stat().st_mode & 0o777 == 0o700


def test_where_no_file_can_be_written_a_job_goes_on(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TTV_STATE_DIR", str(tmp_path / "file" / "state"))
    assert Acme().generate("a fox", output=tmp_path / "fox.mp4").info.num_frames == 4
    assert jobs_here() == []


def test_what_is_no_job_is_passed_over(state):
    (state / "here").mkdir(parents=True)
    for text in ("", "[]", '{"id": "x"}'):
        (state / "here" / "junk").write_text(text)
        assert jobs_here() == []


FORKS = """
    import os, sys
    sys.path.insert(0, sys.argv[2])
    from test_here import Acme
    from ttv_core.jobs import jobs_here

    found = []

    def forked(step):
        if step == 1:
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            found.extend(job.id for job in jobs_here())
        return step == 2

    generator = Acme()
    generator.enough = forked
    video = generator.generate("a fox", output=sys.argv[1])
    assert found == [video.job_id], found
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_does_not_end_its_parents_jobs(state, tmp_path):
    """In a process of its own: what other tests have left running may not live through a fork."""
    body = textwrap.dedent(FORKS)
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", body]
    more = [str(tmp_path / "fox.mp4"), str(Path(__file__).parent)]
    done = subprocess.run([*words, *more], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_state_of_ones_own_is_let_go_of_whole(tmp_path):
    with own_state(tmp_path / "own") as folder:
        Acme().generate("a fox", output=tmp_path / "fox.mp4")
        assert desk().folder == folder
        assert len(list((folder / "owners").iterdir())) == 2
    assert list((folder / "owners").iterdir()) == []
