"""A process that runs a model's code has what it needs of the environment, and no keys."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ttv_core import JobContext
from ttv_diffusers import DiffusersGenerator
from ttv_diffusers.desk import desk_of
from ttv_diffusers.environment import child_environment, engine_variables
from ttv_diffusers.official import Command, run

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SECRETS = {
    "RUNWAYML_API_SECRET": "canary-1",
    "MINIMAX_API_KEY": "canary-2",
    "GOOGLE_APPLICATION_CREDENTIALS": "canary-3",
    "AWS_SESSION_TOKEN": "canary-4",
    "DATABASE_URL": "canary-5",
    "TTV_ACME_API_KEY": "canary-6",
    "HF_TOKEN": "canary-7",
    "HTTPS_PROXY": "http://user:canary-8@proxy.example",
}


@pytest.fixture
def keys(monkeypatch):
    """Have keys in the environment, one of them allowed by name."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ACME_LICENCE_KEY", "wanted")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield
    desk_of("cpu").let_go()


def environment_of(pid):
    data = Path(f"/proc/{pid}/environ").read_bytes().decode()
    return dict(line.partition("=")[::2] for line in data.split("\0") if line)


def judge(environment):
    """Hold what a process has against what it may have."""
    assert "canary" not in str(environment)
    assert environment["ACME_LICENCE_KEY"] == "wanted"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert "PATH" in environment


@LINUX
def test_the_worker_has_no_key(keys):
    generator = DiffusersGenerator(device="cpu", pass_environment=["ACME_*"])
    with desk_of("cpu").working(generator, generator.settings) as worker:
        judge(environment_of(worker.pid))


SCRIPT = """
import os, pathlib, sys
seen = pathlib.Path("/proc/self/environ").read_bytes()
pathlib.Path(sys.argv[1] + os.environ["RANK"]).write_bytes(seen)
"""


@LINUX
def test_official_scripts_and_all_their_ranks_have_none(keys, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    context = JobContext("j", "acme")
    command = Command(
        python=Path(sys.executable),
        script=tmp_path / "script.py",
        arguments=(str(context.folder / "seen"),),
        result="seen0",
        steps=1,
        ranks=2,
        passes=("ACME_LICENCE_KEY",),
    )
    run(command, context)
    for rank in "01":
        data = (context.folder / f"seen{rank}").read_bytes().decode()
        judge(dict(line.partition("=")[::2] for line in data.split("\0") if line))
    context.close()


def test_what_a_download_needs_passes_only_where_downloads_are_allowed():
    given = {"HF_TOKEN": "t", "https_proxy": "p", "SSL_CERT_FILE": "c", "OPENAI_API_KEY": "k"}
    assert child_environment(given) == {}
    passed = child_environment(given, downloads=True)
    assert sorted(passed) == ["HF_TOKEN", "SSL_CERT_FILE", "https_proxy"]


def test_a_listed_name_that_looks_like_a_secret_does_not_pass_unless_it_is_named():
    given = {"TORCH_ACCESS_TOKEN": "t", "HF_TOKEN_PATH": "/t", "TTV_STATE_DIR": "/s"}
    assert sorted(child_environment(given)) == ["HF_TOKEN_PATH", "TTV_STATE_DIR"]
    assert "TORCH_ACCESS_TOKEN" in child_environment(given, also=["TORCH_ACCESS_TOKEN"])


def test_where_two_workers_must_agree_is_told_apart_from_the_rest():
    given = {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "1", "TTV_CONFIG": "a", "HF_HOME": "/hf"}
    assert sorted(engine_variables(given)) == ["CUDA_VISIBLE_DEVICES", "HF_HOME"]


def test_a_worker_is_lent_only_to_who_wants_the_same_to_pass(keys):
    pids = []
    for passed in ((), ("ACME_*",), ("ACME_*",)):
        generator = DiffusersGenerator(device="cpu", pass_environment=passed)
        with desk_of("cpu").working(generator, generator.settings) as worker:
            pids.append(worker.pid)
    assert pids[0] != pids[1]
    assert pids[1] == pids[2]
