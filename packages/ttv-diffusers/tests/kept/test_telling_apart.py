"""What is not loaded the same is not used, and it is said why."""

from __future__ import annotations

import os
import sys

import pytest

from ttv_core.kept import kept_workers
from ttv_diffusers import readiness
from ttv_diffusers.kept.identity import differences, identity

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there it is tested")


@pytest.mark.parametrize(
    ("settings", "env", "why"),
    [
        (["dtype=float32"], {}, "dtype is auto there and float32 here"),
        (["memory=high"], {}, "memory is auto there and high here"),
        ([], {"OMP_NUM_THREADS": "3"}, "the environment variable OMP_NUM_THREADS is another"),
    ],
)
def test_settings_that_differ_have_a_worker_of_their_own_and_it_is_said(
    settings, env, why, quick, generator, client
):
    worker = generator().keep()
    other = client("other", settings=settings, env=env)
    assert f"the kept worker {worker.id} is not used: {why}" in other.hear("event waiting")
    assert not other.hear("made").endswith("None")
    assert kept_workers()[0].videos == 0


def test_the_number_of_threads_is_each_jobs_own(quick, generator, client):
    generator().keep()
    assert client("two", settings=["threads=2"]).hear("made").endswith("None")


def test_weights_and_versions_are_held_against_each_other(generator, copied, monkeypatch):
    folder = copied("wan21_t2v")
    (folder / "nowhere").symlink_to(folder / "no such file")
    made = generator(model_dir=folder)
    checkpoint = made.entries[0].checkpoint
    before = identity(made.settings, checkpoint)
    assert differences(before, identity(made.settings, checkpoint)) == []
    os.utime(folder / "transformer" / "config.json", (1, 1))
    after = identity(made.settings, checkpoint)
    assert differences(before, after) == ["the files of the weights have changed since it started"]
    monkeypatch.setenv("HF_TOKEN", "canary")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/elsewhere")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)  # a worker that may not download has it
    assert identity(made.settings, checkpoint) == after
    older = after | {"program": after["program"] | {"torch": "2.1"}}
    (told,) = differences(older, after)
    assert told.startswith("torch is 2.1 there and 2")


def test_what_it_holds_of_memory_is_not_missed(quick, generator, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(readiness, "available_memory", lambda: 1000)
        assert not generator().availability().ok
    worker = generator().keep()
    told = generator(memory="high").availability().reasons[0]
    assert told == (f"the kept worker {worker.id} is not used: memory is auto there and high here")
    monkeypatch.setattr(readiness, "available_memory", lambda: 1000)
    found = generator().availability()
    assert found.ok
    assert worker.id in found.reasons[0]
    assert generator().keep().pid == worker.pid
    other = generator(dtype="bfloat16").availability()
    assert not other.ok
    assert f"ttv worker stop {worker.id}" in other.remedies
