"""What is this backend's own; the contract is tested beside."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from ttv_core.testing import check_readme

from ttv_lantern.generator import LanternGenerator
from ttv_lantern.lantern import KEY, Lantern


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTV_STATE_DIR", str(tmp_path / "state"))


def test_the_vendor_can_be_opened_and_tried_as_the_readme_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ttv_lantern"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as opened:
        assert opened.stdout is not None
        try:
            opened.stdout.readline()
            words = opened.stdout.readline().split()
            said = dict(word.split("=") for word in words if "=" in word)
            backend = LanternGenerator(
                base_url=said["LANTERN_BASE_URL"], api_key=said["LANTERN_API_KEY"]
            )
            assert backend.availability(deep=True).ok
            video = backend.generate("a red fox", duration=1, output=tmp_path / "fox.mp4")
        finally:
            opened.terminate()  # in the background, Ctrl-C may be ignored
    assert (video.width, video.height, video.duration, video.fps) == (320, 180, 1, 12)
    assert video.warnings == ()


def test_an_order_that_is_sent_twice_is_one_show() -> None:
    with Lantern() as lantern:
        backend = LanternGenerator(base_url=lantern.url, api_key=KEY)
        plan = backend.plan("a red fox")
        shows = [backend.ask(backend.submit(plan, key)).id for key in ("one", "one", "two")]
    assert shows[0] == shows[1] != shows[2]
    assert lantern.accepted == 2


def test_a_closed_lantern_says_how_to_open_it() -> None:
    found = LanternGenerator().availability()
    assert not found.ok
    assert "python -m ttv_lantern" in found.remedies[0]


def test_the_backend_is_as_short_as_the_readme_says() -> None:
    home = files("ttv_lantern")
    parts = [home / name for name in ("models.yaml", "generator.py", "plugin.py")]
    assert sum(len(part.read_text(encoding="utf-8").splitlines()) for part in parts) < 150


def test_the_readme_has_the_table_of_models() -> None:
    check_readme(Path(__file__).parents[1] / "README.md", LanternGenerator.models)
