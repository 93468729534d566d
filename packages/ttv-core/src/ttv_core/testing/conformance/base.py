"""What an author says of a backend, and what every test of the kit has of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

import pytest
from pydantic import SecretStr

from ttv_core.errors import DownloadError, VideoGenerationError
from ttv_core.five_methods import FiveMethodGenerator
from ttv_core.interface import VideoGenerator
from ttv_core.settings import looks_secret
from ttv_core.testing.conformance.verdict import broken
from ttv_core.testing.state import own_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ttv_core.results import VideoResult

__all__ = ["PATIENCE", "Conformance"]

PATIENCE = 120.0
_SHORTEST_SECRET = 4
_NOT_OURS = ("TTV_CONFIG", "TTV_BACKEND", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Conformance:
    """What the author of a backend sets; everything but `generator` has a default.

    Attributes:
        generator: The class under test.
        settings: What it is made with. A property may use `self.folder`, and `self.vendor` where
            there is one.
        asks: Fields of the smallest request that it serves; short and small, for it is run often.
        plugin: The plugin module; "" finds it by the entry point of the backend's name, None says
            that there is none.
        heavy: Modules that planning must not import: what costs seconds, or needs a licence.
        secrets: Secrets besides the settings that are secret by their name or type.
        folder: An empty folder of each test's own.
    """

    generator: ClassVar[type[Any]]
    settings: Any = {}  # noqa: RUF012 - a mapping, or a property that returns one
    asks: Any = {"prompt": "a red fox runs through snow"}  # noqa: RUF012 - likewise
    plugin: ClassVar[str | None] = ""
    heavy: ClassVar[tuple[str, ...]] = (
        "av", "cv2", "diffusers", "google.genai", "grpc", "httpx", "jax", "openai", "requests",
        "runwayml", "tensorflow", "torch", "transformers",
    )  # fmt: skip
    secrets: ClassVar[tuple[str, ...]] = ()
    folder: Path

    @pytest.fixture(autouse=True)
    def alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Give each test a folder and a journal of its own, and nothing of the user's."""
        self.folder = tmp_path / "videos"
        self.folder.mkdir()
        monkeypatch.chdir(tmp_path)
        own = [name for names in self.environment.values() for name in names]
        for name in (*_NOT_OURS, *(name.lower() for name in _NOT_OURS), *own):
            monkeypatch.delenv(name, raising=False)
        with own_state(tmp_path / "state"):
            yield

    @property
    def environment(self) -> Mapping[str, tuple[str, ...]]:
        """The environment variables that the settings are read from."""
        kind = getattr(self.generator, "Settings", None)
        return cast("Mapping[str, tuple[str, ...]]", getattr(kind, "environment", {}))

    @property
    def name(self) -> str:
        """The name of the backend."""
        return str(getattr(self.generator, "name", self.generator.__name__.lower()))

    def ready_settings(self) -> dict[str, Any]:
        """Return what the generator is made with."""
        return dict(self.settings)

    def made(self, **changes: Any) -> VideoGenerator:
        """Return a generator with the settings, and some of them changed."""
        values = self.ready_settings() | changes
        made = self.generator(**values)
        return made if isinstance(made, VideoGenerator) else FiveMethodGenerator(self.name, made)

    @property
    def five_methods(self) -> bool:
        """Whether it has the five methods and no more."""
        return not issubclass(self.generator, VideoGenerator)

    @property
    def output(self) -> Path:
        """Where videos of these tests go."""
        return self.folder / "video.mp4"

    def attempted(self, backend: VideoGenerator | None = None, **fields: Any) -> VideoResult:
        """Make a video of the smallest request and wait for it; it may fail."""
        backend = backend or self.made()
        wanted = {**self.asks, "output": self.output, **fields}
        return backend.generate(timeout=PATIENCE, **wanted)

    def generated(self, backend: VideoGenerator | None = None, **fields: Any) -> VideoResult:
        """Return the video of the smallest request; without one the test fails."""
        __tracebackhide__ = True
        try:
            return self.attempted(backend, **fields)
        except VideoGenerationError as error:
            return self.without_video("the smallest request", error)

    def without_video(self, what: str, error: VideoGenerationError) -> NoReturn:
        """Fail the test, for there should have been a video."""
        __tracebackhide__ = True
        cause = f"\ncaused by {error.__cause__!r}" if error.__cause__ is not None else ""
        if isinstance(error, DownloadError):
            broken(
                f"{what} came to no video, for it could not be brought home: {error!r}{cause}",
                mend="see what `fetch` returns: a link of now, with `headers` only for a host that "
                "wants them",
                see="ttv_core.RemoteFile",
            )
        broken(
            f"{what} came to no video, but to {error!r}{cause}",
            mend="see what the backend does with the request `asks` of your test class, and "
            "whether `settings` are enough for it",
            see="ttv_core.errors",
        )

    def failing(self, backend: VideoGenerator | None = None, **fields: Any) -> VideoGenerationError:
        """Return the error that ends a job which must not come to a video."""
        __tracebackhide__ = True
        try:
            video = self.attempted(backend, **fields)
        except VideoGenerationError as error:
            return error
        return broken(
            f"{self.name} returned {video.path} where there is no video to be had",
            mend="raise one of ttv_core.errors, or let poll say what the vendor said",
            see="ttv_core.errors",
        )

    @cached_property
    def held_secrets(self) -> tuple[str, ...]:
        """Return every secret that must not be seen."""
        given = self.ready_settings()
        named = [str(value) for name, value in given.items() if value and looks_secret(name)]
        checked = getattr(self.made(), "settings", None)
        kept = vars(checked).values() if checked is not None else ()
        typed = [item.get_secret_value() for item in kept if isinstance(item, SecretStr)]
        found = dict.fromkeys((*named, *typed, *self.secrets))
        return tuple(text for text in found if len(text) >= _SHORTEST_SECRET)

    def leaking(self, shown: Mapping[str, str]) -> Iterator[str]:
        """Return what shows a secret, each with what stands before it.

        Args:
            shown: What it is to its text.
        """
        for where, text in shown.items():
            for secret in self.held_secrets:
                place = text.find(secret)
                if place >= 0:
                    yield f"{where} shows …{text[max(place - 60, 0) : place]}[the secret]"

    def left(self) -> list[str]:
        """Return the files in the folder of the videos."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.folder)) for path in found)
