"""What tests of backends on this engine share, for their conftest.py to import. Needs pytest.

Example:
    from ttv_diffusers.testing.fixtures import no_worker_left, picture, pipelines, seen
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ttv_core.media import Frame

__all__ = ["draw", "no_worker_left", "picture", "pipelines", "seen"]


def draw(path: Path, width: int, height: int) -> Path:
    """Write a picture of noise, the same each time.

    Args:
        path: Where it goes; its name says the format.
        width: Pixels.
        height: Pixels.

    Returns:
        The path.
    """
    from PIL import Image

    noise = np.random.default_rng(7).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a picture of noise, 64x64, as a file."""
    return draw(tmp_path_factory.mktemp("pictures") / "noise.png", 64, 64)


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function from a name to the folder of that tiny pipeline, built once."""
    from ttv_diffusers.testing import build

    root = tmp_path_factory.mktemp("pipelines")

    def folder(name: str) -> Path:
        if not (root / name).exists():
            build(name, root / name)
        return root / name

    return folder


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[list[Frame]]:
    """Return the frames that reach the encoder, one list for each video."""
    from ttv_core import media

    videos: list[list[Frame]] = []

    class Writer(media.VideoWriter):
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            self.frames: list[Frame] = []
            videos.append(self.frames)

        def write(self, frame: Frame) -> None:
            self.frames.append(frame.copy())
            super().write(frame)

    monkeypatch.setattr(media, "VideoWriter", Writer)
    return videos


@pytest.fixture(scope="session", autouse=True)
def no_worker_left() -> Iterator[None]:
    """End the worker after the last test."""
    yield
    from ttv_diffusers.desk import desk_of

    desk_of("cpu").let_go()
