"""Which fields each request of each model may have: data, read from bodies.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from ttv_runway.fields import FIELDS

if TYPE_CHECKING:
    from ttv_core import VideoRequest

__all__ = ["Endpoint", "Form", "endpoint_of", "endpoint_of_body", "form_of"]

Endpoint = Literal["text_to_video", "image_to_video", "video_to_video"]


@dataclass(frozen=True, kw_only=True)
class Form:
    """What one request may say.

    Attributes:
        endpoint: Where it goes.
        required: Fields that must be there, besides `model`.
        optional: Fields that may be there.
        auto_duration: Whether the model can choose the length.
        keeps_shape: Modes of a video given in which the ratio is not sent.
        keeps_length: Modes of a video given in which the duration must be "auto".
        middle_frame: Whether a picture may come between the first and the last.
        bare_videos: Whether reference videos are given without saying that they are videos.
        bills_reference_videos: Whether the seconds of reference videos cost credits too.
        most_images: Most pictures in all.
        output_formats: What the file may be, of what is a video; anything where none is named.
    """

    endpoint: Endpoint
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    auto_duration: bool = False
    keeps_shape: tuple[str, ...] = ()
    keeps_length: tuple[str, ...] = ()
    middle_frame: bool = False
    bare_videos: bool = False
    bills_reference_videos: bool = False
    most_images: int | None = None
    output_formats: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that may be there."""
        return (*self.required, *self.optional)


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files(__package__) / "bodies.toml").read_text(encoding="utf-8"))


@cache
def form_of(model: str, endpoint: Endpoint) -> Form:
    """Return what a request may say; of a model that is not in the table, everything there is."""
    model_table = _table().get(model, {})
    fields = model_table.get(endpoint)
    if fields is None:
        known = tuple(name for name in FIELDS if name != "promptVideo")
        return Form(endpoint=endpoint, optional=known, auto_duration=True, middle_frame=True)
    facts = {name: value for name, value in model_table.items() if not isinstance(value, dict)}
    lists: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in {**facts, **fields}.items()
    }
    return Form(endpoint=endpoint, **lists)


def endpoint_of(request: VideoRequest) -> Endpoint:
    """Return where a request goes, by what is given with it."""
    if request.by_role("source_video"):
        return "video_to_video"
    framed = request.by_role("first_frame") or request.by_role("last_frame")
    return "image_to_video" if framed else "text_to_video"


def endpoint_of_body(body: Any) -> Endpoint:
    """Return where a body goes."""
    if "promptVideo" in body or "videoUri" in body:
        return "video_to_video"
    return "image_to_video" if "promptImage" in body else "text_to_video"
