"""What comes back: plans' findings, measured videos, attempts. Plain frozen values."""

from __future__ import annotations

import html
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from ttv_core.errors import (
    ERROR_FACTS,
    BackendUnavailableError,
    ContentRejectedError,
    InvalidInputError,
    QuotaExceededError,
    VideoGenerationError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Adjustment",
    "Attempt",
    "Availability",
    "CostEstimate",
    "ExpectedVideo",
    "MediaInfo",
    "VideoFile",
    "VideoResult",
    "Violation",
]

Charged = Literal["yes", "no", "unknown"]


def plain(value: Any) -> Any:
    """Return the value as JSON-able data: bytes become their count, unknown objects their text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value):,} bytes>"
    if isinstance(value, VideoGenerationError):
        return value.to_dict()
    return str(getattr(value, "label", value))


class _Facts:
    """Mixes `to_dict` into the frozen records below."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return {item.name: plain_record(getattr(self, item.name)) for item in fields(self)}  # type: ignore[arg-type]


def plain_record(value: Any) -> Any:
    """Return a record, or a collection of records, as JSON-able data."""
    if isinstance(value, _Facts):
        return value.to_dict()
    if isinstance(value, tuple):
        return [plain_record(item) for item in value]
    return plain(value)


@dataclass(frozen=True, slots=True)
class Adjustment(_Facts):
    """A wish that was changed to the nearest legal value, with the user's leave.

    Attributes:
        field: The field of the request.
        asked: What the user asked for.
        used: What is used instead; None when the wish is left out.
        why: What is allowed.
    """

    field: str
    asked: Any
    used: Any
    why: str


@dataclass(frozen=True, slots=True)
class Violation(_Facts):
    """A wish that cannot be served.

    Attributes:
        field: The field of the request.
        code: Stable machine-readable reason, such as "unsupported" or "out_of_range".
        message: The reason for people; quotes the value.
        allowed: What is allowed, in words; empty when nothing is.
    """

    field: str
    code: str
    message: str
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class CostEstimate(_Facts):
    """What a video is expected to cost, and what it did cost where that is known.

    Attributes:
        amount: Expected, in the currency; None when the price is unknown.
        currency: ISO code.
        basis: How the amount was made, such as "5 s x 0.12".
        source: Where the price is from.
        as_of: The day it was read, as "2026-11-20".
        actual: What the vendor said it took; None when it did not say.
    """

    amount: Decimal | None
    currency: str = "USD"
    basis: str = ""
    source: str = ""
    as_of: str = ""
    actual: Decimal | None = None

    def __str__(self) -> str:
        """Return the amount for people: "free", "unknown" or "$0.60"."""
        if self.amount is None:
            return "unknown"
        if self.amount == 0:
            return "free"
        digits = f"{self.amount:.2f}" if self.amount >= Decimal("0.01") else f"{self.amount:f}"
        return f"${digits}" if self.currency == "USD" else f"{digits} {self.currency}"


