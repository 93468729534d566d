"""The journal's disk fails: nothing is sent that is not written down, and no paid video is lost."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
from concurrent.futures import Future
from pathlib import Path

import pytest
from virtual import ACCEPTED, DONE, RUNNING, Scene, Script

from ttv_core import (
    BackendUnavailableError,
    GenerationTimeoutError,
    OutputError,
    SubmissionUncertainError,
    VideoGenerationError,
    VideoResult,
    jobs,
)
from ttv_core.jobs.desk import desk
from ttv_core.jobs.store import JournalError
from ttv_core.jobs.vendor import Poll
from ttv_core.output import PendingFile

HERE = str(Path(__file__).parent)


@pytest.fixture
def tiny_disk(tmp_path):
    """A folder on a disk of 256 KB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("mount is not there")
    if done.returncode:
        pytest.skip("mounting takes root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder):
    """Leave no space on a disk."""
    with (folder / "full").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


def fields(tmp_path, **more):
    return {"duration": 1, "output": tmp_path / "fox.mp4"} | more


# --- real disks -----------------------------------------------------------------------------------


def test_on_a_full_disk_nothing_is_sent(kind, acme, backend, tiny_disk, tmp_path, monkeypatch):
    monkeypatch.setenv("TTV_STATE_DIR", str(tiny_disk / "state"))
    desk()
    fill(tiny_disk)
    with pytest.raises(JournalError, match="disk is full") as caught:
        backend(kind).generate("a fox" * 3000, **fields(tmp_path))
    assert (caught.value.code, caught.value.charged) == ("journal_full", "no")
    assert "free some space" in caught.value.remedy
    assert acme.requests == {}
    assert not list(tmp_path.glob("*.mp4"))
    (tiny_disk / "full").unlink()
    assert backend(kind).generate("a fox", **fields(tmp_path)).charged == "yes"


def test_a_new_journal_on_a_full_disk(acme, backend, tiny_disk, tmp_path, monkeypatch):
    fill(tiny_disk)
    monkeypatch.setenv("TTV_STATE_DIR", str(tiny_disk / "state"))
    with pytest.raises(JournalError) as caught:
        backend().generate("a fox", **fields(tmp_path))
    assert str(tiny_disk) in caught.value.message
    assert acme.requests == {}


def test_a_disk_that_fills_up_meanwhile_does_not_cost_the_video(
    acme, backend, tiny_disk, tmp_path, monkeypatch, video, caplog
):
    monkeypatch.setenv("TTV_STATE_DIR", str(tiny_disk / "state"))
    acme.states = ["running"]
    job = backend().start("a fox", **fields(tmp_path))
    fill(tiny_disk)
    acme.tasks[job.remote_id].facts["note"] = "x"
    acme.tasks[job.remote_id].states.append("done")
    result = job.wait(timeout=60)
    assert result.path.read_bytes() == video
    # What fitted beside the full file was written; either way the journal is whole.
    (tiny_disk / "full").unlink()
    kept = jobs.get(job.id)
    assert kept.state in {"accepted", "running", "remote_done", "completed"}
    if kept.state != "completed":
        assert any("goes on all the same" in warning for warning in result.warnings)
        assert "goes on all the same" in caplog.text
    again = backend().resume(kept).wait(timeout=60)
    assert again.path.read_bytes() == video
    assert acme.requests["create"] == 1


def test_inputs_that_cannot_be_kept_are_told(
    acme, backend, tiny_disk, tmp_path, monkeypatch, picture
):
    monkeypatch.setenv("TTV_STATE_DIR", str(tiny_disk / "state"))
    desk()
    fill(tiny_disk)
    with pytest.raises(JournalError, match="inputs of the job cannot be kept") as caught:
        backend().generate("a fox", image=picture.read_bytes(), **fields(tmp_path))
    assert caught.value.charged == "no"
    assert acme.requests == {}


def test_a_folder_that_cannot_be_written_to(acme, tmp_path):
    """Everybody may look into it, nobody may write: as a state folder of another user's."""
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == shut.owner() and folder.name:
            folder.chmod(folder.stat().st_mode | 0o055)
    shut.chmod(0o555)
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o777)
    code = f"""
        import os, sys
        sys.path.insert(0, {HERE!r})
        from acme import KEY, AcmeGenerator
        if os.getuid() == 0:
            os.setuid(65534)
        os.environ["TTV_STATE_DIR"] = {str(shut / "state")!r}
        try:
            AcmeGenerator(base_url={acme.url!r}, api_key=KEY).generate(
                "a fox", duration=1, output={str(tmp_path / "out" / "fox.mp4")!r})
        except Exception as error:
            print(type(error).__name__, error.charged, error.message)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    if "Permission denied" in done.stderr and "shut" not in done.stderr:
        pytest.skip("another user cannot read this Python")
    assert done.stdout.startswith("JournalError no the journal of jobs in")
    assert "cannot be opened: Permission denied" in done.stdout
    assert acme.requests == {}


@pytest.mark.parametrize("spoil", [b"not a database" * 1000, b"\0" * 8192])
def test_a_spoiled_journal_stops_what_would_be_paid_for(spoil, acme, backend, state_dir, tmp_path):
    state_dir.mkdir(mode=0o700)
    (state_dir / "jobs.db").write_bytes(spoil)
    with pytest.raises(JournalError, match="cannot be opened"):
        backend().generate("a fox", **fields(tmp_path))
    assert (state_dir / "jobs.db").read_bytes() == spoil
    assert acme.requests == {}


def test_folders_and_files_of_jobs_are_the_users_alone(acme, backend, state_dir, tmp_path, picture):
    acme.states = ["running"]
    before = os.umask(0)
    try:
        fault = {"image": picture.read_bytes()}
        acme.fail("create", "reset")
        with pytest.raises(SubmissionUncertainError):
            backend().generate("a fox", **fault, **fields(tmp_path))
        paths = [state_dir, *state_dir.rglob("*")]
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    finally:
        os.umask(before)
    assert len([path for path in modes if path.is_file()]) >= 5
    folders = {mode for path, mode in modes.items() if path.is_dir()} - {0o700}
    files = {mode for path, mode in modes.items() if path.is_file()} - {0o600}
    inside = {path.parent.name for path, mode in modes.items() if mode & 0o077}
    assert files == set()
    assert folders == set() or inside == {"state"}  # below the 0700 of the folder itself


# --- a journal that fails when it is told to ------------------------------------------------------


class Failing:
    """A journal that cannot be written, or read, while `broken` says so."""

    def __init__(self, journal):
        self.journal = journal
        self.broken = lambda record, changes: False
        self.blind = False

    def __getattr__(self, name):
        return getattr(self.journal, name)

    def update(self, record, *attempts, **changes):
        if self.broken(record, changes):
            failed = Future()
            failed.set_exception(JournalError("the disk is gone", code="journal_ioerr"))
            return failed
        future = self.journal.update(record, *attempts, **changes)
        future.exception()
        return future

    def get(self, job_id):
        return self._read("get", job_id)

    def took(self, backend, model):
        return self._read("took", backend, model)

    def _read(self, name, *args):
        if self.blind:
            raise JournalError("the disk cannot be read", code="journal_ioerr")
        return getattr(self.journal, name)(*args)


@pytest.fixture
def scene(tmp_path):
    made = []

    def build(vendor, **facts):
        made.append(Scene(tmp_path, vendor, store=Failing, **facts))
        return made[-1]

    yield build
    for each in made:
        each.close()


NEW = {"state": "prepared", "remote_id": None, "accepted_at": None, "charged": "no"}


def test_intent_that_cannot_be_written_is_not_sent(scene):
    it = scene(Script().says("submit", ACCEPTED).says("poll", DONE), **NEW)
    it.store.broken = lambda record, changes: changes.get("state") == "submitting"
    error = it.through()
    assert type(error) is JournalError
    assert error.charged == "no"
    assert it.vendor.asked == []
    # It surely was not sent, so nothing may say later that it was about to be.
    assert (it.job.state, it.job.attempt, it.job.owner) == ("prepared", 0, None)
    it.store.broken = lambda record, changes: False
    it.journal.update(it.job, owner="me").result()
    assert type(it.through()) is VideoResult
    assert len(it.vendor.times("submit")) == 1


def test_an_id_that_cannot_be_written_does_not_lose_the_video(scene, caplog):
    it = scene(Script().says("submit", ACCEPTED).says("poll", RUNNING, RUNNING, DONE), **NEW)
    it.store.broken = lambda record, changes: record.state == "submitting"
    result = it.through()
    assert type(result) is VideoResult
    assert (result.path.read_bytes(), result.charged) == (b"video", "yes")
    assert result.warnings[0] == "the disk is gone; job r-1 goes on all the same"
    assert result.warnings.count(result.warnings[0]) == 1
    assert "job J1: the disk is gone" in caplog.text
    assert len(it.vendor.times("submit")) == 1
    assert it.job.state == "submitting"


def test_what_could_not_be_written_is_written_when_it_can_be(scene):
    it = scene(Script().says("submit", ACCEPTED).says("poll", RUNNING, RUNNING, DONE), **NEW)
    tries = []

    def broken(record, changes):
        tries.append(changes)
        return record.state == "submitting" and len(tries) < 4

    it.store.broken = broken
    result = it.through()
    assert len(result.warnings) >= 1
    assert (it.job.state, it.job.remote_id, it.job.owner) == ("completed", "r-1", None)
    assert it.did == [("create", "started"), ("create", "accepted")]


def test_an_id_is_written_as_soon_as_it_can_be(scene):
    """Not only with the next change, which may be an hour away."""
    queued = Poll(state="queued", word="QUEUED")
    kept = []

    def looked(_):
        kept.append(it.job.remote_id)
        return queued

    it = scene(Script().says("submit", ACCEPTED).says("poll", queued, looked, DONE), **NEW)
    it.store.broken = lambda record, changes: record.state == "submitting"

    def mended(scene):
        scene.store.broken = lambda record, changes: False

    it.through(at={3: mended})
    assert kept == ["r-1"]


def test_a_journal_that_cannot_be_read_any_more_does_not_lose_the_video(scene):
    it = scene(Script().says("poll", RUNNING, RUNNING, DONE))

    def blinded(scene):
        scene.store.blind = True

    assert type(it.through(at={0: blinded})) is VideoResult


def test_a_journal_that_cannot_be_read_at_all_teaches_nothing_and_loses_nothing(scene):
    it = scene(Script().says("poll", RUNNING, RUNNING, DONE))
    it.store.blind = True
    assert type(it.through()) is VideoResult


def test_a_lost_answer_that_cannot_be_written_down_is_still_told_as_one(scene):
    it = scene(Script().says("submit", ConnectionResetError("gone")), **NEW)
    it.store.broken = lambda record, changes: record.state == "submitting"
    error = it.through()
    assert type(error) is SubmissionUncertainError
    assert "ConnectionResetError: gone" in error.message
    assert (error.charged, type(error.__cause__)) == ("unknown", JournalError)
    assert it.job.state == "submitting"  # whoever resumes it finds it in doubt
    it.store.broken = lambda record, changes: False
    assert type(it.through()) is SubmissionUncertainError
    assert (it.job.state, len(it.vendor.times("submit"))) == ("unknown", 1)


def test_an_end_that_cannot_be_written_is_told_all_the_same(scene):
    from ttv_core import GenerationFailedError, Poll

    failed = Poll(state="failed", error=GenerationFailedError("no foxes", charged="no"))
    it = scene(Script().says("poll", failed))
    it.store.broken = lambda record, changes: True
    error = it.through()
    assert (type(error), error.charged) == (GenerationFailedError, "no")
    assert it.job.state == "accepted"


def test_a_no_that_cannot_be_written_is_told_all_the_same(scene):
    no = BackendUnavailableError("no", status_code=400)
    it = scene(Script(definite_reject=frozenset({400})).says("submit", no), **NEW)
    it.store.broken = lambda record, changes: changes.get("state") == "failed"
    assert it.through() is no
    assert no.charged == "no"


def test_a_job_that_another_process_has_taken_is_let_go_of(scene):
    it = scene(Script().says("poll", *[RUNNING] * 9, DONE))

    def taken(scene):
        job = scene.job
        scene.journal.update(job, owner="another", note="mine now").result()

    error = it.through(at={5: taken})
    assert isinstance(error, VideoGenerationError)
    assert (error.code, error.charged) == ("taken_over", "unknown")
    assert (it.job.owner, it.job.state) == ("another", "running")


@pytest.mark.parametrize("known", [True, False])
def test_a_part_that_the_journal_does_not_know_of_is_not_left(known, scene, tmp_path, monkeypatch):
    def full(self):
        raise OutputError("no space left", code="disk_full")

    monkeypatch.setattr(PendingFile, "publish", full)
    it = scene(Script().says("poll", DONE))
    it.store.broken = lambda record, changes: not known
    assert type(it.through()) is OutputError
    parts = [str(path) for path in tmp_path.glob(".*.part*")]
    assert parts == [part["part"] for part in it.job.parts]
    assert len(parts) == known


def test_a_wait_that_ends_says_what_the_job_may_cost(scene):
    it = scene(Script().says("poll", RUNNING))
    error = it.through()
    assert type(error) is GenerationTimeoutError
    assert (error.charged, it.job.owner) == ("unknown", None)


def test_a_full_disk_for_the_video_keeps_what_came(acme, backend, tiny_disk, tmp_path, video):
    fill(tiny_disk)
    (tiny_disk / "full").rename(tiny_disk / "held")
    with (tiny_disk / "held").open("r+b") as file:
        file.truncate(file.seek(0, 2) - 8192)  # room for a name and a little
    acme.video = video + b"\0\0\x40\x08free" + bytes(0x4000)
    with pytest.raises(OutputError, match="no space left") as caught:
        backend().generate("a fox", duration=1, sidecar=False, output=tiny_disk / "fox.mp4")
    error = caught.value
    assert (error.code, error.charged) == ("disk_full", "yes")
    assert jobs.get(error.job_id).state == "remote_done"
    assert not (tiny_disk / "fox.mp4").exists()
    (tiny_disk / "held").unlink()
    result = backend().resume(jobs.get(error.job_id)).wait(timeout=60)
    assert result.path.read_bytes() == acme.video
    assert acme.bytes_served < 2 * len(acme.video)
    assert [each.headers.get("range") for each in acme.log if each.kind == "file"][1] is not None
    assert acme.requests["create"] == 1


def test_a_disk_without_locks_is_refused(acme, backend, tmp_path, monkeypatch):
    from ttv_core.jobs import ownership

    monkeypatch.setattr(ownership, "_try_lock", lambda handle: False)
    with pytest.raises(JournalError, match="locks do not work on this disk") as caught:
        backend().generate("a fox", **fields(tmp_path))
    assert "TTV_STATE_DIR" in caught.value.remedy
    assert acme.requests == {}
