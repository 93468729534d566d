"""Where videos go: nothing overwritten, nothing escaped, nothing half."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttv_core import InvalidInputError, OutputError
from ttv_core.interface import Defaults
from ttv_core.output import PendingFile, check_writable, slug, storage_error


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_existing_file_is_refused_and_untouched(grey, tmp_path):
    target = tmp_path / "d.mp4"
    target.write_text("precious")
    with pytest.raises(OutputError, match="exists and is not replaced") as caught:
        grey.generate("dusk", output=target)
    assert caught.value.code == "exists"
    assert "overwrite" in caught.value.remedy
    assert target.read_text() == "precious"
    assert grey.loads == 0


def test_an_existing_file_is_replaced_when_asked(grey, tmp_path):
    target = tmp_path / "d.mp4"
    target.write_text("old")
    assert grey.generate("dusk", output=target, overwrite=True).info.num_frames == 12


def test_somebody_elses_file_of_the_sidecars_name_is_not_lost(grey, tmp_path):
    (tmp_path / "d.mp4.json").write_text("precious")
    with pytest.raises(OutputError, match=r"d\.mp4\.json exists"):
        grey.generate("dusk", output=tmp_path / "d.mp4")
    assert (tmp_path / "d.mp4.json").read_text() == "precious"


def test_a_file_that_comes_up_meanwhile_is_not_lost(grey, tmp_path):
    target = tmp_path / "d.mp4"
    grey.misbehave = lambda i, context: target.write_text("precious")
    with pytest.raises(OutputError, match="exists"):
        grey.generate("dusk", output=target)
    assert target.read_text() == "precious"
    assert names(tmp_path) == ["d.mp4"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_refused_and_its_target_untouched(grey, tmp_path, exists):
    victim = tmp_path / "victim.mp4"
    if exists:
        victim.write_text("precious")
    link = tmp_path / "d.mp4"
    link.symlink_to(victim)
    with pytest.raises(OutputError, match="exists"):
        grey.generate("dusk", output=link)
    assert link.is_symlink()
    assert victim.exists() is exists


def test_overwriting_a_link_replaces_the_link_and_not_its_target(grey, tmp_path):
    victim, link = tmp_path / "victim.mp4", tmp_path / "d.mp4"
    victim.write_text("precious")
    link.symlink_to(victim)
    grey.generate("dusk", output=link, overwrite=True)
    assert victim.read_text() == "precious"
    assert not link.is_symlink()


def test_a_linked_folder_is_followed(grey, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert grey.generate("dusk", output=tmp_path / "link" / "d.mp4").path.exists()
    assert "d.mp4" in names(tmp_path / "real")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("missing/d.mp4", "does not exist"),
        ("d.mov", "does not end in .mp4"),
        ("d", "does not end in .mp4"),
        ("x" * 300 + ".mp4", "too long"),
        ("a\0b.mp4", "NUL"),
    ],
)
def test_a_bad_name_is_told_with_its_remedy(grey, tmp_path, output, message):
    with pytest.raises(OutputError, match=message):
        grey.generate("dusk", output=f"{tmp_path}/{output}")
    assert names(tmp_path) == []
    assert grey.loads == 0


def test_a_file_in_the_place_of_a_folder_is_told(grey, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is no folder"):
        grey.generate("dusk", output=tmp_path / "file" / "d.mp4")


def test_a_folder_gets_a_name_made_from_the_prompt(grey, tmp_path):
    video = grey.generate("A red fox, at dawn!", output=tmp_path)
    assert video.path.parent == tmp_path
    assert video.path.name == f"a-red-fox-at-dawn-{video.job_id.lower()}.mp4"


def test_the_configured_folder_is_made_and_used(grey, tmp_path):
    grey.defaults = Defaults(output_dir=tmp_path / "videos" / "today")
    assert grey.generate("dusk").path.parent == tmp_path / "videos" / "today"


def test_without_any_word_the_current_folder_is_used(grey, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert grey.generate("dusk").path.resolve().parent == tmp_path


def test_a_template_is_filled_and_cannot_climb(grey, tmp_path):
    output = tmp_path / "{backend}-{model}-{seed}-{slug}.mp4"
    video = grey.generate("../../etc/passwd \u202e x", seed=3, output=output)
    assert video.path == tmp_path / "grey-grey-1-3-etc-passwd-x.mp4"


def test_an_unknown_template_field_is_refused(grey, tmp_path):
    with pytest.raises(InvalidInputError, match=r"unknown field '\{prompt\}'.*\{slug\}"):
        grey.generate("dusk", output=tmp_path / "{prompt}.mp4")


@given(st.text(max_size=400))
def test_a_slug_is_one_safe_name(text):
    found = slug(text)
    assert found
    assert len(found.encode()) <= 60
    assert not set(found) & set('/\\:*?"<>|\0. \n\t')
    assert found[0] not in "-_"


def test_the_pending_file_is_hidden_new_and_private_to_this_job(tmp_path):
    with PendingFile(tmp_path / "d.mp4", overwrite=False) as pending:
        assert pending.path.name.startswith(".d.")
        assert pending.path.suffix == ".mp4"
        other = PendingFile(tmp_path / "d.mp4", overwrite=False).create()
        assert other.path != pending.path
        other.path.unlink()
    assert names(tmp_path) == []


def test_a_planted_link_of_the_pending_name_is_not_written_through(tmp_path, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda size: "feed")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".d.feed.part.mp4").symlink_to(victim)
    with pytest.raises(OutputError):
        PendingFile(tmp_path / "d.mp4", overwrite=True).create()
    assert victim.read_text() == "precious"


def test_publishing_works_without_hard_links(tmp_path, monkeypatch):
    def no_links(*args, **kwargs):
        raise OSError(1, "not supported")

    monkeypatch.setattr(os, "link", no_links)
    with PendingFile(tmp_path / "d.mp4", overwrite=False) as pending:
        pending.path.write_text("video")
        pending.publish()
    assert (tmp_path / "d.mp4").read_text() == "video"
    with (
        pytest.raises(OutputError, match="exists"),
        PendingFile(tmp_path / "d.mp4", overwrite=False) as pending,
    ):
        pending.publish()
    assert names(tmp_path) == ["d.mp4"]


def test_new_files_follow_the_umask(grey, tmp_path):
    before = os.umask(0o027)
    try:
        video = grey.generate("dusk", output=tmp_path / "d.mp4")
    finally:
        os.umask(before)
    assert video.path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="it takes files without a name")
def test_whether_a_folder_can_be_written_to_is_seen_without_a_name(tmp_path, monkeypatch):
    def named(pending):
        raise AssertionError(pending.path)

    monkeypatch.setattr(PendingFile, "create", named)
    check_writable(tmp_path / "d.mp4")
    with pytest.raises(OutputError, match="cannot be written"):
        check_writable(tmp_path / "missing" / "d.mp4")


def test_where_there_are_no_files_without_a_name_one_comes_and_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "O_TMPFILE", 0, raising=False)
    check_writable(tmp_path / "d.mp4")
    assert names(tmp_path) == []
    with pytest.raises(OutputError, match="cannot be written"):
        check_writable(tmp_path / "missing" / "d.mp4")


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without a name")
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_without_a_name_gets_one_when_it_is_whole(tmp_path, overwrite):
    target = tmp_path / "fox.mp4"
    if overwrite:
        target.write_bytes(b"old")
    with PendingFile(target, overwrite=overwrite).create(unnamed=True) as pending:
        pending.path.write_bytes(b"new")
        assert [path.name for path in tmp_path.iterdir()] == ["fox.mp4"] * overwrite
        pending.publish()
    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["fox.mp4"]


def test_a_file_without_a_name_does_not_replace_one(tmp_path):
    target = tmp_path / "fox.mp4"
    target.write_bytes(b"old")
    with PendingFile(target, overwrite=False).create(unnamed=True) as pending:
        pending.path.write_bytes(b"new")
        with pytest.raises(OutputError) as caught:
            pending.publish()
    assert caught.value.code == "exists"
    assert target.read_bytes() == b"old"


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without a name")
def test_what_stands_in_the_way_of_a_file_without_a_name_is_told_of_its_folder(tmp_path):
    with PendingFile(tmp_path / "a.mp4", overwrite=False).create(unnamed=True) as pending:
        error = storage_error(OSError(errno.EFBIG, "File too large"), pending.path)
    assert error.message == f"{tmp_path} cannot be written: File too large"