@dataclass(frozen=True, slots=True)
class ExpectedVideo(_Facts):
    """What the file should turn out to be; None where the engine decides.

    Attributes:
        width: Pixels.
        height: Pixels.
        duration: Seconds.
        fps: Frames per second.
        num_frames: Frames.
        audio: Whether there is sound.
    """

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    fps: float | None = None
    num_frames: int | None = None
    audio: bool | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo(_Facts):
    """What a video file really is, measured by decoding it.

    Attributes:
        width: Pixels.
        height: Pixels.
        duration: Seconds.
        fps: Frames per second, on average.
        num_frames: Frames that were decoded.
        video_codec: Such as "h264".
        audio_codec: Such as "aac"; None when there is no sound.
        size: Bytes.
        sha256: Of the whole file, in hex.
    """

    width: int
    height: int
    duration: float
    fps: float
    num_frames: int
    video_codec: str
    audio_codec: str | None
    size: int
    sha256: str

    def deviations(self, expected: ExpectedVideo) -> tuple[str, ...]:
        """Say where the file differs from what was planned; one frame of length is allowed."""
        found = [
            f"{name} is {got}, planned {want}"
            for name, want, got in (
                ("width", expected.width, self.width),
                ("height", expected.height, self.height),
            )
            if want is not None and want != got
        ]
        if expected.fps is not None and abs(self.fps - expected.fps) > expected.fps / 100:
            found.append(f"fps is {self.fps:g}, planned {expected.fps:g}")
        frame = 1 / self.fps if self.fps else 0.0
        if expected.duration is not None and abs(self.duration - expected.duration) > 1.01 * frame:
            found.append(f"duration is {self.duration:.3f} s, planned {expected.duration:g} s")
        if expected.audio is not None and expected.audio != (self.audio_codec is not None):
            found.append(f"audio is {self.audio_codec or 'absent'}, planned {expected.audio}")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Availability(_Facts):
    """Whether a backend can be used now, and if not, why and what mends it.

    Attributes:
        ok: Whether it can be used.
        reasons: What is in the way, one sentence each; if nothing is, what else is to be known.
        remedies: The command, variable or setting that mends each reason.
    """

    ok: bool
    reasons: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return `ok`."""
        return self.ok

    def check(self, backend: str) -> None:
        """Refuse to begin a job with a backend that cannot be used.

        Raises:
            BackendUnavailableError: If it cannot; with the reasons and the remedies.
        """
        if not self.ok:
            raise BackendUnavailableError(
                f"{backend} cannot be used: {'; '.join(self.reasons)}",
                backend=backend,
                code="unavailable",
                charged="no",
                remedy="; ".join(self.remedies) or None,
            )


@dataclass(frozen=True, slots=True)
class Attempt(_Facts):
    """One candidate backend, and what became of it.

    Attributes:
        backend: Its name.
        outcome: "used", "failed", "skipped" (could not serve the request) or "not needed".
        reason: Why, in words.
        error: The error, where there was one.
        model: The model it would have used.
        cost: What it was expected to cost.
    """

    backend: str
    outcome: Literal["used", "failed", "skipped", "not needed"]
    reason: str
    error: VideoGenerationError | None = None
    model: str | None = None
    cost: CostEstimate | None = None


@dataclass(frozen=True, slots=True)
class VideoFile(_Facts):
    """One finished file.

    Attributes:
        path: The file.
        info: What it really is; None when the measuring extra is not installed.
    """

    path: Path
    info: MediaInfo | None


_BUILT = frozenset(
    {"path", "poster", "sidecar", "info", "adjustments", "warnings", "cost", "attempts", "more"}
)


def _media_info(data: Mapping[str, Any] | None) -> MediaInfo | None:
    return None if data is None else MediaInfo(**data)


def _with_money(data: Mapping[str, Any]) -> dict[str, Any]:
    money = {
        name: None if data.get(name) is None else Decimal(data[name])
        for name in ("amount", "actual")
    }
    return {**data, **money}


def _attempt(data: Mapping[str, Any]) -> Attempt:
    cost = data.get("cost")
    return Attempt(
        backend=data["backend"],
        outcome=data["outcome"],
        reason=data["reason"],
        model=data.get("model"),
        cost=None if cost is None else CostEstimate(**_with_money(cost)),
    )


@dataclass(frozen=True, slots=True)
class VideoResult(_Facts):
    """A finished video: complete, decodable and measured.

    Attributes:
        path: The file.
        info: What the file really is; None when the measuring extra is not installed.
        backend: Who made it.
        model: With which model.
        mode: From what: "text_to_video", "image_to_video", …
        seed: The seed used, where known.
        adjustments: Wishes that were changed.
        warnings: What the user should know, deviations of the file from the plan included.
        cost: Expected and, where the vendor says, actual.
        charged: Whether money was spent.
        timings: Seconds per phase, and what else the backend has measured, unit in the name.
        attempts: Every backend that was considered, this one included.
        job_id: The job's id.
        poster: A still of the video, where one was made.
        sidecar: The provenance file, where one was written.
        more: Further videos of the same request, where `n` asked for several.
    """

    path: Path
    info: MediaInfo | None
    backend: str
    model: str
    mode: str
    seed: int | None = None
    adjustments: tuple[Adjustment, ...] = ()
    warnings: tuple[str, ...] = ()
    cost: CostEstimate = field(default_factory=lambda: CostEstimate(None))
    charged: Charged = "unknown"
    timings: dict[str, float] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    job_id: str = ""
    poster: Path | None = None
    sidecar: Path | None = None
    more: tuple[VideoFile, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the result that `to_dict` wrote; errors of other attempts are left in words."""
        paths: dict[str, Any] = {
            name: Path(data[name]) for name in ("path", "poster", "sidecar") if data.get(name)
        }
        return cls(
            **{k: v for k, v in data.items() if k not in _BUILT},
            **paths,
            info=_media_info(data.get("info")),
            adjustments=tuple(Adjustment(**item) for item in data.get("adjustments", ())),
            warnings=tuple(data.get("warnings", ())),
            cost=CostEstimate(**_with_money(data.get("cost") or {"amount": None})),
            attempts=tuple(_attempt(item) for item in data.get("attempts", ())),
            more=tuple(
                VideoFile(Path(item["path"]), _media_info(item["info"]))
                for item in data.get("more", ())
            ),
        )

    @property
    def width(self) -> int | None:
        """Pixels, measured."""
        return self.info.width if self.info else None

    @property
    def height(self) -> int | None:
        """Pixels, measured."""
        return self.info.height if self.info else None

    @property
    def duration(self) -> float | None:
        """Seconds, measured."""
        return self.info.duration if self.info else None

    @property
    def fps(self) -> float | None:
        """Frames per second, measured."""
        return self.info.fps if self.info else None

    @property
    def sha256(self) -> str | None:
        """Hash of the file, measured."""
        return self.info.sha256 if self.info else None

    def _repr_html_(self) -> str:
        """Show the video in a notebook."""
        source = html.escape(str(self.path), quote=True)
        return f'<video src="{source}" controls loop style="max-width: 100%"></video>'


def error_of(data: Mapping[str, Any]) -> VideoGenerationError:
    """Return the error that `to_dict` told, as far as it told it.

    Args:
        data: What was kept of it.
    """
    kinds = [VideoGenerationError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    named = {kind.__name__: kind for kind in reversed(kinds)}
    facts = {name: data[name] for name in ERROR_FACTS if name in data}
    made = named.get(data.get("type", ""), VideoGenerationError)(data.get("message", ""), **facts)
    if isinstance(made, InvalidInputError):
        made.violations = tuple(Violation(**item) for item in data.get("violations", ()))
    if isinstance(made, ContentRejectedError):
        made.stage = data.get("stage", made.stage)
        made.reasons = tuple(data.get("reasons", ()))
    if isinstance(made, QuotaExceededError):
        made.kind = data.get("kind", made.kind)
    return made
