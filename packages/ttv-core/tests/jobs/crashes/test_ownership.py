"""Who works on a job, while processes come and go."""

from __future__ import annotations

import contextlib
import os

import pytest

from ttv_core.jobs import ownership
from ttv_core.jobs.ownership import Owner, is_alive


def files(folder):
    return list((folder / "owners").iterdir())


@pytest.fixture
def between(monkeypatch):
    """Have something happen once between an owner's making its file and locking it."""

    def arrange(happen):
        lock = ownership._try_lock

        def late(handle):
            monkeypatch.setattr(ownership, "_try_lock", lock)
            happen()
            return lock(handle)

        monkeypatch.setattr(ownership, "_try_lock", late)

    return arrange


def test_a_process_that_is_swept_away_while_it_starts_starts_again(tmp_path, between):
    between(lambda: [is_alive(tmp_path, path.name) for path in files(tmp_path)])
    owner = Owner(tmp_path)
    assert is_alive(tmp_path, owner.name)
    owner.let_go()
    assert files(tmp_path) == []


def test_a_process_that_is_looked_at_while_it_starts_starts_again(tmp_path, between):
    with contextlib.ExitStack() as looking:

        def look():
            (path,) = files(tmp_path)
            handle = os.open(path, os.O_RDWR)
            looking.callback(os.close, handle)
            assert ownership._try_lock(handle)

        between(look)
        owner = Owner(tmp_path)
        assert [path.name for path in files(tmp_path)] == [owner.name]
        owner.let_go()


def test_where_locks_do_not_work_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(ownership, "_try_lock", lambda handle: False)
    with pytest.raises(OSError, match="locks do not work"):
        Owner(tmp_path)
    assert files(tmp_path) == []
