"""What is asked: one frozen request, in the field's own units."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ttv_core.domains import parse_ratio, parse_size, tier_pixels
from ttv_core.errors import InvalidInputError
from ttv_core.inputs import MediaInput
from ttv_core.results import Violation

__all__ = ["WISHES", "MediaInput", "VideoRequest"]

MAX_PROMPT = 100_000
"""Characters; far above every known model's limit, so that 10 MB of text fail at once."""

WISHES = (
    "prompt",
    "negative_prompt",
    "model",
    "duration",
    "num_frames",
    "fps",
    "aspect_ratio",
    "resolution",
    "size",
    "seed",
    "audio",
    "n",
    "inputs",
    "enhance_prompt",
    "options",
)
"""The fields that are about the video. Each one that is set ends in a plan's native parameters,
its adjustments or its violations. The others are about handling: cost, output, bookkeeping."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SUGAR = {
    "image": "first_frame",
    "last_image": "last_frame",
    "reference_images": "reference",
    "source_video": "source_video",
}

Strict = {"strict": True, "allow_inf_nan": False}


def _as_size(value: Any) -> Any:
    if isinstance(value, str):
        return parse_size(value)
    return tuple(value) if isinstance(value, list) else value


def _as_decimal(value: Any) -> Any:
    # Through text: Decimal(0.1) would be 0.1000000000000000055.
    return Decimal(str(value)) if isinstance(value, float) else value


class VideoRequest(BaseModel):
    """A video that somebody wants.

    Unset fields are left to the model. A value that is set, `seed=0` and `audio=False` included,
    is never dropped or changed without telling.

    Attributes:
        prompt: What to show.
        negative_prompt: What to avoid.
        model: The engine's model id; the backend's default when left out.
        duration: Seconds. Give this or `num_frames`.
        num_frames: Frames.
        fps: Frames per second.
        aspect_ratio: "W:H", with or without `resolution`.
        resolution: Tier by its short edge: "480p" … "1080p", "2k", "4k".
        size: (width, height) in pixels, or "1280x720"; instead of the two above.
        seed: 0 or more.
        audio: Sound wanted or not; None is the model's default.
        n: How many videos.
        inputs: Pictures and videos to start from. `image=`, `last_image=`, `reference_images=`
            and `source_video=` are short for these.
        enhance_prompt: Whether the engine may rewrite the prompt.
        options: Backend name to that backend's own options.
        on_unsupported: "error" refuses what the model cannot do; "adjust" uses the nearest legal
            value and reports it.
        max_cost: US dollars; a plan above it is refused, and so is one of unknown price.
        allow_unknown_cost: Lets an unknown price pass `max_cost`.
        output: File or folder to write to; a name may hold `{backend}`, `{model}`, `{slug}`,
            `{seed}`, `{date}`, `{id}`.
        overwrite: Whether an existing file is replaced.
        sidecar: Whether a `.json` with the provenance is written beside the video.
        idempotency_key: The caller's own key for this request.
        tags: Free labels, kept with the job.

    Raises:
        InvalidInputError: If a value is not of its kind; `.violations` has one entry per field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    prompt: str = ""
    negative_prompt: str | None = None
    model: str | None = None
    duration: float | None = Field(default=None, gt=0, **Strict)
    num_frames: int | None = Field(default=None, ge=1, strict=True)
    fps: float | None = Field(default=None, gt=0, **Strict)
    aspect_ratio: str | None = None
    resolution: str | None = None
    size: Annotated[tuple[int, int] | None, BeforeValidator(_as_size)] = None
    seed: int | None = Field(default=None, ge=0, lt=2**64, strict=True)
    audio: bool | None = Field(default=None, strict=True)
    n: int | None = Field(default=None, ge=1, strict=True)
    inputs: tuple[MediaInput, ...] = ()
    enhance_prompt: bool | None = Field(default=None, strict=True)
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    on_unsupported: Literal["error", "adjust"] = "error"
    max_cost: Annotated[Decimal | None, BeforeValidator(_as_decimal)] = Field(
        default=None, ge=0, allow_inf_nan=False
    )
    allow_unknown_cost: bool = False
    output: Path | None = None
    overwrite: bool = False
    sidecar: bool = True
    idempotency_key: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)

    def __init__(self, **fields: Any) -> None:
        """Check the fields; see the class for their meaning."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            violations = [_violation(item, fields) for item in error.errors(include_url=False)]
            raise InvalidInputError(violations=violations) from None

    @model_validator(mode="before")
    @classmethod
    def _sugar(cls, fields: Any) -> Any:
        if not isinstance(fields, Mapping) or not any(name in fields for name in _SUGAR):
            return fields
        rest = {name: value for name, value in fields.items() if name not in _SUGAR}
        inputs = list(rest.pop("inputs", ()))
        for name, role in _SUGAR.items():
            value = fields.get(name)
            if value is None:
                continue
            many = role == "reference" and isinstance(value, list | tuple)
            inputs += [_as_input(name, role, item) for item in (value if many else (value,))]
        return rest | {"inputs": tuple(inputs)}

    @field_validator("prompt", "negative_prompt")
    @classmethod
    def _is_text(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if len(value) > MAX_PROMPT:
            msg = f"is {len(value):,} characters long; no prompt may pass {MAX_PROMPT:,}"
            raise ValueError(msg)
        if found := _CONTROL.search(value):
            msg = (
                f"has the control character {found[0]!r} at position {found.start()}; "
                "only text, tabs and line breaks are allowed"
            )
            raise ValueError(msg)
        return value

    @field_validator("aspect_ratio")
    @classmethod
    def _is_ratio(cls, value: str | None) -> str | None:
        if value is not None:
            parse_ratio(value)
        return value

    @field_validator("resolution")
    @classmethod
    def _is_tier(cls, value: str | None) -> str | None:
        if value is None:
            return None
        tier_pixels(value)
        return value.lower()

    @field_validator("size")
    @classmethod
    def _is_size(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and min(value) < 1:
            msg = f"is {value[0]}x{value[1]}; width and height must be at least 1 pixel"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> VideoRequest:
        if not self.prompt.strip() and not self.inputs:
            msg = "prompt is empty; say what to show, or give an image"
            raise ValueError(msg)
        if self.duration is not None and self.num_frames is not None:
            msg = "duration and num_frames both say how long the video is; give one of them"
            raise ValueError(msg)
        if self.size is not None and (self.aspect_ratio or self.resolution):
            msg = "size already says the ratio and the resolution; give it alone"
            raise ValueError(msg)
        for role in ("first_frame", "last_frame", "source_video"):
            if len(self.by_role(role)) > 1:
                msg = f"{role} is given more than once"
                raise ValueError(msg)
        return self

    @property
    def wishes(self) -> tuple[str, ...]:
        """The fields about the video that the user set, in a fixed order.

        A prompt is always one; None and empty collections are not.
        """
        asked = self.model_fields_set
        empty: tuple[Any, ...] = (None, "", (), {})
        return tuple(f for f in WISHES if f in asked and getattr(self, f) not in empty)

    def by_role(self, role: str) -> tuple[MediaInput, ...]:
        """Return the inputs of one role, in the order given."""
        return tuple(item for item in self.inputs if item.role == role)

    def with_(self, **changes: Any) -> VideoRequest:
        """Return a copy with some fields changed, checked again."""
        kept = {name: getattr(self, name) for name in self.model_fields_set}
        return VideoRequest(**(kept | changes))


def _as_input(name: str, role: str, item: Any) -> MediaInput:
    if isinstance(item, MediaInput):
        return item if item.role == role else MediaInput(role=role, source=item.source)  # type: ignore[arg-type]
    try:
        return MediaInput(role=role, source=item)  # type: ignore[arg-type]
    except ValidationError as error:
        reason = _reason(error.errors(include_url=False)[0])
        msg = f"{name}: {reason}; give a path, bytes, an https URL or a data URI"
        raise ValueError(msg) from None


def _reason(item: Any) -> str:
    return str(item["msg"]).removeprefix("Value error, ")


def _violation(item: Any, fields: Mapping[str, Any]) -> Violation:
    """Tell one pydantic error in our words: the field, the value, what is allowed."""
    location = [str(part) for part in item["loc"]]
    field = location[0] if location else "request"
    if item["type"] == "extra_forbidden" and len(location) == 1:
        known = sorted({*VideoRequest.model_fields, *_SUGAR})
        near = difflib.get_close_matches(field, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known fields: {', '.join(known)}"
        return Violation(field, "unknown_field", f"unknown field {field!r}{hint}")
    reason = _reason(item)
    if not location:
        return Violation(field, "invalid", reason)
    if field in {"prompt", "negative_prompt"} or len(location) > 1:
        return Violation(field, "invalid", f"{'.'.join(location)} {reason}")
    value = repr(fields.get(field))
    shown = value if len(value) <= 100 else f"{value[:100]}…"
    return Violation(field, "invalid", f"{field} is {shown}: {reason}")
